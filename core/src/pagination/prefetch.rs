use alloc::{collections::VecDeque, sync::Arc};
use core::{fmt, mem};

use crate::{
    Error, Invalid, Paginate, Reply, Settings, Walk,
    pagination::{
        Fetch, Fetched, Slot,
        checks::{PageFacts, Question},
        fetch::Page,
    },
    trace,
};

/// Fetches several pages of a walk at once and delivers them in order.
///
/// It gives out fetches, each a flow of its own, takes their results back in any order, and delivers the pages in the
/// order of the list. [`Pages`](crate::Pages) does the same one page at a time.
///
#[cfg_attr(feature = "emulator", doc = "```")]
#[cfg_attr(not(feature = "emulator"), doc = "```ignore")]
/// use core::time::Duration;
/// use tc3_core::{
///     billing::DescribeBillList, emulator::Emulator, pagination::{Prefetch, Turn}, Credential, Flow, Now,
///     Session, Step, UnixTime,
/// };
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let mut service = Emulator::new(credential.clone());
/// let mut session = Session::new(credential);
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
///
/// let action = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-06-30 23:59:59".parse()?);
/// let mut prefetch = Prefetch::new(action.with_limit(50)).with_width(3);
/// let (mut in_flight, mut most, mut records) = (Vec::new(), 0, 0);
/// loop {
///     match prefetch.turn(session.settings()) {
///         Turn::Fetch(fetch) => in_flight.push(fetch),
///         // As many fetches as allowed are in flight; any of them may finish first.
///         Turn::Wait => {
///             most = most.max(in_flight.len());
///             let mut fetch = in_flight.pop().unwrap();
///             let fetched = loop {
///                 match fetch.step(&mut session, now) {
///                     Step::Send(attempt) => fetch.handle(Ok(service.handle(now.unix, &attempt.request))),
///                     Step::Wait(_) => {}
///                     Step::Done(fetched) => break fetched,
///                 }
///             };
///             prefetch.take(fetched);
///         }
///         Turn::Page(page) => records += page?.output.transaction_list.len(),
///         Turn::End => break,
///     }
/// }
/// assert_eq!((records, most), (249, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a prefetch does nothing unless `turn` is called"]
pub struct Prefetch<A: Paginate> {
    walk: Walk<A>,
    /// Identifies fetches that this prefetch gave out. They end when it is dropped or replaced.
    id: Arc<()>,
    width: usize,
    /// The pages that were requested and not yet delivered, in order of delivery.
    queue: VecDeque<Queued<A>>,
    /// The number of the first page in the queue.
    first: u64,
    /// How many fetches are in flight whose pages were dropped from the queue.
    stale: usize,
    /// How many more pages are fetched one at a time, since the list changed under pages fetched at once.
    one_at_a_time: usize,
    check: Check,
    ended: bool,
    trace: trace::Walk,
}

/// What to do next for a walk.
#[must_use = "nothing happens unless the driver does what the turn says"]
#[expect(
    clippy::large_enum_variant,
    reason = "a turn lives for a moment on the stack; a box would cost each page an allocation"
)]
pub enum Turn<A: Paginate> {
    /// Drive this fetch, at once or beside others, and hand its result to [`Prefetch::take`].
    Fetch(Fetch<A>),
    /// Deliver this page, or the error that ends the walk.
    Page(Result<Reply<A::Output>, Error>),
    /// Wait until one of the fetches has a result.
    Wait,
    /// The walk is over.
    End,
}

/// A page in the queue.
enum Queued<A: Paginate> {
    InFlight,
    Received(Result<Page<A>, Error>),
}

/// The check request that answers a question about the first page in the queue.
#[derive(Debug)]
enum Check {
    None,
    InFlight(Question),
    Received(Question, Result<PageFacts, Error>),
}

impl<A: Paginate> Prefetch<A> {
    /// A walk over an action's list, or a [`Walk`] that was stored; one page at a time.
    pub fn new(walk: impl Into<Walk<A>>) -> Self {
        let walk = walk.into();
        Self {
            trace: trace::Walk::new(&walk),
            walk,
            id: Arc::default(),
            width: 1,
            queue: VecDeque::new(),
            first: 0,
            stale: 0,
            one_at_a_time: 0,
            check: Check::None,
            ended: false,
        }
    }

