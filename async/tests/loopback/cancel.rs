//! Calls and streams that are dropped: work ends at once, and the client is as good as before.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tc3_core::{
    credential::Source,
    emulator::{Emulator, Fault, When},
};
use tc3_test_peer::{PATIENCE, Peer, Stage, credential, january, list, tls};
use tokio::time::{sleep, timeout};

use crate::{
    clients::{builder, settings, with},
    driver::{noted, served},
};

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection_and_no_other_is_made_for_it() {
    for (stage, secure) in Stage::ALL {
        let peer = stage.peer(secure);
        let endpoint = if secure {
            peer.https_endpoint()
        } else {
            peer.endpoint()
        };
        let client = builder(endpoint)
            .trust_only(tls::trusted())
            .unwrap()
            .build();
        let action = january();
        tokio::select! {
            result = client.call(&action) => panic!("{stage:?}: {result:?}"),
            note = noted(&peer) => assert_eq!(note, "stalls"),
        }
        assert_eq!(noted(&peer).await, "gone", "{stage:?}");
        assert_eq!(peer.accepted(), 1, "{stage:?}");
        for _ in 0..2 {
            let reply = client.call(&action).await.unwrap();
            assert_eq!(reply.output.total, Some(42), "{stage:?}");
        }
        // What was in the middle of an answer is not used again, and the new one is.
        assert_eq!(peer.accepted(), 2, "{stage:?}");
    }
}

#[tokio::test]
async fn a_timeout_around_a_call_is_as_good_as_a_drop() {
    let peer = Stage::Body.peer(false);
    let client = builder(peer.endpoint()).build();
    let action = january();
    let late = timeout(Duration::from_millis(100), client.call(&action)).await;
    assert!(late.is_err(), "{late:?}");
    assert_eq!(noted(&peer).await, "stalls");
    assert_eq!(noted(&peer).await, "gone");
    client.call(&action).await.unwrap();
    assert_eq!((peer.accepted(), peer.received().len()), (2, 2));
}

#[tokio::test]
async fn a_call_that_is_dropped_while_it_waits_for_its_turn_sends_nothing_and_takes_none() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client =
        with(settings(peer.endpoint()).with_rate("billing", "DescribeBillList", 1)).build();
    let action = january();
    client.call(&action).await.unwrap();
    for _ in 0..3 {
        let waits = timeout(Duration::from_millis(10), client.call(&action)).await;
        assert!(waits.is_err(), "{waits:?}");
    }
    assert_eq!(peer.received().len(), 1);
    // A turn each second: had the three taken theirs, this one's were four seconds away.
    let next = timeout(Duration::from_secs(3), client.call(&action)).await;
    next.unwrap().unwrap();
    assert_eq!((peer.accepted(), peer.received().len()), (1, 2));
}

async fn until(what: impl Fn() -> bool) {
    let wait = async {
        while !what() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_dropped_in_a_wide_walk_closes_what_is_out() {
    for by_items in [false, true] {
        let slow = || Fault::Slow(Duration::from_secs(60));
        let emulator = (2..=5).fold(Emulator::new(credential()), |emulator, at| {
            emulator.with_fault(When::At(at), slow())
        });
        let (endpoint, monitor) = served(emulator).await;
        let client =
            with(settings(endpoint).with_rate("billing", "DescribeBillList", None)).build();
        let mut pages = client.pages(list()).width(4);
        pages.next().await.unwrap().unwrap();
        // The four that come after the first are out.
        let moment = Duration::from_millis(10);
        if by_items {
            let mut items = pages.items();
            timeout(moment, items.next()).await.unwrap_err();
            until(|| monitor.requests() == 5).await;
            drop(items);
        } else {
            timeout(moment, pages.next()).await.unwrap_err();
            until(|| monitor.requests() == 5).await;
            drop(pages);
        }
        until(|| monitor.open_connections() == 0).await;
        assert_eq!(
            client.call(&january()).await.unwrap().output.total,
            Some(42)
        );
        assert_eq!((monitor.requests(), monitor.open_connections()), (6, 1));
    }
}

#[tokio::test]
async fn a_stream_goes_on_after_a_next_that_was_dropped() {
    let (endpoint, monitor) = served(Emulator::new(credential())).await;
    for width in [1, 4] {
        let client =
            with(settings(endpoint.clone()).with_rate("billing", "DescribeBillList", None)).build();
        let mut items = client.pages(list()).width(width).items();
        let (mut count, before) = (0, monitor.requests());
        let ended = AtomicBool::new(false);
        while !ended.load(Ordering::Relaxed) {
            // Asked once and dropped, again and again.
            tokio::select! {
                biased;
                item = items.next() => match item {
                    Some(item) => count += usize::from(item.is_ok()),
                    None => ended.store(true, Ordering::Relaxed),
                },
                () = tokio::task::yield_now() => {}
            }
        }
        // No page was asked for a second time.
        assert_eq!((count, monitor.requests() - before), (42, 11));
    }
}

#[tokio::test]
async fn calls_that_are_dropped_one_after_the_other_leave_no_connection_behind() {
    let slow = Fault::Slow(Duration::from_millis(20));
    let emulator = Emulator::new(credential()).with_fault(When::From(1), slow);
    let (endpoint, monitor) = served(emulator).await;
    let client = with(settings(endpoint).with_rate("billing", "DescribeBillList", None)).build();
    let action = Arc::new(january());
    for millis in 0..30 {
        let call = client.call(&*action);
        // Some are early, some late, and some answered.
        let _ = timeout(Duration::from_millis(millis), call).await;
    }
    client.call(&*action).await.unwrap();
    until(|| monitor.open_connections() == 1).await;
}

#[tokio::test]
async fn a_caller_that_is_dropped_leaves_the_look_to_others() {
    let slow = Fault::Slow(Duration::from_secs(60));
    let emulator = Emulator::new(credential())
        .with_machine_role("billing-reader")
        .with_fault(When::At(1), slow);
    let (endpoint, _) = served(emulator).await;
    let client = builder(endpoint.clone())
        .credentials(Source::cvm_role_at(endpoint, None))
        .build();
    let looking = client.clone();
    let looking = tokio::spawn(async move { looking.call(&january()).await.map(drop) });
    // Once it has asked, the other one has to wait for it; once it is gone, it has not.
    sleep(Duration::from_millis(100)).await;
    let waiting = tokio::spawn(async move { client.call(&january()).await.map(drop) });
    sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    looking.abort();
    waiting.await.unwrap().unwrap();
}
