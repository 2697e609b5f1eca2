use core::time::Duration;

use crate::{
    Attempt, Flow, Now, Outcome, Session, Step,
    credential::{Looked, Lookup, Search},
};

/// A flow and the search for credentials that it waits for, if it does: one loop drives both.
///
/// Only a session that was made of a [`Chain`](crate::Chain) searches. The
/// [guide](crate::guide#keys-profiles-roles) has the loop.
#[derive(Debug)]
#[must_use = "a driver does nothing unless it is stepped"]
pub struct Driver<'a, F> {
    flow: &'a mut F,
    search: Option<Search>,
}

/// What is to be done next for a [`Driver`] or a [`Search`].
#[must_use = "a step says what is to be done, and nothing happens unless it is"]
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a step lives for a moment on the stack"
)]
pub enum DriverStep<T> {
    /// Read this, then call `found`.
    Read(Lookup),
    /// Send this, then call `handle`.
    Send(Attempt),
    /// Wait this long, then call `step` again.
    Wait(Duration),
    /// It has ended with this result.
    Done(T),
}

impl<'a, F: Flow> Driver<'a, F> {
    /// Drives this flow.
    pub const fn new(flow: &'a mut F) -> Self {
        Self { flow, search: None }
    }

    /// Returns what is to be done next for the search under way, or else for the flow.
    pub fn step(&mut self, session: &mut Session, now: Now) -> DriverStep<F::Output> {
        loop {
            if let Some(search) = &mut self.search {
                match search.step(session, now) {
                    DriverStep::Read(lookup) => return DriverStep::Read(lookup),
                    DriverStep::Send(attempt) => return DriverStep::Send(attempt),
                    DriverStep::Wait(delay) => return DriverStep::Wait(delay),
                    DriverStep::Done(()) => self.search = None,
                }
            }
            match self.flow.step(session, now) {
                Step::Send(attempt) => return DriverStep::Send(attempt),
                Step::Done(output) => return DriverStep::Done(output),
                Step::Wait(delay) => {
                    self.search = session.search(now);
                    if self.search.is_none() {
                        return DriverStep::Wait(delay);
                    }
                }
            }
        }
    }

    /// Takes what the last [`DriverStep::Read`] found.
    pub fn found(&mut self, looked: Looked) {
        if let Some(search) = &mut self.search {
            search.found(looked);
        }
    }

    /// Takes the outcome of the last [`DriverStep::Send`].
    pub fn handle(&mut self, outcome: Outcome) {
        match &mut self.search {
            Some(search) => search.handle(outcome),
            None => self.flow.handle(outcome),
        }
    }
}
