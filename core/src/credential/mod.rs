//! Credentials, and parsers for the places where they are stored: text in, value out.

// A `chain` has `source`s, each parsed in its own file: `environment`, `profile`, `tccli`, `tke` and `metadata`.
// `refresh` decides when a `search` is due. A search tries the sources in order: it reads a `lookup`, parses its text
// into `parts`, and assumes a `role` if one is named.

mod chain;
mod environment;
mod errors;
mod lookup;
mod metadata;
mod parts;
mod profile;
mod refresh;
mod role;
mod search;
mod source;
mod tccli;
mod tke;

pub use chain::Chain;
#[cfg(test)]
pub(crate) use errors::Sort;
pub use errors::{NoCredentials, Tried, Unreadable};
pub use lookup::{Looked, Lookup};
#[cfg(feature = "emulator")]
pub(crate) use metadata::ROLES;
pub use metadata::metadata_role;
pub(crate) use refresh::{Claim, Generation, Refresh};
pub use search::Search;
pub use source::Source;

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{error::Error, fmt, iter};

use zeroize::Zeroizing;

use crate::{Invalid, UnixTime};

/// A key pair, with a token when it is temporary.
///
/// The key and the token are wiped from memory when dropped, and no `Debug`, error or log shows them.
///
/// ```
/// use tc3_core::Credential;
///
/// let credential =
///     Credential::new("AKIDEXAMPLE", "not-a-real-key")?.with_token("not-a-real-token")?;
/// let shown = format!("{credential:?}");
/// assert!(shown.contains(r#"secret_id: "AKIDEXAMPLE", secret_key: "…", token: Some("…")"#));
/// assert!(Credential::new("", "not-a-real-key").is_err());
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    secret_id: String,
    secret_key: Zeroizing<String>,
    token: Option<Zeroizing<String>>,
    expires_at: Option<UnixTime>,
}

impl Credential {
    /// A permanent key pair.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `SecretId` or `SecretKey` when it
    ///
    /// - is empty;
    /// - has a character that is not printable ASCII, such as a space or a line break that was pasted with it;
    /// - has a quote, a bracket, `$`, `%` or `\\`: keys have none, but an unfilled placeholder or a quoted setting
    ///   does;
    /// - has a `/`, `,`, `;` or `=` in the id: these separate the parts of the `Authorization` header.
    pub fn new(
        secret_id: impl Into<String>,
        secret_key: impl Into<String>,
    ) -> Result<Self, Invalid> {
        let (secret_id, secret_key) = (secret_id.into(), Zeroizing::new(secret_key.into()));
        plain("SecretId", &secret_id)?;
        plain("SecretKey", &secret_key)?;
        if secret_id.contains(['/', ',', ';', '=']) {
            let rule = "must not contain a slash, comma, semicolon or equals sign";
            return Err(Invalid::new("SecretId", rule));
        }
        Ok(Self {
            secret_id,
            secret_key,
            token: None,
            expires_at: None,
        })
    }

    /// Adds the token of a temporary credential, which is valid only together with it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] naming `Token` when it is empty or has a character that a [key](Self::new) must not have.
    pub fn with_token(mut self, token: impl Into<String>) -> Result<Self, Invalid> {
        let token = Zeroizing::new(token.into());
        plain("Token", &token)?;
        self.token = Some(token);
        Ok(self)
    }

    /// Sets when the credential expires.
    #[must_use = "the credential is returned, not changed"]
    pub fn with_expiry(mut self, expires_at: UnixTime) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// The id, which is no secret.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    /// The secret key.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// The token of a temporary credential.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref().map(String::as_str)
    }

    /// Whether the keys and the token are the same; the expiry may differ.
    pub(crate) fn has_keys_of(&self, other: &Self) -> bool {
        self.secret_id == other.secret_id
            && self.secret_key == other.secret_key
            && self.token == other.token
    }

    /// When the credential expires, if that is known.
    pub const fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }
}