    /// Fetches up to `width` pages of a window at once, at least 1, and holds them until they are due. Pages that
    /// follow by tokens are still fetched one at a time. For many small windows, several walks over
    /// [`windows`](crate::pagination::walk::windows) are faster.
    ///
    /// When the total changes, the next pages are fetched one at a time until the total is stable.
    pub fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// The walk after all pages delivered so far.
    pub const fn walk(&self) -> &Walk<A> {
        &self.walk
    }

    /// How many pages may be fetched at once.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether the walk is over: nothing more is fetched or delivered.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns what to do next.
    pub fn turn(&mut self, settings: &Settings) -> Turn<A> {
        if self.ended {
            return Turn::End;
        }
        match self.next_turn(settings) {
            Ok(Turn::End) => {
                self.end();
                self.trace.done();
                Turn::End
            }
            Ok(turn) => {
                if let Turn::Page(page) = &turn {
                    self.trace.page(&self.walk, page);
                }
                turn
            }
            Err(error) => Turn::Page(self.fail(error)),
        }
    }

    /// Ends the walk and returns the error to deliver, for a driver that can't go on because a fetch is lost.
    ///
    /// # Errors
    ///
    /// Always `error`.
    pub fn fail(&mut self, error: Error) -> Result<Reply<A::Output>, Error> {
        self.end();
        let page = Err(error);
        self.trace.page(&self.walk, &page);
        page
    }

    fn end(&mut self) {
        self.ended = true;
        self.queue.clear();
        self.id = Arc::default();
    }

    /// Takes the result of a fetch. Results of dropped pages, and those of another prefetch, are ignored.
    pub fn take(&mut self, fetched: Fetched<A>) {
        let Fetched { id, number, page } = fetched;
        if id.as_ptr() != Arc::as_ptr(&self.id) {
            return;
        }
        let Some(number) = number else {
            if let Check::InFlight(question) = self.check {
                self.check = Check::Received(question, page.map(|page| page.facts));
            }
            return;
        };
        let Some(place) = number.checked_sub(self.first) else {
            self.stale = self.stale.saturating_sub(1);
            return;
        };
        if let Ok(place) = usize::try_from(place)
            && let Some(queued @ Queued::InFlight) = self.queue.get_mut(place)
        {
            *queued = Queued::Received(page);
        }
    }

