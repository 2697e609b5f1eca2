use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll, ready},
    vec,
};

use futures_core::{FusedStream, Stream};
use tc3_core::{Error, Paginate, Reply};

use crate::{Client, Hyper, Transport};

type Page<A> = Option<Result<Reply<<A as tc3_core::Action>::Output>, Error>>;
/// A walk on its way to its next page: it comes back with it.
type Turn<A> = Pin<Box<dyn Future<Output = (Box<tc3_core::Pages<A>>, Page<A>)> + Send>>;

/// A stream of the pages of a list, fetched one by one as they are asked for.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<A: Paginate, T = Hyper> {
    client: Client<T>,
    state: State<A>,
    delivered: u64,
    total: Option<u64>,
}

enum State<A: Paginate> {
    Resting(Box<tc3_core::Pages<A>>),
    Turning(Turn<A>),
    Ended,
}

impl<A: Paginate, T> Pages<A, T> {
    pub(crate) fn new(client: Client<T>, action: A) -> Self {
        Self {
            client,
            state: State::Resting(Box::new(tc3_core::Pages::new(action))),
            delivered: 0,
            total: None,
        }
    }

    /// How many records the pages have held so far.
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// How many records there are in all, by the last page; `None` before the first.
    pub const fn total(&self) -> Option<u64> {
        self.total
    }
}

impl<A: Paginate<Output: Send> + Send + 'static, T: Transport + 'static> Pages<A, T> {
    /// Returns the next page, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Reply<A::Output>, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<A: Paginate<Output: Send> + Send + 'static, T: Transport + 'static> Stream for Pages<A, T> {
    type Item = Result<Reply<A::Output>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let (walk, page) = loop {
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Resting(mut walk) => {
                    let client = this.client.clone();
                    this.state = State::Turning(Box::pin(async move {
                        let page = client.drive(&mut *walk).await;
                        (walk, page)
                    }));
                }
                State::Turning(mut turn) => match turn.as_mut().poll(context) {
                    Poll::Ready(turned) => break turned,
                    Poll::Pending => {
                        this.state = State::Turning(turn);
                        return Poll::Pending;
                    }
                },
            }
        };
        (this.delivered, this.total) = (walk.delivered(), walk.total());
        if page.is_some() {
            this.state = State::Resting(walk);
        }
        Poll::Ready(page)
    }
}

impl<A: Paginate<Output: Send> + Send + 'static, T: Transport + 'static> FusedStream
    for Pages<A, T>
{
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// A stream of the records of a list. Pages are fetched as their records are asked for.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[must_use = "streams do nothing unless polled"]
pub struct Items<A: Paginate, T = Hyper> {
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
    pub const fn total(&self) -> Option<u64> {
        self.pages.total()
    }
}

impl<A: Paginate<Output: Send> + Send + 'static, T: Transport + 'static> Items<A, T> {
    /// Returns the next record, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<A::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<A: Paginate<Output: Send> + Send + 'static, T: Transport + 'static> Stream for Items<A, T> {
    type Item = Result<A::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(Pin::new(&mut this.pages).poll_next(context)) {
                Some(Ok(reply)) => this.page = A::into_items(reply.output).into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

// What has to stay in place is boxed.
impl<A: Paginate, T> Unpin for Pages<A, T> {}
impl<A: Paginate, T> Unpin for Items<A, T> {}

impl<A: Paginate, T> fmt::Debug for Pages<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("delivered", &self.delivered)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl<A: Paginate, T> fmt::Debug for Items<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&self.pages).finish()
    }
}
