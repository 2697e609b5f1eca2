use alloc::string::String;

/// A description's text, normalized so that phrases can be looked for with `contains`.
///
/// Without tags, links, quotes and white space; in lower case; with ASCII punctuation.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn new(document: &str) -> Self {
        let mut text = String::new();
        for c in without_tags(document).chars() {
            match c {
                '（' => text.push('('),
                '）' => text.push(')'),
                '【' | '［' => text.push('['),
                '】' | '］' => text.push(']'),
                '：' => text.push(':'),
                '，' | '、' => text.push(','),
                '。' => text.push('.'),
                '；' => text.push(';'),
                '～' | '〜' | '∼' => text.push('~'),
                '－' | '–' | '—' | '−' => text.push('-'),
                '×' | '＊' => text.push('*'),
                '＝' => text.push('='),
                '＞' => text.push('>'),
                '＜' => text.push('<'),
                '≥' => text.push_str(">="),
                '≤' => text.push_str("<="),
                '０'..='９' => {
                    text.extend(char::from_digit(u32::from(c).wrapping_sub(0xFF10), 10))
                }
                '`' | '"' | '\'' | '“' | '”' | '‘' | '’' | '「' | '」' | '\\' => {}
                c if c.is_whitespace() => {}
                c => text.push(c.to_ascii_lowercase()),
            }
        }
        let text = without_links(&text.replace("**", ""));
        Self(text.replace("注意:此字段可能返回null,表示取不到有效值", ""))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, phrase: &str) -> bool {
        self.0.contains(phrase)
    }

    pub(super) fn has_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    /// Whether the phrase is there as a word of its own: with neither a digit nor a point behind it.
    pub(super) fn has_number(&self, phrase: &str) -> bool {
        self.0.match_indices(phrase).any(|(at, _)| {
            let behind = self.0.get(at.saturating_add(phrase.len())..);
            !behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_digit()))
        })
    }

    /// The numbers that follow a word, with at most `gap` other characters between, none of them a `stop`.
    pub(super) fn numbers_after<'a>(
        &'a self,
        word: &'a str,
        gap: usize,
        stop: &'a str,
    ) -> impl Iterator<Item = Number<'a>> {
        self.0.match_indices(word).filter_map(move |(at, _)| {
            let before = self.0.get(..at)?;
            let mut behind = self.0.get(at.saturating_add(word.len())..)?;
            for _ in 0..=gap {
                let next = behind.chars().next()?;
                if next.is_ascii_digit() {
                    return Number::at_start(behind, before);
                }
                if stop.contains(next) {
                    return None;
                }
                behind = behind.get(next.len_utf8()..)?;
            }
            None
        })
    }

    /// All numbers, each with what stands before and behind it.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Number<'_>> {
        let mut digit = false;
        self.0.char_indices().filter_map(move |(at, c)| {
            let first = c.is_ascii_digit() && !digit;
            digit = c.is_ascii_digit();
            first
                .then(|| Number::at_start(self.0.get(at..)?, self.0.get(..at)?))
                .flatten()
        })
    }
}

/// A number in a text.
#[derive(Debug)]
pub(super) struct Number<'a> {
    pub(super) value: u32,
    /// What stands before it, or before the word that led to it.
    pub(super) before: &'a str,
    pub(super) behind: &'a str,
}

impl<'a> Number<'a> {
    fn at_start(text: &'a str, before: &'a str) -> Option<Self> {
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        let value = text.get(..end)?.parse().ok()?;
        let behind = text.get(end..)?;
        Some(Self {
            value,
            before,
            behind,
        })
    }

    /// Whether it is only a part of a number, or of one with a unit that makes it greater.
    pub(super) fn is_scaled(&self) -> bool {
        let behind = self.behind;
        behind.starts_with(['万', '千', '百', 'w', 'k', '%', '亿'])
            || behind.starts_with('.')
                && behind
                    .get(1..)
                    .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    }
}

/// Without HTML's tags and with its entities as characters. A `<` that begins no tag stays.
fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        let begins = tag.get(1..).is_some_and(|name| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!')
        });
        match tag.find('>') {
            Some(end) if begins => rest = tag.get(end.saturating_add(1)..).unwrap_or_default(),
            _ => {
                text.push('<');
                rest = tag.get(1..).unwrap_or_default();
            }
        }
    }
    text.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&quot;", ""),
        ("&#39;", ""),
        ("&amp;", "&"),
    ];
    for (entity, character) in entities {
        text = text.replace(entity, character);
    }
    text
}

/// Without the targets of Markdown's links, whose digits say nothing.
fn without_links(markdown: &str) -> String {
    let mut text = String::new();
    let mut rest = markdown;
    while let Some((before, target)) = rest.split_once("](") {
        text.push_str(before);
        text.push(']');
        rest = target.split_once(')').map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_links_and_wide_characters_go() {
        let text = Text::new(
            "<p>最大 值：１００（见[简介](https://x.test/213/15688)），<b>默认</b>20；&lt;=5 a<5</p>",
        );
        assert_eq!(text.as_str(), "最大值:100(见[简介]),默认20;<=5a<5");
    }

    #[test]
    fn numbers_are_found_behind_a_word() {
        let text = Text::new("默认值：20，最大值为100条，最多可1万");
        let after = |word, gap| {
            let numbers = text.numbers_after(word, gap, ",");
            numbers.map(|n| n.value).collect::<alloc::vec::Vec<_>>()
        };
        assert_eq!(after("默认", 4), [20]);
        assert_eq!(after("最大", 4), [100]);
        assert!(after("最大", 1).is_empty());
        assert!(text.numbers_after("最多", 4, "").all(|n| n.is_scaled()));
        assert_eq!(text.numbers().count(), 3);
    }
}
