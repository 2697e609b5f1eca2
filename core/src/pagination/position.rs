//! Which page of a list comes next, and when the list is over. What a page leaves open is decided in `checks.rs`.

use alloc::string::String;
use core::ops::Not;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Invalid, Paginate,
    error::{Kind, Refusal},
    pagination::{End, Paging, Slot, checks::PageFacts},
};

/// A slot and the [identity](super::fingerprint::Fingerprint::identity) of the page that it gave.
pub(super) type SeenPage = (Slot, String);

/// How far one list was read. Knows nothing of requests. Stored walks keep the names of the first version.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
    /// The next page; `None` when the list is over.
    pub(super) next: Option<Slot>,
    /// Number of records in front of the first page.
    #[serde(rename = "before")]
    skipped: u64,
    /// Number of records that the pages held.
    pub(super) received: u64,
    /// The last plausible total, i.e. not smaller than the number of records received by then.
    total: Option<u64>,
    /// The last total that the service reported, plausible or not.
    #[serde(rename = "said", default, skip_serializing_if = "Option::is_none")]
    pub(super) reported: Option<u64>,
    pub(super) pages: u32,
    /// Content of the first page.
    #[serde(rename = "first")]
    first_content: Option<String>,
    /// Content of the last page whose number is a power of two. Detects pages that repeat in a cycle (Brent).
    #[serde(rename = "mark")]
    cycle_content: Option<String>,
    /// Content of the last page.
    #[serde(rename = "held", default, skip_serializing_if = "Option::is_none")]
    last_content: Option<String>,
    /// Whether the last page looks unchanged even when the list has shifted: it is one of two with the same content, all
    /// of it equal records, or the service left out records between its own.
    #[serde(rename = "in_run", default, skip_serializing_if = "Not::not")]
    pub(super) hides_shift: bool,
    /// The last page, to check whether it is unchanged.
    pub(super) last: Option<SeenPage>,
    /// The page before the last one, if all records of the last one are equal: that one looks unchanged even when
    /// the list has shifted.
    #[serde(rename = "earlier", default, skip_serializing_if = "Option::is_none")]
    pub(super) second_last: Option<SeenPage>,
    /// Whether the last page named itself as the next one.
    #[serde(rename = "repeated")]
    pub(super) names_itself: bool,
    /// Whether the service is known to honor offsets: it had no page far beyond the end.
    #[serde(rename = "heeds_offsets", default, skip_serializing_if = "Not::not")]
    pub(super) honors_offset: bool,
    /// The span of the last page, if it is smaller than the page's limit.
    #[serde(rename = "reached", default, skip_serializing_if = "Option::is_none")]
    last_span: Option<u32>,
    /// The first short page before the end: how many records it held, and its limit. After it, a short page need not
    /// be the last one.
    #[serde(rename = "short", default, skip_serializing_if = "Option::is_none")]
    pub(super) first_short: Option<(u64, u32)>,
    /// Whether no record has come right behind that page, so that it is short for being the last one.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub(super) ends_short: bool,
}

impl Position {
    /// The start of a list. The page size is the action's own unless `ignore_limit`, else `page_size`, else the
    /// default.
    pub(crate) fn new<A: Paginate>(
        action: &A,
        ignore_limit: bool,
        page_size: Option<u32>,
    ) -> Result<Self, Invalid> {
        let start = action.start();
        let own = start.limit.filter(|_| !ignore_limit);
        let limit = limit::<A>(own, page_size)?;
        let first = A::PAGING.first();
        let offset = start.offset.unwrap_or(first);
        if offset < first {
            return Err(Invalid::new(
                "Offset",
                "must be at least 1, as it is a page number",
            ));
        }
        let slot = Slot::new(offset, limit);
        Ok(Self {
            skipped: slot.position(A::PAGING),
            next: Some(slot),
            ..Self::default()
        })
    }

    /// Takes the page size from the settings anew, unless a page has come: the service may have refused the former size.
    pub(super) fn resize<A: Paginate>(&mut self, page_size: Option<u32>) -> Result<(), Invalid> {
        if self.pages == 0
            && let Some(next) = &mut self.next
        {
            next.limit = limit::<A>(None, page_size)?;
            self.skipped = next.position(A::PAGING);
        }
        Ok(())
    }

    /// The page to request while `ahead` others are in flight; `None` if it is not known yet or the list is over.
    pub(crate) fn next<A: Paginate>(&self, ahead: u64) -> Option<Slot> {
        let next = self.next.as_ref()?;
        if ahead == 0 {
            return Some(next.clone());
        }
        // After a page with a small span, each page begins where the last one ended.
        if A::PAGING == Paging::Token || next.token.is_some() || self.last_span.is_some() {
            return None;
        }
        let slot = next.plus(A::PAGING, ahead);
        (slot.position(A::PAGING) < self.total?).then_some(slot)
    }

    /// How many records the walk should receive, by the last plausible total.
    pub(crate) fn expected(&self) -> Option<u64> {
        self.total.map(|total| self.without_skipped(total))
    }

    /// A reported total without the records in front of the first page.
    const fn without_skipped(&self, total: u64) -> u64 {
        total.saturating_sub(self.skipped)
    }

    /// The total that a page reports, without the records in front of the first page.
    pub(crate) fn reported_by(&self, page: &PageFacts) -> Option<u64> {
        page.info.total.map(|total| self.without_skipped(total))
    }

    /// How many records the walk should receive, by the total of `page` and by the last plausible one.
    pub(super) fn totals(&self, page: &PageFacts) -> impl Iterator<Item = u64> + use<> {
        self.reported_by(page).into_iter().chain(self.expected())
    }

