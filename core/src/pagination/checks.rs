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
        position::{Position, SeenPage, lies_beyond},
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

/// What is known about a page that was received.
#[derive(Clone, Debug)]
pub(crate) struct PageFacts {
    /// What was requested.
    pub(super) slot: Slot,
    pub(crate) info: PageInfo,
    pub(crate) fingerprint: Fingerprint,
    /// How many pages before it are known to be unchanged.
    pub(super) unchanged: usize,
    /// Whether it is the last page, if known.
    pub(super) is_last: Option<bool>,
    /// Bounds of its span: how many places of the list it covers, i.e. its records, and those between them that the
    /// service left out. Without a check: at least the records it holds, at most as many as were requested.
    min_span: u64,
    pub(super) max_span: u64,
    /// Whether the service is known to have left records out between those of the page.
    pub(super) has_gaps: bool,
}

impl PageFacts {
    pub(super) fn new(slot: Slot, mut info: PageInfo, fingerprint: Fingerprint) -> Self {
        info.token = info.token.filter(|token| !token.is_empty());
        let len = u64::try_from(info.len).unwrap_or(u64::MAX);
        Self {
            min_span: len,
            max_span: len.max(slot.limit.into()),
            slot,
            info,
            fingerprint,
            unchanged: 0,
            is_last: None,
            has_gaps: false,
        }
    }

    pub(super) fn len(&self) -> u64 {
        u64::try_from(self.info.len).unwrap_or(u64::MAX)
    }

    /// Whether it holds fewer records than requested.
    pub(super) fn is_short(&self) -> bool {
        self.len() < self.slot.limit.into()
    }

    /// Whether the page after this one follows from the offset alone.
    pub(super) fn is_by_offset<A: Paginate>(&self, slot: &Slot) -> bool {
        A::PAGING != Paging::Token && slot.token.is_none() && self.info.token.is_none()
    }

    /// The page that follows this one.
    pub(super) fn following<A: Paginate>(&self) -> Slot {
        let (slot, span) = (&self.slot, self.max_span);
        match A::PAGING {
            // Behind all records of the page, even if the service gave more than the limit.
            Paging::ItemOffset => Slot::new(slot.offset.saturating_add(span), slot.limit),
            // From the first page on, pages are as large as the service gives them.
            Paging::PageIndex | Paging::PageNumber if slot.position(A::PAGING) == 0 => {
                let limit = u32::try_from(span).unwrap_or(slot.limit);
                Slot::at(A::PAGING, span, limit).unwrap_or_else(|| slot.plus(A::PAGING, 1))
            }
            _ => slot.plus(A::PAGING, 1),
        }
    }

    /// How many records to request in order to narrow the span; `None` if it is known. The likely spans come first:
    /// the page's length, then the limit. After that, the interval is halved.
    fn span_probe(&self) -> Option<u32> {
        let (min, max) = (self.min_span, self.max_span);
        let probe = if min <= self.len() {
            self.len()
        } else if max == u64::from(self.slot.limit) {
            max.saturating_sub(1)
        } else {
            min.saturating_sub(1).midpoint(max)
        };
        let is_open = min <= probe && probe < max;
        u32::try_from(probe).ok().filter(|_| is_open)
    }

    /// Whether this page and another one from the same offset begin with the same records, as they do while the list
    /// does not change.
    fn begins_like(&self, other: &Self) -> bool {
        let (own, others) = (&self.fingerprint.records, &other.fingerprint.records);
        own.starts_with(others) || others.starts_with(own)
    }

    /// Takes the result of a check that requested fewer records: either all of the page's came, or not.
    fn narrow_span(&mut self, check: Self) {
        let probe = check.slot.limit.into();
        if check.len() >= self.len() {
            self.max_span = probe;
            // The cursor behind these records, if there is one beside the offset.
            self.info.token = check.info.token;
        } else {
            self.min_span = probe.saturating_add(1);
            self.has_gaps = true;
        }
    }

