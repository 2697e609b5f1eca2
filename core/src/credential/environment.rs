use alloc::string::String;

use zeroize::Zeroizing;

use super::{
    Credential, Unreadable,
    unreadable::{Places, required},
};

pub(super) const SECRET_ID: &str = "TENCENTCLOUD_SECRET_ID";
pub(super) const SECRET_KEY: &str = "TENCENTCLOUD_SECRET_KEY";
pub(super) const TOKEN: &str = "TENCENTCLOUD_TOKEN";
pub(super) const SESSION_TOKEN: &str = "TENCENTCLOUD_SESSION_TOKEN";

impl Credential {
    /// Reads environment variables: `TENCENTCLOUD_SECRET_ID`, `TENCENTCLOUD_SECRET_KEY` and, for a temporary
    /// credential, `TENCENTCLOUD_TOKEN` or `TENCENTCLOUD_SESSION_TOKEN`.
    ///
    /// `variable` gives a variable's value. One that is empty counts as not set; `None` is returned when none
    /// is set.
    ///
    /// ```
    /// use tc3_core::Credential;
    ///
    /// let read = |set: &'static [(&str, &str)]| {
    ///     Credential::from_environment(|name| {
    ///         set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
    ///     })
    /// };
    /// assert!(read(&[])?.is_none());
    /// let pair = read(&[("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE"), ("TENCENTCLOUD_SECRET_KEY", "not-a-real-key")])?;
    /// assert_eq!(pair.unwrap().secret_id(), "AKIDEXAMPLE");
    /// let half = read(&[("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE")]);
    /// assert_eq!(half.unwrap_err().to_string(), "TENCENTCLOUD_SECRET_KEY is missing");
    /// # Ok::<(), tc3_core::Unreadable>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unreadable`] when only some of what belongs together is set, when a value can't be right, and when
    /// the two names of the token have different values.
    pub fn from_environment(
        mut variable: impl FnMut(&str) -> Option<String>,
    ) -> Result<Option<Self>, Unreadable> {
        let mut read = |name: &str| {
            let value = variable(name).map(Zeroizing::new);
            value.filter(|value| !value.is_empty())
        };
        let (id, key) = (read(SECRET_ID), read(SECRET_KEY));
        let (token, session_token) = (read(TOKEN), read(SESSION_TOKEN));
        if token.is_some() && session_token.is_some() && token != session_token {
            return Err(Unreadable::new(
                SESSION_TOKEN,
                "must not differ from TENCENTCLOUD_TOKEN",
            ));
        }
        let places = Places {
            secret_id: SECRET_ID,
            secret_key: SECRET_KEY,
            token: if token.is_some() {
                TOKEN
            } else {
                SESSION_TOKEN
            },
        };
        let token = token.or(session_token);
        if id.is_none() && key.is_none() && token.is_none() {
            return Ok(None);
        }
        let (id, key) = (required(id, SECRET_ID)?, required(key, SECRET_KEY)?);
        let token = token.as_deref().map(String::as_str);
        places.credential(&id, &key, token).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Option<Credential>, Unreadable> {
        Credential::from_environment(|name| {
            let found = set.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn either_name_of_the_token_is_read() {
        let pair = [(SECRET_ID, "AKIDEXAMPLE"), (SECRET_KEY, "fake-key")];
        for (tokens, token) in [
            (&[][..], None),
            (&[(TOKEN, "")], None),
            (&[(TOKEN, "fake-token")], Some("fake-token")),
            (&[(SESSION_TOKEN, "fake-token")], Some("fake-token")),
            (
                &[(TOKEN, ""), (SESSION_TOKEN, "fake-token")],
                Some("fake-token"),
            ),
            (
                &[(TOKEN, "fake-token"), (SESSION_TOKEN, "fake-token")],
                Some("fake-token"),
            ),
        ] {
            let credential = read(&[&pair[..], tokens].concat()).unwrap().unwrap();
            assert_eq!(credential.secret_id(), "AKIDEXAMPLE");
            assert_eq!(credential.secret_key(), "fake-key");
            assert_eq!(credential.token(), token);
            assert_eq!(credential.expires_at(), None);
        }
    }

    #[test]
    fn what_is_set_by_half_names_the_other_half() {
        for (set, place) in [
            (&[(SECRET_ID, "AKIDEXAMPLE")][..], SECRET_KEY),
            (&[(SECRET_KEY, "fake-key")], SECRET_ID),
            (&[(SECRET_ID, ""), (SECRET_KEY, "fake-key")], SECRET_ID),
            (&[(TOKEN, "fake-token")], SECRET_ID),
            (
                &[(SECRET_ID, "AKID EXAMPLE"), (SECRET_KEY, "fake-key")],
                SECRET_ID,
            ),
            (
                &[(SECRET_ID, "AKIDEXAMPLE"), (SECRET_KEY, "fake-key\n")],
                SECRET_KEY,
            ),
            (
                &[
                    (SECRET_ID, "AKIDEXAMPLE"),
                    (SECRET_KEY, "fake-key"),
                    (SESSION_TOKEN, "fake token"),
                ],
                SESSION_TOKEN,
            ),
            (
                &[
                    (SECRET_ID, "AKIDEXAMPLE"),
                    (SECRET_KEY, "fake-key"),
                    (TOKEN, "fake-token"),
                    (SESSION_TOKEN, "another-fake-token"),
                ],
                SESSION_TOKEN,
            ),
        ] {
            let wrong = read(set).unwrap_err();
            assert_eq!(wrong.place(), place);
            assert!(!format!("{wrong} {wrong:?}").contains("fake"));
        }
        assert!(read(&[(SECRET_ID, ""), (TOKEN, "")]).unwrap().is_none());
    }
}
