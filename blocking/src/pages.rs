use std::{fmt, iter::FusedIterator, vec};

use tc3_core::{Error, Paginate, Reply};

use crate::{Client, Transport, Ureq};

/// An iterator over the pages of a list, fetched one by one as they are asked for.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[must_use = "iterators are lazy"]
pub struct Pages<A: Paginate, T = Ureq> {
    client: Client<T>,
    walk: tc3_core::Pages<A>,
}

impl<A: Paginate, T> Pages<A, T> {
    pub(crate) fn new(client: Client<T>, action: A) -> Self {
        Self {
            client,
            walk: tc3_core::Pages::new(action),
        }
    }

    /// How many records the pages have held so far.
    pub fn delivered(&self) -> u64 {
        self.walk.delivered()
    }

    /// How many records there are in all, by the last page; `None` before the first.
    pub fn total(&self) -> Option<u64> {
        self.walk.total()
    }
}

impl<A: Paginate, T: Transport> Iterator for Pages<A, T> {
    type Item = Result<Reply<A::Output>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.client.drive(&mut self.walk)
    }
}

impl<A: Paginate, T: Transport> FusedIterator for Pages<A, T> {}

/// An iterator over the records of a list. Pages are fetched as their records are asked for.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[must_use = "iterators are lazy"]
pub struct Items<A: Paginate, T = Ureq> {
    pages: Pages<A, T>,
    page: vec::IntoIter<A::Item>,
}

impl<A: Paginate, T> Items<A, T> {
    pub(crate) fn new(pages: Pages<A, T>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
        }
    }

    /// How many records there are in all, by the last page; `None` before the first.
    pub fn total(&self) -> Option<u64> {
        self.pages.total()
    }
}

impl<A: Paginate, T: Transport> Iterator for Items<A, T> {
    type Item = Result<A::Item, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.page.next() {
                return Some(Ok(item));
            }
            match self.pages.next()? {
                Ok(reply) => self.page = A::into_items(reply.output).into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<A: Paginate, T: Transport> FusedIterator for Items<A, T> {}

impl<A: Paginate + fmt::Debug, T> fmt::Debug for Pages<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pages").field(&self.walk).finish()
    }
}

impl<A: Paginate + fmt::Debug, T> fmt::Debug for Items<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&self.pages).finish()
    }
}
