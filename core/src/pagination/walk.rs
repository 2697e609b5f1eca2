//! Walks as plain values: store one after any page, continue it elsewhere, or split it among workers.
//!
//! A [`Walk`] holds how much of a list, or of several lists, was delivered and which page comes next. It holds no
//! connection and no secret, and implements serde's traits, so another process or machine can continue it. What was
//! delivered before and what is delivered after contain, together, each record exactly once:
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
//! let mut records = next(&mut pages).unwrap()?; // drives the walk to its next page
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
//! In one transaction, store the records of a page and the walk after it. With files, write the records first, then
//! the walk together with the file's length. A job that dies starts again from what was stored last. A stored walk is
//! only right together with the records that it counts as delivered.
//!
//! Some errors can't be resumed from; [`Error::remedy`] tells. After [`Remedy::StartOver`](crate::Remedy)
//! ([`Error::Incomplete`], [`Error::Shifted`], [`Error::Repeated`]) the stored walk ends with the same error each time:
//! delete it and the records that it delivered, and start over. After any other error, the stored walk goes on.
//!
//! # For an engine with many workers
//!
//! Windows and pages are plain values too. A coordinator splits a range into [`windows`], each an action that can be
//! serialized, and assigns them to workers; each worker walks its window. A large window is split further: its first
//! answer has the total, [`Paging::slots`] computes its pages, and workers request them by [`Paginate::turn_to`]:
//!
//! ```
//! use tc3_core::{billing::DescribeBillList, pagination::{walk, Paging}, Paginate};
//!
//! let years = DescribeBillList::new("2023-01-01 00:00:00".parse()?, "2024-12-31 23:59:59".parse()?);
//! let windows: Vec<DescribeBillList> = walk::windows(years).collect();
//! assert_eq!(windows.len(), 4);
//! assert_eq!(windows[0].end_time, windows[1].start_time); // both include this second
//!
//! let mut page = windows[0].clone();
//! let slots: Vec<_> = DescribeBillList::PAGING.slots(250, 100).collect();
//! page.turn_to(&slots[2]);
//! assert_eq!((page.offset, page.limit), (200, Some(100)));
//! # Ok::<(), tc3_core::Invalid>(())
//! ```
//!
//! The coordinator then does what a walk does otherwise: it checks that each window gave as many records as its last
//! total, and takes a record that two windows share ([`Paginate::is_shared`]) once, by its [`Paginate::identity`].

use alloc::{borrow::Cow, collections::VecDeque, string::String};

use serde::{Deserialize, Serialize};

pub use super::window::windows;

#[cfg(doc)]
use crate::pagination::Paging;
use crate::{
    Error, Invalid, Paginate, Settings,
    pagination::{
        Slot,
        checks::{PageFacts, Question, Verdict},
        position::Position,
        window::SharedRecords,
    },
};

/// What a walk has delivered and what comes next.
///
/// Made from an action, or by [`over`](Self::over) from several. See [the module](crate::pagination::walk) for its uses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk<A> {
    /// The action's name, so that a walk is not continued as another action's.
    action: Option<Cow<'static, str>>,
    /// Whether no list has a page size of its own, so that the settings decide. Once stored, an action may have a
    /// `Limit` that was only a default.
    #[serde(rename = "open", default, skip_serializing_if = "core::ops::Not::not")]
    ignore_limits: bool,
    /// The current window; `None` after the last one.
    window: Option<A>,
    /// The position in the window; `None` before its first page.
    #[serde(rename = "plan")]
    position: Option<Position>,
    /// What follows the window in its list.
    rest: Option<A>,
    /// The lists after this one.
    lists: VecDeque<A>,
    /// Records that the previous window delivered and this one may contain as well.
    #[serde(rename = "given")]
    shared_with_previous: SharedRecords,
    /// Records that this window delivered and the next one may contain as well.
    #[serde(rename = "giving")]
    shared_with_next: SharedRecords,
    /// Number of records that the previous windows delivered.
    finished: u64,
    /// Number of this window's records that were dropped, as the previous window had delivered them.
    dropped: u64,
    /// Number of records in the windows begun so far, without those dropped.
    total: Option<u64>,
}

