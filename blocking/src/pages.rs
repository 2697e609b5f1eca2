use std::{
    collections::VecDeque,
    io,
    iter::FusedIterator,
    panic,
    sync::{Arc, Weak},
    thread::{self, JoinHandle},
};

use tc3_core::{Error, Failure, Fetch, Fetched, Paginate, Planner, Reply, Turn, Walk};

use tracing::Span;

use crate::{
    Client, Transport, Ureq,
    tell::{CallTeller, WalkTeller},
};

/// An iterator over the pages of a list, fetched one by one as they are asked for, or several at once.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[derive(Debug)]
#[must_use = "iterators are lazy"]
pub struct Pages<A: Paginate, T = Ureq> {
    client: Client<T>,
    planner: Planner<A>,
    /// Runs a fetch in a thread, where several may run at once.
    spawn: Option<Spawn<A, T>>,
    /// The threads, in order of their start.
    running: VecDeque<Running<A>>,
    /// What the threads look at: they stop when it is gone.
    wanted: Arc<()>,
    teller: WalkTeller,
}

/// An iterator over the records of a list. Pages are fetched as their records are asked for.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
pub type Items<A, T = Ureq> = tc3_core::Items<Pages<A, T>, A>;

type Spawn<A, T> = fn(Client<T>, Fetch<A>, Weak<()>, Span) -> io::Result<Running<A>>;
type Running<A> = JoinHandle<Option<Fetched<A>>>;

impl<A: Paginate, T> Pages<A, T> {
    pub(crate) fn new(client: Client<T>, walk: Walk<A>) -> Self {
        Self {
            client,
            teller: WalkTeller::new(&walk),
            planner: Planner::new(walk),
            spawn: None,
            running: VecDeque::new(),
            wanted: Arc::new(()),
        }
    }

    /// Up to `width` pages, at least 1, of a list or a window of one are fetched at once, each in a thread
    /// of its own, and held until their turn comes; lists that can't be walked so, as those with tokens,
    /// one page at a time.
    ///
    /// They stay within the action's rate. When the iterator is dropped, nothing more is sent.
    pub fn width(self, width: usize) -> Self
    where
        A: Paginate<Output: Send> + 'static,
        T: Transport + 'static,
    {
        Self {
            planner: self.planner.with_width(width),
            spawn: Some(|client, mut fetch, wanted, walk| {
                thread::Builder::new().spawn(move || {
                    let _walk = walk.entered();
                    let mut teller = CallTeller::new(&fetch);
                    let _call = teller.span().entered();
                    while wanted.strong_count() > 0 {
                        if let Some(fetched) = client.turn(&mut fetch, &mut teller) {
                            return Some(fetched);
                        }
                    }
                    None
                })
            }),
            ..self
        }
    }

    /// The same walk as single records.
    pub fn items(self) -> Items<A, T> {
        Items::new(self)
    }

    /// Where the walk stands: after all pages that were given away. To be stored, and given to
    /// [`Client::pages`] another time.
    pub const fn walk(&self) -> &Walk<A> {
        self.planner.walk()
    }
}

impl<A: Paginate, T: Transport> Iterator for Pages<A, T> {
    type Item = Result<Reply<A::Output>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let turn = self.planner.turn(self.client.session().settings());
            match (turn, self.spawn) {
                (Turn::Page(page), _) => {
                    self.teller.page(self.planner.walk(), &page);
                    if self.planner.is_ended() {
                        self.wanted = Arc::default();
                    }
                    return Some(page);
                }
                (Turn::End, _) => {
                    self.teller.done();
                    return None;
                }
                (Turn::Fetch(mut fetch), None) => {
                    let walk = self.teller.span();
                    let fetched = walk.in_scope(|| self.client.drive(&mut fetch));
                    self.planner.take(fetched);
                }
                (Turn::Fetch(fetch), Some(spawn)) => {
                    let wanted = Arc::downgrade(&self.wanted);
                    match spawn(self.client.clone(), fetch, wanted, self.teller.span()) {
                        Ok(running) => self.running.push_back(running),
                        Err(error) => {
                            let failed = Err(Failure::not_sent(error).into());
                            self.teller.page(self.planner.walk(), &failed);
                            return Some(failed);
                        }
                    }
                }
                (Turn::Wait, _) => match self.running.pop_front().map(JoinHandle::join) {
                    Some(Ok(fetched)) => self.planner.take(fetched?),
                    Some(Err(panicked)) => panic::resume_unwind(panicked),
                    None => return None,
                },
            }
        }
    }
}

impl<A: Paginate, T: Transport> FusedIterator for Pages<A, T> {}
