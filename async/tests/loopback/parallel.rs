//! Several pages at once.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream::FusedStream};
use tc3_async::{Client, Error, Items};
use tc3_core::{Attempt, billing::DescribeBillList, emulator::Emulator};
use tc3_test_peer::{PATIENCE, credential, emulated, january, list};
use tokio::{runtime::Builder, sync::Barrier, time::timeout};

const DENIED: &str = r#"{"Response":{"Error":{"Code":"UnauthorizedOperation.CamNoAuth","Message":"no"},"RequestId":"5e20"}}"#;

async fn ids(records: Items<DescribeBillList>) -> Vec<String> {
    let ids = records.map_ok(|record| record.bill_id);
    ids.try_collect().await.unwrap()
}

async fn expected() -> Vec<String> {
    let emulator = Mutex::new(Emulator::new(credential()));
    let transport = move |attempt| std::future::ready(emulated(&emulator, &attempt));
    let client = Client::builder()
        .credentials(credential())
        .transport(transport);
    ids(client.items(january())).await
}

#[tokio::test]
async fn as_many_pages_are_out_at_once_as_the_walk_is_wide_and_come_in_order() {
    let emulator = Arc::new(Mutex::new(Emulator::new(credential())));
    let (sends, out, most) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let (counts, meeting) = (Arc::new((sends, out, most)), Arc::new(Barrier::new(5)));
    let shared = Arc::clone(&counts);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            let (counts, meeting) = (Arc::clone(&shared), Arc::clone(&meeting));
            let emulator = Arc::clone(&emulator);
            async move {
                let (sends, out, most) = &*counts;
                most.fetch_max(out.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // The first page alone says how many there are.
                if sends.fetch_add(1, Ordering::SeqCst) > 0 {
                    let met = timeout(PATIENCE, meeting.wait()).await;
                    met.expect("fewer are fetched at once");
                }
                out.fetch_sub(1, Ordering::SeqCst);
                emulated(&emulator, &attempt)
            }
        });
    assert_eq!(
        ids(client.pages(list()).width(5).items()).await,
        expected().await
    );
    assert_eq!(counts.2.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn what_is_out_is_abandoned_when_the_stream_is_dropped() {
    let emulator = Mutex::new(Emulator::new(credential()));
    let out = Arc::new(());
    let held = Arc::clone(&out);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            let first = attempt
                .request
                .body()
                .windows(10)
                .any(|part| part == b"\"Offset\":0");
            let answer = first.then(|| emulated(&emulator, &attempt));
            let out = Arc::clone(&held);
            async move {
                let _out = out;
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        });
    let mut pages = client.pages(list()).width(3);
    pages.next().await.unwrap().unwrap();
    let next = timeout(Duration::from_millis(1), pages.next()).await;
    assert!(next.is_err());
    let held = async |many| {
        while Arc::strong_count(&out) != many {
            tokio::task::yield_now().await;
        }
    };
    // By the test, the transport, and three pages.
    timeout(PATIENCE, held(2 + 3)).await.unwrap();
    drop(pages);
    timeout(PATIENCE, held(2)).await.unwrap();
}

#[tokio::test]
async fn what_is_out_goes_on_while_the_consumer_is_busy() {
    let emulator = Arc::new(Mutex::new(Emulator::new(credential())));
    let answered = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&answered);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            let (emulator, answered) = (Arc::clone(&emulator), Arc::clone(&counter));
            async move {
                tokio::task::yield_now().await;
                answered.fetch_add(1, Ordering::SeqCst);
                emulated(&emulator, &attempt)
            }
        });
    let mut pages = client.pages(list()).width(3);
    pages.next().await.unwrap().unwrap();
    pages.next().await.unwrap().unwrap();
    // Nobody asks for the pages that are out.
    let all = async {
        while answered.load(Ordering::SeqCst) < 4 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, all).await.unwrap();
}

#[tokio::test]
async fn a_task_that_panics_panics_here() {
    let transport = |_: Attempt| async { panic!("it broke") };
    let client = Client::builder()
        .credentials(credential())
        .transport(transport);
    let walk = tokio::spawn(async move { client.pages(list()).next().await.is_some() });
    let panicked = walk.await.unwrap_err().into_panic();
    assert_eq!(panicked.downcast_ref(), Some(&"it broke"));
}

