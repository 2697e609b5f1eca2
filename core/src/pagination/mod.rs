//! Lists: how the pages of an action follow one another, and how a walk reads them all.

pub(crate) mod fingerprint;
mod items;
mod pages;
mod position;
mod prefetch;
pub mod walk;

use alloc::{borrow::Cow, string::String, vec::Vec};

use serde::{Deserialize, Serialize};

pub use items::Items;
pub use pages::Pages;
pub use prefetch::{Fetch, Fetched, Prefetch, Turn};
pub use walk::Walk;

use crate::Action;
#[cfg(doc)]
use crate::Error;

/// How the pages of an action follow one another.
///
/// An action of your own says in a line or two which dialect it speaks:
///
/// | pages follow by | [`PAGING`](Self::PAGING) | and |
/// | --- | --- | --- |
/// | the offset of a record | [`Paging::ItemOffset`] | |
/// | the index of a page, from 0 | [`Paging::PageIndex`] | |
/// | the number of a page, from 1, called `Offset` or `PageNo` | [`Paging::PageNumber`] | |
/// | a token in each answer | [`Paging::Token`] | [`PageInfo::with_token`] |
/// | an offset with a cursor beside it | [`Paging::ItemOffset`] | [`PageInfo::with_token`] |
///
/// and how to know the last page:
///
/// | the last page | |
/// | --- | --- |
/// | completes the total | [`PageInfo::with_total`] |
/// | is followed by an empty one, as there is no total | nothing |
/// | is shorter than was asked for, whatever a total says | `const END: End = End::ShortPage` |
///
/// # What a walk makes sure of
///
/// A total and a page size are claims of the service's, which may be wrong. Where a page leaves something open, further
/// requests decide before it is delivered; most walks take none:
///
/// | a page | the walk asks | and |
/// | --- | --- | --- |
/// | is full, and completes the total | for the page after it | ends if there is none, or goes on |
/// | brings more records than the total says | | goes on to an empty page: it is no total |
/// | is short, completes the total, and is the first short one | | ends |
/// | is short, though more records may come | for fewer from the same place on, until it is known with how many the same records come: mostly one request, more where the service leaves records out of a page | goes on right behind these |
/// | is short, and by numbers of pages, behind the first one | for the record behind those that it holds | goes on to the next page if there is none, or if it is among them; else the service has cut the page off, and the walk ends with [`Error::Incomplete`] |
/// | came before, and its records differ from one another | | ends with [`Error::Repeated`] |
/// | came before, and all its records are equal | for a page [`max_pages`](crate::Settings::max_pages) further on | ends with [`Error::Repeated`] if there is one, as the offset is ignored then |
/// | has another total than the last one | for the last one again | ends with [`Error::Shifted`] if that has changed, or if equal records hide whether it has |
///
/// An empty page ends a list, whatever its total or a cursor beside an offset says; by [`Paging::Token`], only the
/// token does. When a list is over and has given fewer records than the last total that could be true, the walk ends with
/// [`Error::Incomplete`].
///
/// ```
/// use tc3_core::{pagination::{End, PageInfo, Paging, Slot}, types::lenient, Action, Paginate};
///
/// /// Pages by an offset and a cursor beside it; the total may be a day old, so a short page is the end.
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

    /// What `Offset`, or whatever this action calls it, counts.
    const PAGING: Paging;
    /// How to know the last page.
    const END: End = End::Total;
    /// How many records to ask for at once when neither the action nor the settings say.
    const PAGE_SIZE: u32;
    /// The most that the service serves at once, as documented.
    const MAX_PAGE_SIZE: u32 = u32::MAX;

    /// Where the action, as it is, says the walk begins, and its own page size if it has one.
    fn start(&self) -> Start {
        Start::default()
    }

    /// Makes the action ask for the page at `slot`.
    fn turn_to(&mut self, slot: &Slot);

    /// What a page says of itself and of the whole.
    fn page_info(output: &Self::Output) -> PageInfo;

    /// The records of a page.
    fn into_items(output: Self::Output) -> Vec<Self::Item>;

    /// Cuts the action down to the first window that the service takes at once, and returns the rest;
    /// `None` when it is taken as it is. A walk takes one window after the other.
    fn split(&mut self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// Which window this is, for people to read in an error, e.g. a range of time.
    fn window(&self) -> Option<String> {
        None
    }

    /// What tells a record from others of its list and never changes: an id, or several fields together. Records may
    /// be equal in it all the same; each of them is delivered. A field that may change while the list is walked over
    /// (a status, a balance) must not be in it. A record without one is known by its JSON.
    fn identity(item: &Self::Item) -> Option<Cow<'_, str>> {
        let _ = item;
        None
    }

    /// Whether a window that [`split`](Self::split) made shares a record with a neighbour, so that both
    /// may give it. A walk drops it the second time, by its [`identity`](Self::identity).
    fn is_shared(&self, item: &Self::Item) -> bool {
        let _ = item;
        false
    }

    /// Keeps the records of a page for which `keep` says so. Needed for [`identity`](Self::identity) and
    /// [`is_shared`](Self::is_shared) to be asked.
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
    /// Nothing: each page names the next one by a token, and the last one names none.
    Token,
}

