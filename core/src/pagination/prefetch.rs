use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::fmt;

use crate::{
    Error, Invalid, Paginate, Reply, Settings, Walk,
    error::Context,
    pagination::{Fetch, Fetched, Slot, checks::Question, fetch::Page},
    trace,
};

/// Fetches several pages of a walk at once and delivers them in order.
///
/// It gives out fetches, each a flow of its own, takes their results back in any order, and delivers the pages in the
/// order of the list. [`Pages`](crate::Pages) does the same one page at a time.
///
/// The example's service is the emulator, behind this crate's feature `emulator`:
///
#[cfg_attr(feature = "emulator", doc = "```")]
#[cfg_attr(not(feature = "emulator"), doc = "```ignore")]
/// use core::time::Duration;
/// use tc3_core::{
///     Credential, Flow, Now, Session, Step, UnixTime,
///     billing::DescribeBillList,
///     emulator::Emulator,
///     pagination::{Prefetch, Turn},
/// };
///
/// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
/// let mut service = Emulator::new(credential.clone());
/// let mut session = Session::new(credential);
/// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
///
/// let action =
///     DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-06-30 23:59:59".parse()?);
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
///                     Step::Send(attempt) => {
///                         fetch.handle(Ok(service.handle(now.unix, &attempt.request)))
///                     }
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
    width: usize,
    /// The pages that were requested and not yet delivered, in order of delivery.
    queue: VecDeque<Request<A>>,
    /// Requests in flight whose pages are no longer wanted.
    stale: Vec<Request<A>>,
    /// How many more pages are fetched one at a time, since the list changed under pages fetched at once.
    one_at_a_time: usize,
    /// The check request that answers a question about the first page in the queue.
    check: Option<(Question, Request<A>)>,
    ended: bool,
    /// The call that gave the last answer.
    last: Option<Context>,
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

/// A request for a page that was given out as a [`Fetch`].
struct Request<A: Paginate> {
    /// Identifies the fetch, which ends when this is dropped.
    id: Arc<()>,
    /// Whether all pages before it had been delivered when it was given out.
    was_first: bool,
    /// The result; `None` while it is in flight.
    page: Option<Result<Page<A>, Error>>,
}

