//! Walks as plain values: store one after any page, continue it elsewhere, or split it among workers.
//!
//! A [`Walk`] holds how much of a list, or of several lists, was delivered and which page comes next. It holds no
//! connection and no secret, and implements serde's traits, so another process or machine can continue it. What was
//! delivered before and what is delivered after contain, together, each record exactly once. Here the service is the
//! emulator, behind this crate's feature `emulator`:
//!
#![cfg_attr(feature = "emulator", doc = "```")]
#![cfg_attr(not(feature = "emulator"), doc = "```ignore")]
//! use core::time::Duration;
//! use tc3_core::{
//!     Credential, Flow, Now, Pages, Paginate, Session, Step, UnixTime, Walk,
//!     billing::DescribeBillList, emulator::Emulator,
//! };
//!
//! # let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! # let mut service = Emulator::new(credential.clone()).with_records(1_000);
//! # let mut session = Session::new(credential);
//! # let mut next = |pages: &mut Pages<DescribeBillList>| {
//! #     let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
//! #     loop {
//! #         match pages.step(&mut session, now) {
//! #             Step::Send(attempt) => {
//! #                 pages.handle(Ok(service.handle(now.unix, &attempt.request)))
//! #             }
//! #             Step::Wait(_) => {}
//! #             Step::Done(page) => {
//! #                 break page.map(|page| page.map(|page| page.output.transaction_list));
//! #             }
//! #         }
//! #     }
//! # };
//! let half_year =
//!     DescribeBillList::new("2024-01-01 00:00:00".parse()?, "2024-06-30 23:59:59".parse()?);
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
//! delete it and the records that it delivered, and start over. That concerns the whole walk, so for long lists store a
//! walk for each month or so, not one over all of them. After any other error, the stored walk goes on.
//!
//! # Across versions of this crate
//!
//! Any version of this crate continues the walks that it and every earlier one stored. A stored walk names the version of
//! its shape as `V`; the first ones had none. If a later version of the crate stores a shape that this one doesn't know,
//! reading it is an error that says so: continue it with the version that stored it, or start over.
//!
//! ```
//! use tc3_core::{billing::DescribeBillList, Walk};
//!
//! let (start, end) = ("2024-01-01 00:00:00".parse()?, "2024-01-31 23:59:59".parse()?);
//! let stored = serde_json::to_string(&Walk::from(DescribeBillList::new(start, end)))?;
//! assert!(stored.starts_with(r#"{"V":1,"#));
//! let later = stored.replace(r#""V":1"#, r#""V":9,"new":0"#);
//! let error = serde_json::from_str::<Walk<DescribeBillList>>(&later).unwrap_err();
//! assert!(error.to_string().starts_with(
//!     "the walk has version 9, and this tc3-core reads versions up to 1: \
//!      continue it with the tc3-core that stored it or a later one, or start over",
//! ));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # For an engine with many workers
//!
//! Windows and pages are plain values too. A coordinator splits a range into [`windows`], each an action that can be
//! serialized, and assigns them to workers; each worker walks its window. A large window is split further: its first
//! answer has the total, [`Paging::slots`] computes its pages, and workers request them by [`Paginate::turn_to`]:
//!
//! ```
//! use tc3_core::{
//!     Paginate,
//!     billing::DescribeBillList,
//!     pagination::{Paging, walk},
//! };
//!
//! let years =
//!     DescribeBillList::new("2023-01-01 00:00:00".parse()?, "2024-12-31 23:59:59".parse()?);
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

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

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
/// Made from an action, from a `Vec` of them, or by [`over`](Self::over) from anything that gives several. What takes a
/// walk takes these as well, and an action by reference. See [the module](crate::pagination::walk) for its uses.
///
/// ```
/// use tc3_core::{billing::DescribeAllocationSummaryByBusiness, Month, Pages, Walk};
///
/// let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 1)?);
/// let pages = Pages::new(&summary);
/// assert_eq!(pages.walk().list(), Some(&summary));
/// let pages = Pages::new(summary.clone().through(Month::new(2024, 12)?)?);
/// assert_eq!(pages.walk().list(), Some(&summary)); // the first of twelve
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Walk<A> {
    /// The first name in any order of names, so that it is read before names that only a later version knows.
    #[serde(rename = "V", default = "version", deserialize_with = "known_version")]
    version: u32,
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
    #[serde(default)]
    done: Done,
}

/// The version of a stored walk's shape.
const fn version() -> u32 {
    1
}

fn known_version<'de, D: Deserializer<'de>>(json: D) -> Result<u32, D::Error> {
    let (stored, known) = (u32::deserialize(json)?, version());
    if stored <= known {
        return Ok(known);
    }
    Err(D::Error::custom(format_args!(
        "the walk has version {stored}, and this tc3-core reads versions up to {known}: \
         continue it with the tc3-core that stored it or a later one, or start over"
    )))
}

/// What a walk has left behind.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Done {
    lists: u64,
    /// Windows of the current list.
    windows: u64,
    /// Of the current window, in millionths. It never shrinks, though the total may grow.
    share: u64,
}

/// The whole of a window.
const WHOLE: u64 = 1_000_000;

/// How far a walk is, returned by [`Walk::progress`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many lists are over.
    pub lists_done: u64,
    /// How many lists there are.
    pub lists: u64,
    /// How many windows of the current list are over.
    pub windows_done: u64,
    /// How many windows the current list has; 0 at the end of the walk.
    pub windows: u64,
    /// How many records the pages of the current window have held.
    pub delivered: u64,
    /// How many there are in the current window, by its last total; `None` if it is not known.
    pub total: Option<u64>,
    share: u64,
}

