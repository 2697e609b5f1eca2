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

use alloc::{borrow::Cow, collections::VecDeque, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::pagination::Paging;
use crate::{
    Error, Invalid, Paginate, Settings,
    pagination::{Slot, checks::PageFacts, fingerprint::hex, position::Position},
};

/// Returns the windows of an action's range, in the order in which a walk takes them. The action's own offset applies
/// to the first window.
pub fn windows<A: Paginate>(action: A) -> impl Iterator<Item = A> {
    let mut rest = Some(action);
    core::iter::from_fn(move || {
        let mut window = rest.take()?;
        rest = split(&mut window);
        Some(window)
    })
}

/// Reduces an action to its first window, and returns the rest without the action's own offset.
fn split<A: Paginate>(window: &mut A) -> Option<A> {
    let (start, first) = (window.start(), A::PAGING.first());
    let mut rest = window.split()?;
    if start.offset.is_some_and(|offset| offset != first) {
        rest.turn_to(&Slot::new(first, start.limit.unwrap_or(A::PAGE_SIZE)));
    }
    Some(rest)
}

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
    /// Hashes of records that the previous window delivered and this one may contain as well, in order.
    #[serde(rename = "given")]
    shared_with_previous: Vec<String>,
    /// Hashes of records that this window delivered and the next one may contain as well, in order.
    #[serde(rename = "giving")]
    shared_with_next: Vec<String>,
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
            shared_with_previous: Vec::new(),
            shared_with_next: Vec::new(),
            finished: 0,
            dropped: 0,
            total: None,
        }
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        let received = self.position.as_ref().map_or(0, |it| it.received);
        self.finished
            .saturating_add(received)
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

    /// The current window and the position in it, if it was begun.
    pub(super) fn current(&mut self) -> Option<(&mut A, &mut Position)> {
        self.window.as_mut().zip(self.position.as_mut())
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
                self.position = Some(Position::new(
                    window,
                    self.ignore_limits,
                    settings.page_size(),
                )?);
                self.rest = split(window);
            }
            match self.position.as_ref().and_then(|it| it.next.as_ref()) {
                Some(slot) if slot.limit > 0 => return Ok(true),
                Some(_) => {
                    return Err(Invalid::new("walk", "must have a page size of at least 1").into());
                }
                None => self.close_window()?,
            }
        }
    }

    /// Leaves a window that is over, if it gave all of its records.
    fn close_window(&mut self) -> Result<(), Error> {
        let (Some(window), Some(position)) = (&self.window, &self.position) else {
            return Ok(());
        };
        let delivered = position.received;
        if position.names_itself {
            return Err(position.repeated(window));
        }
        if self.rest.is_some() && position.skips_all::<A>() {
            let rule = "must not lie beyond the first window of the range: begin later instead";
            return Err(Invalid::new("Offset", rule).into());
        }
        if let Some(total) = position.expected().filter(|total| delivered < *total) {
            return Err(Error::Incomplete {
                window: window.window(),
                delivered,
                total,
                short_page: position.first_short,
                context: None,
            });
        }
        self.finished = self.delivered();
        self.dropped = 0;
        self.position = None;
        let shared = core::mem::take(&mut self.shared_with_next);
        (self.window, self.shared_with_previous) = match self.rest.take() {
            Some(rest) => (Some(rest), shared),
            None => (self.lists.pop_front(), Vec::new()),
        };
        Ok(())
    }

    /// Records that the next page was delivered, and drops from it what the previous window delivered. Returns whether
    /// the page right behind it comes next, as pages that are in flight assume.
    pub(super) fn advance(&mut self, output: &mut A::Output, page: PageFacts) -> bool {
        let (Some(window), Some(position)) = (&self.window, &mut self.position) else {
            return false;
        };
        let goes_on_behind = position.advance::<A>(&page);
        let mut hashes = page.fingerprint.records.into_iter();
        let (previous, next) = (&mut self.shared_with_previous, &mut self.shared_with_next);
        let (dropped, has_next) = (&mut self.dropped, self.rest.is_some());
        A::retain(output, &mut |item| {
            let Some(hash) = hashes.next().filter(|_| window.is_shared(item)) else {
                return true;
            };
            let hash = hex(hash);
            if let Ok(place) = previous.binary_search(&hash) {
                previous.remove(place);
                *dropped = dropped.saturating_add(1);
                return false;
            }
            if has_next {
                next.insert(next.partition_point(|it| *it < hash), hash);
            }
            true
        });
        let before = self.finished.saturating_sub(self.dropped);
        self.total = position.expected().map(|all| all.saturating_add(before));
        goes_on_behind
    }
}
