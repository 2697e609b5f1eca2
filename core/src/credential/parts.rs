use alloc::{format, string::String, vec::Vec};
use core::str;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Credential, Unreadable, broken,
    lookup::Reads,
    source::{Identity, Source},
};
use crate::{Action, Invalid, Region, sts::AssumeRole, types::lenient, wire::query};

/// The default session name of a role. The vendor's audit log shows it.
const SESSION_NAME: &str = "tc3-rust";

/// The parts of a text that names a signer.
#[derive(Default)]
pub(super) struct Parts(pub(super) Vec<Part>);

pub(super) struct Part {
    /// The API's name of the part.
    pub(super) field: &'static str,
    /// Where the part is in the text, or would be.
    pub(super) place: String,
    pub(super) value: Option<Zeroizing<String>>,
}

/// When the keys expire: a JSON number of Unix seconds.
pub(super) const EXPIRY: &str = "ExpiredTime";

/// The parts that describe a role.
const ROLE: [&str; 5] = [
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "SourceIdentity",
];

impl Parts {
    /// Reads the fields of a JSON object; each part has a name there.
    pub(super) fn from_json<const N: usize>(
        text: &str,
        names: [(&'static str, &str); N],
    ) -> Result<Self, Unreadable> {
        let fields = fields(text, names.map(|(_, name)| name))?;
        let mut parts = Self::default();
        for ((field, place), json) in names.into_iter().zip(fields) {
            let value = match field {
                EXPIRY => json.map(|json| Zeroizing::new(json.get().into())),
                _ => json_text(place, json)?,
            };
            parts.push(field, place, value);
        }
        Ok(parts)
    }

    /// Reads the variables of these names. Those of one part must not differ.
    pub(super) fn from_variables<const N: usize>(
        names: [(&'static str, impl AsRef<[&'static str]>); N],
        reads: &mut Reads,
    ) -> Result<Self, Unreadable> {
        let mut parts = Self::default();
        for (field, names) in names {
            let names = names.as_ref();
            let (mut place, mut value) = (names.first().copied().unwrap_or_default(), None);
            for name in names {
                match (reads.variable(name)?, &value) {
                    (Some(text), None) => (place, value) = (name, Some(text)),
                    (Some(text), Some(other)) if text != *other => {
                        let rule = format!("must not differ from {place}");
                        return Err(Unreadable::new(*name, rule));
                    }
                    _ => {}
                }
            }
            parts.push(field, place, value);
        }
        Ok(parts)
    }

    pub(super) fn push(
        &mut self,
        field: &'static str,
        place: impl Into<String>,
        value: Option<Zeroizing<String>>,
    ) {
        let place = place.into();
        self.0.push(Part {
            field,
            place,
            value,
        });
    }

    fn part(&self, field: &str) -> Option<&Part> {
        self.0.iter().find(|part| part.field == field)
    }

    /// Whether no part has a value.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|part| part.value.is_none())
    }