fn plain(field: &'static str, text: &str) -> Result<(), Invalid> {
    broken(text).map_or(Ok(()), |rule| Err(Invalid::new(field, rule)))
}

/// The rule that a key, a token or a role's name breaks, if any.
fn broken(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("must not be empty");
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Some("must be printable ASCII without spaces or line breaks");
    }
    if text.contains(QUOTES) {
        return Some(IN_QUOTES);
    }
    if text.contains(['<', '>', '(', ')', '[', ']', '{', '}', '$', '%', '\\']) {
        return Some("must not contain brackets, $, % or \\; is it an unfilled placeholder?");
    }
    None
}

/// The texts of an error and its causes, joined by colons.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    let texts: Vec<_> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

const QUOTES: [char; 3] = ['"', '\'', '`'];
const IN_QUOTES: &str = "must not contain quotes or be in quotes";

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("secret_id", &self.secret_id)
            .field("secret_key", &"…")
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_malformed_credential_names_its_field_and_hides_its_value() {
        let cases = [
            ("", "fake-key", "SecretId"),
            ("AKID EXAMPLE", "fake-key", "SecretId"),
            ("AKID/EXAMPLE", "fake-key", "SecretId"),
            ("AKID\r\nX: y", "fake-key", "SecretId"),
            ("AKIDEXAMPLE", "", "SecretKey"),
            ("AKIDEXAMPLE", "fake-key\n", "SecretKey"),
            ("AKIDEXAMPLE", "fake-kéy", "SecretKey"),
            ("\"AKIDEXAMPLE\"", "fake-key", "SecretId"),
            ("AKIDEXAMPLE", "'fake-key'", "SecretKey"),
            ("AKIDEXAMPLE", "`fake-key`", "SecretKey"),
            ("AKIDEXAMPLE", "fake-key\"", "SecretKey"),
            ("${SECRET_ID}", "fake-key", "SecretId"),
            ("$SECRET_ID", "fake-key", "SecretId"),
            ("%SECRET_ID%", "fake-key", "SecretId"),
            ("{{secret_id}}", "fake-key", "SecretId"),
            ("<your-secret-id>", "fake-key", "SecretId"),
            ("AKIDEXAMPLE", "[fake-key]", "SecretKey"),
            ("AKIDEXAMPLE", "$(fake-key)", "SecretKey"),
            ("AKIDEXAMPLE", "fake-key\\", "SecretKey"),
        ];
        for (id, key, field) in cases {
            let invalid = Credential::new(id, key).unwrap_err();
            assert_eq!(invalid.field(), field);
            assert!(!format!("{invalid} {invalid:?}").contains("fake"));
        }
        let credential = Credential::new("AKIDEXAMPLE", "fake-key").unwrap();
        for token in ["", "a b", "a\u{7f}", "\"a\"", "'a'", "${a}"] {
            let invalid = credential.clone().with_token(token).unwrap_err();
            assert_eq!(invalid.field(), "Token");
        }
    }

    /// Or this doesn't compile.
    #[test]
    fn the_key_and_the_token_are_wiped() {
        fn is_wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let credential = Credential::new("AKIDEXAMPLE", "fake-key").unwrap();
        let credential = credential.with_token("fake-token").unwrap();
        is_wiped(&credential.secret_key);
        is_wiped(credential.token.as_ref().unwrap());
    }

    /// Temporary keys and tokens are in base64.
    #[test]
    fn whatever_the_service_gives_is_a_credential() {
        for text in ["a+b/c==", "a-b_c", "A.B.C~", "a:b;c,d", "#!?*&|^@"] {
            let credential = Credential::new("AKIDx-Y_z", text).unwrap();
            assert!(credential.with_token(text).is_ok(), "{text}");
        }
        assert!(Credential::new("AKIDx-Y_z.*", "key").is_ok());
    }

    #[test]
    fn the_published_examples_asterisks_are_a_credential() {
        let asterisks = "********************************";
        assert!(Credential::new(format!("AKID{asterisks}"), asterisks).is_ok());
    }
}
