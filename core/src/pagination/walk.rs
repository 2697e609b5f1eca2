//! Walks over lists as plain values: stored after any page, continued elsewhere, or handed out in parts.
//!
//! A [`Walk`] says what a list, or several, has delivered and what comes next. It holds no connection and no
//! secret, and is serialised with serde, so a walk can be stored after any page and continued by another
//! process or on another machine. What was delivered up to then and what comes after are together each
//! record exactly once:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use core::time::Duration;
//! use tc3_core::{
//!     billing::DescribeBillList, emulator::Emulator, Credential, Flow, Now, Pages, Paginate, Session, Step,
//!     UnixTime, Walk,
//! };
//!
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let mut service = Emulator::new(credential.clone()).with_records(1_000);
//! # let mut session = Session::new(credential);
//! # let mut next = |pages: &mut Pages<DescribeBillList>| {
//! #     let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! #     loop {
//! #         match pages.step(&mut session, now) {
//! #             Step::Send(attempt) => pages.handle(Ok(service.handle(now.unix, &attempt.request))),
//! #             Step::Wait(_) => {}
//! #             Step::Done(page) => break page.map(|page| page.map(|page| page.output.transaction_list)),
//! #         }
//! #     }
//! # };
//! let half_year = DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-06-30 23:59:59".parse()?);
//! let mut pages = Pages::new(half_year);
//! let mut records = next(&mut pages).unwrap()?; // a driver's turn, as in the run loop
//! let stored = serde_json::to_string(pages.walk())?;
//!
//! let walk: Walk<DescribeBillList> = serde_json::from_str(&stored)?;
//! let mut pages = Pages::new(walk);
//! while let Some(page) = next(&mut pages) {
//!     records.extend(page?);
//! }
//! assert_eq!(records.len(), 249);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # For a job scheduler
//!
//! Store the records of a page and the walk after it in one transaction, or the walk after the records and
//! with it where their file ended; a job that dies begins again from what is stored last. The walk is
//! right only together with what it says was delivered.
//!
//! Not every error is one to go on from: [`Error::remedy`] says what to do. On [`Remedy::StartOver`](crate::Remedy)
//! ([`Error::Incomplete`], [`Error::Shifted`], [`Error::Repeated`]) what is stored says the same again each time: drop
//! it together with what it delivered, and begin anew. After any other error the walk goes on from what is stored.
//!
//! # For an engine with many workers
//!
//! Windows and pages are plain values as well. A coordinator takes the windows of a range from [`windows`],
//! each an action of its own that can be serialised, and hands them out; a worker walks its window. A
//! window that is large is split further: its first answer says the total, and [`Paging::slots`] are its
//! pages, each of which a worker asks for by [`Paginate::turn_to`]:
//!
//! ```
//! use tc3_core::{billing::DescribeBillList, pagination::{walk, Paging}, Paginate};
//!
//! let years = DescribeBillList::new("2023-01-01 00:00:00".parse()?, "2024-12-31 23:59:59".parse()?);
//! let windows: Vec<DescribeBillList> = walk::windows(years).collect();
//! assert_eq!(windows.len(), 4);
//! assert_eq!(windows[0].end_time, windows[1].start_time); // a second that both include
//!
//! let mut page = windows[0].clone();
//! let slots: Vec<_> = DescribeBillList::PAGING.slots(250, 100).collect();
//! page.turn_to(&slots[2]);
//! assert_eq!((page.offset, page.limit), (200, Some(100)));
//! # Ok::<(), tc3_core::Invalid>(())
//! ```
//!
//! What a walk looks after by itself is then the coordinator's: that each window's records are as many as
//! the last total reported, and that a record which two windows share ([`Paginate::is_shared`]) is taken
//! once, by its [`Paginate::identity`].

use alloc::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    string::String,
    vec::Vec,
};
use core::num::ParseIntError;

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::pagination::Paging;
use crate::{
    Error, Invalid, Paginate, Settings,
    pagination::{
        Slot,
        fingerprint::text,
        position::{Arrived, Decision, Doubt, Position},
    },
};

/// What a walk has delivered and what comes next.
///
/// Made from an action, or by [`over`](Self::over) from several; see [the module](crate::pagination::walk) for what it is good for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk<A> {
    /// The action's name, so that a walk is not continued as another action's.
    action: Option<Cow<'static, str>>,
    /// Whether all lists leave the page size to the settings. Some are written with a `Limit` even so, which is
    /// not their own when they are read back.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    open: bool,
    /// What is being walked over; `None` when all is over.
    window: Option<A>,
    /// Where in the window; `None` before its first page.
    #[serde(rename = "plan")]
    position: Option<Position>,
    /// What follows the window in its list.
    rest: Option<A>,
    /// The lists after this one.
    lists: VecDeque<A>,
    /// Records that the window before may share with this one, and has given.
    given: Given,
    /// Records that this window may share with the next one, and has given.
    giving: Given,
    /// How many records the windows before held, less those dropped.
    finished: u64,
    /// How many of this window's records were dropped, since the window before gave them.
    dropped: u64,
    /// How many records the windows begun so far hold, less those dropped.
    total: Option<u64>,
}

