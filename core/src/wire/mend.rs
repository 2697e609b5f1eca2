//! Repairs JSON strings that the service cut within a character, or that have unescaped control characters.

use alloc::{borrow::Cow, format, string::String};
use core::ops::RangeInclusive;

use serde::de::Error as _;

use crate::types::lenient::{self, RAW_VALUE};

/// Marks invalid UTF-8: a second surrogate without a first one.
const HALF: &str = "\\udfff";
const REPLACEMENT: char = '\u{fffd}';

/// The body as text, with the escape of a lone surrogate in place of invalid UTF-8, so that [`mended`] finds it.
pub(super) fn text(body: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = core::str::from_utf8(body) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            if is_open(&text) {
                // After a backslash, the marker would be part of another escape.
                text.push('\\');
            }
            match ends_with_first_half(&text) {
                // The marker would complete the pair. The first surrogate alone is marker enough.
                true => text.push(REPLACEMENT),
                false => text.push_str(HALF),
            }
        }
    }
    Cow::Owned(text)
}

/// Whether a text ends with a backslash that is not escaped itself.
fn is_open(text: &str) -> bool {
    let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes % 2 == 1
}

fn ends_with_first_half(text: &str) -> bool {
    let split = text.len().checked_sub("ud83d".len());
    let split = split.and_then(|at| text.split_at_checked(at));
    split.is_some_and(|(before, last)| {
        let unit = last.strip_prefix('u').and_then(unit);
        is_open(before) && unit.is_some_and(|unit| FIRST.contains(&unit))
    })
}

/// What to do with lone surrogates in values. Those in keys are always replaced by U+FFFD.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Halves {
    /// Keep them.
    Kept,
    /// Replace them by U+FFFD.
    Replaced,
    /// Replace them, and mark the text: it can be read as a text for people or as any JSON value, but not as an id, a
    /// code or an amount.
    Marked,
}

/// Reads JSON. If that fails, reads it repaired, with U+FFFD for lone surrogates in texts for people.
pub(crate) fn read<T>(
    json: &str,
    read: impl Fn(&str) -> Result<T, serde_json::Error>,
) -> Result<T, serde_json::Error> {
    read(json).or_else(|error| {
        // Raw JSON values keep their lone surrogates.
        if let Some(Ok(value)) = mended(json, Halves::Kept).map(|json| read(&json)) {
            return Ok(value);
        }
        let replaced = mended(json, Halves::Replaced).ok_or(error)?;
        // JSON that is unreadable for another reason must stay so when marked.
        read(&replaced)?;
        let marked = mended(json, Halves::Marked).unwrap_or(replaced);
        read(&marked).map_err(|_| not_unicode())
    })
}

/// The error of a text that must be exact and has a lone surrogate.
pub(super) fn not_unicode() -> serde_json::Error {
    serde_json::Error::custom(lenient::NOT_UNICODE)
}

/// The JSON with control characters and stray backslashes escaped, and lone surrogates treated as `halves` says; `None`
/// if nothing changes.
pub(crate) fn mended(json: &str, halves: Halves) -> Option<String> {
    // Most JSON has nothing to repair, and is not copied.
    json.find(must_be_escaped)?;
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    let mut is_changed = false;
    while let Some((before, after)) = rest.split_once('"') {
        let (text, after) = split_string(after);
        let end = after.strip_prefix('"');
        let is_key = end.is_some_and(|it| it.trim_ascii_start().starts_with(':'));
        let (text, damage) = mended_string(text, is_key || halves != Halves::Kept);
        is_changed |= damage != Damage::None;
        mended.push_str(before);
        if damage == Damage::Halves && !is_key && halves == Halves::Marked {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"");
            mended.push_str(&format!("{{\"{RAW_VALUE}\":\" \\\"{text}\\\"\"}}"));
        } else {
            mended.push('"');
            mended.push_str(&text);
            mended.push_str(end.map_or("", |_| "\""));
        }
        rest = end.unwrap_or_default();
    }
    mended.push_str(rest);
    is_changed.then_some(mended)
}

/// Whether a JSON string has this character by an escape alone.
const fn must_be_escaped(c: char) -> bool {
    matches!(c, '\\' | '\0'..' ')
}

