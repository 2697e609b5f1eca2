//! Actions that are played by a description of their service.

mod page;
mod samples;
mod scalars;

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use core::{fmt, ops::Deref};

use serde_json::{Map, Value};
use tc3_description::{Description, Member, Paging};

pub use tc3_description::Error as DescriptionError;

use self::{page::Page, samples::Samples};
use super::{
    Account, Emulator, Handled,
    ledger::new_records::{End, NewRecord, NewRecords},
    parameters::Fields,
    script::PageFaults,
    served::{Answer, Served},
};
use crate::{Action, Target, Untyped};

impl Emulator {
    /// Adds all actions of a service, from the vendor's description of it: an `api.json` of the Python package
    /// `tccli`. Call it once for each service.
    ///
    /// Actions that the emulator has by hand, and [your own](Self::with_action), take precedence. Of two descriptions
    /// of one version of a service, the newer one counts.
    ///
    /// - Signature, common parameters, region and rate are checked, and faults take effect, as for other actions. A
    ///   region is not required, since no description says where it is.
    /// - The names and types of parameters are checked at every depth, and so is what is required, which must not be
    ///   an empty list. Values are not checked, except those that choose a page.
    /// - An answer fits the description. Texts and numbers look like the documented examples. A member that may be
    ///   absent, or null, is so once in eight times. Lists have one to three elements. What contains itself ends there.
    /// - A list whose paging the description makes clear has as many records as the account
    ///   ([`with_records`](Self::with_records)), in pages. Each record has a text or a number of its own. Filters are
    ///   not applied. A page size of 0 or beyond the documented maximum, and a token that the emulator did not issue,
    ///   are refused with `InvalidParameterValue` and the parameter's name. If the answer has an end flag, its last
    ///   page has a token as well, as some services do it.
    /// - The same seed gives the same answers, whatever the parameters. **Nothing is stored**: an action that writes
    ///   returns what its description promises, and changes nothing.
    /// - An action that answers in server-sent events, or takes a file, is refused with `UnsupportedOperation`.
    ///
    /// [`Fault::IgnoreOffset`](super::Fault::IgnoreOffset), [`Fault::Total`](super::Fault::Total),
    /// [`Fault::AddHead`](super::Fault::AddHead) and [`Fault::AddTail`](super::Fault::AddTail) change lists that have
    /// pages. There are no sums.
    ///
    /// ```
    /// use serde_json::json;
    /// use tc3_core::{
    ///     Credential, Session, UnixTime, Untyped,
    ///     emulator::Emulator,
    ///     wire::{request, response},
    /// };
    ///
    /// let description = br#"{
    ///     "metadata": {"serviceShortName": "cvm", "apiVersion": "2017-03-12"},
    ///     "actions": {
    ///         "DescribeHost": {"input": "HostRequest", "output": "HostResponse"}
    ///     },
    ///     "objects": {
    ///         "HostRequest": {"members": [
    ///             {"name": "HostId", "type": "string", "member": "string", "required": true}
    ///         ]},
    ///         "HostResponse": {"members": [
    ///             {"name": "CpuTotal", "type": "int", "member": "uint64", "example": "8"},
    ///             {"name": "RequestId", "type": "string", "member": "string"}
    ///         ]}
    ///     }
    /// }"#;
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential.clone()).describe(description)?;
    ///
    /// let now = UnixTime::new(1_760_000_000);
    /// let mut session = Session::new(credential);
    /// let mut call = |input| {
    ///     let host = Untyped::new("cvm", "2017-03-12", "DescribeHost", input);
    ///     let signed = request::sign(&host, &mut session, now)?;
    ///     response::read::<Untyped>(&service.handle(now, &signed))
    /// };
    /// let host = call(json!({"HostId": "host-1"}))?.output;
    /// assert_eq!(host.json("CpuTotal"), Some("8"));
    /// let error = call(json!({"HostID": "host-1"})).unwrap_err();
    /// assert_eq!(error.refusal().unwrap().code(), "UnknownParameter");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DescriptionError`] with the path to what is no description.
    pub fn describe(mut self, json: &[u8]) -> Result<Self, DescriptionError> {
        let description = Description::parse(json)?;
        self.described.insert(0, Service(Arc::new(description)));
        Ok(self)
    }
}

/// A service that is described.
#[derive(Clone)]
pub(super) struct Service(Arc<Description>);