impl<A: Paginate> From<A> for Walk<A> {
    fn from(action: A) -> Self {
        Self::over([action])
    }
}

impl<A: Paginate> Walk<A> {
    /// A walk over one list after the other, e.g. of several months or of several sub-customers.
    ///
    /// ```
    /// use tc3_core::{billing::DescribeAllocationSummaryByBusiness, Month, Walk};
    ///
    /// let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 1)?);
    /// let year = Walk::over(summary.through(Month::new(2024, 12)?)?);
    /// assert_eq!(year.delivered(), 0);
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub fn over(lists: impl IntoIterator<Item = A>) -> Self {
        let mut lists: VecDeque<A> = lists.into_iter().collect();
        let open = lists.iter().all(|list| list.start().limit.is_none());
        let window = lists.pop_front();
        Self {
            action: window.as_ref().map(|action| action.target().action),
            open,
            window,
            position: None,
            rest: None,
            lists,
            given: Given::default(),
            giving: Given::default(),
            finished: 0,
            dropped: 0,
            total: None,
        }
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        let received = self.position.as_ref().map_or(0, Position::received);
        self.finished
            .saturating_add(received)
            .saturating_sub(self.dropped)
    }

    /// How many records there are in the windows begun so far, by the last page that said; `None` until one does,
    /// and where the service has said fewer than have come.
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// The window that is being walked over, in its own words.
    pub fn window(&self) -> Option<String> {
        self.window.as_ref().and_then(Paginate::window)
    }

    /// The list, or the window of one, that is being walked over: after a page, the one that it belongs to.
    /// `None` when all is over.
    ///
    /// ```
    /// use tc3_core::{essbasic::{Agent, ChannelDescribeBillUsageDetail}, Walk};
    ///
    /// let (start, end) = ("20240101".parse()?, "20240131".parse()?);
    /// let uses = |organization| {
    ///     let agent = Agent::new("yDwFdUUckpsw").with_proxy_organization_open_id(organization);
    ///     ChannelDescribeBillUsageDetail::new(agent, start, end)
    /// };
    /// let walk = Walk::over(["org_a", "org_b"].map(uses));
    /// let whose = walk.list().and_then(|list| list.agent.proxy_organization_open_id.as_deref());
    /// assert_eq!(whose, Some("org_a"));
    /// # Ok::<(), tc3_core::Invalid>(())
    /// ```
    pub const fn list(&self) -> Option<&A> {
        self.window.as_ref()
    }

    /// Goes on to what is to be fetched, if there is anything.
    pub(crate) fn begin(&mut self, settings: &Settings) -> Result<bool, Error> {
        let Some(window) = &mut self.window else {
            return Ok(false);
        };
        if self.action.as_deref() != Some(&*window.target().action) {
            return Err(Invalid::new("walk", "is of another action").into());
        }
        if self.position.is_none() {
            // All that can fail comes before the window is cut, or it would be cut again the next time.
            window.check()?;
            let position = Position::new(window, self.open, settings.page_size())?;
            self.rest = window.split();
            if let (Some(rest), Some(slot)) = (&mut self.rest, position.next::<A>(0)) {
                // An offset of the action's own is one in its first window.
                rest.turn_to(&Slot::new(A::PAGING.first(), slot.limit));
            }
            self.position = Some(position);
        }
        match &self.position {
            Some(position) if position.next::<A>(0).is_some_and(|slot| slot.limit == 0) => {
                Err(Invalid::new("walk", "has pages of no records").into())
            }
            _ => Ok(true),
        }
    }

    /// Leaves a window that is over, if it gave all that it should have.
    pub(crate) fn leave(&mut self) -> Result<(), Error> {
        let Some(position) = self.position.as_ref().filter(|position| position.is_over()) else {
            return Ok(());
        };
        let delivered = position.received();
        if position.repeated() {
            return Err(self.repeated());
        }
        if self.rest.is_some() && position.skips_all::<A>() {
            let rule = "must not lie beyond the first window of the range: begin later instead";
            return Err(Invalid::new("Offset", rule).into());
        }
        if let Some(total) = position.total().filter(|total| delivered < *total) {
            return Err(Error::Incomplete {
                window: self.window(),
                delivered,
                total,
                short_page: position.short(),
            });
        }
        self.finished = self.delivered();
        self.dropped = 0;
        self.position = None;
        self.given = core::mem::take(&mut self.giving);
        if self.rest.is_none() {
            self.given = Given::default();
        }
        self.window = self.rest.take().or_else(|| self.lists.pop_front());
        Ok(())
    }