    /// The value of a part, unless it is empty.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        let value = self.part(field)?.value.as_deref()?;
        Some(value.as_str()).filter(|text| !text.is_empty())
    }

    /// The value of a part that must not be missing or empty.
    pub(super) fn required(&self, field: &str) -> Result<&str, Unreadable> {
        self.text(field)
            .ok_or_else(|| self.wrong(field, "is missing"))
    }

    /// The error that a part breaks a rule.
    pub(super) fn wrong(&self, field: &str, rule: &'static str) -> Unreadable {
        Unreadable::new(self.part(field).map_or(field, |part| &part.place), rule)
    }

    /// Checks these parts, if they have values, by the rules for keys, tokens and names.
    pub(super) fn plain<const N: usize>(&self, fields: [&str; N]) -> Result<(), Unreadable> {
        for field in fields {
            if let Some(rule) = self.text(field).and_then(broken) {
                return Err(self.wrong(field, rule));
            }
        }
        Ok(())
    }

    fn invalid(&self, invalid: Invalid) -> Unreadable {
        self.wrong(invalid.field(), invalid.rule())
    }

    /// The owner of the keys, or the role that they assume.
    pub(super) fn identity(&self) -> Result<Identity, Unreadable> {
        let role = self.role()?;
        let keys = self.keys()?;
        let named = self.part("RoleArn").filter(|_| role.is_some());
        Ok(Identity {
            place: named.map(|part| part.place.clone()),
            source: match role {
                Some(role) => Source::role(role, keys),
                None => keys.into(),
            },
        })
    }

    /// The keys. An empty token counts as missing.
    pub(super) fn keys(&self) -> Result<Credential, Unreadable> {
        let value = |field| {
            let value = self.part(field).and_then(|part| part.value.as_deref());
            value.ok_or_else(|| self.wrong(field, "is missing"))
        };
        let keys = Credential::new(value("SecretId")?, value("SecretKey")?);
        let keys = keys.and_then(|keys| match self.text("Token") {
            Some(token) => keys.with_token(token),
            None => Ok(keys),
        });
        let keys = keys.map_err(|invalid| self.invalid(invalid))?;
        let seconds = |json| lenient::required(&mut serde_json::Deserializer::from_str(json));
        let expires_at = self.text(EXPIRY).map(seconds).transpose();
        let expires_at = expires_at.map_err(|_| self.wrong(EXPIRY, "must be Unix seconds"))?;
        Ok(Credential { expires_at, ..keys })
    }

    /// The role, if any part describes one.
    pub(super) fn role(&self) -> Result<Option<AssumeRole>, Unreadable> {
        let values = ROLE.map(|field| self.text(field));
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        let arn = self.required("RoleArn")?;
        self.plain(ROLE)?;
        let [_, session_name, duration, external_id, source_identity] = values;
        let seconds = duration.map(str::parse).transpose();
        let role = AssumeRole {
            duration_seconds: seconds
                .map_err(|_| self.wrong("DurationSeconds", "must be a number of seconds"))?,
            external_id: external_id.map(Into::into),
            source_identity: source_identity.map(Into::into),
            ..AssumeRole::new(arn, session_name.unwrap_or(SESSION_NAME))
        };
        role.check().map_err(|invalid| self.invalid(invalid))?;
        Ok(Some(role))
    }
}

/// The text of a file or a response, without a byte order mark.
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

/// The characters by which names are compared: `role-arn`, `role_arn`, `roleArn` and `RoleArn` are the same.
pub(super) fn letters(name: &str) -> impl Iterator<Item = u8> {
    let letters = name.bytes().filter(|b| !matches!(b, b'_' | b'-'));
    letters.map(|b| b.to_ascii_lowercase())
}

/// The fields that have these names in a JSON object.
pub(super) fn fields<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a RawValue>; N], Unreadable> {
    let mut fields = [None; N];
    let members = query::members(text, &mut |name, value| {
        let mut known = names.iter().zip(&mut fields);
        let field = known.find(|(known, _)| letters(known).eq(letters(&name)));
        field.is_none_or(|(_, field)| field.replace(value).is_none())
    });
    // The error's own text may hold something of the file.
    members.map_err(|error| {
        let rule = if error.is_data() {
            "must be in an object in which each key occurs once"
        } else {
            "is not JSON"
        };
        Unreadable::new(line(error.line()), rule)
    })?;
    Ok(fields.map(|field| field.filter(|json| json.get() != "null")))
}

/// The string in a JSON field.
pub(super) fn json_text(
    place: &str,
    json: Option<&RawValue>,
) -> Result<Option<Zeroizing<String>>, Unreadable> {
    let read = |json: &RawValue| serde_json::from_str(json.get()).map(Zeroizing::new);
    let text = json.map(read).transpose();
    text.map_err(|_| Unreadable::new(place, "must be a string"))
}
