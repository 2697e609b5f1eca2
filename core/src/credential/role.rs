use alloc::boxed::Box;
use core::{ops::ControlFlow, time::Duration};

use super::{SearchStep, Tried};
use crate::{
    Action, Call, Chain, Credential, Error, Flow, Now, Outcome, Region, Reply, Session, Step,
    session::Wire,
    sts::AssumedRole,
    trace::{self, Scope},
};

/// The region of requests for a role where nobody names one; the service wants one, and any will do.
const ROLE_REGION: &str = "ap-guangzhou";

/// Credentials that are asked for in requests, driven as a [`Flow`] is.
pub(super) trait Fetch: Send + Sync {
    /// Returns what is to be done next; `session` is the one that the credentials are for.
    fn step(
        &mut self,
        session: &mut Session,
        now: Now,
        left: Duration,
        trace: &mut trace::Call,
    ) -> Fetched;

    fn handle(&mut self, outcome: Outcome);
}

/// What a fetch does next, and its result.
pub(super) type Fetched = ControlFlow<Result<Credential, Tried>, SearchStep>;

/// A role that is being taken, by a call with a session of its own.
pub(super) struct Assume {
    call: Box<dyn Flow<Output = Result<Reply<AssumedRole>, Error>> + Send + Sync>,
    keys: Chain,
    region: Option<Region>,
    /// The call's own session, and by how much the clock was wrong when it began.
    session: Option<(Session, i64)>,
}

impl Assume {
    /// Takes a role with these keys, or with what the action itself has. The region is that of the outer session's
    /// settings unless there is one here.
    pub(super) fn new<A: Action<Output = AssumedRole> + 'static>(
        action: &A,
        keys: impl Into<Chain>,
        region: Option<Region>,
        scope: Scope,
    ) -> Self {
        Self {
            call: Box::new(Call::for_credentials(action, scope)),
            keys: keys.into(),
            region,
            session: None,
        }
    }
}

impl Fetch for Assume {
    fn step(
        &mut self,
        outer: &mut Session,
        now: Now,
        left: Duration,
        _: &mut trace::Call,
    ) -> Fetched {
        let (session, offset) = self.session.get_or_insert_with(|| {
            let region = self.region.take();
            let region = region.or_else(|| outer.settings().region().cloned());
            let region = region.or_else(|| Region::new(ROLE_REGION).ok());
            // A query would be written down where requests are.
            let settings = outer.settings().clone().with_wire(Wire::Post);
            let settings = settings.with_region(region).with_deadline(left);
            let mut session = Session::new(self.keys.clone()).with_settings(settings);
            session.clock().set_offset(outer.clock_offset());
            (session, outer.clock_offset())
        });
        match self.call.step(session, now) {
            Step::Send(mut attempt) => {
                attempt.for_credentials = true;
                ControlFlow::Continue(SearchStep::Send(attempt))
            }
            Step::Wait(delay) => ControlFlow::Continue(SearchStep::Wait(delay)),
            Step::Done(result) => {
                // Another call may have set the clock meanwhile.
                if session.clock_offset() != *offset {
                    outer.clock().set_offset(session.clock_offset());
                }
                let keys = result.and_then(|reply| Ok(reply.output.try_into()?));
                ControlFlow::Break(keys.map_err(Tried::of_request))
            }
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        self.call.handle(outcome);
    }
}