    pub(crate) const fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// The action that asks for a page of the window.
    pub(crate) fn turn_to(&mut self, slot: &Slot) -> Option<&A> {
        let window = self.window.as_mut()?;
        window.turn_to(slot);
        Some(window)
    }

    /// Takes note of a page and drops what the window before has given.
    pub(crate) fn advance(&mut self, output: &mut A::Output, mut page: Arrived) {
        let (Some(window), Some(position)) = (&self.window, &mut self.position) else {
            return;
        };
        let mut marks = core::mem::take(&mut page.fingerprint.records).into_iter();
        position.advance::<A>(page);
        let (given, giving, dropped) = (&mut self.given, &mut self.giving, &mut self.dropped);
        let goes_on = self.rest.is_some();
        A::retain(output, &mut |item| {
            let Some(mark) = marks.next().filter(|_| window.is_shared(item)) else {
                return true;
            };
            if given.take(mark) {
                *dropped = dropped.saturating_add(1);
                return false;
            }
            if goes_on {
                giving.add(mark);
            }
            true
        });
        let before = self.finished.saturating_sub(self.dropped);
        self.total = position.total().map(|total| total.saturating_add(before));
    }

    /// Takes note of what a look came to that was to decide a doubt about the next page.
    pub(crate) fn decide(
        &mut self,
        doubt: Doubt,
        page: &mut Arrived,
        look: Result<Arrived, Error>,
    ) -> Result<Decision, Error> {
        match &mut self.position {
            Some(position) => position.decide::<A>(doubt, page, look),
            None => Ok(Decision::GoOn),
        }
    }

    /// Ends the window where an error says that its last page was the one before.
    pub(crate) fn end_at(&mut self, error: &Error) -> bool {
        let position = self.position.as_mut();
        position.is_some_and(|position| position.end_at::<A>(error))
    }

    /// A page is cut off, so that at least one record more should have come.
    pub(crate) fn cut(&self, page: &Arrived) -> Error {
        let position = self.position.as_ref();
        let delivered = position.map_or(0, Position::received);
        let held = u64::try_from(page.info.len).unwrap_or(u64::MAX);
        let said = page.info.total.zip(position);
        let said = said.map_or(0, |(total, position)| position.total_by(total));
        let slot = position.and_then(|position| position.next::<A>(0));
        Error::Incomplete {
            window: self.window(),
            delivered,
            total: said.max(delivered.saturating_add(held).saturating_add(1)),
            short_page: slot.map(|slot| (held, slot.limit)),
        }
    }

    pub(crate) fn shifted(&self, page: &Arrived) -> Error {
        let total = page.info.total.unwrap_or_default();
        Error::Shifted {
            window: self.window(),
            delivered: self.position.as_ref().map_or(0, Position::received),
            total: self
                .position
                .as_ref()
                .map_or(0, |position| position.total_by(total)),
        }
    }

    pub(crate) fn repeated(&self) -> Error {
        Error::Repeated {
            window: self.window(),
            delivered: self.position.as_ref().map_or(0, Position::received),
        }
    }
}

/// Returns the windows of an action's range, one after the other, as a walk takes them: an offset of the
/// action's own is one in the first of them.
pub fn windows<A: Paginate>(action: A) -> impl Iterator<Item = A> {
    let mut rest = Some(action);
    core::iter::from_fn(move || {
        let mut window = rest.take()?;
        rest = window.split();
        let (start, first) = (window.start(), A::PAGING.first());
        if let Some(rest) = &mut rest
            && start.offset.is_some_and(|offset| offset != first)
        {
            rest.turn_to(&Slot::new(first, start.limit.unwrap_or(A::PAGE_SIZE)));
        }
        Some(window)
    })
}

/// How many records of each mark were given: equal ones are counted, since each of them is a record.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
struct Given(BTreeMap<u64, u64>);

impl Given {
    fn add(&mut self, mark: u64) {
        let count = self.0.entry(mark).or_default();
        *count = count.saturating_add(1);
    }

    /// Takes one away, if there is one.
    fn take(&mut self, mark: u64) -> bool {
        let Some(count) = self.0.get_mut(&mark) else {
            return false;
        };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.remove(&mark);
        }
        true
    }
}

impl TryFrom<Vec<String>> for Given {
    type Error = ParseIntError;

    fn try_from(marks: Vec<String>) -> Result<Self, ParseIntError> {
        let mut given = Self::default();
        for mark in marks {
            given.add(u64::from_str_radix(&mark, 16)?);
        }
        Ok(given)
    }
}

impl From<Given> for Vec<String> {
    fn from(Given(counts): Given) -> Self {
        let each = counts.into_iter().flat_map(|(mark, count)| {
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            core::iter::repeat_n(text(mark), count)
        });
        each.collect()
    }
}
