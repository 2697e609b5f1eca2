use alloc::boxed::Box;
use core::time::Duration;

use crate::{
    Action, AssumedRole, Call, Chain, Credential, Error, Flow, Now, Outcome, Region, Reply,
    Session, Step, Wire, trace::Scope,
};

/// The region of requests for a role where nobody names one; the service wants one, and any will do.
const ROLE_REGION: &str = "ap-guangzhou";

/// A role that is being taken, by a call with a session of its own.
pub(super) struct Assume {
    session: Session,
    /// By how much the clock was wrong when it began.
    offset: i64,
    call: Box<dyn Flow<Output = Result<Reply<AssumedRole>, Error>> + Send + Sync>,
}

impl Assume {
    /// Takes a role for the calls of a session, with these keys, or with what the action itself has. The region is that
    /// of the session's settings unless there is one here.
    pub(super) fn new<A: Action<Output = AssumedRole> + 'static>(
        action: &A,
        keys: impl Into<Chain>,
        region: Option<Region>,
        of: &Session,
        left: Duration,
        scope: Scope,
    ) -> Self {
        let region = region.or_else(|| of.settings().region().cloned());
        let region = region.or_else(|| Region::new(ROLE_REGION).ok());
        // A query would be written down where requests are.
        let settings = of.settings().clone().with_wire(Wire::Post);
        let settings = settings.with_region(region).with_deadline(left);
        let mut session = Session::new(keys).with_settings(settings);
        let offset = of.clock_offset();
        session.set_clock_offset(offset);
        Self {
            session,
            offset,
            call: Box::new(Call::for_credentials(action, scope)),
        }
    }

    /// Returns what is to be done next; `outer` is the session that the keys are for.
    pub(super) fn step(
        &mut self,
        outer: &mut Session,
        now: Now,
    ) -> Step<Result<Credential, Error>> {
        match self.call.step(&mut self.session, now) {
            Step::Send(attempt) => Step::Send(attempt),
            Step::Wait(delay) => Step::Wait(delay),
            Step::Done(result) => {
                // Another call may have set the clock meanwhile.
                let offset = self.session.clock_offset();
                if offset != self.offset {
                    outer.set_clock_offset(offset);
                }
                Step::Done(result.and_then(|reply| Ok(reply.output.try_into()?)))
            }
        }
    }

    pub(super) fn handle(&mut self, outcome: Outcome) {
        self.call.handle(outcome);
    }
}
