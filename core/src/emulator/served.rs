use alloc::{borrow::Cow, format, string::String, sync::Arc};
use core::fmt;

use serde_json::{Map, Value};

use super::{
    Emulator, Handled, Refused, described,
    ledger::{allocation_summary, bill, bill_list, new_records::NewRecords, usage_detail},
    own_action::Closure,
    parameters::Field,
    refuse, roles,
};
use crate::{Action, Target, UnixTime};

/// An action that the emulator has.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) target: Target,
    /// The output's field with the number of records, one of these.
    pub(super) total: &'static [&'static str],
    pub(super) answer: Answer,
}

#[derive(Clone)]
pub(super) enum Answer {
    /// From the emulator's state.
    Handler(&'static [Field<'static>], Handler),
    /// By a closure of the user's.
    Closure(Arc<Closure>),
    /// As the description says.
    Described(described::Service),
    /// None, since it isn't one JSON object.
    Unsupported(&'static str),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer(…)")
    }
}

/// Answers one action. The names and types of its parameters have been checked.
pub(super) type Handler = fn(&mut Emulator, Asked, Map<String, Value>) -> Handled;

/// Who asks for a list and when, the records added to the list, and by how many fen its sums are off.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The number of the account.
    pub(super) account: usize,
    /// The id of the key that signed the request; `None` if it is not signed.
    pub(super) secret_id: Option<&'a str>,
    pub(super) now: UnixTime,
    pub(super) added: NewRecords,
    pub(super) sums: i64,
    /// Whether summaries are computed.
    pub(super) ready: bool,
}

/// The constants of an action.
pub(super) const fn target<A: Action>() -> Target {
    Target {
        service: Cow::Borrowed(A::SERVICE),
        version: Cow::Borrowed(A::VERSION),
        action: Cow::Borrowed(A::NAME),
        repeatable: A::REPEATABLE,
        rate: A::RATE,
        signed: A::SIGNED,
        regional: A::REGIONAL,
        confidential: A::CONFIDENTIAL,
    }
}

/// An action of the billing service that core has no type of.
pub(super) const fn billing(action: &'static str, rate: u32) -> Target {
    Target {
        service: Cow::Borrowed("billing"),
        version: Cow::Borrowed("2018-07-09"),
        action: Cow::Borrowed(action),
        repeatable: true,
        rate,
        signed: true,
        regional: false,
        confidential: false,
    }
}

static SERVED: [Served; 22] = [
    bill_list::SERVED,
    bill::detail::SERVED,
    bill::detail::FOR_ORGANIZATION,
    bill::resources::SERVED,
    bill::resources::FOR_ORGANIZATION,
    bill::summaries::BY_PRODUCT,
    bill::summaries::BY_PROJECT,
    bill::summaries::BY_REGION,
    bill::summaries::BY_PAY_MODE,
    bill::summaries::BY_TAG,
    bill::summary::SERVED,
    bill::summary::FOR_ORGANIZATION,
    bill::cost_detail::SERVED,
    bill::allocation_detail::SERVED,
    bill::balance::SERVED,
    bill::vouchers::SERVED,
    bill::vouchers::USAGE,
    allocation_summary::SERVED,
    usage_detail::SERVED,
    roles::ASSUME_ROLE,
    roles::WITH_WEB_IDENTITY,
    roles::CALLER_IDENTITY,
];

impl Emulator {
    /// The action of that name and version; of any service where none is told. The user's own come first, then those
    /// by hand.
    pub(super) fn find(
        &self,
        service: Option<&str>,
        action: &str,
        version: &str,
    ) -> Result<Served, Refused> {
        let is_service = |name: &str| service.is_none_or(|it| it == name);
        let written = self.own.iter().chain(&SERVED);
        let written = written.filter(|it| is_service(&it.target.service));
        let is_action = |it: &Target| it.version == version && it.action == action;
        if let Some(found) = written.clone().find(|it| is_action(&it.target)) {
            return Ok(found.clone());
        }
        let described = self.described.iter().filter(|it| is_service(&it.service));
        let mut of_version = described.clone().filter(|it| it.version == version);
        if let Some(found) = of_version.find_map(|service| service.served(action)) {
            return Ok(found);
        }
        let name = service.unwrap_or("any service");
        let written = written.map(|it| &*it.target.version);
        let mut versions = written.chain(described.map(|it| &*it.version)).peekable();
        if versions.peek().is_none() {
            return refuse("NoSuchProduct", format!("there is no service {name}"));
        }
        if !versions.any(|known| known == version) {
            let message = format!("there is no version {version} of {name}");
            return refuse("NoSuchVersion", message);
        }
        refuse(
            "InvalidAction",
            format!("there is no action {action} of {name}"),
        )
    }
}
