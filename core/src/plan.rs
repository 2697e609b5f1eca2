use alloc::{collections::BTreeSet, string::String};

use serde::{Deserialize, Serialize};

use crate::{
    End, Error, Invalid, Kind, PageInfo, Paginate, Paging, Slot, fingerprint::Fingerprint,
};

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
    /// The last total that could be true: no smaller than what has come.
    total: Option<u64>,
    /// The last total that the service reported, true or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    said: Option<u64>,
    pages: u32,
    /// The first page's fingerprint.
    first: Option<String>,
    /// That of the last page whose number is a power of two: pages in a circle come by it (Brent).
    mark: Option<String>,
    /// The last page and its fingerprint.
    last: Option<(Slot, String)>,
    /// Whether the last page named itself as the next one.
    repeated: bool,
    /// Whether the service is known to heed offsets: it gave nothing beyond the end.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    heeds_offsets: bool,
    /// Where the page after a short one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_short: Option<AfterShort>,
    /// The first page before the end that was short: how many records it held, and how many were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short: Option<(u64, u32)>,
}

/// Where the page after one begins that held fewer records than were asked for, though there are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum AfterShort {
    /// As far on as was asked for: the service leaves records out of a page.
    AsAsked,
    /// Where the records end: the service gives fewer at once than were asked for.
    AsHeld,
}

/// What a page that has arrived leaves open, until another request decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The total has changed. Is the last page still what it was, or did the list change in front of this one?
    Shift,
    /// It is a page of equal records that came before. Does the service ignore the offset?
    Repeat,
    /// It is full, and completes the total. Is there more all the same?
    End,
    /// It is short, though there may be more. Does something follow right where its records end?
    Short,
    /// Records do that are like those of the page. Does the service give as many as it did when no more are asked
    /// for, because it gives no more at once? Or fewer, because it leaves out some of those that are asked for?
    Fewer,
}

/// A page that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) info: PageInfo,
    pub(crate) fingerprint: Fingerprint,
    /// Whether nothing has changed in front of it.
    pub(crate) unshifted: bool,
    /// Whether it is known to be the last one, or not.
    last: Option<bool>,
    /// Whether equal ones of its records follow right where those of a short page end.
    followed: bool,
}

impl Arrived {
    pub(crate) fn new(mut info: PageInfo, fingerprint: Fingerprint) -> Self {
        info.token = info.token.filter(|token| !token.is_empty());
        Self {
            info,
            fingerprint,
            unshifted: false,
            last: None,
            followed: false,
        }
    }

    fn len(&self) -> u64 {
        u64::try_from(self.info.len).unwrap_or(u64::MAX)
    }

    fn has_all_of(&self, other: &Self) -> bool {
        let own: BTreeSet<_> = self.fingerprint.records.iter().collect();
        let mut others = other.fingerprint.records.iter();
        others.all(|record| own.contains(record))
    }
}

/// What a look that was to decide a doubt says of the list.
pub(crate) enum Verdict {
    /// The walk goes on.
    GoOn,
    /// Records came or went in front of the page.
    Shifted,
    /// The service ignores the offset.
    Repeated,
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
            said: None,
            pages: 0,
            first: None,
            mark: None,
            last: None,
            repeated: false,
            heeds_offsets: false,
            after_short: None,
            short: None,
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

