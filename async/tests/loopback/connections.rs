//! Connections and runtimes, and a client in several tasks.

use futures_util::TryStreamExt;
use tc3_core::{Attempt, emulator::Emulator};
use tc3_test_peer::{ANSWER, Peer, answer, credential, january};
use tokio::runtime::Builder;

use crate::{
    clients::client,
    driver::{Client, noted},
};

#[test]
fn a_runtime_that_stands_still_holds_up_nobody_elses_calls() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = client(peer.endpoint());
    let runtimes = [(); 2].map(|()| Builder::new_current_thread().enable_all().build().unwrap());
    // By turns: each is driven only while it is asked, and drives its own sockets alone.
    for runtime in [&runtimes[0], &runtimes[1], &runtimes[0], &runtimes[1]] {
        runtime.block_on(client.call(&january())).unwrap();
    }
    assert_eq!((peer.received().len(), peer.accepted()), (4, 2));
}

#[tokio::test]
async fn a_client_is_shared_by_tasks() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(730));
    let client = client(peer.endpoint());
    let alone = client.call(&january()).await.unwrap().output;
    let walks: Vec<_> = (0..8)
        .map(|_| {
            let items = client.items(january().with_limit(10));
            tokio::spawn(items.try_collect::<Vec<_>>())
        })
        .collect();
    for walk in walks {
        assert_eq!(walk.await.unwrap().unwrap(), alone.transaction_list);
    }
}

#[tokio::test]
async fn a_dropped_call_leaves_the_client_usable() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        if connection.number == 0 {
            connection.note("received");
            connection.rest();
            connection.note("abandoned");
        } else {
            connection.send(answer("200 OK", ANSWER));
        }
    });
    let client = client(peer.endpoint());
    let action = january();
    tokio::select! {
        result = client.call(&action) => panic!("{result:?}"),
        note = noted(&peer) => assert_eq!(note, "received"),
    }
    assert_eq!(noted(&peer).await, "abandoned");
    client.call(&action).await.unwrap();
    assert_eq!((peer.received().len(), peer.accepted()), (2, 2));
}

#[tokio::test]
async fn a_dropped_page_ends_the_stream_and_leaves_the_client_usable() {
    let peer = Peer::new(|mut connection| {
        connection.request();
        if connection.number == 0 {
            connection.note("received");
            connection.rest();
        } else {
            connection.send(answer("200 OK", ANSWER));
        }
    });
    let client = client(peer.endpoint());
    let mut pages = client.pages(january());
    tokio::select! {
        page = pages.next() => panic!("{page:?}"),
        note = noted(&peer) => assert_eq!(note, "received"),
    }
    drop(pages);
    client.call(&january()).await.unwrap();
}

#[test]
fn a_client_outlives_the_runtime_of_its_connection() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let client = client(peer.endpoint());
    // More than it has pools for.
    for _ in 0..70 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(client.call(&january())).unwrap();
    }
    assert_eq!((peer.received().len(), peer.accepted()), (70, 70));
}

#[tokio::test]
async fn a_closure_is_a_transport() {
    let transport = |attempt: Attempt| async move {
        assert_eq!(
            attempt.request.uri(),
            "https://billing.tencentcloudapi.com/"
        );
        tokio::task::yield_now().await;
        Ok(http::Response::new(ANSWER.into()))
    };
    let client = Client::builder()
        .credentials(credential())
        .transport(transport);
    assert_eq!(client.call(&january()).await.unwrap().request_id, "5e1f");
    assert!(client.items(january()).next().await.is_none());
}
