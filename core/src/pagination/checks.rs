//! Questions that a page may raise, and the check requests that answer them before the page is delivered.
//!
//! [`Position::question`] gives the question and the slot of the check request; [`Position::resolve`] takes the
//! result. Several questions may follow one another; [`Paginate`] has the table.

use crate::{
    Error, Paginate,
    error::{Kind, Refusal},
    pagination::{
        End, PageInfo, Paging, Slot,
        fingerprint::Fingerprint,
        position::{Position, SeenPage},
    },
};

/// A question about a page that was received, answered by a check request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// The total has changed. Is the last page unchanged? Otherwise the list has shifted in front of this page. If all
    /// records of the last page are equal: is the page before it unchanged as well?
    IsUnchanged,
    /// The page has the same content as an earlier one, and all its records are equal. Does the service ignore the
    /// offset? The check requests a page far beyond the end.
    IsOffsetIgnored,
    /// The page is full and completes the total. Is it the last one? The check requests the page after it.
    IsEnd,
    /// The page is short, but more records may follow. What is its span? The check requests fewer records.
    Span,
    /// The page is short, and pages follow by number. Which record follows it? The check requests that record.
    RecordBehind,
}

/// How many places of the list a page covers: its records, and those between them that the service left out.
/// Known when both bounds are equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) min: u64,
    pub(super) max: u64,
}

/// What is known about a page that was received.
#[derive(Clone, Debug)]
pub(crate) struct PageFacts {
    pub(crate) info: PageInfo,
    pub(crate) fingerprint: Fingerprint,
    /// How many pages before it are known to be unchanged.
    pub(super) unchanged: usize,
    /// Whether it is the last page, if known.
    pub(super) is_last: Option<bool>,
    /// Bounds of its span, if a check was made.
    span: Option<Span>,
}

impl PageFacts {
    pub(crate) fn new(mut info: PageInfo, fingerprint: Fingerprint) -> Self {
        info.token = info.token.filter(|token| !token.is_empty());
        Self {
            info,
            fingerprint,
            unchanged: 0,
            is_last: None,
            span: None,
        }
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.info.len).unwrap_or(u64::MAX)
    }

    /// Whether the page after this one follows from the offset alone.
    pub(super) fn is_by_offset<A: Paginate>(&self, slot: &Slot) -> bool {
        A::PAGING != Paging::Token && slot.token.is_none() && self.info.token.is_none()
    }

    /// The bounds of the span. Without a check: at least the records it holds, at most as many as were requested.
    pub(super) fn span(&self, slot: &Slot) -> Span {
        self.span.unwrap_or_else(|| Span {
            min: self.len(),
            max: self.len().max(slot.limit.into()),
        })
    }

    /// How many records to request in order to narrow the span; `None` if it is known. The likely spans come first:
    /// the page's length, then the limit. After that, the interval is halved.
    fn span_probe(&self, slot: &Slot) -> Option<u32> {
        let Span { min, max } = self.span(slot);
        let probe = if min <= self.len() {
            self.len()
        } else if max == u64::from(slot.limit) {
            max.saturating_sub(1)
        } else {
            min.saturating_sub(1).midpoint(max)
        };
        u32::try_from(probe)
            .ok()
            .filter(|_| min <= probe && probe < max)
    }

    /// Whether this page and another one from the same offset begin with the same records, as they do while the list
    /// does not change.
    fn begins_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.fingerprint.records, &other.fingerprint.records);
        own.starts_with(others) || others.starts_with(own)
    }

    /// Takes the result of a check that requested fewer records: either all of the page's came, or not.
    fn narrow_span(&mut self, slot: &Slot, check: Self) {
        let Span { min, max } = self.span(slot);
        let probe = self.span_probe(slot).map_or(max, u64::from);
        self.span = Some(if check.len() >= self.len() {
            // The cursor behind these records, if there is one beside the offset.
            self.info.token = check.info.token;
            Span { min, max: probe }
        } else {
            let min = probe.saturating_add(1);
            Span { min, max }
        });
    }

    /// Takes it that the page covers as many places as were requested.
    fn assume_full_span(&mut self, slot: &Slot) {
        let limit = slot.limit.into();
        self.span = Some(Span {
            min: limit,
            max: limit,
        });
    }
}