#[tokio::test]
async fn a_walk_whose_transport_panicked_ends_with_an_error_and_goes_on_when_stored() {
    for width in [1, 3] {
        let emulator = Mutex::new(Emulator::new(credential()));
        let sends = AtomicUsize::new(0);
        let client =
            Client::builder()
                .credentials(credential())
                .transport(move |attempt: Attempt| {
                    assert_ne!(sends.fetch_add(1, Ordering::SeqCst), 3, "it broke");
                    std::future::ready(emulated(&emulator, &attempt))
                });
        let mut pages = client.pages(list()).width(width);
        let (mut records, mut panics) = (0, 0);
        let error = loop {
            let next = poll_fn(|context| {
                let poll = catch_unwind(AssertUnwindSafe(|| pages.poll_next_unpin(context)));
                poll.map_or_else(|panicked| Poll::Ready(Err(panicked)), |poll| poll.map(Ok))
            });
            match next.await {
                Ok(Some(Ok(page))) => records += page.output.transaction_list.len(),
                Ok(end) => break end.unwrap().unwrap_err(),
                Err(_) => panics += 1,
            }
        };
        assert!(matches!(error, Error::Ended), "{error:?}");
        assert_eq!(panics, 1);
        assert!(pages.next().await.is_none());
        let mut rest = client.pages(pages.walk().clone());
        while let Some(page) = rest.next().await {
            records += page.unwrap().output.transaction_list.len();
        }
        assert_eq!(records, ids(client.items(list())).await.len(), "{width}");
    }
}

/// Whether a page begins with the record of this number.
fn begins_at(attempt: &Attempt, offset: u32) -> bool {
    let body = str::from_utf8(attempt.request.body()).unwrap();
    body.contains(&format!("\"Offset\":{offset},"))
        || body.contains(&format!("\"Offset\":{offset}}}"))
}

#[test]
fn a_walk_whose_runtime_has_ended_says_so_and_is_not_tried_again() {
    let runtime = || Builder::new_current_thread().enable_all().build().unwrap();
    let emulator = Mutex::new(Emulator::new(credential()));
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            let answered = begins_at(&attempt, 0) || begins_at(&attempt, 4);
            let answer = answered.then(|| emulated(&emulator, &attempt));
            async move {
                match answer {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            }
        });
    let mut pages = client.pages(list()).width(4);
    let first = runtime();
    for _ in 0..2 {
        first.block_on(pages.next()).unwrap().unwrap();
    }
    drop(first);
    let second = runtime();
    let error = second.block_on(pages.next()).unwrap().unwrap_err();
    assert!(matches!(error, Error::Shutdown), "{error:?}");
    assert!(!error.is_transient());
    assert!(pages.is_terminated());
    assert!(second.block_on(pages.next()).is_none());
    assert_eq!(pages.walk().delivered(), 8);
}

#[tokio::test(start_paused = true)]
async fn nothing_more_is_sent_after_an_error() {
    let emulator = Arc::new(Mutex::new(Emulator::new(credential())));
    let sends = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sends);
    let client = Client::builder()
        .credentials(credential())
        .transport(move |attempt: Attempt| {
            counter.fetch_add(1, Ordering::SeqCst);
            let emulator = Arc::clone(&emulator);
            async move {
                if begins_at(&attempt, 0) {
                    return emulated(&emulator, &attempt);
                }
                if begins_at(&attempt, 4) {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    return Ok(http::Response::new(DENIED.into()));
                }
                // To be retried in ten seconds.
                let overloaded = http::Response::builder()
                    .status(http::StatusCode::SERVICE_UNAVAILABLE)
                    .header("retry-after", 10);
                Ok(overloaded.body(bytes::Bytes::new()).unwrap())
            }
        });
    let mut pages = client.pages(list()).width(4);
    pages.next().await.unwrap().unwrap();
    pages.next().await.unwrap().unwrap_err();
    let sent = sends.load(Ordering::SeqCst);
    assert!(sent > 2, "nothing else was on its way");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(sends.load(Ordering::SeqCst), sent);
    assert!(pages.next().await.is_none());
}
