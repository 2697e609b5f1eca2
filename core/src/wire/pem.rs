//! Reads all certificates of a PEM text, or an error. HTTP stacks silently skip sections that they can't read.

use alloc::vec::Vec;

use base64::{Engine as _, prelude::BASE64_STANDARD as STANDARD};

use crate::Invalid;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const DASHES: &[u8] = b"-----";
/// The length of a line in a section.
const LINE: usize = 64;

/// The ends of the labels of sections that hold no certificate.
const OTHERS: [&[u8]; 4] = [b"KEY", b"PARAMETERS", b"REQUEST", b"CRL"];

const INVALID: Invalid = Invalid::new("pem", "must be PEM with whole sections of base64");
const UNREADABLE: Invalid = Invalid::new(
    "pem",
    "has a section that may hold a certificate in another form, such as TRUSTED CERTIFICATE or PKCS7; convert it",
);
const NONE: Invalid = Invalid::new("pem", "must hold a certificate in PEM");

/// Returns the bytes (DER) of each `CERTIFICATE` in a text.
///
/// Sections may be indented, follow each other without a line break, and have any text and byte order marks around
/// them. Keys, parameters, requests and revocation lists are skipped.
///
/// ```
/// use tc3_core::wire::pem;
///
/// let section = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----";
/// let joined = format!("{section}{section}");
/// assert_eq!(pem::certificates(&joined)?, [[0x30, 0]; 2]);
/// assert!(pem::certificates("-----BEGIN CERTIFICATE-----\nMAA=").is_err());
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
///
/// # Errors
///
/// [`Invalid`] naming `pem` when there is no certificate, when a section has no begin or end line, and for a
/// section of any other kind.
pub fn certificates(text: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>, Invalid> {
    let mut rest = text.as_ref();
    let mut found = Vec::new();
    while let Some((around, section)) = cut(rest, BEGIN) {
        check_around(around)?;
        let (label, section) = cut(section, DASHES).ok_or(INVALID)?;
        let (body, _) = cut(section, DASHES).ok_or(INVALID)?;
        let end = [END, label, DASHES].concat();
        let end_line = section.get(body.len()..).unwrap_or_default();
        rest = strip(end_line, &end).ok_or(INVALID)?;
        let label = label.to_ascii_uppercase();
        let is_other = |kind: &&[u8]| label.ends_with(kind);
        match &*label {
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"X.509 CERTIFICATE" => found.push(der(body)?),
            _ if OTHERS.iter().any(is_other) => {}
            _ => return Err(UNREADABLE),
        }
    }
    check_around(rest)?;
    if ends_cut(rest) {
        return Err(INVALID);
    }
    if found.is_empty() {
        return Err(NONE);
    }
    Ok(found)
}

/// Refuses text between sections that is part of a broken one: a begin or end line, or the first base64 line of a
/// certificate.
fn check_around(text: &[u8]) -> Result<(), Invalid> {
    let begins = |line: &[u8]| {
        let line = line.trim_ascii();
        let base64 = |b: &u8| b.is_ascii_alphanumeric() || b"+/=".contains(b);
        line.starts_with(b"MI") && line.len() >= LINE / 2 && line.iter().all(base64)
    };
    // Without the space, to find a line without a label too.
    let edges = [BEGIN, END].map(<[u8]>::trim_ascii_end);
    if edges.iter().any(|edge| cut(text, edge).is_some()) || text.split(|b| *b == b'\n').any(begins)
    {
        return Err(INVALID);
    }
    Ok(())
}

/// Whether a text ends within a begin line.
fn ends_cut(text: &[u8]) -> bool {
    let line = text.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let around = |b: &u8| b.is_ascii_whitespace() || BYTE_ORDER_MARK.contains(b);
    let start = line.iter().position(|b| !around(b));
    let line = start.and_then(|start| line.get(start..));
    line.is_some_and(|line| strip(BEGIN, line).is_some())
}

/// The text before and after the first occurrence of a marker.
fn cut<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let mut places = text.windows(marker.len());
    let place = places.position(|part| part.eq_ignore_ascii_case(marker))?;
    let (before, at) = text.split_at_checked(place)?;
    Some((before, strip(at, marker)?))
}

fn strip<'a>(text: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    let (begin, rest) = text.split_at_checked(start.len())?;
    begin.eq_ignore_ascii_case(start).then_some(rest)
}

/// The bytes of a section.
fn der(body: &[u8]) -> Result<Vec<u8>, Invalid> {
    let is_kept = |b: &u8| !b.is_ascii_whitespace();
    let body: Vec<u8> = body.iter().copied().filter(is_kept).collect();
    STANDARD.decode(body).map_err(|_| INVALID)
}

#[cfg(test)]
mod tests {
    use alloc::{
        format,
        string::{String, ToString},
        vec,
    };

    use proptest::prelude::*;

    use super::*;

    fn section(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
    }

    fn count(text: impl AsRef<[u8]>) -> Result<usize, Invalid> {
        certificates(text).map(|found| found.len())
    }

