use std::collections::VecDeque;
use std::iter::FusedIterator;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tc3_core::pagination::{Fetch, Fetched, Prefetch, Turn};
use tc3_core::{Error, Paginate, Reply, Walk};
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, dispatcher};

use crate::Client;

/// An iterator over the pages of a list, fetched one by one on demand, or several at once.
///
/// An error ends the iterator, [`Error::Incomplete`] included. After a panic of the transport that was caught, the error
/// is [`Error::Ended`], and the stored walk can go on.
#[derive(Debug)]
#[must_use = "iterators are lazy"]
pub struct Pages<A: Paginate> {
    client: Client,
    planner: Prefetch<A>,
    /// A test makes it fail.
    thread: fn() -> thread::Builder,
    /// The threads, in the order in which they were started.
    running: VecDeque<JoinHandle<Fetched<A>>>,
}

/// An iterator over the records of a list. Pages are fetched on demand.
///
/// It can't be resumed: a [`Walk`] stored between two records would skip the rest of their page. Use [`Pages`] to resume
/// later.
///
/// An error ends the iterator, [`Error::Incomplete`] included.
pub type Items<A> = tc3_core::pagination::Items<Pages<A>, A>;

impl<A: Paginate + 'static> Pages<A> {
    pub(crate) fn new(client: Client, walk: Walk<A>) -> Self {
        Self {
            client,
            planner: Prefetch::new(walk),
            thread: thread::Builder::new,
            running: VecDeque::new(),
        }
    }

    /// Fetches up to `width` pages, at least 1, of a list or of one window at once, each in a thread, and delivers them
    /// in order. Lists whose pages follow by a token are fetched one page at a time.
    ///
    /// The fetches keep the action's rate. After the iterator is dropped, no further request for a page is sent.
    pub fn width(mut self, width: usize) -> Self {
        self.planner = self.planner.with_width(width);
        self
    }

    /// The same walk as single records.
    pub fn items(self) -> Items<A> {
        Items::new(self)
    }

    /// The position of the walk: after all pages that were returned. Store it, and give it to [`Client::pages`] to go on
    /// later.
    pub const fn walk(&self) -> &Walk<A> {
        self.planner.walk()
    }

    /// Runs a fetch in a new thread, or in this one if the system refuses another.
    fn spawn(&mut self, fetch: Fetch<A>) {
        let (client, fetch) = (self.client.clone(), Mutex::new(fetch));
        // Shared, since a closure that gets no thread is not given back.
        let run = Arc::new(move || {
            client.drive(&mut *fetch.lock().unwrap_or_else(PoisonError::into_inner))
        });
        let shared = Arc::clone(&run);
        let dispatch = dispatcher::get_default(Dispatch::clone);
        let spawned = (self.thread)().spawn(move || {
            // The thread logs where the walk logs. `NoSubscriber` as a default would hide its events from `log`.
            let is_set = !dispatch.is::<NoSubscriber>();
            let _set = is_set.then(|| dispatcher::set_default(&dispatch));
            // Dropped before `_set`, since its spans end with it.
            let run = shared;
            run()
        });
        match spawned {
            Ok(running) => self.running.push_back(running),
            Err(_) => self.planner.take(run()),
        }
    }
}

impl<A: Paginate + 'static> Iterator for Pages<A> {
    type Item = Result<Reply<A::Output>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // A copy, so that the session is free while a page is taken apart.
            let settings = self.client.session().settings().clone();
            match self.planner.turn(&settings) {
                Turn::Page(page) => return Some(page),
                Turn::End => return None,
                Turn::Fetch(fetch) if self.planner.width() > 1 => self.spawn(fetch),
                Turn::Fetch(mut fetch) => self.planner.take(self.client.drive(&mut fetch)),
                Turn::Wait => match self.running.pop_front().map(JoinHandle::join) {
                    Some(Ok(fetched)) => self.planner.take(fetched),
                    Some(Err(panicked)) => panic::resume_unwind(panicked),
                    // A panic that the caller caught took the fetch along.
                    None => return Some(self.planner.fail(Error::Ended)),
                },
            }
        }
    }
}

impl<A: Paginate + 'static> FusedIterator for Pages<A> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

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
