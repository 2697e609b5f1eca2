use alloc::{string::String, sync::Arc};
use core::fmt;

use serde_json::{Map, Value};

use super::{
    Emulator,
    served::{Answer, Served},
};
use crate::{Target, UnixTime, error::Refusal};

/// A verified request for an action of your own ([`Emulator::with_action`]).
///
/// `Debug` hides the parameters, which may contain keys.
#[derive(Clone)]
#[non_exhaustive]
pub struct ActionRequest {
    /// The id of the account's key pair, even if the request is signed with a temporary one.
    pub secret_id: String,
    /// When it arrives, by the service's clock.
    pub now: UnixTime,
    /// The region that it names.
    pub region: Option<String>,
    /// The parameters, by name. In a GET, and in a request with a version 1 signature, each number is a text.
    pub parameters: Map<String, Value>,
}

impl ActionRequest {
    /// Returns a parameter that is a number, or a text of digits; `None` for any other, and without one.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.parameters.get(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_u64(),
        }
    }
}

impl fmt::Debug for ActionRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionRequest")
            .field("secret_id", &self.secret_id)
            .field("now", &self.now)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

/// An answer to an action of the user's own.
pub(super) type Closure = dyn Fn(&ActionRequest) -> Result<Value, Refusal> + Send + Sync;

impl Emulator {
    /// Adds an action of your own, or replaces one that the emulator has: `answer` gets each verified request, and
    /// returns the fields of `Response`, a JSON object, or a [`Refusal`].
    ///
    /// Signature, common parameters, region and rate are checked, and faults take effect, as for other actions. Names
    /// and types of parameters are not checked. [`Fault::IgnoreOffset`](super::Fault::IgnoreOffset) sets an `Offset` to
    /// 0, [`Fault::Total`](super::Fault::Total) changes a `TotalCount` or `Total`; there are no added records or sums.
    /// An answer that is no object is refused with `FailedOperation`. A refusal's message is sent as it is, in any
    /// language. Over a socket, a closure that blocks holds up all requests.
    ///
    /// ```
    /// use serde_json::json;
    /// use tc3_core::{
    ///     Action, Credential, Session, UnixTime, Untyped,
    ///     emulator::Emulator,
    ///     error::Refusal,
    ///     wire::{request, response},
    /// };
    ///
    /// let zones = |input| Untyped::new("cvm", "2017-03-12", "DescribeZones", input);
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service =
    ///     Emulator::new(credential.clone()).with_action(zones(json!({})).target(), |request| {
    ///         let (offset, limit) = (
    ///             request.number("Offset").unwrap_or(0),
    ///             request.number("Limit").unwrap_or(20),
    ///         );
    ///         if limit > 100 {
    ///             return Err(Refusal::new(
    ///                 "InvalidParameterValue.Limit",
    ///                 "Limit must be at most 100",
    ///                 None,
    ///             ));
    ///         }
    ///         let page: Vec<u64> =
    ///             (0..250).skip(offset as usize).take(limit as usize).collect();
    ///         Ok(json!({"TotalCount": 250, "ZoneSet": page}))
    ///     });
    ///
    /// let now = UnixTime::new(1_760_000_000);
    /// let mut session = Session::new(credential);
    /// let mut call = |input| {
    ///     let signed = request::sign(&zones(input), &mut session, now)?;
    ///     response::read::<Untyped>(&service.handle(now, &signed))
    /// };
    /// let last = call(json!({"Offset": 240}))?.output;
    /// assert_eq!(last.read::<Vec<u64>>("ZoneSet")?, (240..250).collect::<Vec<_>>());
    /// let error = call(json!({"Limit": 101})).unwrap_err();
    /// assert_eq!(error.refusal().unwrap().code(), "InvalidParameterValue.Limit");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_action(
        mut self,
        target: Target,
        answer: impl Fn(&ActionRequest) -> Result<Value, Refusal> + Send + Sync + 'static,
    ) -> Self {
        // The newest one counts.
        let served = Served {
            target,
            total: &["TotalCount", "Total"],
            answer: Answer::Closure(Arc::new(answer)),
        };
        self.own.insert(0, served);
        self
    }
}