    /// Whether the list begins at an offset beyond its end, and has records before that.
    pub(crate) fn skips_all<A: Paginate>(&self) -> bool {
        let beyond = self.reported.is_some_and(|total| total < self.skipped);
        A::END == End::Total && self.received == 0 && beyond
    }

    /// Whether an earlier page had the same content.
    pub(super) fn has_seen(&self, page: &PageFacts) -> bool {
        let seen = [&self.first_content, &self.cycle_content, &self.last_content];
        page.fingerprint.content.is_some() && seen.contains(&&page.fingerprint.content)
    }

    /// Whether the list is over, as the service refuses the page after the last one with `error`: by its last total, all
    /// records have come, and no cursor leads on from a full page.
    pub(super) fn ends_at<A: Paginate>(&self, error: &Error) -> bool {
        let reported = self.reported.map(|total| self.without_skipped(total));
        let leads_on = || self.next.as_ref().is_some_and(|next| next.token.is_some());
        let is_complete = match A::END {
            End::Total => reported == Some(self.received) && (self.ends_short || !leads_on()),
            // The total may be too small.
            End::ShortPage => reported.is_some_and(|all| all <= self.received),
        };
        A::PAGING != Paging::Token && is_complete && lies_beyond(error)
    }

    /// Ends the list: its total is what was received.
    pub(super) fn end(&mut self) {
        self.next = None;
        self.total = Some(self.received.saturating_add(self.skipped));
    }

    /// Records that the [`next`](Self::next) page was received. Returns whether the page right behind it comes next,
    /// as pages that are in flight assume.
    pub(crate) fn advance<A: Paginate>(&mut self, page: &PageFacts) -> bool {
        let (slot, len, is_short) = (&page.slot, page.len(), page.is_short());
        self.received = self.received.saturating_add(len);
        self.pages = self.pages.saturating_add(1);
        let ends =
            self.may_be_last(page) || page.is_last == Some(true) || A::PAGING == Paging::Token;
        // A total is not plausible if more records came, or if it is reached but further pages follow.
        let mut totals = self.totals(page);
        let total = totals.find(|it| *it > self.received || *it == self.received && ends);
        self.total = total.map(|total| total.saturating_add(self.skipped));
        self.reported = page.info.total.or(self.reported);
        let is_complete = match A::END {
            End::Total => total == Some(self.received),
            End::ShortPage => is_short,
        };
        self.remember::<A>(page);
        self.next = if A::PAGING == Paging::Token {
            // Only the token says whether there is more.
            let token = page.info.token.clone();
            self.names_itself = token.is_some() && slot.token == token;
            token.filter(|_| !self.names_itself).map(|token| Slot {
                token: Some(token),
                ..slot.clone()
            })
        } else if is_complete || len == 0 {
            // An empty page ends every such list, so that a total that is too large can't keep a walk going.
            None
        } else {
            self.ends_short = self.first_short.is_none() && page.max_span == len && is_short;
            if is_short {
                self.first_short.get_or_insert((len, slot.limit));
            }
            let mut next = page.following::<A>();
            let span = u32::try_from(page.max_span).ok();
            let span = span.filter(|span| *span < slot.limit);
            match span {
                // The second time in a row: the service gives no more than that at once.
                Some(span) if self.last_span == Some(span) => {
                    next.limit = span;
                    self.last_span = None;
                }
                _ => self.last_span = span,
            }
            let token = page.info.token.clone();
            Some(Slot { token, ..next })
        };
        self.next == Some(slot.plus(A::PAGING, 1))
    }

    /// Keeps what later pages are compared with.
    fn remember<A: Paginate>(&mut self, page: &PageFacts) {
        let fingerprint = &page.fingerprint;
        if let Some(content) = &fingerprint.content {
            self.first_content.get_or_insert_with(|| content.clone());
            if self.pages.is_power_of_two() {
                self.cycle_content = Some(content.clone());
            }
            let is_run = fingerprint.all_equal() && self.last_content.as_ref() == Some(content);
            self.hides_shift = is_run || page.has_gaps;
            self.last_content = Some(content.clone());
        }
        if let Some(identity) = &fingerprint.identity {
            let mut last = page.slot.clone();
            if A::PAGING == Paging::ItemOffset {
                // No further than its span, so that records that are appended behind it don't change it.
                let span = u32::try_from(page.max_span).unwrap_or(u32::MAX);
                last.limit = last.limit.min(span);
            }
            let second_last = self.last.replace((last, identity.clone()));
            self.second_last = second_last.filter(|_| fingerprint.all_equal());
        }
    }
}

/// The page size: the action's own, else the settings' `page_size`, else the default.
fn limit<A: Paginate>(own: Option<u32>, page_size: Option<u32>) -> Result<u32, Invalid> {
    match (own, page_size) {
        (_, Some(0)) => Err(Invalid::new("page_size", "must be at least 1")),
        (Some(0), _) => Err(Invalid::new("Limit", "must be at least 1")),
        (Some(limit), _) => Ok(limit),
        (None, Some(limit)) => Ok(limit.min(A::MAX_PAGE_SIZE)),
        (None, None) => Ok(A::PAGE_SIZE),
    }
}

/// Whether `error` may mean that the page lies beyond the end of its list.
pub(super) fn lies_beyond(error: &Error) -> bool {
    let kind = error.refusal().map(Refusal::kind);
    matches!(kind, Some(Kind::Request | Kind::NotFound))
}
