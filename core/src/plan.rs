use crate::{Error, Invalid, PageInfo, Paginate, Paging, Slot, Start};

/// Which page comes next in a walk, and whether all has come. Knows nothing of requests.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    paging: Paging,
    /// `None` when the walk is over.
    next: Option<Slot>,
    /// How many records lie before the first page.
    before: u64,
    delivered: u64,
    /// The last total that the service reported.
    total: Option<u64>,
    /// Whether the last page named itself as the next one.
    repeated: bool,
}

impl Plan {
    /// A walk that begins at `start`, in pages of the action's own size, else `page_size`, else the default.
    pub(crate) fn new<A: Paginate>(start: Start, page_size: Option<u32>) -> Result<Self, Invalid> {
        let limit = match (start.limit, page_size) {
            (_, Some(0)) => return Err(Invalid::new("page_size", "must be at least 1")),
            (Some(0), _) => return Err(Invalid::new("Limit", "must be at least 1")),
            (Some(limit), _) => limit,
            (None, Some(limit)) => limit.min(A::MAX_PAGE_SIZE),
            (None, None) => A::PAGE_SIZE,
        };
        let first = u64::from(A::PAGING == Paging::PageNumber);
        let offset = start.offset.unwrap_or(first);
        if offset < first {
            return Err(Invalid::new("Offset", "counts pages from 1"));
        }
        let before = match A::PAGING {
            Paging::ItemOffset => offset,
            Paging::PageIndex | Paging::PageNumber => {
                offset.saturating_sub(first).saturating_mul(limit.into())
            }
            Paging::Token => 0,
        };
        Ok(Self {
            paging: A::PAGING,
            next: Some(Slot {
                offset,
                limit,
                token: None,
            }),
            before,
            delivered: 0,
            total: None,
            repeated: false,
        })
    }

    /// The page to ask for, or `None` when the walk is over.
    pub(crate) const fn next(&self) -> Option<&Slot> {
        self.next.as_ref()
    }

    pub(crate) const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many records this walk should deliver.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.before))
    }

    /// Takes note of the page that was asked for last.
    pub(crate) fn advance(&mut self, page: PageInfo) {
        let len = u64::try_from(page.len).unwrap_or(u64::MAX);
        self.delivered = self.delivered.saturating_add(len);
        self.total = page.total.or(self.total);
        let complete = self.total().is_some_and(|total| self.delivered >= total);
        self.next = self.next.take().and_then(|slot| {
            let offset = match self.paging {
                Paging::Token => {
                    // The token alone says whether there is more.
                    let token = page.token.filter(|token| !token.is_empty())?;
                    self.repeated = slot.token.as_ref() == Some(&token);
                    if self.repeated {
                        return None;
                    }
                    return Some(Slot {
                        token: Some(token),
                        ..slot
                    });
                }
                // An empty page ends any other list, so that a total too high can't keep a walk going.
                _ if complete || len == 0 => return None,
                Paging::ItemOffset => slot.offset.saturating_add(slot.limit.into()),
                Paging::PageIndex | Paging::PageNumber => slot.offset.saturating_add(1),
            };
            Some(Slot {
                offset,
                token: page.token,
                ..slot
            })
        });
    }

    /// The error of a walk that is over but went in a circle, or delivered less than the service said there is.
    pub(crate) fn shortcoming(&self) -> Option<Error> {
        if self.repeated {
            return Some(Error::Repeated {
                delivered: self.delivered,
            });
        }
        let total = self.total()?;
        (self.delivered < total).then_some(Error::Incomplete {
            delivered: self.delivered,
            total,
        })
    }
}