impl Position {
    /// The earlier page to check, if the total of `page` says that the list has changed since, and a change in front of
    /// the last page would shift the offset of this one.
    pub(super) fn shift_suspect<A: Paginate>(&self, page: &PageFacts) -> Option<&SeenPage> {
        let (old, new) = self.reported.zip(page.info.total)?;
        let (last, _) = self.last.as_ref()?;
        let mut seen = self.last.iter().chain(&self.second_last);
        seen.nth(page.unchanged)
            .filter(|_| old != new && page.is_by_offset::<A>(last))
    }

    /// The question that the next page raises, if any, and the slot of the check request. No list has a page beyond
    /// the first `max_pages`.
    pub(super) fn question<A: Paginate>(
        &self,
        window: &A,
        page: &PageFacts,
        max_pages: u32,
    ) -> Result<Option<(Question, Slot)>, Error> {
        let Some(slot) = &self.next else {
            return Ok(None);
        };
        let after = self.received.saturating_add(page.len());
        if let Some((seen, _)) = self.shift_suspect::<A>(page) {
            // Where the last two pages are equal, they look unchanged even when the list has shifted.
            if self.in_equal_run && self.reported_by(page) >= Some(after) {
                return Err(self.shifted(window, page));
            }
            return Ok(Some((Question::IsUnchanged, seen.clone())));
        }
        // With a cursor beside the offset, the cursor tells the end and whether the page is another one.
        let by_offset = page.is_by_offset::<A>(slot);
        let has_offset = by_offset || A::PAGING == Paging::ItemOffset;
        if page.len() == 0 || !has_offset || self.is_repeated::<A>(page) {
            return Ok(None);
        }
        // Seen before, and not repeated: its records are all equal.
        if !self.honors_offset && self.has_seen(page) {
            let beyond = slot.plus(A::PAGING, max_pages.max(1).into());
            return Ok(Some((Question::IsOffsetIgnored, beyond)));
        }
        let completes = self.totals(page).find(|total| *total >= after) == Some(after);
        let is_short = page.len() < slot.limit.into();
        if A::END == End::ShortPage || is_short && completes && self.first_short.is_none() {
            return Ok(None);
        }
        let short = is_short.then(|| Self::question_of_short_page::<A>(slot, page));
        let is_open = by_offset && completes && page.is_last.is_none();
        let end = || is_open.then(|| (Question::IsEnd, Self::following::<A>(slot, page)));
        Ok(short.flatten().or_else(end))
    }

    /// The question of a short page that may not be the last one.
    fn question_of_short_page<A: Paginate>(
        slot: &Slot,
        page: &PageFacts,
    ) -> Option<(Question, Slot)> {
        let start = slot.position(A::PAGING);
        let by_number = A::PAGING != Paging::ItemOffset;
        if by_number && start > 0 {
            // No page of another size begins where this one does, but a page of one record begins anywhere.
            let end = start.saturating_add(page.len());
            let slot = Slot::at(A::PAGING, end, 1).filter(|_| page.span.is_none())?;
            return Some((Question::RecordBehind, slot));
        }
        if let Some(probe) = page.span_probe(slot) {
            let token = slot.token.clone();
            let fewer = Slot::at(A::PAGING, start, probe)?;
            return Some((Question::Span, Slot { token, ..fewer }));
        }
        let span = page.span(slot).max;
        let limit = u32::try_from(span).ok().filter(|it| *it < slot.limit)?;
        let slot =
            Slot::at(A::PAGING, span, limit).filter(|_| by_number && page.is_last.is_none())?;
        Some((Question::RecordBehind, slot))
    }

