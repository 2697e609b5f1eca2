use alloc::{boxed::Box, format, string::String, vec::Vec};

use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{
    Chain, Credential, Unreadable, broken,
    metadata::{METADATA, MachineRole},
    unreadable::json_text,
};
use crate::{Action, AssumeRole, AssumeRoleWithWebIdentity, Endpoint, Region, UnixTime};

/// The name of a session where nobody names one. Audits show it.
const SESSION_NAME: &str = "tc3-rust";

/// Who is to sign.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) grant: Grant,
    /// The place that names a role, if one does: nobody else may sign then.
    pub(super) place: Option<String>,
}

/// How the credentials of an identity are got.
#[derive(Debug)]
pub(super) enum Grant {
    /// These are the ones.
    Keys(Credential),
    /// A role is taken with what this chain has.
    Role(Box<AssumeRole>, Chain),
    /// A role is taken with a service account's token, in this region.
    ServiceAccount(Region, Box<AssumeRoleWithWebIdentity>),
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

    /// When its keys expired, if they have.
    pub(super) fn expired(&self, now: UnixTime) -> Option<UnixTime> {
        let keys = match &self.grant {
            Grant::Keys(keys) => Some(keys),
            Grant::Role(_, chain) => chain.fixed(),
            Grant::ServiceAccount(..) | Grant::Machine(_) => None,
        };
        keys?.expires_at().filter(|time| *time <= now)
    }

    /// The same with the file that holds it.
    pub(super) fn within(self, file: &str) -> Self {
        let place = self.place.map(|place| format!("{file}: {place}"));
        Self { place, ..self }
    }
}

/// What a text says of who signs, part by part.
pub(super) struct Parts(pub(super) Vec<Part>);

/// A part, and its text if it has one.
pub(super) struct Part {
    /// What the service calls it.
    field: &'static str,
    /// Where it stands, or would.
    place: String,
    pub(super) value: Option<Zeroizing<String>>,
}

/// The parts that say something of a role.
const ROLE: [&str; 5] = [
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "SourceIdentity",
];

impl Part {
    pub(super) fn new(field: &'static str, place: impl Into<String>, value: Option<&str>) -> Self {
        Self {
            field,
            place: place.into(),
            value: value.map(|value| Zeroizing::new(value.into())),
        }
    }

    /// The text of a JSON field; absent and null are none.
    pub(super) fn json(
        field: &'static str,
        place: &str,
        json: Option<&RawValue>,
    ) -> Result<Self, Unreadable> {
        let value = json_text(place, json)?;
        Ok(Self::new(
            field,
            place,
            value.as_deref().map(String::as_str),
        ))
    }
}

impl Parts {
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

    /// Says that a part breaks a rule.
    pub(super) fn wrong(&self, field: &str, rule: &'static str) -> Unreadable {
        Unreadable::new(self.part(field).map_or(field, |part| &part.place), rule)
    }

    /// The owner of the keys, or a role that is taken with them.
    pub(super) fn identity(&self, expires_at: Option<UnixTime>) -> Result<Identity, Unreadable> {
        let role = self.role()?;
        let keys = self.keys(expires_at)?;
        Ok(match (role, self.part("RoleArn")) {
            (Some(role), Some(named)) => Identity {
                grant: Grant::Role(Box::new(role), keys.into()),
                place: Some(named.place.clone()),
            },
            _ => Grant::Keys(keys).into(),
        })
    }

    /// The keys. An empty token is none.
    pub(super) fn keys(&self, expires_at: Option<UnixTime>) -> Result<Credential, Unreadable> {
        let required = |field| {
            let value = self.part(field).and_then(|part| part.value.as_deref());
            value.ok_or_else(|| self.wrong(field, "is missing"))
        };
        let (id, key) = (required("SecretId")?, required("SecretKey")?);
        let keys = Credential::new(id, key).and_then(|keys| match self.text("Token") {
            Some(token) => keys.with_token(token),
            None => Ok(keys),
        });
        let keys = keys.map_err(|invalid| self.wrong(invalid.field(), invalid.rule()))?;
        Ok(Credential { expires_at, ..keys })
    }

    /// The role, if anything is said of one.
    pub(super) fn role(&self) -> Result<Option<AssumeRole>, Unreadable> {
        let said = ROLE.map(|field| self.text(field));
        if said.iter().all(Option::is_none) {
            return Ok(None);
        }
        let [arn, session_name, duration, external_id, source_identity] = said;
        let arn = arn.ok_or_else(|| self.wrong("RoleArn", "is missing"))?;
        for (field, text) in ROLE.into_iter().zip(said) {
            if let Some(rule) = text.and_then(broken) {
                return Err(self.wrong(field, rule));
            }
        }
        let seconds = duration.map(str::parse).transpose();
        let seconds =
            seconds.map_err(|_| self.wrong("DurationSeconds", "must be a number of seconds"))?;
        let role = AssumeRole {
            duration_seconds: seconds,
            external_id: external_id.map(Into::into),
            source_identity: source_identity.map(Into::into),
            ..AssumeRole::new(arn, session_name.unwrap_or(SESSION_NAME))
        };
        let checked = role.check();
        checked.map_err(|invalid| self.wrong(invalid.field(), invalid.rule()))?;
        Ok(Some(role))
    }
}
