use alloc::{boxed::Box, format, string::String, vec::Vec};

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Chain, Credential, Unreadable, broken,
    lookup::Variables,
    metadata::{METADATA, MachineRole},
    role::Assume,
    unreadable::{self, json_text},
};
use crate::{Action, AssumeRole, Endpoint, Invalid, UnixTime, lenient};

/// The name of a session where nobody names one. Audits show it.
const SESSION_NAME: &str = "tc3-rust";

/// Who is to sign.
pub(super) struct Identity {
    pub(super) grant: Grant,
    /// The place that names a role, if one does: nobody else may sign then.
    pub(super) place: Option<String>,
}

/// How the credentials of an identity are got.
pub(super) enum Grant {
    /// These are the ones.
    Keys(Credential),
    /// A role is taken with what this chain has.
    Role(Box<AssumeRole>, Chain),
    /// A role is taken with a service account's token.
    ServiceAccount(Assume),
    /// The machine's metadata endpoint has them.
    Machine(MachineRole),
}

impl From<Grant> for Identity {
    fn from(grant: Grant) -> Self {
        Self { grant, place: None }
    }
}

impl Identity {
    /// The virtual machine's role, which a place says to take.
    pub(super) fn machine(name: Option<&str>, place: &str) -> Result<Self, Unreadable> {
        let machine = MachineRole::new(&Endpoint::plain(METADATA), name, place)?;
        Ok(Self {
            grant: Grant::Machine(machine),
            place: Some(place.into()),
        })
    }

    /// The keys, for a reader that can take no role.
    pub(super) fn keys(self) -> Result<Credential, Unreadable> {
        if let Grant::Keys(keys) = self.grant {
            return Ok(keys);
        }
        let rule = "names a role, which is taken only where a Chain looks for the credential";
        Err(Unreadable::new(self.place.unwrap_or_default(), rule))
    }

    /// When its keys expire, or those with which its role is taken.
    pub(super) fn expires_at(&self) -> Option<UnixTime> {
        match &self.grant {
            Grant::Keys(keys) => keys.expires_at(),
            Grant::Role(_, chain) => chain.fixed()?.expires_at(),
            Grant::ServiceAccount(..) | Grant::Machine(_) => None,
        }
    }

    /// The same with the file that holds it.
    pub(super) fn within(self, file: &str) -> Self {
        let place = self.place.map(|place| format!("{file}: {place}"));
        Self { place, ..self }
    }
}

/// What a text says of who signs, part by part.
#[derive(Default)]
pub(super) struct Parts(pub(super) Vec<Part>);

pub(super) struct Part {
    /// What the service calls it.
    field: &'static str,
    /// Where it stands, or would.
    place: String,
    value: Option<Zeroizing<String>>,
}

/// When the keys expire, as a JSON number of seconds.
pub(super) const EXPIRY: &str = "ExpiredTime";

/// The parts that say something of a role.
const ROLE: [&str; 5] = [
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "SourceIdentity",
];

impl Parts {
    /// The fields of a JSON object, by the names that they have there.
    pub(super) fn from_json<const N: usize>(
        text: &str,
        names: [(&'static str, &[&str]); N],
    ) -> Result<Self, Unreadable> {
        let fields = unreadable::fields(text, names.map(|(_, names)| names))?;
        let mut parts = Self::default();
        for ((field, names), json) in names.into_iter().zip(fields) {
            let place = names.first().copied().unwrap_or_default();
            match field {
                EXPIRY => parts.push(field, place, json.map(RawValue::get)),
                _ => {
                    let text = json_text(place, json)?;
                    parts.push(field, place, text.as_deref().map(String::as_str));
                }
            }
        }
        Ok(parts)
    }

    /// The variables of these names; those of one part must not differ.
    pub(super) fn from_variables<const N: usize>(
        names: [(&'static str, impl AsRef<[&'static str]>); N],
        variables: &Variables,
    ) -> Result<Self, Unreadable> {
        let mut parts = Self::default();
        for (field, names) in names {
            let names = names.as_ref();
            let (mut place, mut value) = (names.first().copied().unwrap_or_default(), None);
            for name in names {
                match (variables.get(name)?, value) {
                    (Some(text), None) => (place, value) = (name, Some(text)),
                    (Some(text), Some(other)) if text != other => {
                        let rule = "must not differ from the same setting under another name";
                        return Err(Unreadable::new(*name, rule));
                    }
                    _ => {}
                }
            }
            parts.push(field, place, value);
        }
        Ok(parts)
    }

    pub(super) fn push(&mut self, field: &'static str, place: &str, value: Option<&str>) {
        self.0.push(Part {
            field,
            place: place.into(),
            value: value.map(|value| Zeroizing::new(value.into())),
        });
    }

    fn part(&self, field: &str) -> Option<&Part> {
        self.0.iter().find(|part| part.field == field)
    }

    /// Whether nothing is said.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|part| part.value.is_none())
    }

    /// The text of a part, unless it is empty.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        let value = self.part(field)?.value.as_deref()?;
        Some(value.as_str()).filter(|text| !text.is_empty())
    }

    /// The text of a part that must not be empty.
    pub(super) fn required(&self, field: &str) -> Result<&str, Unreadable> {
        self.text(field)
            .ok_or_else(|| self.wrong(field, "is missing"))
    }

    /// Says that a part breaks a rule.
    pub(super) fn wrong(&self, field: &str, rule: &'static str) -> Unreadable {
        Unreadable::new(self.part(field).map_or(field, |part| &part.place), rule)
    }

    /// Checks that these parts are what the service gives for keys, tokens and names, where they are there.
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

    /// The owner of the keys, or a role that is taken with them.
    pub(super) fn identity(&self) -> Result<Identity, Unreadable> {
        let role = self.role()?;
        let keys = self.keys()?;
        Ok(match (role, self.part("RoleArn")) {
            (Some(role), Some(named)) => Identity {
                grant: Grant::Role(Box::new(role), keys.into()),
                place: Some(named.place.clone()),
            },
            _ => Grant::Keys(keys).into(),
        })
    }

    /// The keys. An empty token is none.
    pub(super) fn keys(&self) -> Result<Credential, Unreadable> {
        let said = |field| {
            let value = self.part(field).and_then(|part| part.value.as_deref());
            value.ok_or_else(|| self.wrong(field, "is missing"))
        };
        let keys = Credential::new(said("SecretId")?, said("SecretKey")?);
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

    /// The role, if anything is said of one.
    pub(super) fn role(&self) -> Result<Option<AssumeRole>, Unreadable> {
        let said = ROLE.map(|field| self.text(field));
        if said.iter().all(Option::is_none) {
            return Ok(None);
        }
        let arn = self.required("RoleArn")?;
        self.plain(ROLE)?;
        let [_, session_name, duration, external_id, source_identity] = said;
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
