//! Several pages at once, and what the emulator's faults come to over a real socket.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tc3_blocking::Client;
use tc3_core::{Attempt, Error, Outcome, billing::BillTransactionInfo, emulator::Emulator};

use tc3_test_peer::{PATIENCE, credential, emulated, january, list};

fn ids(records: impl Iterator<Item = BillTransactionInfo>) -> Vec<String> {
    records.map(|record| record.bill_id).collect()
}

fn expected() -> Vec<String> {
    let emulator = Mutex::new(Emulator::new(credential()));
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt| emulated(&emulator, &attempt));
    ids(client.items(january()).map(Result::unwrap))
}

/// Lets nobody through until so many have come.
struct Meeting {
    present: Mutex<usize>,
    changed: Condvar,
    expected: usize,
}

impl Meeting {
    fn attend(&self) {
        let mut present = self.present.lock().unwrap();
        *present += 1;
        self.changed.notify_all();
        let (_present, timeout) = self
            .changed
            .wait_timeout_while(present, PATIENCE, |present| *present < self.expected)
            .unwrap();
        assert!(!timeout.timed_out(), "fewer are fetched at once");
    }
}

#[test]
fn as_many_pages_are_out_at_once_as_the_walk_is_wide_and_come_in_order() {
    let emulator = Mutex::new(Emulator::new(credential()));
    let meeting = Meeting {
        present: Mutex::new(0),
        changed: Condvar::new(),
        expected: 5,
    };
    let (sends, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let out = AtomicUsize::new(0);
    let seen = Arc::clone(&most);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            seen.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // The first page alone says how many there are.
            if sends.fetch_add(1, Ordering::SeqCst) > 0 {
                meeting.attend();
            }
            let answer = emulated(&emulator, &attempt);
            out.fetch_sub(1, Ordering::SeqCst);
            answer
        });
    let walked = ids(client.pages(list()).width(5).items().map(Result::unwrap));
    assert_eq!(walked, expected());
    assert_eq!(most.load(Ordering::SeqCst), 5);
}

#[test]
fn nothing_more_is_sent_once_the_iterator_is_gone() {
    let emulator = Mutex::new(Emulator::new(credential()));
    let sends = Arc::new(AtomicUsize::new(0));
    let (counted, alive) = (Arc::clone(&sends), Arc::new(()));
    let gone = Arc::downgrade(&alive);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            let _alive = &alive;
            counted.fetch_add(1, Ordering::SeqCst);
            if attempt
                .request
                .body()
                .windows(10)
                .any(|part| part == b"\"Offset\":0" || part == b"\"Offset\":4")
            {
                return emulated(&emulator, &attempt);
            }
            // To be retried in a second.
            let mut overloaded = http::Response::new(bytes::Bytes::new());
            *overloaded.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
            let second = http::HeaderValue::from_static("1");
            overloaded.headers_mut().insert("retry-after", second);
            Ok(overloaded)
        });
    let mut pages = client.pages(list()).width(3);
    drop(client);
    pages.next().unwrap().unwrap();
    pages.next().unwrap().unwrap();
    drop(pages);
    let began = Instant::now();
    while gone.strong_count() > 0 {
        assert!(began.elapsed() < PATIENCE, "a thread goes on");
        thread::sleep(Duration::from_millis(10));
    }
    // Two pages were given away, and at most three more were asked for, once.
    assert!(sends.load(Ordering::SeqCst) <= 5);
}

#[test]
fn a_transport_that_panics_in_a_thread_panics_here() {
    let client = Client::builder()
        .credentials(credential())
        .transport(|_: Attempt| -> Outcome { panic!("it broke") });
    let mut pages = client.pages(list()).width(2);
    let panicked = catch_unwind(AssertUnwindSafe(|| pages.next())).unwrap_err();
    assert_eq!(panicked.downcast_ref(), Some(&"it broke"));
}

#[test]
fn a_walk_whose_transport_panicked_ends_with_an_error_and_goes_on_when_stored() {
    for width in [1, 3] {
        let emulator = Mutex::new(Emulator::new(credential()));
        let sends = AtomicUsize::new(0);
        let client =
            Client::builder()
                .credentials(credential())
                .transport(move |attempt: Attempt| {
                    assert_ne!(sends.fetch_add(1, Ordering::SeqCst), 3, "it broke");
                    emulated(&emulator, &attempt)
                });
        let mut pages = client.pages(list()).width(width);
        let (mut records, mut panics) = (0, 0);
        let error = loop {
            match catch_unwind(AssertUnwindSafe(|| pages.next())) {
                Ok(Some(Ok(page))) => records += page.output.transaction_list.len(),
                Ok(end) => break end.unwrap().unwrap_err(),
                Err(_) => panics += 1,
            }
        };
        assert!(matches!(error, Error::Ended), "{error:?}");
        assert_eq!(panics, 1);
        assert!(pages.next().is_none());
        let rest = client.pages(pages.walk().clone());
        let rest = rest.map(|page| page.unwrap().output.transaction_list.len());
        let all = client.items(list()).count();
        assert_eq!(records + rest.sum::<usize>(), all, "{width}");
    }
}
