use alloc::{boxed::Box, format, string::String};

use super::{
    Credential, Unreadable, broken,
    metadata::MachineRole,
    source::{Grant, Named as NamedGrant},
    unreadable::required,
};
use crate::{Action, AssumeRole, UnixTime};

/// The name of a session where nobody names one. Audits show it.
const SESSION_NAME: &str = "tc3-rust";

/// Who is to sign, as a file or the environment says.
#[derive(Debug)]
pub(super) enum Identity {
    /// The owner of these keys.
    Keys(Credential),
    /// A role that is taken with these keys.
    Role(Credential, Role),
    /// The role of the virtual machine.
    Machine {
        /// What says so.
        place: &'static str,
        /// The role's name, if it is said.
        role: Option<String>,
    },
}

impl Identity {
    /// Keys, and the role that is taken with them if one is named.
    pub(super) fn new(keys: Credential, role: Option<Role>) -> Self {
        match role {
            Some(role) => Self::Role(keys, role),
            None => Self::Keys(keys),
        }
    }

    /// The keys, for a reader that can take no role.
    pub(super) fn keys(self) -> Result<Credential, Unreadable> {
        let place = match self {
            Self::Keys(keys) => return Ok(keys),
            Self::Role(_, role) => role.place,
            Self::Machine { place, .. } => place.into(),
        };
        let rule = "names a role, which is taken only where a Chain looks for the credential";
        Err(Unreadable::new(place, rule))
    }

    /// When its keys expired, if they have.
    pub(super) fn expired(&self, now: UnixTime) -> Option<UnixTime> {
        let (Self::Keys(keys) | Self::Role(keys, _)) = self else {
            return None;
        };
        keys.expires_at().filter(|time| *time <= now)
    }

    /// How its credentials are got. `file` is where the identity was read.
    pub(super) fn grant(self, file: Option<&str>) -> NamedGrant {
        let (grant, place) = match self {
            Self::Keys(keys) => return (Grant::Keys(keys), None),
            Self::Role(keys, role) => (Grant::Role(keys, role.action), role.place),
            Self::Machine { place, role } => {
                (Grant::Machine(MachineRole::usual(role)), place.into())
            }
        };
        let place = match file {
            Some(file) => format!("{file}: {place}"),
            None => place,
        };
        (grant, Some(place))
    }
}

/// A role, and the place that names it.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) place: String,
    pub(super) action: Box<AssumeRole>,
}

/// What is said of a role: each part's place and its text. An empty text says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named<'a> {
    pub(super) arn: Part<'a>,
    pub(super) session_name: Part<'a>,
    pub(super) duration: Part<'a>,
    pub(super) external_id: Part<'a>,
    pub(super) source_identity: Part<'a>,
}

pub(super) type Part<'a> = Option<(&'a str, &'a str)>;

impl Named<'_> {
    /// The role, if anything is said of one. `arn` is the place where it would be named.
    pub(super) fn role(self, arn: &str) -> Result<Option<Role>, Unreadable> {
        let [named, session, duration, external, source] = [
            self.arn,
            self.session_name,
            self.duration,
            self.external_id,
            self.source_identity,
        ]
        .map(|part| part.filter(|(_, text)| !text.is_empty()));
        let others = [session, duration, external, source];
        if named.is_none() && others.iter().all(Option::is_none) {
            return Ok(None);
        }
        let (place, text) = required(named, arn)?;
        for (place, text) in others.into_iter().chain([named]).flatten() {
            if let Some(rule) = broken(text) {
                return Err(Unreadable::new(place, rule));
            }
        }
        let seconds = duration.map(|(place, text)| {
            let seconds = text.parse().ok();
            seconds.ok_or_else(|| Unreadable::new(place, "must be a number of seconds"))
        });
        let owned = |part: Part<'_>| part.map(|(_, text)| String::from(text));
        let name = session.map_or(SESSION_NAME, |(_, text)| text);
        let action = AssumeRole {
            duration_seconds: seconds.transpose()?,
            external_id: owned(external),
            source_identity: owned(source),
            ..AssumeRole::new(text, name)
        };
        action.check().map_err(|invalid| {
            let part = match invalid.field() {
                "RoleSessionName" => session,
                "DurationSeconds" => duration,
                "ExternalId" => external,
                _ => named,
            };
            Unreadable::new(part.map_or(place, |(place, _)| place), invalid.rule())
        })?;
        Ok(Some(Role {
            place: place.into(),
            action: Box::new(action),
        }))
    }
}
