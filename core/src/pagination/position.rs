use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Invalid, Paginate,
    error::Kind,
    pagination::{End, PageInfo, Paging, Slot, fingerprint::Fingerprint},
};

/// Which page comes next in one list, and whether all has come. Knows nothing of requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Position {
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
    /// What the first page held.
    first: Option<String>,
    /// What the last page held whose number is a power of two: pages in a circle come by it (Brent).
    mark: Option<String>,
    /// What the last page held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<String>,
    /// Whether that was equal records, and the page before held the same.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    in_run: bool,
    /// The last page, and what never changes in its records.
    last: Option<(Slot, String)>,
    /// The same of the page before, where the records of the last one are equal: it may look unchanged when the list
    /// has moved under it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    earlier: Option<(Slot, String)>,
    /// Whether the last page named itself as the next one.
    repeated: bool,
    /// Whether the service is known to heed offsets: it gave nothing beyond the end.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    heeds_offsets: bool,
    /// How far the records of the last page reach, where that is less than was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reached: Option<u32>,
    /// The first page before the end that was short: how many records it held, and how many were asked for. After it,
    /// a short page need not be the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short: Option<(u64, u32)>,
}

/// What a page that has arrived leaves open, until another request decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The total has changed. Is the last page still what it was, or did the list change in front of this one?
    Shift,
    /// It is, but its records are equal. Is the page before it what it was?
    EarlierShift,
    /// It is a page of equal records that came before. Does the service ignore the offset?
    Repeat,
    /// It is full, and completes the total. Is there more all the same?
    End,
    /// It is short, though there may be more: the service gives only so many at once, or leaves records out of a page.
    /// Asked for fewer, does it give as many?
    Reach,
    /// It is short, and by numbers of pages. Are there records right behind those that it holds?
    Behind,
}

/// A page that has arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) info: PageInfo,
    pub(crate) fingerprint: Fingerprint,
    /// Whether nothing has changed in front of it.
    pub(crate) unshifted: bool,
    /// Whether the last page is what it was.
    last_is_same: bool,
    /// Whether it is known to be the last one, or not.
    last: Option<bool>,
    /// How far its records reach, as far as it is known: more than the first, and no further than the second.
    reach: Option<(u64, u64)>,
    /// Whether there are records right behind them.
    followed: bool,
}

impl Arrived {
    pub(crate) fn new(mut info: PageInfo, fingerprint: Fingerprint) -> Self {
        info.token = info.token.filter(|token| !token.is_empty());
        Self {
            info,
            fingerprint,
            unshifted: false,
            last_is_same: false,
            last: None,
            reach: None,
            followed: false,
        }
    }

    fn len(&self) -> u64 {
        u64::try_from(self.info.len).unwrap_or(u64::MAX)
    }

    /// A page's records reach further than the first, and no further than the second: so many records of the list lie
    /// between its beginning and the end of its last record, those that the service leaves out included.
    fn reach(&self, slot: &Slot) -> (u64, u64) {
        let all = self.len().max(slot.limit.into());
        self.reach
            .unwrap_or_else(|| (self.len().saturating_sub(1), all))
    }

    /// How many to ask for to know more of it, or `None` when it is known. Mostly records end where the page does, or
    /// reach as far as was asked for.
    fn ask_for(&self, slot: &Slot) -> Option<u32> {
        let (fewer, all) = self.reach(slot);
        let ask = if fewer < self.len() {
            self.len()
        } else if all == u64::from(slot.limit) {
            all.saturating_sub(1)
        } else {
            fewer.midpoint(all)
        };
        u32::try_from(ask).ok().filter(|_| fewer < ask && ask < all)
    }

    /// Takes it that the page is all of what was asked for.
    fn set_as_asked(&mut self, slot: &Slot) {
        let limit = u64::from(slot.limit);
        self.reach = Some((limit.saturating_sub(1), limit));
    }
}

/// What a look says of the list, once a doubt is decided.
pub(crate) enum Decision {
    /// The walk goes on.
    GoOn,
    /// Records came or went in front of the page.
    Shifted,
    /// The service ignores the offset.
    Repeated,
    /// The page is cut off, and what follows it can't be asked for.
    Cut,
}

