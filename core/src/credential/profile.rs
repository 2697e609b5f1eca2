use alloc::format;
use core::mem;

use zeroize::Zeroizing;

use super::{
    Credential, Unreadable,
    parts::{Parts, letters, line, text},
    source::Identity,
};

/// The variable that names the file.
pub(super) const FILE: &str = "TENCENTCLOUD_CREDENTIALS_FILE";
/// The default paths of the file.
pub(super) const USUAL: [&str; 2] = [
    "~/.tencentcloud/credentials",
    "/etc/tencentcloud/credentials",
];

/// The parts of an identity, and their keys in a profile.
const PARTS: [(&str, &[&str]); 5] = [
    ("SecretId", &["secret_id"]),
    ("SecretKey", &["secret_key"]),
    ("Token", &["token", "session_token", "security_token"]),
    ("RoleArn", &["role_arn"]),
    ("RoleSessionName", &["role_session_name"]),
];

/// The reason when there is no such file.
pub(super) const NOWHERE: &str = "neither ~/.tencentcloud/credentials nor /etc/tencentcloud/credentials is there, and \
    TENCENTCLOUD_CREDENTIALS_FILE is not set";

impl Credential {
    /// Reads a profile of a credentials file: the section `[profile]` with `secret_id`, `secret_key` and, for a
    /// temporary credential, `token`, which may be called `session_token` or `security_token`.
    ///
    /// The parser is strict, unlike crates for INI files, which choose one of two equal keys, cut values at a `#` or
    /// keep quotes:
    ///
    /// - A line is `[section]`, `key = value` or `key: value`, a comment that begins with `#` or `;`, or blank.
    /// - Keys may be in upper case, with hyphens or without underscores. A value may be in quotes, as in the vendor's
    ///   examples. An empty token counts as missing.
    /// - A value ends with its line, so a comment behind it makes it malformed, and so does an indented line below it.
    /// - A `role_arn`, with or without a `role_session_name`, names a role to assume with the keys. Only a
    ///   [`Chain`](crate::Chain) can do that; here it is an error.
    /// - Other keys and sections are ignored, whatever they hold.
    /// - CRLF and a byte order mark are accepted.
    ///
    /// ```
    /// use tc3_core::Credential;
    ///
    /// let file = "[default]\nsecret_id = AKIDEXAMPLE\nsecret_key = not-a-real-key\n";
    /// assert_eq!(Credential::from_profile(file, "default")?.secret_id(), "AKIDEXAMPLE");
    /// let missing = Credential::from_profile(file, "dev").unwrap_err();
    /// assert_eq!(missing.to_string(), "section [dev] is missing");
    /// # Ok::<(), tc3_core::credential::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when the section is missing, when it or one of its keys occurs twice, when
    /// the id or the key is missing, when a value is malformed, when a role is named, and for any other line.
    pub fn from_profile(file: impl AsRef<[u8]>, profile: &str) -> Result<Self, Unreadable> {
        Identity::from_profile(file.as_ref(), profile)?.keys()
    }
}