impl Service {
    /// The action of that name, if the description has it.
    pub(super) fn served(&self, name: &str) -> Option<Served> {
        let effects = self.effects(name)?;
        let action = self.actions.get(name)?;
        Some(Served {
            target: Target {
                service: self.service.clone().into(),
                version: self.version.clone().into(),
                action: String::from(name).into(),
                repeatable: effects.repeatable,
                rate: effects.rate.unwrap_or(<Untyped as Action>::RATE),
                signed: action.signed,
                regional: false,
                confidential: effects.confidential,
            },
            total: &[],
            answer: match effects.unsupported {
                Some(why) => Answer::Unsupported(why),
                None => Answer::Described(self.clone()),
            },
        })
    }
}

impl Deref for Service {
    type Target = Description;

    fn deref(&self) -> &Description {
        &self.0
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.version)
    }
}

/// A described action that can be called.
pub(super) struct DescribedAction<'a> {
    description: &'a Description,
    name: &'a str,
    action: &'a tc3_description::Action,
}

impl<'a> DescribedAction<'a> {
    pub(super) fn new(description: &'a Description, name: &'a str) -> Option<Self> {
        Some(Self {
            description,
            name,
            action: description.actions.get(name)?,
        })
    }

    pub(super) const fn fields(&self) -> Fields<'a> {
        Fields::Described(self.description, self.action.input.as_str())
    }

    /// A name for its list, and for what is drawn for it.
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.description.service, self.name)
    }

    /// Answers a request whose parameters have been checked.
    pub(super) fn answer(
        &self,
        input: &Map<String, Value>,
        account: &Account,
        added: NewRecords,
        faults: &PageFaults,
    ) -> Handled {
        let samples = Samples::new(self.description, self.full_name(), account.seed);
        let output = &*self.action.output;
        let mut answer = samples.object(output);
        // The envelope has one of its own.
        answer.remove("RequestId");
        let paging = self.description.paging(self.name);
        let paging = paging.filter(Paging::is_known);
        let Some((paging, path)) = paging.and_then(|it| it.list.clone().map(|list| (it, list)))
        else {
            count_only_list(&mut answer);
            return Ok(answer);
        };
        let page = Page::of(&paging, input, &samples, faults.first_page)?;
        let count = account.records;
        let list = samples.member(output, &path);
        let records = added.page(
            count,
            page.skipped,
            usize::try_from(page.limit).unwrap_or(usize::MAX),
            |skipped| (skipped..count).map(|index| samples.record(list?, "record", index)),
            |new| samples.record(list?, "added", number_of(new)),
        );
        let records = records.unwrap_or_default();
        let len = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let count = count.saturating_add(added.count());
        let next = page.skipped.saturating_add(len);
        let is_last = len == 0 || next >= count;

        let records = Value::Array(records);
        samples.put(output, &mut answer, &path, |_| Some(records));
        let total = count.saturating_add_signed(faults.total);
        match &paging.total {
            Some(path) => {
                let total = |it: &Member| Some(scalars::count(&it.ty, total));
                samples.put(output, &mut answer, path, total);
            }
            None => put_total(&mut answer, total),
        }
        if let Some((path, last)) = &paging.last {
            let flag = |it: &Member| Some(scalars::flag(&it.ty, is_last == *last));
            samples.put(output, &mut answer, path, flag);
        }
        if let Some(path) = &paging.token_out {
            // Where a flag tells the end, the last page has a token that nobody must follow.
            let has_token = !is_last || paging.last.is_some();
            samples.put(output, &mut answer, path, |it| match has_token {
                true => Some(scalars::count(&it.ty, samples.token(next))),
                false => scalars::nothing(it),
            });
        }
        Ok(answer)
    }
}

/// Makes a total right where the answer is the whole list.
fn count_only_list(answer: &mut Map<String, Value>) {
    let mut lists = answer.values().filter_map(Value::as_array);
    let (Some(only), None) = (lists.next(), lists.next()) else {
        return;
    };
    let len = u64::try_from(only.len()).unwrap_or(u64::MAX);
    put_total(answer, len);
}

/// Makes a number that is called a total right.
fn put_total(answer: &mut Map<String, Value>, count: u64) {
    for name in ["TotalCount", "Total", "RecordNum"] {
        match answer.get_mut(name) {
            Some(total @ Value::Number(_)) => *total = count.into(),
            Some(Value::String(total)) => *total = count.to_string(),
            _ => {}
        }
    }
}

/// A number for a record that was added to a list: none of those that the ledger's records have.
fn number_of(new: NewRecord) -> u64 {
    let first = match new.end {
        End::Head => 1 << 50,
        End::Tail => 1 << 51,
    };
    let list = new.list.saturating_mul(1 << 20);
    new.number.saturating_add(list).saturating_add(first)
}

/// The value at a path, with a dot before each inner name.
fn at<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    let mut names = path.split('.');
    let first = map.get(names.next()?);
    names.fold(first, |object, name| object?.get(name))
}