impl<A: Paginate> Prefetch<A> {
    /// A walk over an action's list, or a [`Walk`] that was stored; one page at a time.
    pub fn new(walk: impl Into<Walk<A>>) -> Self {
        let walk = walk.into();
        Self {
            trace: trace::Walk::new(&walk),
            walk,
            width: 1,
            queue: VecDeque::new(),
            stale: Vec::new(),
            one_at_a_time: 0,
            check: None,
            ended: false,
            last: None,
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
                self.trace.end();
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
        let own = || self.walk.list().map(|list| Context::new(list.target()));
        let context = self.last.take().or_else(own);
        let page = Err(match context {
            Some(context) => error.within(context),
            None => error,
        });
        self.trace.page(&self.walk, &page);
        page
    }

    fn end(&mut self) {
        self.ended = true;
        self.queue.clear();
        self.stale.clear();
        self.check = None;
    }

    /// Takes the result of a fetch. Results of dropped pages, and those of another prefetch, are ignored.
    pub fn take(&mut self, fetched: Fetched<A>) {
        let Fetched { id, page } = fetched;
        if let Ok(page) = &page {
            self.last = Some(page.context.clone());
        }
        let check = self.check.as_mut().map(|(_, request)| request);
        let mut requests = self.queue.iter_mut().chain(&mut self.stale).chain(check);
        if let Some(request) = requests.find(|it| Arc::as_ptr(&it.id) == id.as_ptr()) {
            request.page.get_or_insert(page);
        }
        self.stale.retain(|it| it.page.is_none());
    }

    fn next_turn(&mut self, settings: &Settings) -> Result<Turn<A>, Error> {
        if self.width == 0 {
            return Err(Invalid::new("width", "must be at least 1").into());
        }
        if !self.walk.open_window(settings, !self.queue.is_empty())? {
            return Ok(Turn::End);
        }
        if let Some(fetch) = self.fetch_check(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        if let Some(fetch) = self.fetch_page(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        let is_in_flight = |it: &Request<A>| it.page.is_none();
        if self.check.is_some() || self.queue.front().is_none_or(is_in_flight) {
            return Ok(Turn::Wait);
        }
        let position = self.walk.current().map(|(_, position)| position);
        match (self.queue.pop_front().and_then(|it| it.page), position) {
            (Some(Ok(page)), _) => Ok(Turn::Page(Ok(self.deliver(page)))),
            (Some(Err(error)), Some(position)) if position.ends_at::<A>(&error) => {
                self.walk.end_window();
                self.drop_queue();
                self.next_turn(settings)
            }
            (Some(Err(error)), _) => Err(error),
            (None, _) => Ok(Turn::Wait),
        }
    }

    /// Resolves the question about the first page in the queue if its check request has a result, and returns the check
    /// request for the next question that the page raises, if it raises one.
    fn fetch_check(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        let check = self.check.take_if(|(_, request)| request.page.is_some());
        let (Some(first), None) = (self.queue.front_mut(), &self.check) else {
            return Ok(None);
        };
        let (Some(Ok(page)), Some((window, position))) = (&mut first.page, self.walk.current())
        else {
            return Ok(None);
        };
        if let Some((question, request)) = check
            && let Some(check) = request.page
        {
            let check = check.map(|page| page.facts);
            position.resolve(window, question, &mut page.facts, check)?;
        }
        if !first.was_first && position.shift_suspect::<A>(&page.facts).is_some() {
            // The page may be older than the one delivered before it. So it can't tell whether the list has shifted
            // since, and is fetched again.
            self.one_at_a_time = self.width;
            self.drop_queue();
            return Ok(None);
        }
        let question = position.question(window, &page.facts, settings.max_pages)?;
        Ok(question.map(|(question, slot)| {
            let (request, fetch) = Request::new(window, slot, true, &self.trace);
            self.check = Some((question, request));
            fetch
        }))
    }

    /// Drops all pages that are in flight or not delivered.
    fn drop_queue(&mut self) {
        let requests = self.queue.drain(..);
        self.stale.extend(requests.filter(|it| it.page.is_none()));
    }

    /// The next page to request, if it is known and the queue has room for it.
    fn fetch_page(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        let Some((window, position)) = self.walk.current() else {
            return Ok(None);
        };
        let taken = self.queue.len().saturating_add(self.stale.len());
        let is_full = taken >= self.width || self.one_at_a_time > 0 && !self.queue.is_empty();
        let is_error = |it: &Request<A>| matches!(it.page, Some(Err(_)));
        if is_full || self.queue.iter().any(is_error) {
            return Ok(None);
        }
        let ahead = u64::try_from(self.queue.len()).unwrap_or(u64::MAX);
        let Some(slot) = position.next::<A>(ahead) else {
            return Ok(None);
        };
        let limit = settings.max_pages;
        if u64::from(position.pages).saturating_add(ahead) >= limit.into() {
            let window = window.window();
            return match ahead {
                0 => Err(Error::TooManyPages {
                    window,
                    limit,
                    context: None,
                }),
                _ => Ok(None),
            };
        }
        let (request, fetch) = Request::new(window, slot, ahead == 0, &self.trace);
        self.queue.push_back(request);
        Ok(Some(fetch))
    }

    fn deliver(&mut self, page: Page<A>) -> Reply<A::Output> {
        self.one_at_a_time = if page.facts.unchanged > 0 {
            self.width
        } else {
            self.one_at_a_time.saturating_sub(1)
        };
        let mut reply = page.reply;
        if !self.walk.advance(&mut reply.output, page.facts) {
            // The pages in the queue are not the ones that follow.
            self.drop_queue();
        }
        reply
    }
}

impl<A: Paginate> Request<A> {
    /// A request for the page at `slot`, and the fetch that makes it.
    fn new(window: &mut A, slot: Slot, was_first: bool, trace: &trace::Walk) -> (Self, Fetch<A>) {
        window.turn_to(&slot);
        let id = Arc::default();
        let fetch = (trace.scope).in_scope(|| Fetch::new(Arc::downgrade(&id), slot, window));
        let page = None;
        (
            Self {
                id,
                was_first,
                page,
            },
            fetch,
        )
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
