use alloc::{borrow::ToOwned, format, string::String};
use core::{fmt, str};

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::{
    Invalid,
    lenient::{self, FromScalar, Object},
};

/// Why a text holds no credential: the place, and the rule that is broken there.
///
/// Never holds anything of the text itself, since that may be a secret.
///
/// ```
/// use tc3_core::Credential;
///
/// let file = "[default]\nsecret_id = \nsecret_key = not-a-real-key\n";
/// let wrong = Credential::from_profile(file, "default").unwrap_err();
/// assert_eq!((wrong.place(), wrong.rule()), ("secret_id (line 2)", "must not be empty"));
/// assert_eq!(wrong.to_string(), "secret_id (line 2) must not be empty");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {rule}")]
pub struct Unreadable {
    place: String,
    rule: &'static str,
}

impl Unreadable {
    pub(super) fn new(place: impl Into<String>, rule: &'static str) -> Self {
        let place = place.into();
        Self { place, rule }
    }

    /// The line, section, key or variable.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The rule that is broken there.
    pub const fn rule(&self) -> &'static str {
        self.rule
    }
}

/// The text of a file or an answer, without the mark that some editors put first.
pub(super) fn text(bytes: &[u8]) -> Result<&str, Unreadable> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let breaks = before.iter().filter(|b| **b == b'\n').count();
        Unreadable::new(line(breaks.saturating_add(1)), "is not UTF-8")
    })
}

pub(super) fn line(number: usize) -> String {
    format!("line {number}")
}

/// The one object that a JSON text is.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    let parsed = serde_json::from_str::<Object<T>>(text);
    // The error's own text may hold something of the file.
    parsed.map(|Object(object)| object).map_err(|error| {
        let rule = if error.is_data() {
            "must be in an object that holds each key once"
        } else {
            "is not JSON"
        };
        Unreadable::new(line(error.line()), rule)
    })
}

/// The text of a JSON field, `None` for absent and null.
pub(super) fn field(
    json: Option<&RawValue>,
    name: &'static str,
) -> Result<Option<Zeroizing<String>>, Unreadable> {
    let read = |json: &RawValue| serde_json::from_str(json.get()).map(Zeroizing::new);
    let text = json.map(read).transpose();
    text.map_err(|_| Unreadable::new(name, "must be a text"))
}

/// The number of a JSON field, `None` for absent and null.
pub(super) fn number<T: FromScalar>(
    json: Option<&RawValue>,
    name: &'static str,
) -> Result<Option<T>, Unreadable> {
    let read = |json: &RawValue| {
        let mut json = serde_json::Deserializer::from_str(json.get());
        lenient::required(&mut json)
    };
    let number = json.map(read).transpose();
    number.map_err(|_| Unreadable::new(name, "must be Unix seconds"))
}

/// What must be there.
pub(super) fn required<T>(value: Option<T>, name: impl Into<String>) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable::new(name, "is missing"))
}

/// Where the parts of a credential stand.
pub(super) struct Places<P> {
    pub(super) secret_id: P,
    pub(super) secret_key: P,
    pub(super) token: P,
}

impl<P: fmt::Display> Places<P> {
    /// Says where the field of a credential stands that is invalid.
    pub(super) fn locate(&self, invalid: &Invalid) -> Unreadable {
        let place = match invalid.field() {
            "SecretId" => &self.secret_id,
            "SecretKey" => &self.secret_key,
            _ => &self.token,
        };
        Unreadable::new(format!("{place}"), invalid.rule())
    }
}

impl<P: fmt::Display> Places<P> {
    /// The credential of these parts; an empty token is none.
    pub(super) fn credential(
        &self,
        secret_id: &str,
        secret_key: &str,
        token: Option<&str>,
    ) -> Result<crate::Credential, Unreadable> {
        let credential = crate::Credential::new(secret_id.to_owned(), secret_key.to_owned())
            .and_then(|credential| match token.filter(|token| !token.is_empty()) {
                Some(token) => credential.with_token(token.to_owned()),
                None => Ok(credential),
            });
        credential.map_err(|invalid| self.locate(&invalid))
    }
}
