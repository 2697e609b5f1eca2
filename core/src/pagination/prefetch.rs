use alloc::{
    collections::VecDeque,
    sync::{Arc, Weak},
};
use core::{fmt, mem};

use bytes::Bytes;

use crate::{
    Call, Error, Flow, Invalid, Now, Outcome, Paginate, Reply, Session, Settings, Step, Walk,
    flow::sealed,
    pagination::{
        Slot,
        fingerprint::Fingerprint,
        position::{Arrived, Decision, Doubt},
    },
    trace,
};

/// Says which page of a walk to fetch next, and delivers the pages in order: for drivers that fetch several at once.
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
/// let mut planner = Prefetch::new(action.with_limit(50)).with_width(3);
/// let (mut out, mut most_out, mut records) = (Vec::new(), 0, 0);
/// loop {
///     match planner.turn(session.settings()) {
///         Turn::Fetch(fetch) => out.push(fetch),
///         // All are out that may be: one of them, any one, comes back.
///         Turn::Wait => {
///             most_out = most_out.max(out.len());
///             let mut fetch = out.pop().unwrap();
///             let fetched = loop {
///                 match fetch.step(&mut session, now) {
///                     Step::Send(attempt) => fetch.handle(Ok(service.handle(now.unix, &attempt.request))),
///                     Step::Wait(_) => {}
///                     Step::Done(fetched) => break fetched,
///                 }
///             };
///             planner.take(fetched);
///         }
///         Turn::Page(page) => records += page?.output.transaction_list.len(),
///         Turn::End => break,
///     }
/// }
/// assert_eq!((records, most_out), (249, 3));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a planner does nothing unless it is asked"]
pub struct Prefetch<A: Paginate> {
    walk: Walk<A>,
    /// Identifies fetches issued by this planner. They end when it is gone or replaced.
    mark: Arc<()>,
    width: usize,
    /// The pages on their way, in order of delivery.
    ahead: VecDeque<Ahead<A>>,
    /// The number of the first of them.
    first: u64,
    /// How many fetches are out that nobody waits for any more.
    stale: usize,
    /// How many pages are fetched one by one, since the list has just changed under pages fetched at once.
    unsettled: usize,
    /// A request that decides what the next page leaves open.
    look: Look,
    ended: bool,
    trace: trace::Walk,
}

/// What is to be done next for a walk.
#[must_use = "a turn says what is to be done, and nothing happens unless it is"]
#[expect(
    clippy::large_enum_variant,
    reason = "a turn lives for a moment on the stack; a box would cost each page an allocation"
)]
pub enum Turn<A: Paginate> {
    /// Drive this, at once or beside others, and hand what it comes to to [`Prefetch::take`].
    Fetch(Fetch<A>),
    /// Deliver this.
    Page(Result<Reply<A::Output>, Error>),
    /// Nothing, until one of the fetches is taken back.
    Wait,
    /// All was delivered.
    End,
}

enum Ahead<A: Paginate> {
    Out,
    Back(Result<Page<A>, Error>),
}

/// A page that has arrived.
struct Page<A: Paginate> {
    reply: Reply<A::Output>,
    arrived: Arrived,
    /// Whether it was asked for when all pages before it had been delivered.
    asked_last: bool,
}

#[derive(Debug)]
enum Look {
    No,
    Out(Doubt),
    Back(Doubt, Result<Arrived, Error>),
}

impl<A: Paginate> Prefetch<A> {
    /// A walk over an action's list, or one that was begun elsewhere; one page at a time.
    pub fn new(walk: impl Into<Walk<A>>) -> Self {
        let walk = walk.into();
        Self {
            trace: trace::Walk::new(&walk),
            walk,
            mark: Arc::default(),
            width: 1,
            ahead: VecDeque::new(),
            first: 0,
            stale: 0,
            unsettled: 0,
            look: Look::No,
            ended: false,
        }
    }

    /// Up to `width` pages, at least 1, of a list or a window of one are fetched at once and held until
    /// their turn comes, where the list's dialect allows it; where it doesn't, as with tokens, one at a
    /// time. Many small windows are walked faster by several walks over [`windows`](crate::pagination::walk::windows).
    ///
    /// When the total changes, some pages are fetched one by one, until it holds still.
    pub fn with_width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    /// Where the walk stands: after all pages that were delivered.
    pub const fn walk(&self) -> &Walk<A> {
        &self.walk
    }

