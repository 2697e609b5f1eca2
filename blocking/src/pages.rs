use std::{
    collections::VecDeque,
    iter::FusedIterator,
    panic,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use tc3_core::{
    Error, Paginate, Reply, Walk,
    pagination::{Fetch, Fetched, Prefetch, Turn},
};
use tracing::{Dispatch, dispatcher, subscriber::NoSubscriber};

use crate::{Client, Transport, Ureq};

/// An iterator over the pages of a list, fetched one by one as they are asked for, or several at once.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
#[derive(Debug)]
#[must_use = "iterators are lazy"]
pub struct Pages<A: Paginate, T = Ureq> {
    client: Client<T>,
    planner: Prefetch<A>,
    /// Whether each fetch has a thread of its own.
    is_wide: bool,
    thread: fn() -> thread::Builder,
    /// The threads, in order of their start.
    running: VecDeque<JoinHandle<Option<Fetched<A>>>>,
    /// What the threads look at: they stop when it is gone.
    wanted: Arc<()>,
}

/// An iterator over the records of a list. Pages are fetched as their records are asked for.
///
/// There is no [`Walk`] to be stored between two records of a page: it would leave out the rest of the page. Walk
/// over [`Pages`] to resume later.
///
/// After an error, [`Error::Incomplete`] included, there are no more.
pub type Items<A, T = Ureq> = tc3_core::pagination::Items<Pages<A, T>, A>;

impl<A: Paginate, T> Pages<A, T> {
    pub(crate) fn new(client: Client<T>, walk: Walk<A>) -> Self {
        Self {
            client,
            planner: Prefetch::new(walk),
            is_wide: false,
            thread: thread::Builder::new,
            running: VecDeque::new(),
            wanted: Arc::new(()),
        }
    }

    /// Up to `width` pages, at least 1, of a list or a window of one are fetched at once, each in a thread
    /// of its own, and held until their turn comes; lists that can't be walked so, as those with tokens,
    /// one page at a time.
    ///
    /// They stay within the action's rate. When the iterator is dropped, nothing more is sent.
    pub fn width(mut self, width: usize) -> Self {
        self.planner = self.planner.with_width(width);
        self.is_wide = width > 1;
        self
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

impl<A: Paginate + 'static, T: Transport> Pages<A, T> {
    /// Has a new thread run a fetch, or this one where the system has no other.
    fn spawn(&mut self, mut fetch: Fetch<A>) {
        let (client, wanted) = (self.client.clone(), Arc::downgrade(&self.wanted));
        let dispatch = dispatcher::get_default(Dispatch::clone);
        // The fetch follows when there is a thread: a closure that is not run is not given back.
        let (hand_over, handed) = mpsc::sync_channel::<Fetch<A>>(1);
        let running = (self.thread)().spawn(move || {
            // Who is told of the walk is told of its pages. Setting nobody would hide them from `log`.
            let told = !dispatch.is::<NoSubscriber>();
            let _told = told.then(|| dispatcher::set_default(&dispatch));
            let mut fetch = handed.recv().ok()?;
            client.drive_while(&mut fetch, || wanted.strong_count() > 0)
        });
        match running {
            Ok(running) => {
                // It fails only where the thread has panicked, which is seen when it is joined.
                let _ = hand_over.send(fetch);
                self.running.push_back(running);
            }
            Err(_) => self.planner.take(self.client.drive(&mut fetch)),
        }
    }
}

impl<A: Paginate + 'static, T: Transport> Iterator for Pages<A, T> {
    type Item = Result<Reply<A::Output>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // A copy, so that the session is free while a page is taken apart.
            let settings = self.client.session().settings().clone();
            match self.planner.turn(&settings) {
                Turn::Page(page) => {
                    if self.planner.is_ended() {
                        self.wanted = Arc::default();
                    }
                    return Some(page);
                }
                Turn::End => return None,
                Turn::Fetch(fetch) if self.is_wide => self.spawn(fetch),
                Turn::Fetch(mut fetch) => self.planner.take(self.client.drive(&mut fetch)),
                Turn::Wait => match self.running.pop_front().map(JoinHandle::join) {
                    Some(Ok(fetched)) => self.planner.take(fetched?),
                    Some(Err(panicked)) => panic::resume_unwind(panicked),
                    None => return None,
                },
            }
        }
    }
}

impl<A: Paginate + 'static, T: Transport> FusedIterator for Pages<A, T> {}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    };

    use tc3_core::{Attempt, Credential, billing::DescribeBillList, emulator::Emulator};

    use super::*;

    #[test]
    fn pages_that_the_system_has_no_thread_for_are_fetched_all_the_same() {
        static REFUSES: AtomicBool = AtomicBool::new(false);
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let emulator = Mutex::new(Emulator::new(credential.clone()));
        let here = thread::current().id();
        let (elsewhere, sent_here) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
        let counts = (Arc::clone(&elsewhere), Arc::clone(&sent_here));
        let client =
            Client::builder()
                .credentials(credential)
                .transport(move |attempt: Attempt| {
                    let is_here = thread::current().id() == here;
                    *(if is_here { &counts.1 } else { &counts.0 })
                        .lock()
                        .unwrap() += 1;
                    emulator.lock().unwrap().send(&attempt)
                });
        let second = |text: &str| text.parse().unwrap();
        let january =
            DescribeBillList::new(second("2024-01-01 00:00:00"), second("2024-01-31 23:59:59"));
        let mut pages = client.pages(january.clone().with_limit(4)).width(4);
        // Every other thread is refused: no system has room for such a stack.
        pages.thread = || {
            let thread = thread::Builder::new();
            match REFUSES.fetch_not(Ordering::SeqCst) {
                true => thread.stack_size(1 << (usize::BITS - 2)),
                false => thread,
            }
        };
        let walked = pages.items().map(|record| record.unwrap().bill_id);
        let expected = client.items(january).map(|record| record.unwrap().bill_id);
        let walked: Vec<_> = walked.collect();
        assert_eq!(
            (*elsewhere.lock().unwrap(), *sent_here.lock().unwrap()),
            (6, 5)
        );
        assert_eq!(walked, expected.collect::<Vec<_>>());
    }
}
