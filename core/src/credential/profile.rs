use alloc::format;

use super::{
    Credential, Unreadable,
    unreadable::{Places, line, required, text},
};

impl Credential {
    /// Reads a profile of a credentials file: the section `[profile]` with `secret_id`, `secret_key` and, for a
    /// temporary credential, `token`.
    ///
    /// Read by hand and strictly, since crates for INI files make a guess of what is given twice, cut values at
    /// a `#` or keep quotes. Here
    ///
    /// - a line is `[section]`, `key = value` or `key: value`, a comment that begins with `#` or `;`, or blank;
    /// - keys may be in capitals, and a value in quotes, as in the vendor's examples; an empty token is none;
    /// - a value ends with its line, so that a comment behind it makes it wrong;
    /// - other keys and sections are passed over, whatever they hold;
    /// - CRLF and a byte order mark are taken as well.
    ///
    /// ```
    /// use tc3_core::Credential;
    ///
    /// let file = "[default]\nsecret_id = AKIDEXAMPLE\nsecret_key = not-a-real-key\n";
    /// assert_eq!(Credential::from_profile(file, "default")?.secret_id(), "AKIDEXAMPLE");
    /// let missing = Credential::from_profile(file, "dev").unwrap_err();
    /// assert_eq!(missing.to_string(), "section [dev] is missing");
    /// # Ok::<(), tc3_core::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] with the line or key when there is no such section, when it or a key of it is given
    /// twice, when id or key is missing, when a value can't be right, and for any line that is none of the above.
    pub fn from_profile(file: impl AsRef<[u8]>, profile: &str) -> Result<Self, Unreadable> {
        let section = |rule| Unreadable::new(format!("section [{profile}]"), rule);
        let (mut section_seen, mut inside, mut before_any) = (false, false, true);
        let (mut id, mut key, mut token) = (None, None, None);
        for (number, content) in (1..).zip(text(file.as_ref())?.lines()) {
            let wrong = |rule| Err(Unreadable::new(line(number), rule));
            let content = content.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            if let Some(header) = content.strip_prefix('[') {
                let name = header.strip_suffix(']').map(str::trim);
                let Some(name) = name.filter(|name| !name.is_empty()) else {
                    return wrong("must be [section], with nothing behind it");
                };
                before_any = false;
                inside = name == profile;
                if inside && section_seen {
                    return Err(section("must be there once"));
                }
                section_seen |= inside;
                continue;
            }
            let Some((name, value)) = content.split_once(['=', ':']) else {
                return wrong("must be [section], key = value or a comment");
            };
            if before_any {
                return wrong("must stand below a [section]");
            }
            let name = name.trim();
            let place = [
                ("secret_id", &mut id),
                ("secret_key", &mut key),
                ("token", &mut token),
            ];
            let known = place
                .into_iter()
                .find(|(known, _)| inside && name.eq_ignore_ascii_case(known));
            if let Some((known, slot)) = known {
                let here = format!("{known} (line {number})");
                let value = unquoted(value.trim());
                let value = value.map_err(|rule| Unreadable::new(here.clone(), rule))?;
                if slot.replace((value, here.clone())).is_some() {
                    return Err(Unreadable::new(here, "must be there once"));
                }
            }
        }
        if !section_seen {
            return Err(section("is missing"));
        }
        let missing = |key| format!("{key} in section [{profile}]");
        let (id, id_place) = required(id, missing("secret_id"))?;
        let (key, key_place) = required(key, missing("secret_key"))?;
        let (token, token_place) = token.unzip();
        let places = Places {
            secret_id: id_place,
            secret_key: key_place,
            token: token_place.unwrap_or_default(),
        };
        places.credential(id, key, token)
    }
}

/// A value without the quotes around it.
fn unquoted(value: &str) -> Result<&str, &'static str> {
    for quote in ['"', '\''] {
        let opened = value.strip_prefix(quote);
        match opened.and_then(|rest| rest.strip_suffix(quote)) {
            Some(inner) => return Ok(inner),
            None if opened.is_some() || value.ends_with(quote) => {
                return Err("must be in quotes on both sides, or on neither");
            }
            None => {}
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_empty_token_is_none() {
        for token in ["", "token =", "token = \"\""] {
            let file = format!("[default]\n{PAIR}{token}\n");
            let credential = Credential::from_profile(file, "default").unwrap();
            assert_eq!(credential.token(), None);
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_place_and_rule() {
        for (file, place) in [
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
