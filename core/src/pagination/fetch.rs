use alloc::sync::Weak;
use core::fmt;

#[cfg(doc)]
use crate::pagination::Prefetch;
use crate::{
    Call, Error, Flow, Now, Outcome, Paginate, Reply, Session, Step,
    error::Context,
    flow::sealed,
    pagination::{Slot, checks::PageFacts, fingerprint::Fingerprint},
};

/// A request for one page: a flow whose output is a [`Fetched`]. It ends without another attempt when its [`Prefetch`]
/// has ended or was dropped.
#[must_use = "a fetch does nothing unless it is driven"]
pub struct Fetch<A: Paginate> {
    /// The prefetch's request that it makes, as long as its result is wanted.
    id: Weak<()>,
    slot: Slot,
    call: Call<A>,
    /// The facts of the last answer.
    facts: Option<PageFacts>,
}

/// The result of a [`Fetch`], for [`Prefetch::take`].
#[must_use = "the prefetch waits for it"]
pub struct Fetched<A: Paginate> {
    pub(super) id: Weak<()>,
    pub(super) page: Result<Page<A>, Error>,
}

/// A page that was received.
pub(super) struct Page<A: Paginate> {
    pub(super) reply: Reply<A::Output>,
    pub(super) facts: PageFacts,
    pub(super) context: Context,
}

impl<A: Paginate> Fetch<A> {
    pub(super) fn new(id: Weak<()>, slot: Slot, action: &A) -> Self {
        Self {
            id,
            slot,
            call: Call::of_walk(action),
            facts: None,
        }
    }
}

impl<A: Paginate> sealed::Sealed for Fetch<A> {}

impl<A: Paginate> Flow for Fetch<A> {
    type Output = Fetched<A>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Fetched<A>> {
        let step = match self.id.strong_count() {
            0 => Step::Done(Err(Error::Ended)),
            _ => self.call.step(session, now),
        };
        match step {
            Step::Send(attempt) => Step::Send(attempt),
            Step::Wait(delay) => Step::Wait(delay),
            Step::Done(result) => Step::Done(Fetched {
                id: Weak::clone(&self.id),
                page: result.and_then(|reply| {
                    let facts = self.facts.take().ok_or(Error::Ended)?;
                    let mut context = self.call.context.clone();
                    context.request_id = Some(reply.request_id.clone());
                    Ok(Page {
                        reply,
                        facts,
                        context,
                    })
                }),
            }),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        let body = outcome.as_ref().map(|response| response.body().clone());
        let body = body.unwrap_or_default();
        self.call.handle(outcome);
        if self.facts.is_none()
            && let Some(reply) = self.call.answered()
        {
            let info = A::page_info(&reply.output);
            let fingerprint = Fingerprint::of::<A>(&mut reply.output, &info, &body);
            self.facts = Some(PageFacts::new(self.slot.clone(), info, fingerprint));
        }
    }
}

impl<A: Paginate> fmt::Debug for Fetch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetch").field(&self.call).finish()
    }
}

impl<A: Paginate> fmt::Debug for Fetched<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let result = if self.page.is_ok() { "page" } else { "error" };
        write!(f, "Fetched({result})")
    }
}
