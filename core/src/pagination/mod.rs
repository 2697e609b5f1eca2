//! Lists: how the pages of an action follow one another, and how a walk reads all of them.

// walk.rs         what is stored of a walk, across windows and lists; windows of a range
// position.rs     how far one list was read: the next page, and the end
// checks.rs       questions that a page raises, and the check requests that answer them
// fingerprint.rs  hashes that tell pages and records apart
// window.rs       windows of a range, and the records they share
// prefetch.rs     several pages at once, delivered in order; fetch.rs is the request for one
// pages.rs        one page after the other; items.rs: one record after the other

mod checks;
mod fetch;
mod fingerprint;
mod items;
mod pages;
mod position;
mod prefetch;
pub mod walk;

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

pub use fetch::{Fetch, Fetched};
pub use items::Items;
pub use pages::Pages;
pub use prefetch::{Prefetch, Turn};
pub use walk::Walk;

use crate::Action;
#[cfg(doc)]
use crate::Error;

/// How the pages of an action follow one another.
///
/// An action of your own states in a line or two how the service counts pages:
///
/// | the next page is found by | [`PAGING`](Self::PAGING) | and |
/// | --- | --- | --- |
/// | the offset of its first record | [`Paging::ItemOffset`] | |
/// | the index of the page, from 0 | [`Paging::PageIndex`] | |
/// | the number of the page, from 1, called `Offset` or `PageNo` | [`Paging::PageNumber`] | |
/// | a token in each answer | [`Paging::Token`] | [`PageInfo::with_token`] |
/// | an offset and a cursor beside it | [`Paging::ItemOffset`] | [`PageInfo::with_token`] |
///
/// and which page is the last one:
///
/// | the last page | |
/// | --- | --- |
/// | completes the total | [`PageInfo::with_total`] |
/// | is followed by an empty page, as there is no total | nothing |
/// | is shorter than requested, whatever the total says | `const END: End = End::ShortPage` |
///
/// # What a walk makes sure of
///
/// A service's totals and page sizes may be wrong. So a page may raise a question, and check requests answer it before
/// the page is delivered. Most walks need none. A page is *short* if it holds fewer records than requested.
///
/// | the page | question | check request | result |
/// | --- | --- | --- | --- |
/// | is full and completes the total | is it the last page? | the page after it | nothing there, or refused as a wrong request or as not found: the walk ends; else it goes on |
/// | holds more records than the total says | | | the total is ignored, and the walk goes on to an empty page |
/// | is short, completes the total, is the first short page, and has no cursor | | | the walk ends |
/// | is short, but more records may follow | how many places of the list does it cover, records that the service left out included? | fewer records from the same offset; mostly once, more often if the service leaves records out | the walk goes on right behind those places; it ends with [`Error::Shifted`] if other records come |
/// | is short, is not the first page, and pages follow by number | is it cut off? | the record right behind its records | nothing there, or one of its own records: the walk goes on to the next page; else it ends with [`Error::Incomplete`] |
/// | repeats an earlier page, and its records differ from one another | | | the walk ends with [`Error::Repeated`] |
/// | repeats an earlier page, and all its records are equal | does the service ignore the offset? | a page [`max_pages`](crate::Settings::with_max_pages) further on | records there: the walk ends with [`Error::Repeated`] |
/// | has another total than the last page | is the last page unchanged? | the last page again | changed, or equal records hide a change: the walk ends with [`Error::Shifted`] |
///
/// An empty page ends a list, whatever its total or its cursor says; with [`Paging::Token`], only a missing token does.
/// Where the service refuses the page after the last one as a wrong request or as not found, and the last total is what
/// was received, the list is over as well.
/// If a list ends with fewer records than the last plausible total, the walk ends with [`Error::Incomplete`].
///
/// ```
/// use tc3_core::{
///     Action, Paginate,
///     pagination::{End, PageInfo, Paging, Slot},
///     types::lenient,
/// };
///
/// /// Pages follow by an offset and a cursor. The total may be old: a short page is the end.
/// #[derive(serde::Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct DescribeBillDetail {
///     month: String,
///     offset: u64,
///     limit: u32,
///     context: Option<String>,
/// }
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct BillDetail {
///     detail_set: Vec<serde_json::Value>,
///     context: Option<String>,
/// }
///
/// impl Action for DescribeBillDetail {
///     const SERVICE: &'static str = "billing";
///     const VERSION: &'static str = "2018-07-09";
///     const NAME: &'static str = "DescribeBillDetail";
///     const REPEATABLE: bool = true;
///     type Output = BillDetail;
/// }
///
/// impl Paginate for DescribeBillDetail {
///     type Item = serde_json::Value;
///     const PAGING: Paging = Paging::ItemOffset;
///     const END: End = End::ShortPage;
///     const PAGE_SIZE: u32 = 100;
///
///     fn turn_to(&mut self, slot: &Slot) {
///         (self.offset, self.limit) = (slot.offset, slot.limit);
///         self.context = slot.token.clone();
///     }
///
///     fn page_info(output: &BillDetail) -> PageInfo {
///         PageInfo::new(output.detail_set.len()).with_token(output.context.clone())
///     }
///
///     fn into_items(output: BillDetail) -> Vec<serde_json::Value> {
///         output.detail_set
///     }
/// }
/// ```
pub trait Paginate: Action {
    /// A record of the list.
    type Item;

    /// What the offset counts, whatever the action calls it.
    const PAGING: Paging;
    /// Which page is the last one.
    const END: End = End::Total;
    /// The page size when neither the action nor the settings name one.
    const PAGE_SIZE: u32;
    /// The largest page size that the service documents.
    const MAX_PAGE_SIZE: u32 = u32::MAX;

    /// The action's own offset and page size, if it has them: where a walk begins.
    fn start(&self) -> Start {
        Start::default()
    }

    /// Makes the action request the page at `slot`.
    fn turn_to(&mut self, slot: &Slot);

    /// The number of records of a page, and what the page says about the list.
    fn page_info(output: &Self::Output) -> PageInfo;

    /// The records of a page.
    fn into_items(output: Self::Output) -> Vec<Self::Item>;

    /// Reduces the action to the first window, i.e. the longest range that the service accepts, and returns the rest.
    /// Returns `None` if the service accepts the whole range. A walk takes one window after the other.
    fn split(&mut self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// A name for this window in errors, e.g. its range of time.
    fn window(&self) -> Option<String> {
        None
    }

    /// What identifies a record in its list and never changes: an id, or several fields together. It must not contain a
    /// field that may change during a walk, such as a status or a balance. Records with equal identities are all
    /// delivered. A record without an identity is known by its JSON.
    fn identity(item: &Self::Item) -> Option<Cow<'_, str>> {
        let _ = item;
        None
    }

    /// Whether two neighbouring windows that [`split`](Self::split) made may both contain the record. A walk delivers
    /// it once, by its [`identity`](Self::identity).
    fn is_shared(&self, item: &Self::Item) -> bool {
        let _ = item;
        false
    }

    /// Keeps the records of a page for which `keep` returns true, in order. [`identity`](Self::identity) and
    /// [`is_shared`](Self::is_shared) have no effect without it.
    fn retain(output: &mut Self::Output, keep: &mut dyn FnMut(&Self::Item) -> bool) {
        let _ = (output, keep);
    }
}

/// What a page's offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Paging {
    /// Records, from 0: the next page is at the offset plus the page size.
    ItemOffset,
    /// Pages, from 0: the next page is at the offset plus 1.
    PageIndex,
    /// Pages, from 1: the next page is at the offset plus 1.
    PageNumber,
    /// Nothing: each page has a token for the next page, and the last page has none.
    Token,
}