    /// How many pages may be fetched at once.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether all is over: nothing is fetched or delivered any more.
    pub const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Returns what is to be done next.
    pub fn turn(&mut self, settings: &Settings) -> Turn<A> {
        if self.ended {
            return Turn::End;
        }
        match self.advance(settings) {
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

    /// Ends the walk, and returns the error to deliver: for a driver that can't go on, since a fetch is lost.
    ///
    /// # Errors
    ///
    /// Always the one that is given.
    pub fn fail(&mut self, error: Error) -> Result<Reply<A::Output>, Error> {
        self.end();
        let page = Err(error);
        self.trace.page(&self.walk, &page);
        page
    }

    fn end(&mut self) {
        self.ended = true;
        self.ahead.clear();
        self.mark = Arc::default();
    }

    /// Takes back what a fetch came to. What nobody waits for any more is ignored, and what another
    /// planner gave out.
    pub fn take(&mut self, fetched: Fetched<A>) {
        let Fetched { mark, number, page } = fetched;
        if mark.as_ptr() != Arc::as_ptr(&self.mark) {
            return;
        }
        let Some(number) = number else {
            if let Look::Out(doubt) = self.look {
                self.look = Look::Back(doubt, page.map(|page| page.arrived));
            }
            return;
        };
        let Some(place) = number.checked_sub(self.first) else {
            self.stale = self.stale.saturating_sub(1);
            return;
        };
        if let Ok(place) = usize::try_from(place)
            && let Some(ahead @ Ahead::Out) = self.ahead.get_mut(place)
        {
            *ahead = Ahead::Back(page);
        }
    }

    fn advance(&mut self, settings: &Settings) -> Result<Turn<A>, Error> {
        if self.width == 0 {
            return Err(Invalid::new("width", "must be at least 1").into());
        }
        loop {
            if !self.walk.begin(settings)? {
                return Ok(Turn::End);
            }
            if self
                .walk
                .position()
                .is_none_or(|position| !position.is_over())
            {
                break;
            }
            self.walk.leave()?;
        }
        self.decide()?;
        self.drop_older();
        if let Some(fetch) = self.fetch_look(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        if let Some(fetch) = self.fetch_ahead(settings)? {
            return Ok(Turn::Fetch(fetch));
        }
        match self.ahead.pop_front() {
            Some(Ahead::Back(page)) if matches!(self.look, Look::No) => match page {
                Err(error) if self.walk.end_at(&error) => {
                    self.first = self.first.saturating_add(1);
                    self.drop_ahead();
                    self.advance(settings)
                }
                page => self.deliver(page?),
            },
            Some(waiting) => {
                self.ahead.push_front(waiting);
                Ok(Turn::Wait)
            }
            None => Ok(Turn::Wait),
        }
    }

    /// Takes what a look has shown about the next page.
    fn decide(&mut self) -> Result<(), Error> {
        let (doubt, look) = match mem::replace(&mut self.look, Look::No) {
            Look::Back(doubt, look) => (doubt, look),
            other => {
                self.look = other;
                return Ok(());
            }
        };
        let Some(Ahead::Back(Ok(page))) = self.ahead.front_mut() else {
            return Ok(());
        };
        match self.walk.decide(doubt, &mut page.arrived, look)? {
            Decision::GoOn => Ok(()),
            Decision::Shifted => Err(self.walk.shifted(&page.arrived)),
            Decision::Repeated => Err(self.walk.repeated()),
            Decision::Cut => Err(self.walk.cut(&page.arrived)),
        }
    }

    /// Forgets a page that says that the list has changed, if it may be older than the page before it:
    /// what that one holds by now tells nothing of it then, so it is fetched anew, and what follows too.
    fn drop_older(&mut self) {
        if let Some(Ahead::Back(Ok(page))) = self.ahead.front()
            && !page.asked_last
            && matches!(self.look, Look::No)
            && let Some(position) = self.walk.position()
            && position.shift::<A>(&page.arrived).is_some()
        {
            self.unsettled = self.width;
            self.drop_ahead();
        }
    }

    /// Forgets all pages that are on their way or held.
    fn drop_ahead(&mut self) {
        let ahead = u64::try_from(self.ahead.len()).unwrap_or(u64::MAX);
        self.first = self.first.saturating_add(ahead);
        let out = self.ahead.drain(..).filter(|it| matches!(it, Ahead::Out));
        self.stale = self.stale.saturating_add(out.count());
    }

    /// The request that decides what the next page leaves open, if it leaves anything open.
    fn fetch_look(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        let (Some(Ahead::Back(Ok(page))), Look::No) = (self.ahead.front(), &self.look) else {
            return Ok(None);
        };
        let Some(position) = self.walk.position() else {
            return Ok(None);
        };
        if position.is_lost::<A>(&page.arrived) {
            return Err(self.walk.shifted(&page.arrived));
        }
        let Some((doubt, slot)) = position.doubt::<A>(&page.arrived, settings.max_pages()) else {
            return Ok(None);
        };
        self.look = Look::Out(doubt);
        Ok(self.fetch(None, true, &slot))
    }

    fn fetch(&mut self, number: Option<u64>, asked_last: bool, slot: &Slot) -> Option<Fetch<A>> {
        let action = self.walk.turn_to(slot)?;
        Some(Fetch {
            number,
            mark: Arc::downgrade(&self.mark),
            asked_last,
            call: self.trace.scope.in_scope(|| Call::new(action)),
            arrived: None,
        })
    }

    /// A page that nobody fetches yet, if it is known which and there is room for it.
    fn fetch_ahead(&mut self, settings: &Settings) -> Result<Option<Fetch<A>>, Error> {
        let failed = |ahead: &Ahead<A>| matches!(ahead, Ahead::Back(Err(_)));
        let Some(position) = self.walk.position() else {
            return Ok(None);
        };
        let taken = self.ahead.len().saturating_add(self.stale);
        let full = taken >= self.width || self.unsettled > 0 && !self.ahead.is_empty();
        if full || self.ahead.iter().any(failed) {
            return Ok(None);
        }
        let ahead = u64::try_from(self.ahead.len()).unwrap_or(u64::MAX);
        let Some(slot) = position.next::<A>(ahead) else {
            return Ok(None);
        };
        let limit = settings.max_pages();
        if u64::from(position.pages()).saturating_add(ahead) >= limit.into() {
            let window = self.walk.window();
            return match ahead {
                0 => Err(Error::TooManyPages { window, limit }),
                _ => Ok(None),
            };
        }
        let number = self.first.saturating_add(ahead);
        let fetch = self.fetch(Some(number), ahead == 0, &slot);
        self.ahead.push_back(Ahead::Out);
        Ok(fetch)
    }

    fn deliver(&mut self, page: Page<A>) -> Result<Turn<A>, Error> {
        self.first = self.first.saturating_add(1);
        let position = self.walk.position();
        if position.is_some_and(|position| position.has_come_again::<A>(&page.arrived)) {
            return Err(self.walk.repeated());
        }
        let expected = position.and_then(|position| position.expected::<A>());
        let unshifted = page.arrived.unshifted;
        let mut reply = page.reply;
        self.walk.advance(&mut reply.output, page.arrived);
        if self
            .walk
            .position()
            .is_none_or(|position| position.next::<A>(0) != expected)
        {
            // The list ends here, or goes on elsewhere than was thought when the next pages were asked for.
            self.drop_ahead();
        }
        self.unsettled = if unshifted {
            self.width
        } else {
            self.unsettled.saturating_sub(1)
        };
        Ok(Turn::Page(Ok(reply)))
    }
}

/// One page on its way: a flow that comes to a [`Fetched`]. It ends without another attempt when its [`Prefetch`] has
/// ended or was dropped.
#[must_use = "a fetch does nothing unless it is driven"]
pub struct Fetch<A: Paginate> {
    /// Its place in the walk; `None` is a page that is looked at again.
    number: Option<u64>,
    /// The planner's; gone when nobody waits for the page.
    mark: Weak<()>,
    /// Whether all pages before it had been delivered.
    asked_last: bool,
    call: Call<A>,
    /// What the last answer is known by.
    arrived: Option<Arrived>,
}

/// What a [`Fetch`] came to, for [`Prefetch::take`].
#[must_use = "a planner waits for it"]
pub struct Fetched<A: Paginate> {
    mark: Weak<()>,
    number: Option<u64>,
    page: Result<Page<A>, Error>,
}

impl<A: Paginate> sealed::Sealed for Fetch<A> {}

impl<A: Paginate> Flow for Fetch<A> {
    type Output = Fetched<A>;

    fn step(&mut self, session: &mut Session, now: Now) -> Step<Fetched<A>> {
        let step = match self.mark.strong_count() {
            0 => Step::Done(Err(Error::Ended)),
            _ => self.call.step(session, now),
        };
        match step {
            Step::Send(attempt) => Step::Send(attempt),
            Step::Wait(delay) => Step::Wait(delay),
            Step::Done(result) => Step::Done(Fetched {
                mark: Weak::clone(&self.mark),
                number: self.number,
                page: result.map(|mut reply| Page {
                    arrived: match self.arrived.take() {
                        Some(arrived) => arrived,
                        None => arrived::<A>(&mut reply, &[]),
                    },
                    reply,
                    asked_last: self.asked_last,
                }),
            }),
        }
    }

    fn handle(&mut self, outcome: Outcome) {
        let body = match &outcome {
            Ok(response) => response.body().clone(),
            Err(_) => Bytes::new(),
        };
        let was_out = self.call.is_out();
        self.call.handle(outcome);
        if was_out && let Some(reply) = self.call.answered() {
            self.arrived = Some(arrived::<A>(reply, &body));
        }
    }
}

fn arrived<A: Paginate>(reply: &mut Reply<A::Output>, body: &[u8]) -> Arrived {
    let info = A::page_info(&reply.output);
    let fingerprint = Fingerprint::of::<A>(&mut reply.output, &info, body);
    Arrived::new(info, fingerprint)
}

impl<A: Paginate + fmt::Debug> fmt::Debug for Prefetch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prefetch")
            .field("walk", &self.walk)
            .field("width", &self.width)
            .field("ahead", &self.ahead.len())
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

impl<A: Paginate> fmt::Debug for Fetch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fetch").field(&self.call).finish()
    }
}

impl<A: Paginate> fmt::Debug for Fetched<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let came = if self.page.is_ok() { "page" } else { "error" };
        write!(f, "Fetched({came})")
    }
}
