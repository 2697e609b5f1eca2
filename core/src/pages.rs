use core::fmt;

use crate::{
    Call, Error, Flow, Invalid, Now, Outcome, Paginate, Reply, Session, Step, flow::sealed,
    plan::Plan,
};

/// A walk over all pages of an action, one after the other.
///
/// Each [`Step::Done`] gives a page as `Some(Ok(reply))`; drive on for the next. The walk ends with
/// `None`, forever. An error ends it as well, after everything that came before was given away.
///
/// The walk is compared with the total that the service reports: when fewer records came, the last
/// thing before `None` is [`Error::Incomplete`].
///
#[cfg_attr(feature = "emulator", doc = "```")]
#[cfg_attr(not(feature = "emulator"), doc = "```ignore")]
/// use core::time::Duration;
/// use tc3_core::{
///     BeijingSecond, Credential, DescribeBillList, Emulator, Flow, Now, Pages, Session, Step, UnixTime,
/// };
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let mut service = Emulator::new(credential.clone()).with_records(1_000);
/// let mut session = Session::new(credential);
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
///
/// let start: BeijingSecond = "2024-01-01 00:00:00".parse()?;
/// let end: BeijingSecond = "2024-06-30 23:59:59".parse()?;
/// let mut walk = Pages::new(DescribeBillList::new(start, end));
/// let mut pages = 0;
/// loop {
///     match walk.step(&mut session, now) {
///         Step::Send(attempt) => walk.handle(Ok(service.handle(now.unix, &attempt.request))),
///         Step::Wait(_) => {} // time is what we say it is
///         Step::Done(Some(page)) => {
///             pages += 1;
///             assert!(page?.output.transaction_list.len() <= 100);
///         }
///         Step::Done(None) => break,
///     }
/// }
/// assert_eq!((pages, walk.delivered(), walk.total()), (3, 249, Some(249)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a walk does nothing unless it is driven"]
pub struct Pages<A: Paginate> {
    action: A,
    /// Made at the first step, which knows the settings.
    plan: Option<Plan>,
    call: Option<Call<A>>,
    ended: bool,
}

impl<A: Paginate> Pages<A> {
    /// A walk that begins where `action` says: at its offset if it has one, with its page size if it has one.
    pub const fn new(action: A) -> Self {
        Self {
            action,
            plan: None,
            call: None,
            ended: false,
        }
    }

    /// The action as it was last sent, or will be sent first.
    pub const fn action(&self) -> &A {
        &self.action
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        self.plan.as_ref().map_or(0, Plan::delivered)
    }

    /// How many records there are in this walk, by the last page that said; `None` until one does.
    pub fn total(&self) -> Option<u64> {
        self.plan.as_ref().and_then(Plan::total)
    }

    fn plan(&mut self, session: &Session) -> Result<&Plan, Invalid> {
        match &mut self.plan {
            Some(plan) => Ok(plan),
            none => {
                let plan = Plan::new::<A>(self.action.start(), session.settings().page_size())?;
                Ok(none.insert(plan))
            }
        }
    }

    /// The call for the next page, or `None` when there is none.
    fn next_call(&mut self, session: &Session) -> Result<Option<Call<A>>, Error> {
        let Some(slot) = self.plan(session)?.next().cloned() else {
            return Ok(None);
        };
        self.action.turn_to(&slot);
        Ok(Some(Call::new(&self.action)))
    }

    /// The end of the walk, with what is to be said about it.
    fn end(&mut self, error: Option<Error>) -> Step<Option<Result<Reply<A::Output>, Error>>> {
        self.ended = true;
        Step::Done(error.map(Err))
    }
}

impl<A: Paginate> sealed::Sealed for Pages<A> {}

impl<A: Paginate> Flow for Pages<A> {
    type Output = Option<Result<Reply<A::Output>, Error>>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        if self.ended {
            return Step::Done(None);
        }
        if self.call.is_none() {
            match self.next_call(session) {
                Ok(Some(call)) => self.call = Some(call),
                Ok(None) => {
                    let shortcoming = self.plan.as_ref().and_then(Plan::shortcoming);
                    return self.end(shortcoming);
                }
                Err(error) => return self.end(Some(error)),
            }
        }
        match self.call.as_mut().map(|call| call.step(session, now)) {
            Some(Step::Send(attempt)) => Step::Send(attempt),
            Some(Step::Wait(delay)) => Step::Wait(delay),
            Some(Step::Done(Ok(reply))) => {
                self.call = None;
                if let Some(plan) = &mut self.plan {
                    plan.advance(A::page_info(&reply.output));
                }
                Step::Done(Some(Ok(reply)))
            }
            Some(Step::Done(Err(error))) => self.end(Some(error)),
            None => self.end(Some(Error::Ended)),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        if let Some(call) = &mut self.call {
            call.handle(outcome);
        }
    }
}

impl<A: Paginate + fmt::Debug> fmt::Debug for Pages<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("action", &self.action)
            .field("plan", &self.plan)
            .field("call", &self.call)
            .field("ended", &self.ended)
            .finish()
    }
}