impl Paging {
    /// Returns all pages of a list of `total` records, e.g. to assign them to workers; for [`Token`](Self::Token), only
    /// the first page.
    ///
    /// ```
    /// use tc3_core::pagination::Paging;
    ///
    /// let offsets =
    ///     |paging: Paging| paging.slots(250, 100).map(|slot| slot.offset).collect::<Vec<_>>();
    /// assert_eq!(offsets(Paging::ItemOffset), [0, 100, 200]);
    /// assert_eq!(offsets(Paging::PageIndex), [0, 1, 2]);
    /// assert_eq!(offsets(Paging::PageNumber), [1, 2, 3]);
    /// ```
    pub fn slots(self, total: u64, limit: u32) -> impl Iterator<Item = Slot> + use<> {
        let limit = limit.max(1);
        let pages = match self {
            Self::Token => 1,
            _ => total.div_ceil(limit.into()),
        };
        let first = Slot::new(self.first(), limit);
        (0..pages).map(move |page| first.plus(self, page))
    }

    /// The offset of the first page.
    pub(crate) const fn first(self) -> u64 {
        match self {
            Self::PageNumber => 1,
            Self::ItemOffset | Self::PageIndex | Self::Token => 0,
        }
    }

    /// How many records an offset of 1 stands for; 0 for tokens.
    fn unit(self, limit: u32) -> u64 {
        match self {
            Self::ItemOffset => 1,
            Self::PageIndex | Self::PageNumber => limit.into(),
            Self::Token => 0,
        }
    }
}