    /// Takes it that the page covers as many places as were requested.
    fn assume_full_span(&mut self) {
        let limit = self.slot.limit.into();
        (self.min_span, self.max_span) = (limit, limit);
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
    ///
    /// # Errors
    ///
    /// What ends the walk without a question: a page that comes again, and a shift that no check can see.
    pub(super) fn question<A: Paginate>(
        &self,
        window: &A,
        page: &PageFacts,
        max_pages: u32,
    ) -> Result<Option<(Question, Slot)>, Error> {
        let after = self.received.saturating_add(page.len());
        if let Some((seen, _)) = self.shift_suspect::<A>(page) {
            if self.hides_shift && self.reported_by(page) >= Some(after) {
                return Err(self.shifted(window, page));
            }
            return Ok(Some((Question::IsUnchanged, seen.clone())));
        }
        let by_offset = page.is_by_offset::<A>(&page.slot);
        let has_seen = self.has_seen(page);
        // At another offset, a page of equal records may be another page.
        if has_seen && !(by_offset && page.fingerprint.all_equal()) {
            return Err(self.repeated(window));
        }
        // With a cursor beside the offset, the cursor tells the end and whether the page is another one.
        let has_offset = by_offset || A::PAGING == Paging::ItemOffset;
        if page.len() == 0 || !has_offset {
            return Ok(None);
        }
        if has_seen && !self.honors_offset {
            let beyond = page.slot.plus(A::PAGING, max_pages.max(1).into());
            return Ok(Some((Question::IsOffsetIgnored, beyond)));
        }
        let completes = self.totals(page).find(|total| *total >= after) == Some(after);
        let is_short = page.is_short();
        if A::END == End::ShortPage || completes && self.may_be_last(page) {
            return Ok(None);
        }
        let short = is_short.then(|| Self::question_of_short_page::<A>(page));
        let is_open = by_offset && completes && page.is_last.is_none();
        let end = || is_open.then(|| (Question::IsEnd, page.following::<A>()));
        Ok(short.flatten().or_else(end))
    }

    /// The question of a short page that may not be the last one.
    fn question_of_short_page<A: Paginate>(page: &PageFacts) -> Option<(Question, Slot)> {
        let (start, span) = (page.slot.position(A::PAGING), page.max_span);
        let by_number = A::PAGING != Paging::ItemOffset;
        if by_number && start > 0 {
            // No page of another size begins where this one does, but a page of one record begins anywhere.
            let end = start.saturating_add(page.len());
            let slot = Slot::at(A::PAGING, end, 1).filter(|_| page.min_span < span)?;
            return Some((Question::RecordBehind, slot));
        }
        if let Some(probe) = page.span_probe() {
            let token = page.slot.token.clone();
            let fewer = Slot::at(A::PAGING, start, probe)?;
            return Some((Question::Span, Slot { token, ..fewer }));
        }
        let limit = u32::try_from(span)
            .ok()
            .filter(|it| *it < page.slot.limit)?;
        let slot = Slot::at(A::PAGING, span, limit)?;
        (by_number && page.is_last.is_none()).then_some((Question::RecordBehind, slot))
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
        match question {
            Question::IsUnchanged => {
                let seen = self.shift_suspect::<A>(page);
                if check?.fingerprint.identity.as_ref() != seen.map(|(_, identity)| identity) {
                    return Err(self.shifted(window, page));
                }
                page.unchanged = page.unchanged.saturating_add(1);
            }
            Question::IsOffsetIgnored => {
                match check {
                    Ok(check) if check.len() > 0 => return Err(self.repeated(window)),
                    Err(error) if !is_refused(&error) => return Err(error),
                    _ => {}
                }
                self.honors_offset = true;
            }
            // After an error that doesn't say so, the page after this one is requested again in its turn.
            Question::IsEnd => {
                page.is_last = Some(match check {
                    Ok(check) => check.len() == 0,
                    Err(error) => lies_beyond(&error),
                });
            }
            Question::Span | Question::RecordBehind => match check {
                Ok(check) if question == Question::RecordBehind => {
                    self.resolve_record_behind(window, page, &check)?;
                }
                Ok(check) if page.begins_like(&check) => page.narrow_span(check),
                Ok(_) => return Err(self.shifted(window, page)),
                // Not every service accepts such a limit. If records are missing, the total shows it in the end.
                Err(error) if is_refused(&error) && self.is_total_credible(page) => {
                    page.assume_full_span();
                }
                Err(error) => return Err(error),
            },
        }
        Ok(())
    }

    /// Whether a page may be the last one of its list for being short: the first such page, without a cursor that leads
    /// on.
    pub(super) fn may_be_last(&self, page: &PageFacts) -> bool {
        page.is_short() && self.first_short.is_none() && page.info.token.is_none()
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
        page: &mut PageFacts,
        check: &PageFacts,
    ) -> Result<(), Error> {
        let has = |record| page.fingerprint.records.contains(record);
        if check.len() > 0 && page.slot.position(A::PAGING) == 0 {
            page.is_last = Some(false);
        } else if check.len() == 0 || check.fingerprint.records.first().is_some_and(has) {
            page.assume_full_span();
            page.has_gaps = check.len() > 0;
        } else {
            let after = self.received.saturating_add(page.len());
            let total = self.reported_by(page).unwrap_or_default();
            return Err(Error::Incomplete {
                window: window.window(),
                delivered: self.received,
                // At least one more record should have come.
                total: total.max(after.saturating_add(1)),
                short_page: Some((page.len(), page.slot.limit)),
                context: None,
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
            context: None,
        }
    }

    /// The error of a page that comes again.
    pub(super) fn repeated<A: Paginate>(&self, window: &A) -> Error {
        Error::Repeated {
            window: window.window(),
            delivered: self.received,
            context: None,
        }
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