impl Progress {
    /// The share of the walk that is done, from 0 to 1,000.
    ///
    /// All lists count the same, and so do all windows of a list. It never shrinks, and is 1,000 at the end. Within a
    /// window without a total it stands still.
    pub fn permille(&self) -> u64 {
        let whole = self.windows.max(1).saturating_mul(WHOLE);
        let current = self.windows_done.saturating_mul(WHOLE);
        let done = self.lists_done.saturating_mul(whole);
        let done = done.saturating_add(current).saturating_add(self.share);
        let all = self.lists.max(1).saturating_mul(whole / 1_000);
        done.checked_div(all).map_or(0, |share| share.min(1_000))
    }
}

impl<A: Paginate> From<A> for Walk<A> {
    fn from(action: A) -> Self {
        Self::over([action])
    }
}

impl<A: Paginate + Clone> From<&A> for Walk<A> {
    fn from(action: &A) -> Self {
        action.clone().into()
    }
}

/// One list after the other, as by [`Walk::over`].
impl<A: Paginate> From<Vec<A>> for Walk<A> {
    fn from(lists: Vec<A>) -> Self {
        Self::over(lists)
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
            version: version(),
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
            done: Done::default(),
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

    /// How far the walk is, for a progress bar. Counts windows, so it takes as long as splitting the rest of the range.
    ///
    #[cfg_attr(feature = "emulator", doc = "```")]
    #[cfg_attr(not(feature = "emulator"), doc = "```ignore")]
    /// use core::time::Duration;
    /// use tc3_core::{
    ///     billing::DescribeBillList, emulator::Emulator, Credential, Flow, Now, Pages, Session,
    ///     Step, UnixTime,
    /// };
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential.clone());
    /// let mut session = Session::new(credential);
    /// let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
    /// let (start, end) = ("2024-01-01 00:00:00".parse()?, "2024-12-31 23:59:59".parse()?);
    /// let year = DescribeBillList::new(start, end);
    /// let mut pages = Pages::new(year.with_limit(100));
    /// let mut shown = Vec::new();
    /// loop {
    ///     match pages.step(&mut session, now) {
    ///         Step::Send(attempt) => {
    ///             pages.handle(Ok(service.handle(now.unix, &attempt.request)));
    ///         }
    ///         Step::Wait(_) => {}
    ///         Step::Done(page) => {
    ///             let progress = pages.walk().progress();
    ///             let (delivered, total) = (progress.delivered, progress.total.unwrap_or(0));
    ///             let percent = progress.permille() / 10;
    ///             shown.push(format!("{percent} % ({delivered} of {total})"));
    ///             if page.transpose()?.is_none() {
    ///                 break;
    ///             }
    ///         }
    ///     }
    /// }
    /// assert_eq!(shown[..3], ["20 % (100 of 249)", "40 % (200 of 249)", "50 % (249 of 249)"]);
    /// assert_eq!(shown[3..5], ["69 % (100 of 252)", "89 % (200 of 252)"]);
    /// assert_eq!(shown[5..], ["100 % (252 of 252)", "100 % (0 of 0)"]); // the end
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn progress(&self) -> Progress
    where
        A: Clone,
    {
        let count = |windows: usize| u64::try_from(windows).unwrap_or(u64::MAX);
        // Before its first page, a window is not split yet.
        let (current, ahead) = match &self.position {
            Some(_) => (1, self.rest.clone()),
            None => (0, self.window.clone()),
        };
        let ahead = ahead.map_or(0, |rest| count(windows(rest).count()));
        let (done, is_over) = (self.done, self.window.is_none());
        let lists = count(self.lists.len()).saturating_add((!is_over).into());
        Progress {
            lists_done: done.lists,
            lists: done.lists.saturating_add(lists),
            windows_done: done.windows,
            windows: done.windows.saturating_add(current).saturating_add(ahead),
            delivered: self.position.as_ref().map_or(0, |it| it.received),
            total: self.position.as_ref().and_then(Position::expected),
            share: if is_over { WHOLE } else { done.share },
        }
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
    ///
    /// `is_requested` says that the next page is being requested; before that, the settings may change its size.
    pub(super) fn open_window(
        &mut self,
        settings: &Settings,
        is_requested: bool,
    ) -> Result<bool, Error> {
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
            } else if let Some(position) = &mut self.position
                && self.ignore_limits
                && !is_requested
            {
                position.resize::<A>(settings.page_size())?;
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

    /// Ends the current window, as the service has refused what lies beyond its records: they are all of it.
    pub(super) fn end_window(&mut self) {
        let delivered = self.delivered();
        if let Some(position) = &mut self.position {
            position.end();
            self.total = Some(delivered);
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
                short_page: position.first_short.filter(|_| !position.ends_short),
                context: None,
            });
        }
        self.finished = self.delivered();
        self.dropped = 0;
        self.position = None;
        let shared = core::mem::take(&mut self.shared_with_next);
        self.done.share = 0;
        (self.window, self.shared_with_previous) = if let Some(rest) = self.rest.take() {
            self.done.windows = self.done.windows.saturating_add(1);
            (Some(rest), shared)
        } else {
            (self.done.windows, self.done.lists) = (0, self.done.lists.saturating_add(1));
            (self.lists.pop_front(), Vec::new())
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
        let total = position.expected();
        self.total = total.map(|all| all.saturating_add(before));
        let share = |all| {
            position
                .received
                .saturating_mul(WHOLE)
                .checked_div(all)
                .unwrap_or(WHOLE)
        };
        self.done.share = self.done.share.max(total.map_or(0, share));
        goes_on_behind
    }
}