    #[test]
    fn every_certificate_is_found_however_it_is_set() {
        let [a, b] = ["MIIA", "MIIB"].map(|body| section("CERTIFICATE", body));
        let expected = [[0x30, 0x82, 0], [0x30, 0x82, 1]];
        for text in [
            format!("{a}\n{b}\n"),
            format!("{a}{b}"),
            format!("{a}\r\n{b}\r\n").replace("\n", "\r\n"),
            format!("\u{feff}{a}\n\u{feff}{b}"),
            format!("    {a}\n\t{b}").replace('\n', "\n    "),
            format!("# Two of them, BEGIN to END\n{a}\n=====\n\nsubject=CN = x\n{b} the end")
                .replace("MIIA", "MI\nIA"),
            format!("{a}\n{b}")
                .replace("-----\n", "-----")
                .replace("\n-----END", "-----END"),
            format!("{a}\n{b}")
                .replace("BEGIN CERTIFICATE", "BEGIN X509 CERTIFICATE")
                .replace("END CERTIFICATE", "END X509 CERTIFICATE"),
            format!("{a}\n{b}").replace("BEGIN CERTIFICATE", "begin certificate"),
            // Words that begin as base64 does, but are no line of it.
            format!(
                "MINE\n{a}\nMIME-Version: 1.0, as a letter says that brings certificates along\n{b}"
            ),
            [
                &*section("PRIVATE KEY", "MIIK"),
                &a,
                &section("X509 CRL", "MIIC"),
                &b,
                &section("DH PARAMETERS", "MIID"),
            ]
            .concat(),
        ] {
            assert_eq!(certificates(&text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_may_have_lost_a_certificate_is_an_error() {
        let whole = section("CERTIFICATE", "MIIA");
        let long = section("CERTIFICATE", &format!("MII{}", "A".repeat(61)));
        for (broken, error) in [
            (String::new(), NONE),
            ("/etc/ssl/authority.pem".into(), NONE),
            (section("PRIVATE KEY", "MIIA"), NONE),
            (section("TRUSTED CERTIFICATE", "MIIA"), UNREADABLE),
            (section("PKCS7", "MIIA"), UNREADABLE),
            (section("CMS", "MIIA"), UNREADABLE),
            (whole.replace("-----END CERTIFICATE-----", ""), INVALID),
            (
                whole.replace("-----END CERTIFICATE-----", "-----END CERT-----"),
                INVALID,
            ),
            (
                whole.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE----"),
                INVALID,
            ),
            (whole.replace("-----BEGIN CERTIFICATE-----", ""), INVALID),
            (
                whole.replace("-----BEGIN CERTIFICATE-----", "----BEGIN CERTIFICATE-----"),
                INVALID,
            ),
            (
                whole.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE----"),
                INVALID,
            ),
            (
                whole.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE"),
                INVALID,
            ),
            ("-----BEGIN".into(), INVALID),
            ("  -----BEGIN\n".into(), INVALID),
            (whole.replace("-----BEGIN ", "-----BEGIN"), INVALID),
            ("-----BEGIN\tCERTIFICATE-----".into(), INVALID),
            (long.replace("-----", "--"), INVALID),
            (long.replace("-----", "\u{2014}"), INVALID),
        ] {
            assert_eq!(count(&broken), Err(error), "{broken}");
            // No more so beside one that is whole.
            let expected = if error == NONE { Ok(1) } else { Err(error) };
            for beside in [format!("{whole}\n{broken}"), format!("{broken}\n{whole}")] {
                assert_eq!(count(&beside), expected, "{beside}");
            }
        }
    }

    #[test]
    fn dashes_that_begin_no_section_are_text() {
        let whole = section("CERTIFICATE", "MIIA");
        for text in [
            format!("---\n{whole}\n---\n"),
            format!("Authority\n---------\n{whole}\n----------"),
            format!("{whole}\n-- the end, or - "),
        ] {
            assert_eq!(count(&text), Ok(1), "{text}");
        }
    }

    proptest! {
        /// Of a text that was cut all that was in it before that, or an error.
        #[test]
        fn a_text_that_was_cut_is_whole_sections_or_an_error(
            parts in prop::collection::vec(prop::sample::select(vec!["", "\n", "\r\n  ", "\u{feff}"]), 1..4),
            end in any::<prop::sample::Index>(),
        ) {
            let section = section("CERTIFICATE", "MIIA");
            let text: String = parts.iter().map(|before| format!("{before}{section}")).collect();
            let kept = &text.as_bytes()[..end.index(text.len())];
            if let Ok(found) = count(kept) {
                let kept = String::from_utf8_lossy(kept);
                let after = kept.rsplit("-----END CERTIFICATE-----").next().unwrap();
                prop_assert_eq!(found, kept.matches(&section).count());
                prop_assert!(after.trim_matches(|c: char| c.is_whitespace() || !c.is_ascii()).is_empty(), "{}", kept);
            }
        }

        /// As many as there are, or an error.
        #[test]
        fn no_certificate_is_passed_over(
            parts in prop::collection::vec(
                (
                    prop::sample::select(vec!["", "\n", "\r\n", "  ", "\u{feff}", "text\n", "\0"]),
                    prop::sample::select(vec!["CERTIFICATE", "PRIVATE KEY", "TRUSTED CERTIFICATE"]),
                ),
                0..6,
            ),
            lost in any::<prop::sample::Index>(),
        ) {
            let body = "MII".to_string() + &"A".repeat(61);
            let sections = parts.iter().map(|(before, label)| format!("{before}{}", section(label, &body)));
            let text: String = sections.collect();
            let of = |label| parts.iter().filter(|(_, it)| *it == label).count();
            match count(&text) {
                Ok(found) => prop_assert_eq!((found, of("TRUSTED CERTIFICATE")), (of("CERTIFICATE"), 0)),
                Err(error) => prop_assert!(error != INVALID, "{}", text),
            }
            // A byte less changes that for an error alone, unless it stood around the sections or in a body.
            let mut bytes = text.into_bytes();
            if !bytes.is_empty() && of("CERTIFICATE") == parts.len() {
                let byte = bytes.remove(lost.index(bytes.len()));
                if let Ok(found) = count(&bytes) {
                    prop_assert_eq!(found, parts.len(), "{}", byte);
                }
            }
        }
    }
}