/// Splits JSON after an opening quotation mark into the string's content, and the rest from the closing mark on.
fn split_string(json: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = json.find(|c| {
        let was_escaped = is_escaped;
        is_escaped = c == '\\' && !was_escaped;
        c == '"' && !was_escaped
    });
    let end = end.unwrap_or(json.len());
    json.split_at_checked(end).unwrap_or((json, ""))
}

/// What was wrong with a string.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Damage {
    None,
    /// Characters that must be escaped are not.
    Unescaped,
    /// Lone surrogates.
    Halves,
}

/// The repaired content of a string. Lone surrogates are kept unless `replace` is set.
fn mended_string(mut rest: &str, replace: bool) -> (String, Damage) {
    let mut mended = String::new();
    let mut damage = Damage::None;
    while let Some(at) = rest.find(must_be_escaped) {
        let (plain, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
        mended.push_str(plain);
        let (length, found) = escape(special);
        let (part, after) = special.split_at_checked(length).unwrap_or((special, ""));
        match found {
            Damage::Halves if replace => mended.push(REPLACEMENT),
            Damage::Unescaped => {
                let code = part.bytes().next().unwrap_or_default();
                mended.push_str(&format!("\\u{code:04x}"));
            }
            Damage::None | Damage::Halves => mended.push_str(part),
        }
        if replace || found != Damage::Halves {
            damage = damage.max(found);
        }
        rest = after;
    }
    mended.push_str(rest);
    (mended, damage)
}

/// The first surrogates of pairs, and all surrogates.
const FIRST: RangeInclusive<u16> = 0xd800..=0xdbff;
const HALVES: RangeInclusive<u16> = 0xd800..=0xdfff;

/// The code unit of the first four hexadecimal digits.
fn unit(digits: &str) -> Option<u16> {
    let digits = digits.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)
}