impl Position {
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
            held: None,
            in_run: false,
            last: None,
            earlier: None,
            repeated: false,
            heeds_offsets: false,
            reached: None,
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
        if self.reached.is_some() {
            // Each page begins where the records of the one before end.
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

    /// Whether the list holds no record beyond the offset that it begins with, and some before it.
    pub(crate) fn skips_all<A: Paginate>(&self) -> bool {
        let beyond = self.said.is_some_and(|said| said < self.before);
        A::END == End::Total && self.received == 0 && beyond
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

    /// Whether the total says that the list has changed, and no look can tell where: the last pages are equal, so
    /// that they stay what they are when the list moves under them.
    pub(crate) fn is_lost<A: Paginate>(&self, page: &Arrived) -> bool {
        let after = self.received.saturating_add(page.len());
        let is_credible = page.info.total.is_some_and(|it| self.total_by(it) >= after);
        self.in_run && is_credible && self.shift::<A>(page).is_some()
    }

    /// What the next page leaves open, and the request that decides. No page lies beyond the first `max_pages`.
    pub(crate) fn doubt<A: Paginate>(
        &self,
        page: &Arrived,
        max_pages: u32,
    ) -> Option<(Doubt, Slot)> {
        let slot = self.next.as_ref()?;
        if let Some((last, _)) = self.shift::<A>(page) {
            return match &self.earlier {
                Some((earlier, _)) if page.last_is_same => {
                    Some((Doubt::EarlierShift, earlier.clone()))
                }
                _ => Some((Doubt::Shift, last.clone())),
            };
        }
        let by_offset = Self::by_offset::<A>(slot, page);
        let has_offset = by_offset || A::PAGING == Paging::ItemOffset;
        if page.len() == 0 || !has_offset || self.has_come_again::<A>(page) {
            return None;
        }
        let may_recur = by_offset && page.fingerprint.alike;
        if may_recur && !self.heeds_offsets && self.has_had(page) {
            let beyond = max_pages.max(1).into();
            return Some((Doubt::Repeat, slot.plus(A::PAGING, beyond)));
        }
        if A::END == End::ShortPage {
            return None;
        }
        let after = self.received.saturating_add(page.len());
        let completes = self.claims(page).find(|claim| *claim >= after) == Some(after);
        let is_short = page.len() < slot.limit.into();
        if is_short && (!completes || self.short.is_some()) {
            let look = self.doubt_short::<A>(slot, page);
            if look.is_some() {
                return look;
            }
        } else if is_short {
            return None;
        }
        let is_open = by_offset && completes && page.last.is_none();
        is_open.then(|| (Doubt::End, self.following::<A>(slot, page)))
    }

    /// What a short page leaves open that may not be the last one.
    fn doubt_short<A: Paginate>(&self, slot: &Slot, page: &Arrived) -> Option<(Doubt, Slot)> {
        let start = slot.position(A::PAGING);
        if A::PAGING == Paging::ItemOffset || start == 0 {
            if let Some(limit) = page.ask_for(slot) {
                let fewer = Slot::at(A::PAGING, start, limit)?;
                let token = slot.token.clone();
                return Some((Doubt::Reach, Slot { token, ..fewer }));
            }
            let (_, reach) = page.reach(slot);
            let is_open = A::PAGING != Paging::ItemOffset && !page.followed;
            let limit = u32::try_from(reach).ok().filter(|it| *it < slot.limit);
            let limit = limit.filter(|_| is_open)?;
            return Some((Doubt::Behind, Slot::at(A::PAGING, reach, limit)?));
        }
        // No page of another size begins where this one does, but one of a single record anywhere.
        let end = start.saturating_add(page.len());
        let is_open = page.reach.is_none();
        Some((Doubt::Behind, Slot::at(A::PAGING, end, 1)?)).filter(|_| is_open)
    }

    /// Takes note of what a look came to that was to decide a doubt about `page`, the next one.
    ///
    /// # Errors
    ///
    /// The look's own, where nothing can be decided without it.
    pub(crate) fn decide<A: Paginate>(
        &mut self,
        doubt: Doubt,
        page: &mut Arrived,
        look: Result<Arrived, Error>,
    ) -> Result<Decision, Error> {
        let Some(slot) = self.next.clone() else {
            return Ok(Decision::GoOn);
        };
        let after = self.received.saturating_add(page.len());
        let look = match look {
            Ok(look) => Some(look).filter(|look| look.info.len > 0),
            Err(error) if matches!(doubt, Doubt::Shift | Doubt::EarlierShift) => return Err(error),
            Err(error) if doubt == Doubt::End && !is_beyond(&error) => {
                // The page itself is there. What follows it is asked for again, and may fail by itself.
                page.last = Some(false);
                return Ok(Decision::GoOn);
            }
            Err(error) if !is_beyond(&error) => return Err(error),
            Err(error) if matches!(doubt, Doubt::Reach | Doubt::Behind) => {
                // Not every service takes a limit like this. The total shows in the end that records are missing.
                if self.claims(page).all(|claim| claim <= after) {
                    return Err(error);
                }
                page.set_as_asked(&slot);
                return Ok(Decision::GoOn);
            }
            Err(_) => None,
        };
        match (doubt, look) {
            (Doubt::Shift | Doubt::EarlierShift, look) => {
                let then = match doubt {
                    Doubt::Shift => &self.last,
                    _ => &self.earlier,
                };
                let now = look.and_then(|look| look.fingerprint.page);
                if then.as_ref().map(|(_, page)| page) != now.as_ref() {
                    return Ok(Decision::Shifted);
                }
                page.last_is_same = true;
                page.unshifted = doubt == Doubt::EarlierShift || self.earlier.is_none();
            }
            (Doubt::Repeat, Some(_)) => return Ok(Decision::Repeated),
            (Doubt::Repeat, None) => self.heeds_offsets = true,
            (Doubt::End, look) => page.last = Some(look.is_none()),
            (Doubt::Reach, look) => {
                let (fewer, all) = page.reach(&slot);
                let asked = page.ask_for(&slot).map_or(all, u64::from);
                page.reach = match look.filter(|look| look.len() >= page.len()) {
                    Some(look) => {
                        // A cursor beside the offset is the one behind these.
                        page.info.token = look.info.token;
                        Some((fewer, asked))
                    }
                    None => Some((asked, all)),
                };
            }
            (Doubt::Behind, None) => page.set_as_asked(&slot),
            (Doubt::Behind, Some(_)) if slot.position(A::PAGING) == 0 => page.followed = true,
            (Doubt::Behind, Some(look)) => {
                let had = |record| page.fingerprint.records.contains(record);
                if !look.fingerprint.records.first().is_some_and(had) {
                    return Ok(Decision::Cut);
                }
                page.set_as_asked(&slot);
            }
        }
        Ok(Decision::GoOn)
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
        let known = [&self.first, &self.mark, &self.held].map(Option::as_ref);
        let content = page.fingerprint.content.as_ref();
        content.is_some() && known.contains(&content)
    }

    /// The totals by a page and by those before, less what lies before the first one.
    fn claims(&self, page: &Arrived) -> impl Iterator<Item = u64> + use<> {
        let claims = [page.info.total, self.total].map(|it| it.map(|it| self.total_by(it)));
        claims.into_iter().flatten()
    }

    /// Ends the list where the service refuses the page after its last one, which was full: as many records as it said
    /// have come. (Where the total ends a list, a look finds that out.)
    pub(crate) fn end_at<A: Paginate>(&mut self, error: &Error) -> bool {
        let kind = error.refusal().map(crate::error::Refusal::kind);
        let is_beyond = matches!(kind, Some(Kind::Request | Kind::NotFound));
        let all = self.said.map(|said| self.total_by(said));
        let has_come = self.pages > 0 && all.is_some_and(|all| all <= self.received);
        let ends = A::END == End::ShortPage && A::PAGING != Paging::Token && has_come && is_beyond;
        if ends {
            self.next = None;
        }
        ends
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
        let mut next = self.following::<A>(&slot, &page);
        let reach = u32::try_from(page.reach(&slot).1).unwrap_or(u32::MAX);
        let reached = Some(reach).filter(|reach| *reach < slot.limit);
        let is_last = is_short && self.short.is_none();
        let ends = is_last || page.last == Some(true) || A::PAGING == Paging::Token;
        // More records than a total says, or a page after the one that completes it: it is no total.
        let mut claims = self.claims(&page);
        let claim = claims.find(|it| *it > self.received || *it == self.received && ends);
        self.total = claim.map(|claim| claim.saturating_add(self.before));
        self.said = page.info.total.or(self.said);
        let Fingerprint {
            content,
            page: unchanging,
            alike,
            ..
        } = page.fingerprint;
        if let Some(content) = content {
            self.first.get_or_insert_with(|| content.clone());
            if self.pages.is_power_of_two() {
                self.mark = Some(content.clone());
            }
            self.in_run = alike && self.held.as_ref() == Some(&content);
            self.held = Some(content);
        }
        if let Some(unchanging) = unchanging {
            // As far as its records reach, so that it stays what it is when others come behind it.
            let limit = match A::PAGING {
                Paging::ItemOffset => reach.min(slot.limit),
                _ => slot.limit,
            };
            let last = Slot {
                limit,
                ..slot.clone()
            };
            let earlier = self.last.replace((last, unchanging));
            self.earlier = earlier.filter(|_| alike);
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
        } else {
            if is_short {
                self.short.get_or_insert((len, slot.limit));
            }
            if reached.is_some() && self.reached == reached {
                // Twice the same: the service gives so many at once.
                next.limit = reach;
                self.reached = None;
            } else {
                self.reached = reached;
            }
            Some(Slot { token, ..next })
        };
    }

    /// The page that follows one.
    fn following<A: Paginate>(&self, slot: &Slot, page: &Arrived) -> Slot {
        let (_, reach) = page.reach(slot);
        match A::PAGING {
            // A service that gives more than was asked for has given what the next page would begin with.
            Paging::ItemOffset => Slot::new(slot.offset.saturating_add(reach), slot.limit),
            // From the first page on in pages of as many as the service gives.
            Paging::PageIndex | Paging::PageNumber if slot.position(A::PAGING) == 0 => {
                let limit = u32::try_from(reach).unwrap_or(slot.limit);
                Slot::at(A::PAGING, reach, limit).unwrap_or_else(|| slot.plus(A::PAGING, 1))
            }
            _ => slot.plus(A::PAGING, 1),
        }
    }
}

/// Whether the service refused to look there, and not to be asked.
fn is_beyond(error: &Error) -> bool {
    let kind = error.refusal().map(crate::error::Refusal::kind);
    matches!(
        kind,
        Some(Kind::Request | Kind::NotFound | Kind::Failed | Kind::Quota | Kind::Other)
    )
}
