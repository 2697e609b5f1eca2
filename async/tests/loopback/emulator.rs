use std::{fmt, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, TryStreamExt};
use tc3_async::{Client, serve::Server};
use tc3_core::{
    Agent, ChannelDescribeBillUsageDetail, Credential, DescribeAllocationSummaryByBusiness,
    DescribeBillList, Emulator, Endpoint, Error, Fault, Month, Paginate, Session, When, Wire,
    request::{self, MAX_POST},
    response,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

use crate::{
    client,
    common::{KEY, PATIENCE, Peer, TOKEN, assert_unknown, credential, january, now},
    settings, with,
};

fn summary() -> DescribeAllocationSummaryByBusiness {
    DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap())
}

fn usage() -> ChannelDescribeBillUsageDetail {
    ChannelDescribeBillUsageDetail::new(
        Agent::new(Emulator::APP_ID),
        "20240101".parse().unwrap(),
        "20240131".parse().unwrap(),
    )
}

fn client_of(credential: Credential, endpoint: Endpoint) -> Client {
    Client::builder()
        .credentials(credential)
        .endpoint(endpoint)
        .deadline(PATIENCE)
        .build()
}

async fn serve(emulator: Emulator) -> Endpoint {
    let server = Server::bind("127.0.0.1:0", emulator).await.unwrap();
    let endpoint = format!("http://{}", server.local_addr()).parse().unwrap();
    tokio::spawn(server.run());
    endpoint
}

/// All records of a list, walked as pages and as items.
async fn walk<A>(client: &Client, action: &A) -> Vec<A::Item>
where
    A: Paginate + Clone + Send + 'static,
    A::Output: Send,
    A::Item: PartialEq + fmt::Debug,
{
    let mut pages = client.pages(action.clone());
    let mut paged = Vec::new();
    while let Some(page) = pages.next().await {
        paged.extend(A::into_items(page.unwrap().output));
    }
    let count = u64::try_from(paged.len()).unwrap();
    let walk = pages.walk();
    assert_eq!((walk.delivered(), walk.total()), (count, Some(count)));
    let items: Vec<_> = client.items(action.clone()).try_collect().await.unwrap();
    assert_eq!(paged, items);
    items
}

#[track_caller]
fn assert_refused<T: fmt::Debug>(result: Result<T, Error>, code: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), code);
    assert!(error.request_id().is_some());
}

#[tokio::test]
async fn a_call_gives_the_first_page() {
    let endpoint = serve(Emulator::new(credential()).with_records(300)).await;
    let client = client(endpoint);
    let bills = client.call(&january().with_limit(5)).await.unwrap().output;
    assert_eq!(bills.transaction_list.len(), 5);
    assert!(bills.total > Some(5));
    assert_eq!(
        client.call(&summary()).await.unwrap().output.record_num,
        Some(300)
    );
    assert_eq!(client.call(&usage()).await.unwrap().output.total, Some(300));
}

#[tokio::test]
async fn every_form_of_request_gives_the_same_records() {
    let endpoint = serve(Emulator::new(credential()).with_records(120)).await;
    let mut records = Vec::new();
    for wire in [Wire::Post, Wire::Get, Wire::PostUnsigned] {
        let client = with(
            settings(endpoint.clone())
                .with_wire(wire)
                .with_page_size(50),
        )
        .build();
        records.push((
            walk(&client, &january().with_limit(3)).await,
            walk(&client, &summary()).await,
            walk(&client, &usage()).await,
        ));
    }
    let [post, get, unsigned] = &records[..] else {
        panic!("{}", records.len());
    };
    assert!(post.0.len() > 3);
    assert_eq!((post.1.len(), post.2.len()), (120, 120));
    assert_eq!(get, post);
    assert_eq!(unsigned, post);
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let endpoint = serve(Emulator::new(credential())).await;
    let forger = Credential::new("AKIDEXAMPLE", "another-fake-key").unwrap();
    let forger = client_of(forger, endpoint);
    assert_refused(
        forger.call(&january()).await,
        "AuthFailure.SignatureFailure",
    );
    let refused = forger.items(january()).next().await.unwrap();
    assert_refused(refused, "AuthFailure.SignatureFailure");
}

#[tokio::test]
async fn another_credential_signs_from_now_on() {
    let endpoint = serve(Emulator::new(credential())).await;
    let client = client_of(Credential::new("AKIDSTRANGER", KEY).unwrap(), endpoint);
    let result = client.call(&january()).await;
    assert_refused(result, "AuthFailure.SecretIdNotFound");
    client.set_credential(credential());
    client.call(&january()).await.unwrap();
}

#[tokio::test]
async fn a_token_is_sent_along() {
    let temporary = credential().with_token(TOKEN).unwrap();
    let endpoint = serve(Emulator::new(temporary.clone())).await;
    let holder = client_of(temporary, endpoint.clone());
    holder.call(&january()).await.unwrap();
    let result = client(endpoint).call(&january()).await;
    assert_refused(result, "AuthFailure.TokenFailure");
}

#[tokio::test]
async fn a_request_without_an_answer_closes_its_connection() {
    let emulator = Emulator::new(credential())
        .with_fault(When::At(2), Fault::Lost)
        .with_fault(When::At(3), Fault::NotReached);
    let client = client(serve(emulator).await);
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

    let client = client(serve(emulator).await);
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

#[tokio::test]
async fn a_dropped_walk_fetches_no_more() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(25));
    let client = client(peer.endpoint());
    let mut items = client.items(summary().with_limit(10));
    for _ in 0..11 {
        items.next().await.unwrap().unwrap();
    }
    drop(items);
    client.call(&january()).await.unwrap();
    assert_eq!(peer.received().len(), 3);
}

#[tokio::test]
async fn an_ended_walk_asks_for_nothing() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(25));
    let mut items = client(peer.endpoint()).items(summary());
    assert_eq!(StreamExt::by_ref(&mut items).count().await, 25);
    assert!(items.next().await.is_none());
    assert_eq!(peer.received().len(), 1);
}