/// The length of the escape, or pair of escapes, at the start of a text, and what is wrong with it.
fn escape(text: &str) -> (usize, Damage) {
    let unit = |at: usize| unit(text.get(at..)?.strip_prefix("\\u")?);
    match (unit(0), unit(6)) {
        (Some(first), Some(0xdc00..=0xdfff)) if FIRST.contains(&first) => (12, Damage::None),
        (Some(half), _) if HALVES.contains(&half) => (6, Damage::Halves),
        (Some(_), _) => (6, Damage::None),
        (None, _) => match text.as_bytes() {
            [
                b'\\',
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
                ..,
            ] => (2, Damage::None),
            // A control character, or a backslash that begins no escape.
            _ => (1, Damage::Unescaped),
        },
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    fn marked(text: &str) -> String {
        format!("{{\"{RAW_VALUE}\":\" \\\"{text}\\\"\"}}")
    }

    #[test]
    fn half_a_character_is_replaced_and_its_text_marked() {
        for (json, expected) in [
            (r#""x\ud83d""#, marked("x\u{fffd}")),
            (
                r#"["\udc00\ud83d\ud83d\ude00\u0041"]"#,
                format!(
                    "[{}]",
                    marked("\u{fffd}\u{fffd}\\\\ud83d\\\\ude00\\\\u0041")
                ),
            ),
            (
                r#"{"\uDFFF" : "\ud83d\"x"}"#,
                format!("{{\"\u{fffd}\" : {}}}", marked("\u{fffd}\\\\\\\"x")),
            ),
        ] {
            assert_eq!(mended(json, Halves::Marked), Some(expected), "{json}");
        }
        let json = r#"{"a\ud83d":"x\ud83d"}"#;
        for (halves, expected) in [
            (Halves::Replaced, "{\"a\u{fffd}\":\"x\u{fffd}\"}"),
            (Halves::Kept, "{\"a\u{fffd}\":\"x\\ud83d\"}"),
        ] {
            assert_eq!(mended(json, halves).as_deref(), Some(expected));
        }
        for json in [
            "",
            "{}",
            r#""\\ud83d""#,
            r#"{"\ud83d\ude00":"\u5317\/\""}"#,
            "\t[\"\u{7f}\",\n1]",
        ] {
            assert_eq!(mended(json, Halves::Marked), None, "{json}");
        }
    }

    #[test]
    fn what_must_be_escaped_is_escaped() {
        for (json, expected) in [
            (
                "[\"a\tb\0\",\n\"\u{1f}\"]",
                r#"["a\u0009b\u0000",\n"\u001f"]"#,
            ),
            (r#""\u12\ud83""#, r#""\u005cu12\u005cud83""#),
            (r#""C:\data\x""#, r#""C:\u005cdata\u005cx""#),
            ("{\"\\\t日\":1}", r#"{"\u005c\u0009日":1}"#),
            // What is no JSON stays none.
            (r#"["a", "\"#, r#"["a", "\u005c"#),
        ] {
            let expected = expected.replace("\\n", "\n");
            for halves in [Halves::Kept, Halves::Replaced, Halves::Marked] {
                assert_eq!(mended(json, halves).as_deref(), Some(&*expected), "{json}");
            }
        }
    }

    #[test]
    fn what_is_no_utf_8_completes_no_pair() {
        for (body, expected) in [
            (b"\"x\\ud83d\xe5\x90\"".as_slice(), "\"x\u{fffd}\u{fffd}\""),
            (b"\"\\ud83d\xe5\\udfff\"", "\"\u{fffd}\u{fffd}\u{fffd}\""),
            (b"\"\\ud83d\\ude00\xe5\"", "\"\\ud83d\\ude00\u{fffd}\""),
            (b"\"\\\\ud83d\xe5\"", "\"\\\\ud83d\u{fffd}\""),
            (b"\"\xe5\\udc00\"", "\"\u{fffd}\u{fffd}\""),
            (b"\"\\\xe5\"", "\"\\\\\u{fffd}\""),
        ] {
            let known = text(body);
            assert_eq!(
                mended(&known, Halves::Replaced).as_deref(),
                Some(expected),
                "{known}"
            );
            assert_ne!(
                mended(&known, Halves::Replaced),
                mended(&known, Halves::Marked),
                "{known}"
            );
        }
    }

    #[test]
    fn half_a_character_behind_an_escape_of_its_own_is_known() {
        for (backslashes, kept) in [(0, 0), (1, 2), (2, 2), (3, 4), (4, 4)] {
            let body = ["\\".repeat(backslashes).as_bytes(), b"\xe5\x8c"].concat();
            assert_eq!(text(&body), "\\".repeat(kept) + HALF, "{backslashes}");
        }
    }

    proptest! {
        #[test]
        fn what_is_mended_is_unicode_and_what_is_unicode_stays(
            json in "([\\[\\]{}:,\"\\\\ 日\t]|\\\\ud83d|\\\\ude00|\\\\u00e9|\\\\[n\"\\\\]){0,12}",
            bytes in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            if let Some(mended) = mended(&json, Halves::Replaced) {
                prop_assert_eq!(super::mended(&mended, Halves::Replaced), None);
            }
            let quoted = format!("\"{}\"", json.replace('"', ""));
            if serde_json::from_str::<String>(&quoted).is_ok() {
                prop_assert_eq!(mended(&quoted, Halves::Marked), None);
            }
            let known = text(&bytes);
            prop_assert_eq!(matches!(known, Cow::Borrowed(_)), core::str::from_utf8(&bytes).is_ok());
        }

        #[test]
        fn a_text_that_is_not_escaped_is_read_as_it_is(text in "([^\"\\\\]|[\0-\u{1f}]){0,9}") {
            let parse = |json: &str| serde_json::from_str::<String>(json);
            prop_assert_eq!(read(&format!("\"{text}\""), parse).unwrap(), text);
        }

        /// A text that is not UTF-8 is damaged, whatever escapes stand around it.
        #[test]
        fn what_is_no_utf_8_is_never_read_as_exact(
            before in "([x日\t]|\\\\ud83d|\\\\ude00|\\\\\\\\|\\\\){0,6}",
            bytes in prop::sample::select(alloc::vec![&b"\xe5\x90"[..], b"\xff", b"\xf0\x9f", b"\x80"]),
            after in "([x日]|\\\\ud83d|\\\\ude00|\\\\\\\\){0,6}",
        ) {
            let body = [b"\"", before.as_bytes(), bytes, after.as_bytes(), b"\""].concat();
            let known = text(&body);
            let parse = |json: &str| serde_json::from_str::<String>(json);
            prop_assert!(read(&known, parse).is_err(), "{}", known);
            let value = read(&known, |json| serde_json::from_str::<serde_json::Value>(json)).unwrap();
            prop_assert!(value.as_str().unwrap().contains(REPLACEMENT), "{}", value);
        }
    }
}
