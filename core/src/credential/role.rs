use alloc::boxed::Box;
use core::time::Duration;

use super::Tried;
use crate::{
    Action, Call, Chain, Credential, Error, Flow, Now, Outcome, Region, Reply, Session, Step,
    sts::AssumedRole,
    trace::{self, Scope},
};

/// The default region of requests for a role. The service requires one, and accepts any.
const ROLE_REGION: &str = "ap-guangzhou";

/// A fetch of credentials by requests, driven like a [`Flow`].
pub(super) trait Fetch: Send + Sync {
    /// Returns what to do next; `session` is the one that needs the credentials.
    fn step(
        &mut self,
        session: &mut Session,
        now: Now,
        left: Duration,
        trace: &mut trace::Call,
    ) -> Step<Result<Credential, Tried>>;

    fn handle(&mut self, outcome: Outcome);
}

/// Assumes a role by a call with its own session.
pub(super) struct Assume {
    call: Box<dyn Flow<Output = Result<Reply<AssumedRole>, Error>> + Send + Sync>,
    keys: Chain,
    region: Option<Region>,
    /// The call's session, and the clock's offset when the call began.
    session: Option<(Session, i64)>,
}

impl Assume {
    /// Assumes a role with these keys, or none if the action isn't signed. The default region is that of the outer
    /// session's settings.
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
    ) -> Step<Result<Credential, Tried>> {
        let (session, offset) = self.session.get_or_insert_with(|| {
            let region = self.region.take();
            let region = region.or_else(|| outer.settings().region().cloned());
            let region = region.or_else(|| Region::new(ROLE_REGION).ok());
            let settings = outer.settings().clone();
            let settings = settings.with_region(region).with_deadline(left);
            let mut session = Session::new(self.keys.clone()).with_settings(settings);
            session.clock.set_offset(outer.clock_offset());
            (session, outer.clock_offset())
        });
        match self.call.step(session, now) {
            Step::Send(mut attempt) => {
                attempt.for_credentials = true;
                Step::Send(attempt)
            }
            Step::Wait(delay) => Step::Wait(delay),
            Step::Done(result) => {
                // Otherwise another call's newer offset would be overwritten.
                if session.clock_offset() != *offset {
                    outer.clock.set_offset(session.clock_offset());
                }
                let keys = result.and_then(|reply| Ok(reply.output.try_into()?));
                Step::Done(keys.map_err(Tried::of_request))
            }
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        self.call.handle(outcome);
    }
}
