//! The emulator on a socket of tokio's.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tc3_async::serve::Server;
use tc3_core::{
    Action, Credential, Session, Untyped,
    billing::DescribeBillList,
    emulator::{Account, Emulator, Fault, When},
    wire::{
        request::{self, MAX_POST},
        response,
    },
};
use tc3_test_peer::{PATIENCE, assert_unknown, credential, january, now};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::{clients::client, driver::served};

#[tokio::test]
async fn a_request_without_an_answer_closes_its_connection() {
    let emulator = Emulator::new(credential())
        .with_fault(When::At(2), Fault::Lost)
        .with_fault(When::At(3), Fault::NotReached);
    let client = client(served(emulator).await.0);
    client.call(&january()).await.unwrap();
    assert_unknown(client.call(&january()).await);
    assert_unknown(client.call(&january()).await);
    client.call(&january()).await.unwrap();
}

/// What the server says to these bytes, until it closes the connection.
async fn said(server: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut said = Vec::new();
    let read = stream.read_to_end(&mut said);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn what_is_answered_before_it_was_read_to_its_end_closes_the_connection() {
    let server = Server::bind("127.0.0.1:0", Emulator::new(credential()))
        .await
        .unwrap();
    let address = server.local_addr();
    tokio::spawn(server.run());
    let post = |more: &str, body: &[u8]| {
        let head = format!("POST / HTTP/1.1\r\nhost: {address}\r\n{more}\r\n\r\n");
        [head.as_bytes(), body].concat()
    };
    let large = |len: usize| post(&format!("content-length: {len}"), &vec![b' '; len]);
    // The next request of a connection that was kept would begin in the middle of this one.
    let rest = post("content-length: 0", b"");
    for (request, status) in [
        (large(2 * MAX_POST + 1), "413 Payload Too Large"),
        (large(3 * MAX_POST), "413 Payload Too Large"),
        (
            post("transfer-encoding: chunked", b"no length\r\n"),
            "400 Bad Request",
        ),
    ] {
        let said = said(address, &[&*request, &rest].concat()).await;
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{said}"
        );
        assert!(
            said.to_ascii_lowercase()
                .contains("\r\nconnection: close\r\n"),
            "{said}"
        );
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{said}");
    }
    // What the emulator itself refuses was read, so the connection is kept.
    let closing = post("connection: close\r\ncontent-length: 0", b"");
    let said = said(address, &[large(2 * MAX_POST), closing].concat()).await;
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 2, "{said}");
    assert!(said.contains("RequestSizeLimitExceeded"), "{said}");
}

#[tokio::test]
async fn accounts_and_own_actions_are_served() {
    let look = Untyped::new("cvm", "2017-03-12", "Look", json!({"At": "sky"}));
    let other = Credential::new("AKIDOTHER", "another-fake-key").unwrap();
    let emulator = Emulator::new(credential())
        .with_until("2026-11-27".parse().unwrap())
        .with_account(Account::new(other.clone()).with_records(480))
        .with_action(look.target(), |request| {
            Ok(json!({"Id": request.secret_id, "At": request.parameters["At"]}))
        });
    let server = served(emulator).await.0;
    let november = DescribeBillList::new(
        "2026-11-01 00:00:00".parse().unwrap(),
        "2026-11-30 23:59:59".parse().unwrap(),
    );
    for (credential, total) in [(credential(), 37), (other, 18)] {
        let client = tc3_async::Client::builder()
            .credentials(credential.clone())
            .endpoint(server.clone())
            .build();
        let found = client.call(&november).await.unwrap().output;
        assert_eq!(found.total, Some(total));
        let seen = client.call(&look).await.unwrap().output;
        let id: String = seen.read("Id").unwrap();
        assert_eq!(
            (id.as_str(), seen.json("At")),
            (credential.secret_id(), Some(r#""sky""#))
        );
    }
}

#[tokio::test]
async fn a_slow_answer_holds_up_no_other() {
    let slow = Fault::Slow(Duration::from_secs(1));
    let emulator = Emulator::new(credential()).with_fault(When::At(1), slow);
    // The ids of its answers, in the order in which the requests arrive.
    let mut twin = emulator.clone();
    let mut arrived = Vec::new();
    for _ in 0..3 {
        let mut session = Session::new(credential());
        let signed = request::sign(&january(), &mut session, now()).unwrap();
        let answer = twin.handle(now(), &signed);
        let reply = response::read::<DescribeBillList>(&answer).unwrap();
        arrived.push(reply.request_id);
    }

    let client = client(served(emulator).await.0);
    let mut calls = JoinSet::new();
    for _ in 0..3 {
        let client = client.clone();
        calls.spawn(async move { client.call(&january()).await.unwrap().request_id });
    }
    let mut answered = Vec::new();
    while let Some(request_id) = calls.join_next().await {
        answered.push(request_id.unwrap());
    }
    assert_eq!(answered.last(), arrived.first());
    arrived.sort();
    answered.sort();
    assert_eq!(answered, arrived);
}
