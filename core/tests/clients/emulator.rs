use std::fmt;

use tc3_core::{
    Credential, Error, Month, Paginate, Settings,
    billing::DescribeAllocationSummaryByBusiness,
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    session::{Endpoint, Wire},
};
use tc3_test_peer::{KEY, PATIENCE, Peer, TOKEN, credential, january};

use super::{all, client, settings, with};
use crate::driver::{Client, serve, wait};

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
        .settings(
            Settings::default()
                .with_endpoint(endpoint)
                .with_deadline(PATIENCE),
        )
        .build()
}

/// All records of a list, walked as pages and as items.
fn walk<A>(client: &Client, action: &A) -> Vec<A::Item>
where
    A: Paginate<Output: Send> + Clone + Send + 'static,
    A::Item: PartialEq + fmt::Debug,
{
    let mut pages = client.pages(action.clone());
    let mut paged = Vec::new();
    while let Some(page) = wait(pages.next()) {
        paged.extend(A::into_items(page.unwrap().output));
    }
    let count = u64::try_from(paged.len()).unwrap();
    let walk = pages.walk();
    assert_eq!((walk.delivered(), walk.total()), (count, Some(count)));
    let items = all(client.items(action.clone()));
    assert_eq!(paged, items);
    items
}

#[track_caller]
fn assert_refused<T: fmt::Debug>(result: Result<T, Error>, code: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), code);
    assert!(error.request_id().is_some());
}

#[test]
fn a_call_gives_the_first_page() {
    let endpoint = serve(Emulator::new(credential()).with_records(300));
    let client = client(endpoint);
    let bills = wait(client.call(&january().with_limit(5))).unwrap().output;
    assert_eq!(bills.transaction_list.len(), 5);
    assert!(bills.total > Some(5));
    assert_eq!(
        wait(client.call(&summary())).unwrap().output.record_num,
        Some(300)
    );
    assert_eq!(wait(client.call(&usage())).unwrap().output.total, Some(300));
}

#[test]
fn every_form_of_request_gives_the_same_records() {
    let endpoint = serve(Emulator::new(credential()).with_records(120));
    let [post, get, unsigned] = [Wire::Post, Wire::Get, Wire::PostUnsigned].map(|wire| {
        let client = with(
            settings(endpoint.clone())
                .with_wire(wire)
                .with_page_size(50),
        )
        .build();
        (
            walk(&client, &january().with_limit(3)),
            walk(&client, &summary()),
            walk(&client, &usage()),
        )
    });
    assert!(post.0.len() > 3);
    assert_eq!((post.1.len(), post.2.len()), (120, 120));
    assert_eq!(get, post);
    assert_eq!(unsigned, post);
}

#[test]
fn a_wrong_key_is_refused() {
    let endpoint = serve(Emulator::new(credential()));
    let forger = Credential::new("AKIDEXAMPLE", "another-fake-key").unwrap();
    let forger = client_of(forger, endpoint.clone());
    assert_refused(
        wait(forger.call(&january())),
        "AuthFailure.SignatureFailure",
    );
    let refused = wait(forger.items(january()).next()).unwrap();
    assert_refused(refused, "AuthFailure.SignatureFailure");
}

#[test]
fn another_credential_signs_from_now_on() {
    let endpoint = serve(Emulator::new(credential()));
    let client = client_of(
        Credential::new("AKIDSTRANGER", KEY).unwrap(),
        endpoint.clone(),
    );
    let result = wait(client.call(&january()));
    assert_refused(result, "AuthFailure.SecretIdNotFound");
    client.set_credential(credential());
    wait(client.call(&january())).unwrap();
}

#[test]
fn a_token_is_sent_along() {
    let temporary = credential().with_token(TOKEN).unwrap();
    let endpoint = serve(Emulator::new(temporary.clone()));
    let holder = client_of(temporary, endpoint.clone());
    wait(holder.call(&january())).unwrap();
    let result = wait(client(endpoint.clone()).call(&january()));
    assert_refused(result, "AuthFailure.TokenFailure");
}

#[test]
fn a_dropped_walk_fetches_no_more() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(25));
    let client = client(peer.endpoint());
    let mut items = client.items(summary().with_limit(10));
    for _ in 0..11 {
        wait(items.next()).unwrap().unwrap();
    }
    drop(items);
    wait(client.call(&january())).unwrap();
    assert_eq!(peer.received().len(), 3);
}

#[test]
fn an_ended_walk_asks_for_nothing() {
    let peer = Peer::emulating(Emulator::new(credential()).with_records(25));
    let mut items = client(peer.endpoint()).items(summary());
    for _ in 0..25 {
        wait(items.next()).unwrap().unwrap();
    }
    assert!(wait(items.next()).is_none());
    assert_eq!(peer.received().len(), 1);
}