impl<A: Paginate> From<A> for Walk<A> {
    fn from(action: A) -> Self {
        Self::over([action])
    }
}

impl<A: Paginate> Walk<A> {
    /// A walk over several lists, one after the other, e.g. of several months or of several sub-customers.
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
        let ignore_limits = lists.iter().all(|list| list.start().limit.is_none());
        let window = lists.pop_front();
        Self {
            action: window.as_ref().map(|action| action.target().action),
            ignore_limits,
            window,
            position: None,
            rest: None,
            lists,
            shared_with_previous: SharedRecords::default(),
            shared_with_next: SharedRecords::default(),
            finished: 0,
            dropped: 0,
            total: None,
        }
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        self.finished
            .saturating_add(self.received())
            .saturating_sub(self.dropped)
    }

    /// How many records there are in the windows begun so far, by the last total reported. `None` until a page reports
    /// one, and while the service reports fewer than it has given.
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// A name for the current window, see [`Paginate::window`].
    pub fn window(&self) -> Option<String> {
        self.window.as_ref().and_then(Paginate::window)
    }

    /// The current list, or the current window of it: the one that the last page belongs to. `None` at the end of the
    /// walk.
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

    pub(crate) const fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Number of records that the current window's pages held.
    fn received(&self) -> u64 {
        self.position.as_ref().map_or(0, |it| it.received)
    }

    /// Leaves windows that are over and opens the next one. Returns whether there is a page to request.
    pub(crate) fn open_window(&mut self, settings: &Settings) -> Result<bool, Error> {
        loop {
            let Some(window) = &mut self.window else {
                return Ok(false);
            };
            if self.action.as_deref() != Some(&*window.target().action) {
                return Err(Invalid::new("walk", "must be of this action, not of another").into());
            }
            if self.position.is_none() {
                // Everything that may fail precedes the split, as it is repeated when the walk is driven again.
                window.check()?;
                let position = Position::new(window, self.ignore_limits, settings.page_size())?;
                self.rest = window.split();
                if let (Some(rest), Some(slot)) = (&mut self.rest, position.next::<A>(0)) {
                    // The action's own offset applies to its first window.
                    rest.turn_to(&Slot::new(A::PAGING.first(), slot.limit));
                }
                self.position = Some(position);
            }
            let next = self.position.as_ref().and_then(|it| it.next::<A>(0));
            match next.map(|slot| slot.limit) {
                Some(0) => {
                    return Err(Invalid::new("walk", "must have a page size of at least 1").into());
                }
                Some(_) => return Ok(true),
                None => self.close_window()?,
            }
        }
    }

    /// Leaves a window that is over, if it gave all of its records.
    fn close_window(&mut self) -> Result<(), Error> {
        let Some(position) = &self.position else {
            return Ok(());
        };
        let delivered = position.received;
        if position.names_itself {
            return Err(self.repeated());
        }
        if self.rest.is_some() && position.skips_all::<A>() {
            let rule = "must not lie beyond the first window of the range: begin later instead";
            return Err(Invalid::new("Offset", rule).into());
        }
        if let Some(total) = position.expected().filter(|total| delivered < *total) {
            return Err(Error::Incomplete {
                window: self.window(),
                delivered,
                total,
                short_page: position.first_short,
            });
        }
        self.finished = self.delivered();
        self.dropped = 0;
        self.position = None;
        let shared = core::mem::take(&mut self.shared_with_next);
        (self.window, self.shared_with_previous) = match self.rest.take() {
            Some(rest) => (Some(rest), shared),
            None => (self.lists.pop_front(), SharedRecords::default()),
        };
        Ok(())
    }

    /// The action that requests a page of the current window.
    pub(crate) fn turn_to(&mut self, slot: &Slot) -> Option<&A> {
        let window = self.window.as_mut()?;
        window.turn_to(slot);
        Some(window)
    }

    /// The question that the next page raises, if any, and the slot of the check request.
    pub(crate) fn question(
        &self,
        page: &PageFacts,
        max_pages: u32,
    ) -> Result<Option<(Question, Slot)>, Error> {
        match &self.position {
            Some(position) if position.is_shift_hidden::<A>(page) => Err(self.shifted(page)),
            Some(position) => Ok(position.question::<A>(page, max_pages)),
            None => Ok(None),
        }
    }

    /// Takes the result of the check request that `question` asked for about the next page.
    pub(crate) fn resolve(
        &mut self,
        question: Question,
        page: &mut PageFacts,
        check: Result<PageFacts, Error>,
    ) -> Result<(), Error> {
        let Some(position) = &mut self.position else {
            return Ok(());
        };
        match position.resolve::<A>(question, page, check)? {
            Verdict::GoOn => Ok(()),
            Verdict::Shifted => Err(self.shifted(page)),
            Verdict::Repeated => Err(self.repeated()),
            Verdict::CutOff => Err(self.cut_off(page)),
        }
    }

    /// Records that the next page was delivered, and drops from it what the previous window delivered. Returns whether
    /// the page right behind it comes next, as pages that are in flight assume.
    pub(crate) fn advance(
        &mut self,
        output: &mut A::Output,
        mut page: PageFacts,
    ) -> Result<bool, Error> {
        let (Some(window), Some(position)) = (&self.window, &mut self.position) else {
            return Ok(false);
        };
        if position.is_repeated::<A>(&page) {
            return Err(self.repeated());
        }
        let mut hashes = core::mem::take(&mut page.fingerprint.records).into_iter();
        let goes_on_behind = position.advance::<A>(page);
        let (previous, next) = (&mut self.shared_with_previous, &mut self.shared_with_next);
        let (dropped, has_next) = (&mut self.dropped, self.rest.is_some());
        A::retain(output, &mut |item| {
            let Some(hash) = hashes.next().filter(|_| window.is_shared(item)) else {
                return true;
            };
            if previous.remove(hash) {
                *dropped = dropped.saturating_add(1);
                return false;
            }
            if has_next {
                next.add(hash);
            }
            true
        });
        let before = self.finished.saturating_sub(self.dropped);
        self.total = position.expected().map(|all| all.saturating_add(before));
        Ok(goes_on_behind)
    }

    /// Ends the window if `error`, about the page after its last one, says that there is none. Returns whether it is
    /// over.
    pub(crate) fn end_at(&mut self, error: &Error) -> bool {
        let position = self.position.as_mut();
        position.is_some_and(|position| position.end_at::<A>(error))
    }

    /// The total that a page reports, without the records in front of the first page.
    fn total_of(&self, page: &PageFacts) -> u64 {
        let position = self.position.as_ref();
        position
            .and_then(|it| it.reported_by(page))
            .unwrap_or_default()
    }

    /// The service cut a page off, so at least one more record should have come.
    fn cut_off(&self, page: &PageFacts) -> Error {
        let delivered = self.received();
        let held = u64::try_from(page.info.len).unwrap_or(u64::MAX);
        let at_least = delivered.saturating_add(held).saturating_add(1);
        let slot = self.position.as_ref().and_then(|it| it.next::<A>(0));
        Error::Incomplete {
            window: self.window(),
            delivered,
            total: self.total_of(page).max(at_least),
            short_page: slot.map(|slot| (held, slot.limit)),
        }
    }

    fn shifted(&self, page: &PageFacts) -> Error {
        Error::Shifted {
            window: self.window(),
            delivered: self.received(),
            total: self.total_of(page),
        }
    }

    fn repeated(&self) -> Error {
        Error::Repeated {
            window: self.window(),
            delivered: self.received(),
        }
    }
}
