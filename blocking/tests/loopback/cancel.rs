//! Calls whose turn comes too late, and iterators that are dropped.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Instant,
};

use tc3_core::{Error, emulator::Emulator};
use tc3_test_peer::{PATIENCE, Peer, SHORT, answer, credential, january, list, now};

use crate::clients::{settings, with};

#[test]
fn a_call_whose_turn_comes_too_late_ends_at_once_and_takes_none() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = with(
        settings(peer.endpoint())
            .with_rate("billing", "DescribeBillList", 1)
            .with_deadline(SHORT),
    )
    .build();
    client.call(&january()).unwrap();
    let begun = Instant::now();
    for _ in 0..10 {
        let error = client.call(&january()).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Deadline {
                    attempts: 0,
                    source: None,
                    ..
                }
            ),
            "{error:?}"
        );
    }
    assert!(begun.elapsed() < SHORT, "nothing is waited for");
    assert_eq!(peer.received().len(), 1);
    // A turn each second: had the ten taken theirs, this one's were far away.
    while client.call(&january()).is_err() {
        assert!(begun.elapsed() < PATIENCE / 2);
        std::thread::sleep(SHORT / 10);
    }
    // One whose turn came with its deadline may have been sent in vain.
    assert!(peer.received().len() >= 2);
}

/// Shut until it is opened.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let open = self.open.lock().unwrap();
        let passed = (self.changed).wait_timeout_while(open, PATIENCE, |open| !*open);
        assert!(!passed.unwrap().1.timed_out(), "nobody opens it");
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

#[test]
fn an_iterator_that_is_dropped_in_a_wide_walk_sends_nothing_more_and_leaves_the_client_usable() {
    let (gate, emulator) = (
        Arc::new(Gate::default()),
        Mutex::new(Emulator::new(credential())),
    );
    let held = Arc::clone(&gate);
    let peer = Peer::new(move |mut connection| {
        while let Some(request) = connection.request() {
            let is = |offset: &str| String::from_utf8_lossy(&request.body).contains(offset);
            let held_up = is(r#""Limit":4"#) && !is(r#""Offset":0,"#) && !is(r#""Offset":4,"#);
            if held_up {
                connection.note("held up");
                held.pass();
            }
            let reply = emulator.lock().unwrap().handle(now(), &request.to_http());
            connection.send(answer("200 OK", reply.body()));
            if held_up {
                connection.note("answered");
            }
        }
    });
    let client =
        with(settings(peer.endpoint()).with_rate("billing", "DescribeBillList", None)).build();
    let mut pages = client.pages(list()).width(4);
    for _ in 0..2 {
        pages.next().unwrap().unwrap();
    }
    // Three are out, and dropping the iterator waits for none of them.
    for _ in 0..3 {
        assert_eq!(peer.noted(), "held up");
    }
    drop(pages);
    assert_eq!(client.call(&january()).unwrap().output.total, Some(42));
    gate.open();
    for _ in 0..3 {
        assert_eq!(peer.noted(), "answered");
    }
    assert_eq!(client.call(&january()).unwrap().output.total, Some(42));
    assert_eq!((peer.accepted(), peer.received().len()), (4, 7));
}