impl Paging {
    /// Returns all pages of a list of `total` records, to be handed out to workers; for
    /// [`Token`](Self::Token) the first one alone.
    ///
    /// ```
    /// use tc3_core::pagination::Paging;
    ///
    /// let offsets = |paging: Paging| paging.slots(250, 100).map(|slot| slot.offset).collect::<Vec<_>>();
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
}

/// How to know the last page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// With it, as many records have come as the service reports, and no more follow. A list without a total goes
    /// on to an empty page. (By [`Paging::Token`], the last page is the one without a token.)
    Total,
    /// It holds fewer records than were asked for. A total may be too small, but not too large.
    ShortPage,
}

/// Which page to ask for. A plain value that can be stored and sent elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Slot {
    /// The offset, in the unit of the action's [`Paging`].
    pub offset: u64,
    /// How many records to ask for, at least 1.
    pub limit: u32,
    /// The token or cursor that the page before came with.
    pub token: Option<String>,
}

impl Slot {
    /// A page at an offset, in the unit of the action's [`Paging`], of at most `limit` records.
    pub const fn new(offset: u64, limit: u32) -> Self {
        Self {
            offset,
            limit,
            token: None,
        }
    }

    /// The page so many pages on.
    pub(crate) fn plus(&self, paging: Paging, pages: u64) -> Self {
        let offset = match paging {
            Paging::ItemOffset => pages.saturating_mul(self.limit.into()),
            Paging::PageIndex | Paging::PageNumber => pages,
            Paging::Token => 0,
        };
        Self::new(self.offset.saturating_add(offset), self.limit)
    }

    /// The page that begins after so many records, if there is one of that size.
    pub(crate) fn at(paging: Paging, position: u64, limit: u32) -> Option<Self> {
        let pages = position.checked_div(limit.into())?;
        let is_whole = position.checked_rem(limit.into()) == Some(0);
        let offset = match paging {
            Paging::ItemOffset => position,
            Paging::PageIndex | Paging::PageNumber if is_whole => {
                pages.saturating_add(paging.first())
            }
            Paging::PageIndex | Paging::PageNumber | Paging::Token => return None,
        };
        Some(Self::new(offset, limit))
    }

    /// How many records lie before it, if that can be known.
    pub(crate) fn position(&self, paging: Paging) -> u64 {
        match paging {
            Paging::ItemOffset => self.offset,
            Paging::PageIndex | Paging::PageNumber => self
                .offset
                .saturating_sub(paging.first())
                .saturating_mul(self.limit.into()),
            Paging::Token => 0,
        }
    }
}

/// Where a walk begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// The offset that the action names, in the unit of its [`Paging`]; `None` is the first page.
    pub offset: Option<u64>,
    /// The page size that the action names.
    pub limit: Option<u32>,
}

impl Start {
    /// Where the action's own offset and page size say, as far as it has them.
    pub fn new(offset: impl Into<Option<u64>>, limit: impl Into<Option<u32>>) -> Self {
        Self {
            offset: offset.into(),
            limit: limit.into(),
        }
    }
}

/// What a page says of itself and of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageInfo {
    /// How many records it holds.
    pub len: usize,
    /// How many records there are in all, if the service says.
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

    /// The service says how many records there are in all, or leaves it open with `None`.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_total(self, total: impl Into<Option<u64>>) -> Self {
        Self {
            total: total.into(),
            ..self
        }
    }

    /// The page names the next one, or is the last one with `None`.
    #[must_use = "the page info is returned, not changed"]
    pub fn with_token(self, token: Option<String>) -> Self {
        Self { token, ..self }
    }
}
