use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{panic, vec};

use futures_core::{FusedStream, Stream};
use tc3_core::pagination::{Fetched, Prefetch, Turn};
use tc3_core::{Error, Paginate, Reply, Walk};
use tokio::task::JoinSet;

use crate::Client;

/// A stream of the pages of a list, fetched one by one on demand, or several at once.
///
/// An error ends the stream, [`Error::Incomplete`] included. If the runtime shuts down, the error is
/// [`Error::Shutdown`], and the stored walk can go on in another runtime. After a panic of the transport that was caught,
/// the error is [`Error::Ended`], and the stored walk can go on as well.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Pages<A: Paginate> {
    client: Client,
    planner: Prefetch<A>,
    /// Tasks, so that fetching goes on while the consumer is busy. They are aborted when this is dropped.
    running: JoinSet<Fetched<A>>,
}

impl<A: Paginate + 'static> Pages<A> {
    pub(crate) fn new(client: Client, walk: Walk<A>) -> Self {
        Self {
            client,
            planner: Prefetch::new(walk),
            running: JoinSet::new(),
        }
    }

    /// Fetches up to `width` pages, at least 1, of a list or of one window at once, and delivers them in order. Lists
    /// whose pages follow by a token are fetched one page at a time.
    ///
    /// The fetches keep the action's rate, and go on while the consumer is busy. Dropping the stream aborts them.
    pub fn width(mut self, width: usize) -> Self {
        self.planner = self.planner.with_width(width);
        self
    }

    /// The same walk as single records.
    pub fn items(self) -> Items<A> {
        Items {
            pages: self,
            page: Vec::new().into_iter(),
        }
    }

    /// The position of the walk: after all pages that were returned. Store it, and give it to [`Client::pages`] to go on
    /// later.
    pub const fn walk(&self) -> &Walk<A> {
        self.planner.walk()
    }

    /// Returns the next page, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Reply<A::Output>, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<A: Paginate + 'static> Stream for Pages<A> {
    type Item = Result<Reply<A::Output>, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            // A copy, so that the session is free while a page is taken apart.
            let settings = this.client.session().settings().clone();
            match this.planner.turn(&settings) {
                Turn::Page(page) => return Poll::Ready(Some(page)),
                Turn::End => return Poll::Ready(None),
                Turn::Fetch(mut fetch) => {
                    let client = this.client.clone();
                    (this.running).spawn(async move { client.drive(&mut fetch).await });
                }
                Turn::Wait => match ready!(this.running.poll_join_next(context)) {
                    Some(Ok(fetched)) => this.planner.take(fetched),
                    Some(Err(ended)) => match ended.try_into_panic() {
                        Ok(panicked) => panic::resume_unwind(panicked),
                        // Only a runtime that shuts down cancels a task.
                        Err(_) => return Poll::Ready(Some(this.planner.fail(Error::Shutdown))),
                    },
                    // A panic that the caller caught took the fetch along.
                    None => return Poll::Ready(Some(this.planner.fail(Error::Ended))),
                },
            }
        }
    }
}

impl<A: Paginate + 'static> FusedStream for Pages<A> {
    fn is_terminated(&self) -> bool {
        self.planner.is_ended()
    }
}

/// A stream of the records of a list. Pages are fetched on demand.
///
/// It can't be resumed: a [`Walk`] stored between two records would skip the rest of their page. Use [`Pages`] to resume
/// later.
///
/// An error ends the stream, [`Error::Incomplete`] included.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Items<A: Paginate> {
    pages: Pages<A>,
    page: vec::IntoIter<A::Item>,
}

impl<A: Paginate + 'static> Items<A> {
    /// Returns the next record, or `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<A::Item, Error>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<A: Paginate + 'static> Stream for Items<A> {
    type Item = Result<A::Item, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.page.next() {
                return Poll::Ready(Some(Ok(item)));
            }
            let Some(reply) = ready!(Pin::new(&mut this.pages).poll_next(context)?) else {
                return Poll::Ready(None);
            };
            this.page = A::into_items(reply.output).into_iter();
        }
    }
}

impl<A: Paginate + 'static> FusedStream for Items<A> {
    fn is_terminated(&self) -> bool {
        self.page.len() == 0 && self.pages.is_terminated()
    }
}

// Nothing is pinned.
impl<A: Paginate> Unpin for Pages<A> {}
impl<A: Paginate> Unpin for Items<A> {}