    /// Takes the result of the check request that `question` asked for about `page`, the next one.
    ///
    /// # Errors
    ///
    /// What the answer means for the walk, and the check's own error where the question can't be left open.
    pub(super) fn resolve<A: Paginate>(
        &mut self,
        window: &A,
        question: Question,
        page: &mut PageFacts,
        check: Result<PageFacts, Error>,
    ) -> Result<(), Error> {
        let Some(slot) = self.next.clone() else {
            return Ok(());
        };
        match question {
            Question::IsUnchanged => {
                let seen = self.shift_suspect::<A>(page);
                if check?.fingerprint.identity.as_ref() != seen.map(|(_, identity)| identity) {
                    return Err(self.shifted(window, page));
                }
                page.unchanged = page.unchanged.saturating_add(1);
            }
            Question::IsOffsetIgnored => {
                if !is_nothing_there(check)? {
                    return Err(self.repeated(window));
                }
                self.honors_offset = true;
            }
            // After an error that says nothing, the page after this one is requested again in its turn.
            Question::IsEnd => page.is_last = Some(is_nothing_there(check).unwrap_or(false)),
            Question::Span | Question::RecordBehind => match check {
                Ok(check) if question == Question::RecordBehind => {
                    self.resolve_record_behind(window, &slot, page, &check)?;
                }
                Ok(check) if page.begins_like(&check) => page.narrow_span(&slot, check),
                Ok(_) => return Err(self.shifted(window, page)),
                // Not every service accepts such a limit. If records are missing, the total shows it in the end.
                Err(error) if is_refused(&error) && self.is_total_credible(page) => {
                    page.assume_full_span(&slot);
                }
                Err(error) => return Err(error),
            },
        }
        Ok(())
    }

    /// Whether a total will show if records of the page are missing: it says as many as have come, or more.
    fn is_total_credible(&self, page: &PageFacts) -> bool {
        let after = self.received.saturating_add(page.len());
        self.totals(page).any(|total| total >= after)
    }

    /// Places right behind the page's records belong to the page if they hold nothing, or one of its own records.
    /// Otherwise the service cut the page off. Only behind the first page can these records be requested.
    fn resolve_record_behind<A: Paginate>(
        &self,
        window: &A,
        slot: &Slot,
        page: &mut PageFacts,
        check: &PageFacts,
    ) -> Result<(), Error> {
        let has = |record| page.fingerprint.records.contains(record);
        if check.len() > 0 && slot.position(A::PAGING) == 0 {
            page.is_last = Some(false);
        } else if check.len() == 0 || check.fingerprint.records.first().is_some_and(has) {
            page.assume_full_span(slot);
        } else {
            let after = self.received.saturating_add(page.len());
            let total = self.reported_by(page).unwrap_or_default();
            return Err(Error::Incomplete {
                window: window.window(),
                delivered: self.received,
                // At least one more record should have come.
                total: total.max(after.saturating_add(1)),
                short_page: Some((page.len(), slot.limit)),
            });
        }
        Ok(())
    }

    /// The error of a list that has changed in front of `page`.
    fn shifted<A: Paginate>(&self, window: &A, page: &PageFacts) -> Error {
        Error::Shifted {
            window: window.window(),
            delivered: self.received,
            total: self.reported_by(page).unwrap_or_default(),
        }
    }

    /// The error of a page that comes again.
    pub(super) fn repeated<A: Paginate>(&self, window: &A) -> Error {
        Error::Repeated {
            window: window.window(),
            delivered: self.received,
        }
    }
}

/// Whether a check says that the list has no page there: an empty one, or a refusal.
fn is_nothing_there(check: Result<PageFacts, Error>) -> Result<bool, Error> {
    match check {
        Ok(check) => Ok(check.len() == 0),
        Err(error) if is_refused(&error) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether the service refused this page, not the caller.
fn is_refused(error: &Error) -> bool {
    let kind = error.refusal().map(Refusal::kind);
    matches!(
        kind,
        Some(Kind::Request | Kind::NotFound | Kind::Failed | Kind::Quota | Kind::Other)
    )
}
