use core::fmt;

use crate::{
    Error, Flow, Now, Outcome, Paginate, Reply, Session, Step, Walk,
    flow::sealed,
    pagination::{Fetch, Prefetch, Turn},
};

/// A walk over all pages of an action, one after the other.
///
/// Each [`Step::Done`] contains a page as `Some(Ok(reply))`; drive on for the next page. After the last page, every
/// further step is `Done(None)`. An error ends the walk too, after all earlier pages were delivered.
///
/// A range that the service doesn't accept at once is walked in windows ([`Paginate::split`]). If a list, or a window
/// of one, gives fewer records than its total, the walk ends with [`Error::Incomplete`]. [`walk`](Self::walk) is what
/// to store in order to continue elsewhere. To fetch several pages at once, see [`Prefetch`].
///
/// The example's service is the emulator, behind this crate's feature `emulator`:
///
#[cfg_attr(feature = "emulator", doc = "```")]
#[cfg_attr(not(feature = "emulator"), doc = "```ignore")]
/// use core::time::Duration;
/// use tc3_core::{
///     Credential, Flow, Now, Pages, Session, Step, UnixTime, billing::DescribeBillList,
///     emulator::Emulator, types::BeijingSecond,
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
///         Step::Send(attempt) => {
///             walk.handle(Ok(service.handle(now.unix, &attempt.request)))
///         }
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
    prefetch: Prefetch<A>,
    fetch: Option<Fetch<A>>,
}

impl<A: Paginate> Pages<A> {
    /// A walk over an action's list, from the action's own offset and with its own page size if it has them. Or a
    /// [`Walk`] that was stored, or that is over several lists.
    pub fn new(walk: impl Into<Walk<A>>) -> Self {
        Self {
            prefetch: Prefetch::new(walk),
            fetch: None,
        }
    }

    /// The walk after all pages delivered so far.
    pub const fn walk(&self) -> &Walk<A> {
        self.prefetch.walk()
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        self.walk().delivered()
    }

    /// How many records there are in the windows begun so far, see [`Walk::total`].
    pub const fn total(&self) -> Option<u64> {
        self.walk().total()
    }
}

impl<A: Paginate> sealed::Sealed for Pages<A> {}

impl<A: Paginate> Flow for Pages<A> {
    type Output = Option<Result<Reply<A::Output>, Error>>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        loop {
            match self.fetch.as_mut().map(|fetch| fetch.step(session, now)) {
                Some(Step::Send(attempt)) => return Step::Send(attempt),
                Some(Step::Wait(delay)) => return Step::Wait(delay),
                Some(Step::Done(fetched)) => self.prefetch.take(fetched),
                None => {}
            }
            self.fetch = None;
            match self.prefetch.turn(session.settings()) {
                Turn::Fetch(fetch) => self.fetch = Some(fetch),
                Turn::Page(page) => return Step::Done(Some(page)),
                Turn::Wait | Turn::End => return Step::Done(None),
            }
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        if let Some(fetch) = &mut self.fetch {
            fetch.handle(outcome);
        }
    }
}

impl<A: Paginate + fmt::Debug> fmt::Debug for Pages<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.prefetch).finish()
    }
}
