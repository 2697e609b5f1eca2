//! The description's texts as Markdown that rustdoc takes.

/// The paragraphs of a text, without its HTML.
pub(crate) fn paragraphs(text: &str) -> Vec<String> {
    let text = without_html(text);
    let lines = text.lines().map(escaped).filter(|line| !line.is_empty());
    lines.collect()
}

/// Takes the tags out, and reads entities.
fn without_html(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        rest = match tag(from).or_else(|| entity(from)) {
            Some((text, after)) => {
                plain.push_str(text);
                after
            }
            None => {
                let mut chars = from.chars();
                plain.extend(chars.next());
                chars.as_str()
            }
        };
    }
    plain + rest
}

/// What a tag stands for, and the text after it.
fn tag(text: &str) -> Option<(&'static str, &str)> {
    let (tag, after) = text.strip_prefix('<')?.split_once('>')?;
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let letters = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
    let (name, attributes) = name.split_at(letters);
    let is_tag = name.starts_with(|it: char| it.is_ascii_lowercase())
        && (attributes.is_empty() || attributes.starts_with([' ', '/', '\n']));
    let breaks = [
        "br", "p", "div", "li", "ul", "ol", "tr", "table", "td", "th", "pre", "dx-alert", "h1",
        "h2", "h3", "h4",
    ];
    match (is_tag, breaks.contains(&name)) {
        (true, true) => Some(("\n", after)),
        (true, false) => Some(("", after)),
        (false, _) => None,
    }
}

/// What an entity stands for, and the text after it.
fn entity(text: &str) -> Option<(&'static str, &str)> {
    let entities = [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    entities
        .into_iter()
        .find_map(|(entity, is)| Some((is, text.strip_prefix(entity)?)))
}

/// Escapes one line, of whatever it contains but code and links to the web.
fn escaped(line: &str) -> String {
    let line: String = line.chars().filter(|it| !is_invisible(*it)).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut escaped = String::new();
    let mut rest = &*line;
    while let Some(first) = rest.chars().next() {
        if let Some((code, after)) = code(rest) {
            escaped.push_str(code);
            rest = after;
            continue;
        }
        if let Some((url, after)) = url(rest) {
            escaped.push_str(&format!("<{url}>"));
            rest = after;
            continue;
        }
        let after = &rest[first.len_utf8()..];
        let is_special = match first {
            '-' | '+' => escaped.is_empty() && !after.starts_with(' '),
            '=' => escaped.is_empty(),
            '_' => {
                !(escaped.ends_with(|it: char| it.is_ascii_alphanumeric())
                    && after.starts_with(|it: char| it.is_ascii_alphanumeric()))
            }
            '*' if escaped.is_empty() && after.starts_with(' ') => false,
            _ => "\\`*[]<>#&~|!$".contains(first),
        };
        if is_special {
            escaped.push('\\');
        }
        escaped.push(first);
        rest = after;
    }
    escaped.trim_end().into()
}

/// Code between two backticks, and the text after it.
fn code(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('`')?;
    let end = inner.find('`').filter(|end| *end > 0)?;
    let code = &inner[..end];
    let is_whole = !inner[end + 1..].starts_with('`') && code.trim() == code;
    is_whole.then(|| text.split_at(end + 2))
}

/// An address in the web, and the text after it.
fn url(text: &str) -> Option<(&str, &str)> {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme))?;
    let part = |b: &u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(b);
    let url = &text[..text.bytes().take_while(part).count()];
    let url = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
    (url.len() > scheme.len()).then(|| text.split_at(url.len()))
}

/// Characters without a picture, which no source text should have.
fn is_invisible(it: char) -> bool {
    matches!(it, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}')
        || (it.is_control() && !it.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_lines_become_paragraphs() {
        let text = "<p>One &lt;two&gt;<br/>three</p>\n<li>four</li> 1 < 2";
        assert_eq!(
            paragraphs(text),
            ["One \\<two\\>", "three", "four", "1 \\< 2"]
        );
    }

    #[test]
    fn what_rustdoc_would_read_is_escaped() {
        for (text, is) in [
            ("[link] and [text](/page)", r"\[link\] and \[text\](/page)"),
            ("# a | b *c*", r"\# a \| b \*c\*"),
            ("    indented", "indented"),
            ("----", r"\----"),
            ("- item", "- item"),
            ("a_b _c_", r"a_b \_c\_"),
            ("`code<T>` and ` and ``", r"`code<T>` and \` and \`\`"),
            ("```", r"\`\`\`"),
            ("(https://a.b/c?d=[e])", r"(<https://a.b/c?d=>\[e\])"),
            (
                "https://a.b/c.\u{200b} https://",
                r"<https://a.b/c>. https://",
            ),
            ("<Foo> <b>bold</b> <=", r"\<Foo\> bold \<="),
        ] {
            assert_eq!(paragraphs(text), [is], "{text}");
        }
    }
}
