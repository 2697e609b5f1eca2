use alloc::{borrow::Cow, format, string::String};
use core::{fmt, str};

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::Region;

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
    rule: Cow<'static, str>,
}

impl Unreadable {
    pub(super) fn new(place: impl Into<String>, rule: impl Into<Cow<'static, str>>) -> Self {
        let (place, rule) = (place.into(), rule.into());
        Self { place, rule }
    }

    /// The same with the file or address that holds the text.
    pub(super) fn within(self, file: &str) -> Self {
        let place = format!("{file}: {}", self.place);
        Self { place, ..self }
    }

    /// The line, section, key or variable.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The rule that is broken there.
    pub fn rule(&self) -> &str {
        &self.rule
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

/// The region of this name.
pub(super) fn region(place: &str, name: &str) -> Result<Region, Unreadable> {
    Region::new(name).map_err(|invalid| Unreadable::new(place, invalid.rule()))
}

/// The fields that have one of these names in the one object that a JSON text is.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&[&str]; N],
) -> Result<[Option<&'a RawValue>; N], Unreadable> {
    let mut json = serde_json::Deserializer::from_str(text);
    let fields = json.deserialize_map(Fields(names));
    let fields = fields.and_then(|fields| json.end().map(|()| fields));
    // The error's own text may hold something of the file.
    fields.map_err(|error| {
        let rule = if error.is_data() {
            "must be in an object that holds each key once"
        } else {
            "is not JSON"
        };
        Unreadable::new(line(error.line()), rule)
    })
}

struct Fields<'n, const N: usize>([&'n [&'n str]; N]);

impl<'de, const N: usize> Visitor<'de> for Fields<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields = [None; N];
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            let mut known = self.0.iter().zip(&mut fields);
            let field = known.find(|(names, _)| names.contains(&&*name));
            if field.is_some_and(|(_, field)| field.replace(value).is_some()) {
                return Err(M::Error::custom("a key is there twice"));
            }
        }
        Ok(fields.map(|field| field.filter(|json| json.get() != "null")))
    }
}

/// The text of a JSON field.
pub(super) fn json_text(
    place: &str,
    json: Option<&RawValue>,
) -> Result<Option<Zeroizing<String>>, Unreadable> {
    let read = |json: &RawValue| serde_json::from_str(json.get()).map(Zeroizing::new);
    let text = json.map(read).transpose();
    text.map_err(|_| Unreadable::new(place, "must be a text"))
}