    fn next_turn(&mut self, settings: &Settings) -> Result<Turn<A>, Error> {
        if self.width == 0 {
            return Err(Invalid::new("width", "must be at least 1").into());
        }
        if !self.walk.open_window(settings)? {
            return Ok(Turn::End);
        }
        self.resolve_check()?;
        self.drop_outdated();
        if let Some(fetch) = self.fetch_check(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        if let Some(fetch) = self.fetch_page(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        if !matches!(self.check, Check::None) {
            return Ok(Turn::Wait);
        }
        match self.queue.pop_front() {
            Some(Queued::Received(page)) => {
                self.first = self.first.saturating_add(1);
                let position = self.walk.current().map(|(_, position)| position);
                match (page, position) {
                    (Ok(page), _) => self.deliver(page),
                    (Err(error), Some(position)) if position.ends_at::<A>(&error) => {
                        position.next = None;
                        self.drop_queue();
                        self.next_turn(settings)
                    }
                    (Err(error), _) => Err(error),
                }
            }
            Some(in_flight) => {
                self.queue.push_front(in_flight);
                Ok(Turn::Wait)
            }
            None => Ok(Turn::Wait),
        }
    }

    /// Resolves the question about the first page in the queue, if its check request has a result.
    fn resolve_check(&mut self) -> Result<(), Error> {
        match mem::replace(&mut self.check, Check::None) {
            Check::Received(question, check) => {
                if let Some((window, position)) = self.walk.current()
                    && let Some(Queued::Received(Ok(page))) = self.queue.front_mut()
                {
                    position.resolve(window, question, &mut page.facts, check)?;
                }
            }
            unfinished => self.check = unfinished,
        }
        Ok(())
    }

    /// Drops the queue if its first page reports another total but may be older than the page delivered before it.
    /// Such a page can't tell whether the list has shifted since, so it is fetched again.
    fn drop_outdated(&mut self) {
        if let Some(Queued::Received(Ok(page))) = self.queue.front()
            && !page.was_first
            && matches!(self.check, Check::None)
            && let Some((_, position)) = self.walk.current()
            && position.shift_suspect::<A>(&page.facts).is_some()
        {
            self.one_at_a_time = self.width;
            self.drop_queue();
        }
    }

    /// Drops all pages that are in flight or not delivered.
    fn drop_queue(&mut self) {
        let dropped = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
        self.first = self.first.saturating_add(dropped);
        let in_flight = self.queue.drain(..);
        let in_flight = in_flight.filter(|it| matches!(it, Queued::InFlight));
        self.stale = self.stale.saturating_add(in_flight.count());
    }

    /// The check request for the question that the first page in the queue raises, if it raises one.
    fn fetch_check(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        if let (Some(Queued::Received(Ok(page))), Check::None) = (self.queue.front(), &self.check)
            && let Some((window, position)) = self.walk.current()
            && let Some((question, slot)) =
                position.question(window, &page.facts, settings.max_pages())?
        {
            self.check = Check::InFlight(question);
            return Ok(self.fetch(None, true, &slot));
        }
        Ok(None)
    }

    /// The next page to request, if it is known and the queue has room for it.
    fn fetch_page(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        let Some((window, position)) = self.walk.current() else {
            return Ok(None);
        };
        let taken = self.queue.len().saturating_add(self.stale);
        let is_full = taken >= self.width || self.one_at_a_time > 0 && !self.queue.is_empty();
        let is_error = |queued: &Queued<A>| matches!(queued, Queued::Received(Err(_)));
        if is_full || self.queue.iter().any(is_error) {
            return Ok(None);
        }
        let ahead = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
        let Some(slot) = position.next::<A>(ahead) else {
            return Ok(None);
        };
        let limit = settings.max_pages();
        if u64::from(position.pages).saturating_add(ahead) >= limit.into() {
            let window = window.window();
            return match ahead {
                0 => Err(Error::TooManyPages { window, limit }),
                _ => Ok(None),
            };
        }
        let number = self.first.saturating_add(ahead);
        let fetch = self.fetch(Some(number), ahead == 0, &slot);
        self.queue.push_back(Queued::InFlight);
        Ok(fetch)
    }

    fn fetch(&mut self, number: Option<u64>, was_first: bool, slot: &Slot) -> Option<Fetch<A>> {
        let (action, _) = self.walk.current()?;
        action.turn_to(slot);
        let (id, scope) = (Arc::downgrade(&self.id), &self.trace.scope);
        Some(scope.in_scope(|| Fetch::new(id, number, was_first, action)))
    }

    fn deliver(&mut self, page: Page<A>) -> Result<Turn<A>, Error> {
        self.one_at_a_time = if page.facts.unchanged > 0 {
            self.width
        } else {
            self.one_at_a_time.saturating_sub(1)
        };
        let mut reply = page.reply;
        if !self.walk.advance(&mut reply.output, page.facts)? {
            // The pages in the queue are not the ones that follow.
            self.drop_queue();
        }
        Ok(Turn::Page(Ok(reply)))
    }
}

impl<A: Paginate + fmt::Debug> fmt::Debug for Prefetch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("walk", &self.walk)
            .field("width", &self.width)
            .field("ahead", &self.queue.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl<A: Paginate> fmt::Debug for Turn<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fetch(_) => "Turn(fetch)",
            Self::Page(Ok(_)) => "Turn(page)",
            Self::Page(Err(_)) => "Turn(error)",
            Self::Wait => "Turn(wait)",
            Self::End => "Turn(end)",
        })
    }
}
