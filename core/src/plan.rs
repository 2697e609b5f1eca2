use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{End, Invalid, PageInfo, Paginate, Paging, Slot};

/// Which page comes next in one list, and whether all has come. Knows nothing of requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// `None` when the list is over.
    next: Option<Slot>,
    /// How many records lie before the first page.
    before: u64,
    /// How many records the pages held.
    received: u64,
    /// The last total that the service reported.
    total: Option<u64>,
    pages: u32,
    /// The first page's fingerprint.
    first: Option<String>,
    /// That of the last page whose number is a power of two: pages in a circle come by it (Brent).
    mark: Option<String>,
    /// The last page and its fingerprint.
    last: Option<(Slot, String)>,
    /// Whether the last page named itself as the next one.
    repeated: bool,
}

impl Plan {
    /// A list that begins where the action says, in pages of its own size unless that is `open`, else `page_size`,
    /// else the default.
    pub(crate) fn new<A: Paginate>(
        action: &A,
        open: bool,
        page_size: Option<u32>,
    ) -> Result<Self, Invalid> {
        let start = action.start();
        let own = start.limit.filter(|_| !open);
        let limit = match (own, page_size) {
            (_, Some(0)) => return Err(Invalid::new("page_size", "must be at least 1")),
            (Some(0), _) => return Err(Invalid::new("Limit", "must be at least 1")),
            (Some(limit), _) => limit,
            (None, Some(limit)) => limit.min(A::MAX_PAGE_SIZE),
            (None, None) => A::PAGE_SIZE,
        };
        let first = A::PAGING.first();
        let offset = start.offset.unwrap_or(first);
        if offset < first {
            return Err(Invalid::new("Offset", "counts pages from 1"));
        }
        let slot = Slot::new(offset, limit);
        Ok(Self {
            before: slot.position(A::PAGING),
            next: Some(slot),
            received: 0,
            total: None,
            pages: 0,
            first: None,
            mark: None,
            last: None,
            repeated: false,
        })
    }

    /// The page to ask for after `ahead` others that are on their way, or `None` when it can't be known yet
    /// or the list is over.
    pub(crate) fn next<A: Paginate>(&self, ahead: u64) -> Option<Slot> {
        let next = self.next.as_ref()?;
        if ahead == 0 {
            return Some(next.clone());
        }
        if A::PAGING == Paging::Token || next.token.is_some() {
            return None;
        }
        let slot = next.plus(A::PAGING, ahead);
        (slot.position(A::PAGING) < self.total?).then_some(slot)
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.next.is_none()
    }

    pub(crate) const fn pages(&self) -> u32 {
        self.pages
    }

    pub(crate) const fn received(&self) -> u64 {
        self.received
    }

    /// How many records should come.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.before))
    }

    /// The total of a page, less what lies before the first one.
    pub(crate) const fn total_by(&self, total: u64) -> u64 {
        total.saturating_sub(self.before)
    }

    pub(crate) const fn repeated(&self) -> bool {
        self.repeated
    }

    /// The last page and its fingerprint, where a page's total says that the list has changed since and a
    /// change in front of it would move what an offset means.
    pub(crate) fn in_doubt<A: Paginate>(&self, page: &PageInfo) -> Option<&(Slot, String)> {
        let changed = self
            .total
            .zip(page.total)
            .is_some_and(|(old, new)| old != new);
        let by_offset = A::PAGING != Paging::Token && page.token.is_none();
        self.last
            .as_ref()
            .filter(|(slot, _)| changed && by_offset && slot.token.is_none())
    }

    /// Where the page after the next one is thought to be.
    pub(crate) fn expected<A: Paginate>(&self) -> Option<Slot> {
        self.next.as_ref().map(|next| next.plus(A::PAGING, 1))
    }

    /// Whether a page is one that was there before.
    pub(crate) fn has_had(&self, fingerprint: &str) -> bool {
        let last = self.last.as_ref().map(|(_, last)| last);
        [self.first.as_ref(), self.mark.as_ref(), last]
            .into_iter()
            .flatten()
            .any(|known| known == fingerprint)
    }

    /// Takes note of the page that was asked for by [`next`](Self::next).
    pub(crate) fn advance<A: Paginate>(&mut self, page: PageInfo, fingerprint: Option<String>) {
        let Some(slot) = self.next.take() else {
            return;
        };
        let len = u64::try_from(page.len).unwrap_or(u64::MAX);
        self.received = self.received.saturating_add(len);
        self.pages = self.pages.saturating_add(1);
        self.total = page.total.or(self.total);
        if let Some(fingerprint) = fingerprint {
            self.first.get_or_insert_with(|| fingerprint.clone());
            if self.pages.is_power_of_two() {
                self.mark = Some(fingerprint.clone());
            }
            self.last = Some((slot.clone(), fingerprint));
        }
        let token = page.token.filter(|token| !token.is_empty());
        let complete = match A::END {
            End::Total => self.total().is_some_and(|total| self.received >= total),
            End::ShortPage => len < slot.limit.into(),
        };
        self.next = if A::PAGING == Paging::Token {
            // The token alone says whether there is more.
            self.repeated = token.is_some() && slot.token == token;
            token.filter(|_| !self.repeated).map(|token| Slot {
                token: Some(token),
                ..slot
            })
        } else if complete || len == 0 {
            // An empty page ends any such list, so that a total too high can't keep a walk going.
            None
        } else {
            let mut next = slot.plus(A::PAGING, 1);
            if A::PAGING == Paging::ItemOffset {
                // A service that gives more than was asked for has given what the next page would begin with.
                next.offset = next.offset.max(slot.offset.saturating_add(len));
            }
            Some(Slot { token, ..next })
        };
    }
}