/// Which page of a list is the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// The page that completes the total, if no records follow it. A list without a total goes on to an empty page.
    /// (With [`Paging::Token`], the last page is the one without a token.)
    Total,
    /// The first page that holds fewer records than requested. A total may be too small, but not too large.
    ShortPage,
}

/// Which page to request. A plain value that can be stored and sent elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slot {
    /// The offset, in the unit of the action's [`Paging`].
    pub offset: u64,
    /// How many records to request, at least 1.
    pub limit: u32,
    /// The token or cursor of the previous page.
    pub token: Option<String>,
}

impl Slot {
    /// The page of at most `limit` records at an offset, in the unit of the action's [`Paging`].
    pub const fn new(offset: u64, limit: u32) -> Self {
        Self {
            offset,
            limit,
            token: None,
        }
    }

    /// The page that is `pages` pages further on.
    pub(crate) fn plus(&self, paging: Paging, pages: u64) -> Self {
        let offset = match paging {
            Paging::ItemOffset => pages.saturating_mul(self.limit.into()),
            Paging::PageIndex | Paging::PageNumber => pages,
            Paging::Token => 0,
        };
        Self::new(self.offset.saturating_add(offset), self.limit)
    }

    /// The page of size `limit` that begins after `position` records; `None` if no page of that size begins there.
    pub(crate) fn at(paging: Paging, position: u64, limit: u32) -> Option<Self> {
        let unit = paging.unit(limit);
        let is_whole = position.checked_rem(unit)? == 0;
        let offset = position.checked_div(unit)?.saturating_add(paging.first());
        is_whole.then(|| Self::new(offset, limit))
    }

    /// Number of records before this page; 0 for tokens.
    pub(crate) fn position(&self, paging: Paging) -> u64 {
        let offset = self.offset.saturating_sub(paging.first());
        offset.saturating_mul(paging.unit(self.limit))
    }
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// The action's own offset, in the unit of its [`Paging`]; `None` for the first page.
    pub offset: Option<u64>,
    /// The action's own page size.
    pub limit: Option<u32>,
}

impl Start {
    /// The action's own offset and page size, each if it has one.
    pub fn new(offset: impl Into<Option<u64>>, limit: impl Into<Option<u32>>) -> Self {
        Self {
            offset: offset.into(),
            limit: limit.into(),
        }
    }
}

/// The number of records of a page, and what the page says about the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageInfo {
    /// Number of records in the page.
    pub len: usize,
    /// Number of records in the list, if the service reports it.
    pub total: Option<u64>,
    /// The token or cursor of the next page, if there is one.
    pub token: Option<String>,
}

impl PageInfo {
    /// A page of `len` records.
    pub const fn new(len: usize) -> Self {
        Self {
            len,
            total: None,
            token: None,
        }
    }

    /// The number of records in the list that the service reports, if it does.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_total(self, total: impl Into<Option<u64>>) -> Self {
        Self {
            total: total.into(),
            ..self
        }
    }

    /// The token or cursor of the next page, if there is one.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }
}
