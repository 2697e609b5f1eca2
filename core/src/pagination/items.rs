use alloc::vec;
use core::iter::FusedIterator;

use crate::{Error, Paginate, Reply};

/// An iterator over the records of a list, made from an iterator over its pages.
///
/// It requests a page when all records of the page before are taken. An error ends it.
///
/// It can't be resumed: a [`Walk`](crate::Walk) stored between two records would skip the rest of their page. To resume
/// later, walk over pages.
///
/// ```
/// use tc3_core::{
///     Error, Reply, essbasic::ChannelDescribeBillUsageDetail, pagination::Items,
///     wire::response,
/// };
///
/// let answer =
///     br#"{"Response": {"Total": 2, "Details": [{"UseCount": 1}, {"UseCount": -1}],
///     "RequestId": "5e1f"}}"#;
/// let page = response::read::<ChannelDescribeBillUsageDetail>(&http::Response::new(
///     answer.as_slice().into(),
/// ));
/// let records = Items::<_, ChannelDescribeBillUsageDetail>::new(
///     [page, Err(Error::Ended)].into_iter(),
/// );
/// let counts: Vec<_> =
///     records.map(|record| record.ok().and_then(|record| record.use_count)).collect();
/// assert_eq!(counts, [Some(1), Some(-1), None]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "iterators are lazy"]
pub struct Items<P, A: Paginate> {
    pages: P,
    page: vec::IntoIter<A::Item>,
}

impl<P, A: Paginate> Items<P, A> {
    /// The records of these pages.
    pub fn new(pages: P) -> Self {
        Self {
            pages,
            page: vec![].into_iter(),
        }
    }
}

impl<P, A> Iterator for Items<P, A>
where
    A: Paginate,
    P: Iterator<Item = Result<Reply<A::Output>, Error>>,
{
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

impl<P, A> FusedIterator for Items<P, A>
where
    A: Paginate,
    P: FusedIterator<Item = Result<Reply<A::Output>, Error>>,
{
}