impl Identity {
    /// Reads the signer from a profile, as [`Credential::from_profile`] documents.
    pub(super) fn from_profile(file: &[u8], profile: &str) -> Result<Self, Unreadable> {
        let wrong_section = |rule| Unreadable::new(format!("section [{profile}]"), rule);
        let (mut section, mut seen) = (None, false);
        let mut parts = Parts::default();
        for (field, names) in PARTS {
            let name = names.first().copied().unwrap_or(field);
            parts.push(field, format!("{name} in section [{profile}]"), None);
        }
        // How far the last line is indented, if it is one of the settings.
        let mut setting_indent = None;
        for (number, content) in (1..).zip(text(file)?.lines()) {
            let wrong = |rule| Unreadable::new(line(number), rule);
            // Python's INI parser, and so the vendor's SDK, begins another line there, perhaps with a role.
            if content.contains('\r') {
                return Err(wrong("must not have a carriage return but at its end"));
            }
            let indented = content.trim_end().len();
            let content = content.trim();
            let indent = indented.saturating_sub(content.len());
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            // Python's INI parser, and so the vendor's SDK, reads it as more of the value above.
            if setting_indent.take().is_some_and(|above| indent > above) {
                let rule = "must not continue the value above, which ends with its line";
                return Err(wrong(rule));
            }
            if let Some(header) = content.strip_prefix('[') {
                let name = header.strip_suffix(']').map(str::trim);
                let name = name.filter(|name| !name.is_empty());
                let name =
                    name.ok_or_else(|| wrong("must be [section], with nothing behind it"))?;
                if name == profile && mem::replace(&mut seen, true) {
                    return Err(wrong_section("must occur once"));
                }
                section = Some(name);
                continue;
            }
            let setting = content.split_once(['=', ':']);
            let (name, value) =
                setting.ok_or_else(|| wrong("must be [section], key = value or a comment"))?;
            let section = section.ok_or_else(|| wrong("must be below a [section] line"))?;
            let same = |known: &str| letters(name.trim()).eq(letters(known));
            let mut known = PARTS.iter().zip(&mut parts.0);
            let known = known.find_map(|((_, names), part)| {
                let name = names.iter().find(|known| same(known))?;
                Some((name, part))
            });
            let Some((name, part)) = known else {
                continue;
            };
            let here = format!("{name} (line {number})");
            if section == profile {
                setting_indent = Some(indent);
                let value = unquoted(value.trim()).map_err(|rule| Unreadable::new(&*here, rule))?;
                if part.value.replace(Zeroizing::new(value.into())).is_some() {
                    return Err(Unreadable::new(here, "must occur once"));
                }
                // An empty token or role counts as missing; an empty id or key is an error.
                if !value.is_empty() || part.field.starts_with("Secret") {
                    part.place = here;
                }
            } else if section == "DEFAULT" && part.field == "RoleArn" {
                // Python's INI parser, and so the vendor's SDK, applies this section to all others.
                return Err(Unreadable::new(here, "must be in its profile's section"));
            }
        }
        if !seen {
            return Err(wrong_section("is missing"));
        }
        parts.identity()
    }
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> Result<&str, &'static str> {
    for quote in ['"', '\''] {
        if value.starts_with(quote) || value.ends_with(quote) {
            let opened = value.strip_prefix(quote);
            let inner = opened.and_then(|rest| rest.strip_suffix(quote));
            return inner.ok_or("must be in quotes on both sides, or on neither");
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{credential::source::SourceKind, sts::AssumeRole};

    const PAIR: &str = "secret_id = AKIDEXAMPLE\nsecret_key = fake-key\n";

    fn wrong(file: impl AsRef<[u8]>) -> Unreadable {
        let wrong = Credential::from_profile(file, "default").unwrap_err();
        assert!(!format!("{wrong} {wrong:?}").contains("fake"), "{wrong}");
        wrong
    }

    #[test]
    fn all_ways_to_write_a_profile_come_to_the_same() {
        for file in [
            "[default]\nsecret_id=AKIDEXAMPLE\nsecret_key=fake=key#1\ntoken=fake;token",
            "\u{feff}[default]\r\nsecret_id = AKIDEXAMPLE\r\nsecret_key = fake=key#1\r\ntoken = fake;token\r\n",
            "# a comment\n[other]\nsecret_id = AKIDOTHER\nsecret_id = twice\n\n ; another\n[ default ]\n\
             \tToken : fake;token\nSECRET_KEY: fake=key#1\nsecret_id: AKIDEXAMPLE\nregion = 日本\nregion =",
            "[default]\nsecret_id=\"AKIDEXAMPLE\"\nsecret_key='fake=key#1'\ntoken = \"fake;token\"\n[[x]]\n[y]\na=b",
        ] {
            let credential = Credential::from_profile(file, "default").unwrap();
            assert_eq!(credential.secret_id(), "AKIDEXAMPLE");
            assert_eq!(credential.secret_key(), "fake=key#1");
            assert_eq!(credential.token(), Some("fake;token"));
            assert_eq!(credential.expires_at(), None);
        }
    }

    #[test]
    fn a_token_has_three_names_of_which_one_is_there() {
        for name in ["token", "session_token", "SecurityToken"] {
            let file = format!("[default]\n{PAIR}{name} = fake-token\n");
            let credential = Credential::from_profile(&file, "default").unwrap();
            assert_eq!(credential.token(), Some("fake-token"), "{name}");
            let two = format!("{file}Token = fake-token\n");
            let wrong = Credential::from_profile(two, "default").unwrap_err();
            assert_eq!(wrong.rule(), "must occur once");
        }
    }

    #[test]
    fn a_value_does_not_continue_on_an_indented_line() {
        for lines in [
            "role_arn =\n  qcs::cam::uin/1:roleName/a",
            "role_arn =\n\n # a comment\n\tqcs::cam::uin/1:roleName/a",
            "token = fake\n token",
            "token =\n fake = token",
            "  token = fake",
        ] {
            let wrong = wrong(format!("[default]\n{PAIR}{lines}\n"));
            assert!(wrong.place().starts_with("line "), "{wrong}");
            assert!(wrong.rule().contains("value above"), "{wrong}");
        }
        let indented = format!("[default]\n  {}", PAIR.replace('\n', "\n  "));
        assert!(Credential::from_profile(indented, "default").is_ok());
    }

    #[test]
    fn a_carriage_return_hides_no_role() {
        for before in ["region = a", "# a comment", "[other]\n", "token = fake"] {
            let file = format!("[default]\n{PAIR}{before}\rrole_arn = fake\r\n");
            assert!(wrong(file).rule().contains("carriage return"), "{before}");
        }
    }

    #[test]
    fn a_value_in_quotes_on_one_side_alone_is_refused() {
        for value in ["\"fake", "fake\"", "'fake", "fake'", "\"fake'", "'", "\""] {
            for key in ["secret_id", "token", "role_arn"] {
                let wrong = wrong(format!("[default]\n{key} = {value}\n"));
                assert_eq!(wrong.place(), format!("{key} (line 2)"));
                assert!(wrong.rule().contains("on both sides"), "{wrong}");
            }
        }
    }

    #[test]
    fn an_empty_token_is_none() {
        for token in ["", "token =", "token = \"\""] {
            let file = format!("[default]\n{PAIR}{token}\n");
            let credential = Credential::from_profile(file, "default").unwrap();
            assert_eq!(credential.token(), None);
        }
    }

    #[test]
    fn a_role_that_a_profile_names_is_not_passed_over() {
        let arn = "qcs::cam::uin/1:roleName/a";
        for (lines, session) in [
            (format!("role_arn = {arn}"), "tc3-rust"),
            (
                format!("ROLE-ARN: '{arn}'\nrole_session_name ="),
                "tc3-rust",
            ),
            (
                format!("roleArn = {arn}\nrole_session_name = report"),
                "report",
            ),
        ] {
            let file = format!("[default]\n{PAIR}{lines}\n[other]\nrole_arn = other\n");
            let identity = Identity::from_profile(file.as_bytes(), "default").unwrap();
            let SourceKind::Role(role, keys) = identity.source.0 else {
                panic!("no role: {file}");
            };
            assert_eq!(keys.fixed().unwrap().secret_id(), "AKIDEXAMPLE");
            assert_eq!(*role, AssumeRole::new(arn, session));
            assert_eq!(wrong(file).place(), "role_arn (line 4)");
        }
        for (lines, place) in [
            (
                "role_session_name = report",
                "role_arn in section [default]",
            ),
            (
                "role_arn =\nrole_session_name = report",
                "role_arn in section [default]",
            ),
            ("role_arn = a\nrole_arn = a", "role_arn (line 5)"),
            ("role_arn = a b", "role_arn (line 4)"),
            ("role_arn = ${ROLE}", "role_arn (line 4)"),
            (
                "role_arn = a\nrole_session_name = a b",
                "role_session_name (line 5)",
            ),
        ] {
            let file = format!("[default]\n{PAIR}{lines}\n");
            assert_eq!(wrong(file).place(), place, "{lines}");
        }
        // None is named.
        for lines in ["role_arn =", "role_arn = \"\"\n[dev]\nrole_arn = a"] {
            let file = format!("[default]\n{PAIR}{lines}\n");
            assert!(Credential::from_profile(file, "default").is_ok(), "{lines}");
        }
        let alone = wrong(format!("[default]\nrole_arn = {arn}\n"));
        assert_eq!(alone.place(), "secret_id in section [default]");
    }

    #[test]
    fn what_is_wrong_is_named_by_place_and_rule() {
        for (file, place) in [
            (
                "[default]\nsecret_id = \"'fake'\"\nsecret_key = fake",
                "secret_id (line 2)",
            ),
            ("", "section [default]"),
            ("[Default]\nsecret_id = fake", "section [default]"),
            (
                "[default]\nsecret_key = fake",
                "secret_id in section [default]",
            ),
            (
                "[default]\nsecret_id = fake",
                "secret_key in section [default]",
            ),
            (
                "[default]\nsecret_id =\nsecret_key = fake",
                "secret_id (line 2)",
            ),
            (
                "[default]\nsecret_id = fake\nsecret_key = \"\"",
                "secret_key (line 3)",
            ),
            (
                "[default]\nsecret_id = \"fake\nsecret_key = fake",
                "secret_id (line 2)",
            ),
            (
                "[default]\nsecret_id = fake\nsecret_key = fake # mine",
                "secret_key (line 3)",
            ),
            (
                "[default]\nsecret_id = fake\nsecret_key = fake\ntoken = a b",
                "token (line 4)",
            ),
            (
                "[default]\nsecret_id = fake\nsecret_id = fake",
                "secret_id (line 3)",
            ),
            (
                "[default]\nsecret_id = fake\n[x]\n[default]",
                "section [default]",
            ),
            ("secret_id = fake\n[default]", "line 1"),
            ("[default]\nfake", "line 2"),
            ("[default] fake\n", "line 1"),
            ("[default\n", "line 1"),
            ("[]\n", "line 1"),
        ] {
            assert_eq!(wrong(file).place(), place, "{file}");
        }
        let not_text = wrong(b"[default]\nsecret_id = fake\nsecret_key = fake\xff");
        assert_eq!(
            (not_text.place(), not_text.rule()),
            ("line 3", "is not UTF-8")
        );
    }
}