    /// How many records should come, as far as the service has said so and it could be true.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total.map(|total| self.total_by(total))
    }

    /// The total of a page, less what lies before the first one.
    pub(crate) const fn total_by(&self, total: u64) -> u64 {
        total.saturating_sub(self.before)
    }

    pub(crate) const fn repeated(&self) -> bool {
        self.repeated
    }

    /// The first page before the end that held fewer records than were asked for.
    pub(crate) const fn short(&self) -> Option<(u64, u32)> {
        self.short
    }

    /// Whether a page follows from its offset alone.
    fn by_offset<A: Paginate>(slot: &Slot, page: &Arrived) -> bool {
        A::PAGING != Paging::Token && slot.token.is_none() && page.info.token.is_none()
    }

    /// The last page and its fingerprint, where the total of the page after it says that the list has changed since,
    /// and a change in front of it would move what an offset means.
    pub(crate) fn shift<A: Paginate>(&self, page: &Arrived) -> Option<&(Slot, String)> {
        let changed = |(old, new)| old != new;
        let changed = self.said.zip(page.info.total).is_some_and(changed);
        self.last
            .as_ref()
            .filter(|(slot, _)| changed && !page.unshifted && Self::by_offset::<A>(slot, page))
    }

    /// What the next page leaves open, and the request that decides. No page lies beyond the first `max_pages`.
    pub(crate) fn doubt<A: Paginate>(
        &self,
        page: &Arrived,
        max_pages: u32,
    ) -> Option<(Doubt, Slot)> {
        let slot = self.next.as_ref()?;
        if let Some((last, _)) = self.shift::<A>(page) {
            return Some((Doubt::Shift, last.clone()));
        }
        let by_offset = Self::by_offset::<A>(slot, page);
        if page.len() == 0 || !by_offset || self.has_come_again::<A>(page) {
            return None;
        }
        let after = self.received.saturating_add(page.len());
        let claim = self.claims(page).find(|claim| *claim >= after);
        if page.fingerprint.alike && !self.heeds_offsets && self.has_had(page) {
            let beyond = self.pages.max(max_pages).saturating_add(1);
            let first = Slot::new(A::PAGING.first(), slot.limit);
            return Some((Doubt::Repeat, first.plus(A::PAGING, beyond.into())));
        }
        if A::END == End::ShortPage {
            return None;
        }
        let limit = u64::from(slot.limit);
        if page.len() >= limit {
            let completes = claim == Some(after) && page.last.is_none();
            let following = following::<A>(slot, page.len());
            return completes.then_some((Doubt::End, following));
        }
        let by_items = A::PAGING == Paging::ItemOffset;
        if !by_items || claim == Some(after) || self.after_short.is_some() {
            return None;
        }
        let limit_of = |limit| u32::try_from(limit).unwrap_or(slot.limit);
        if page.followed {
            return Some((Doubt::Fewer, Slot::new(slot.offset, limit_of(page.len()))));
        }
        // No further than was asked for: of a service that leaves records out, it gives none but those of this page.
        let rest = limit.saturating_sub(page.len()).min(page.len());
        let end = slot.offset.saturating_add(page.len());
        Some((Doubt::Short, Slot::new(end, limit_of(rest))))
    }

    /// Takes note of what a look came to that was to decide a doubt about `page`, the next one.
    ///
    /// # Errors
    ///
    /// The look's own, unless the service refused what lies beyond the end.
    pub(crate) fn decide(
        &mut self,
        doubt: Doubt,
        page: &mut Arrived,
        look: Result<Arrived, Error>,
    ) -> Result<Verdict, Error> {
        let look = match look {
            Ok(look) => Some(look),
            Err(error) if doubt != Doubt::Shift && is_beyond(&error) => None,
            Err(error) => return Err(error),
        };
        let found = look.as_ref().filter(|look| look.info.len > 0);
        match doubt {
            Doubt::Shift => {
                let now = look.and_then(|look| look.fingerprint.page);
                if self.last.as_ref().map(|(_, last)| last) != now.as_ref() {
                    return Ok(Verdict::Shifted);
                }
                page.unshifted = true;
            }
            Doubt::Repeat if found.is_some() => return Ok(Verdict::Repeated),
            Doubt::Repeat => self.heeds_offsets = true,
            Doubt::End => page.last = Some(found.is_none()),
            Doubt::Short => match found {
                None => self.after_short = Some(AfterShort::AsAsked),
                Some(look) if page.has_all_of(look) => page.followed = true,
                // Where records are left out, all that stand there would have been in the page.
                Some(_) => self.after_short = Some(AfterShort::AsHeld),
            },
            Doubt::Fewer => {
                let as_many = found.is_some_and(|look| look.len() >= page.len());
                // If in doubt, the total shows in the end that records are missing.
                let after = self.received.saturating_add(page.len());
                let sure = page.fingerprint.alike || self.claims(page).all(|it| it < after);
                self.after_short = Some(match as_many && sure {
                    true => AfterShort::AsHeld,
                    false => AfterShort::AsAsked,
                });
            }
        }
        Ok(Verdict::GoOn)
    }

    /// Where the page after the next one is thought to be.
    pub(crate) fn expected<A: Paginate>(&self) -> Option<Slot> {
        self.next.as_ref().map(|next| next.plus(A::PAGING, 1))
    }

    /// Whether a page is one that was there before, and can't be another one that is equal.
    pub(crate) fn has_come_again<A: Paginate>(&self, page: &Arrived) -> bool {
        let by_offset = |slot| Self::by_offset::<A>(slot, page);
        let may_be_another = page.fingerprint.alike && self.next.as_ref().is_some_and(by_offset);
        self.has_had(page) && !may_be_another
    }

    fn has_had(&self, page: &Arrived) -> bool {
        let last = self.last.as_ref().map(|(_, last)| last);
        let known = [self.first.as_ref(), self.mark.as_ref(), last];
        let fingerprint = page.fingerprint.page.as_ref();
        fingerprint.is_some() && known.contains(&fingerprint)
    }

    /// The totals by a page and by those before, less what lies before the first one.
    fn claims(&self, page: &Arrived) -> impl Iterator<Item = u64> + use<> {
        let claims = [page.info.total, self.total].map(|it| it.map(|it| self.total_by(it)));
        claims.into_iter().flatten()
    }

    /// Takes note of the page that was asked for by [`next`](Self::next).
    pub(crate) fn advance<A: Paginate>(&mut self, page: Arrived) {
        let Some(slot) = self.next.take() else {
            return;
        };
        let len = page.len();
        self.received = self.received.saturating_add(len);
        self.pages = self.pages.saturating_add(1);
        let is_short = len < slot.limit.into();
        let ends = is_short || page.last == Some(true) || !Self::by_offset::<A>(&slot, &page);
        // More records than a total says, or a page after the one that completes it: it is no total.
        let mut claims = self.claims(&page);
        let claim = claims.find(|it| *it > self.received || *it == self.received && ends);
        self.total = claim.map(|claim| claim.saturating_add(self.before));
        self.said = page.info.total.or(self.said);
        if let Some(fingerprint) = page.fingerprint.page {
            self.first.get_or_insert_with(|| fingerprint.clone());
            if self.pages.is_power_of_two() {
                self.mark = Some(fingerprint.clone());
            }
            self.last = Some((slot.clone(), fingerprint));
        }
        let token = page.info.token;
        let complete = match A::END {
            End::Total => claim == Some(self.received),
            End::ShortPage => is_short,
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
        } else if is_short && self.after_short == Some(AfterShort::AsHeld) {
            let held = u32::try_from(len).unwrap_or(slot.limit);
            Some(Slot::new(slot.offset.saturating_add(len), held))
        } else {
            if is_short {
                self.short.get_or_insert((len, slot.limit));
            }
            let next = following::<A>(&slot, len);
            Some(Slot { token, ..next })
        };
    }
}

/// The page that follows one of so many records.
fn following<A: Paginate>(slot: &Slot, len: u64) -> Slot {
    let mut next = slot.plus(A::PAGING, 1);
    if A::PAGING == Paging::ItemOffset {
        // A service that gives more than was asked for has given what the next page would begin with.
        next.offset = next.offset.max(slot.offset.saturating_add(len));
    }
    next
}

/// Whether the service refused to look beyond the end of a list.
fn is_beyond(error: &Error) -> bool {
    let kind = error.refusal().map(crate::Refusal::kind);
    matches!(kind, Some(Kind::Request | Kind::NotFound))
}
