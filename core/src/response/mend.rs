//! Texts that are not Unicode, since the service has cut them within a character.

use alloc::{borrow::Cow, string::String};

use crate::lenient::NOT_UNICODE;

/// Stands for what is no character: the last half of a pair of which there is no first.
const HALF: &str = "\\udfff";
const REPLACEMENT: char = '\u{fffd}';

/// The body, with an escape for half a character where it is not UTF-8, so that it is known for its text what
/// is wrong with it.
pub(super) fn text(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = core::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
            // Behind a backslash it would be another escape, of what is no JSON anyway.
            match backslashes % 2 {
                0 => text.push_str(HALF),
                _ => text.push(REPLACEMENT),
            }
        }
    }
    Cow::Owned(text)
}

/// What becomes of a text with half a character in it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mark {
    /// It is told from others: only what is for people to read is read from it.
    Marked,
    /// It is a text as any other.
    Plain,
}

/// The JSON with U+FFFD for each escape that is half a character, or `None` where there is none.
pub(crate) fn mended(json: &str, mark: Mark) -> Option<String> {
    let mut mended = String::new();
    let mut rest = json;
    let mut found = false;
    while let Some((before, after)) = rest.split_once('"') {
        let (text, halves, after) = string(after);
        mended.push_str(before);
        found |= halves;
        let is_key = after
            .strip_prefix('"')
            .is_some_and(|it| it.trim_ascii_start().starts_with(':'));
        let marked = halves && !is_key && mark == Mark::Marked;
        if marked {
            mended.push_str("{\"");
            mended.push_str(NOT_UNICODE);
            mended.push_str("\":");
        }
        mended.push('"');
        mended.push_str(&text);
        let Some(after) = after.strip_prefix('"') else {
            rest = after;
            break;
        };
        mended.push('"');
        if marked {
            mended.push('}');
        }
        rest = after;
    }
    mended.push_str(rest);
    found.then_some(mended)
}

/// The text of a JSON string from behind its first quotation mark, mended, whether it had halves of characters,
/// and the JSON from its last quotation mark on.
fn string(mut json: &str) -> (Cow<'_, str>, bool, &str) {
    let whole = json;
    let mut mended = String::new();
    let mut halves = false;
    loop {
        let end = json.find(['"', '\\']).unwrap_or(json.len());
        let (plain, rest) = json.split_at_checked(end).unwrap_or((json, ""));
        mended.push_str(plain);
        if !rest.starts_with('\\') {
            return match halves {
                true => (Cow::Owned(mended), halves, rest),
                false => {
                    let length = whole.len().saturating_sub(rest.len());
                    (
                        Cow::Borrowed(whole.get(..length).unwrap_or(whole)),
                        halves,
                        rest,
                    )
                }
            };
        }
        let (escape, is_half) = escape(rest);
        halves |= is_half;
        match is_half {
            true => mended.push(REPLACEMENT),
            false => mended.push_str(escape),
        }
        json = rest.get(escape.len()..).unwrap_or_default();
    }
}

/// The escape that a text begins with, of two halves where they belong together, and whether it is a single half.
fn escape(text: &str) -> (&str, bool) {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (length, is_half) = match (unit(0), unit(6)) {
        (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, false),
        (Some(0xd800..=0xdfff), _) => (6, true),
        (Some(_), _) => (6, false),
        // A backslash and a character, of whatever length.
        (None, _) => {
            let second = text.chars().nth(1).map_or(0, char::len_utf8);
            (second.saturating_add(1), false)
        }
    };
    (text.get(..length).unwrap_or(text), is_half)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_a_character_is_replaced_and_its_text_marked() {
        for (json, marked) in [
            (r#""x\ud83d""#, "{\"\u{fffd}\":\"x\u{fffd}\"}"),
            (
                r#"["\udc00\ud83d\ud83d\ude00\u0041"]"#,
                "[{\"\u{fffd}\":\"\u{fffd}\u{fffd}\\ud83d\\ude00\\u0041\"}]",
            ),
            (
                r#"{"\uDFFF" : "\ud83d\"x"}"#,
                "{\"\u{fffd}\" : {\"\u{fffd}\":\"\u{fffd}\\\"x\"}}",
            ),
            // What is no JSON stays none.
            (r#""\ud83d"#, "{\"\u{fffd}\":\"\u{fffd}"),
            (r#"["\ud83d", "\"#, "[{\"\u{fffd}\":\"\u{fffd}\"}, \"\\"),
        ] {
            assert_eq!(
                mended(json, Mark::Marked).as_deref(),
                Some(marked),
                "{json}"
            );
        }
        let plain = mended(r#"{"a":"x\ud83d"}"#, Mark::Plain);
        assert_eq!(plain.as_deref(), Some("{\"a\":\"x\u{fffd}\"}"));
        for json in [
            "",
            "{}",
            r#""\\ud83d""#,
            r#"{"\ud83d\ude00":"\u5317"}"#,
            r#""\u12"#,
            "\"\\日\"",
        ] {
            assert_eq!(mended(json, Mark::Marked), None, "{json}");
        }
    }

    #[test]
    fn half_a_character_behind_an_escape_of_its_own_is_known() {
        for (backslashes, known) in [
            (0, HALF),
            (1, "\u{fffd}"),
            (2, HALF),
            (3, "\u{fffd}"),
            (4, HALF),
        ] {
            let before = "\\".repeat(backslashes);
            let body = [before.as_bytes(), b"\xe5\x8c"].concat();
            assert_eq!(text(&body), before + known, "{backslashes}");
        }
    }

    proptest! {
        #[test]
        fn what_is_mended_is_unicode_and_what_is_unicode_stays(
            json in "([\\[\\]{}:,\"\\\\ 日]|\\\\ud83d|\\\\ude00|\\\\u00e9|\\\\[n\"\\\\]){0,12}",
            bytes in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            if let Some(mended) = mended(&json, Mark::Plain) {
                prop_assert_eq!(super::mended(&mended, Mark::Plain), None);
            }
            let quoted = format!("\"{}\"", json.replace('"', ""));
            if serde_json::from_str::<String>(&quoted).is_ok() {
                prop_assert_eq!(mended(&quoted, Mark::Marked), None);
            }
            let known = text(&bytes);
            prop_assert_eq!(matches!(known, Cow::Borrowed(_)), core::str::from_utf8(&bytes).is_ok());
        }
    }
}
