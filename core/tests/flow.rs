//! Calls, walks and what they share, on virtual time.
#![cfg(feature = "emulator")]

#[path = "flow/bills.rs"]
mod bills;
#[path = "flow/call.rs"]
mod call;
#[path = "flow/chaos.rs"]
mod chaos;
#[path = "flow/clock.rs"]
mod clock;
mod common;
#[path = "flow/completeness.rs"]
mod completeness;
#[path = "flow/credentials.rs"]
mod credentials;
#[path = "flow/endings.rs"]
mod endings;
#[path = "flow/failover.rs"]
mod failover;
#[path = "flow/identity.rs"]
mod identity;
#[path = "flow/list.rs"]
mod list;
#[path = "flow/lookups.rs"]
mod lookups;
#[path = "flow/pages.rs"]
mod pages;
#[cfg(feature = "tracing")]
#[path = "flow/places.rs"]
mod places;
#[path = "flow/planner.rs"]
mod planner;
#[path = "flow/prefixes.rs"]
mod prefixes;
#[path = "flow/quota.rs"]
mod quota;
#[cfg(feature = "tracing")]
#[path = "common/trace.rs"]
mod recording;
#[path = "flow/remedies.rs"]
mod remedies;
#[path = "flow/renewal.rs"]
mod renewal;
#[path = "flow/renewal_clock.rs"]
mod renewal_clock;
#[path = "flow/replaced.rs"]
mod replaced;
#[path = "flow/requests.rs"]
mod requests;
#[path = "flow/resume.rs"]
mod resume;
#[path = "flow/retry.rs"]
mod retry;
#[path = "flow/roles.rs"]
mod roles;
#[path = "flow/session.rs"]
mod session;
#[path = "flow/settings.rs"]
mod settings;
#[path = "flow/shown.rs"]
mod shown;
#[path = "flow/storm.rs"]
mod storm;
#[path = "flow/table.rs"]
mod table;
#[path = "flow/tickets.rs"]
mod tickets;
#[path = "flow/time.rs"]
mod time;
#[path = "flow/totals.rs"]
mod totals;
#[cfg(feature = "tracing")]
#[path = "flow/trace.rs"]
mod trace;
#[path = "flow/unruly.rs"]
mod unruly;
#[path = "flow/waits.rs"]
mod waits;
#[path = "flow/window_errors.rs"]
mod window_errors;
#[path = "flow/windows.rs"]
mod windows;
#[path = "flow/world.rs"]
mod world;

use std::time::Duration;

use serde_json::{Value, json};
use tc3_core::{Attempt, Flow, Outcome, Step, Untyped, credential::Search};

use common::Client;

/// The answer whose `Response` has these fields.
fn answer(mut fields: Value) -> Outcome {
    fields["RequestId"] = json!("5e1f");
    let envelope = json!({"Response": fields});
    Ok(http::Response::new(envelope.to_string().into()))
}

fn refusal(code: &str) -> Outcome {
    answer(json!({"Error": {"Code": code, "Message": "no"}}))
}

/// What is no answer of the API.
fn page(status: u16, body: &'static str) -> Outcome {
    let mut response = http::Response::new(body.into());
    *response.status_mut() = status.try_into().unwrap();
    Ok(response)
}

/// An answer with a header more.
fn with(outcome: Outcome, name: &'static str, value: &str) -> Outcome {
    outcome.map(|mut response| {
        response.headers_mut().insert(name, value.parse().unwrap());
        response
    })
}

/// An action that only reads.
fn read() -> Untyped {
    Untyped::new("cvm", "2017-03-12", "DescribeZones", json!({})).repeatable()
}

/// An action that is not repeated when nobody knows whether it took effect.
fn write() -> Untyped {
    Untyped::new("cvm", "2017-03-12", "StartZone", json!({"Zone": "a"}))
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The input that an attempt carries.
fn input(attempt: &Attempt) -> Value {
    serde_json::from_slice(attempt.request.body()).unwrap()
}

fn sent<F: Flow>(flow: &mut F, client: &mut Client) -> Attempt {
    match flow.step(&mut client.session, client.now) {
        Step::Send(attempt) => attempt,
        Step::Wait(delay) => panic!("a wait of {delay:?}"),
        Step::Done(_) => panic!("an end"),
    }
}

/// The search for credentials that a flow waits for.
fn search<F: Flow>(flow: &mut F, client: &mut Client) -> Search {
    let step = flow.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Wait(_)), "no wait");
    client.session.search(client.now).expect("a search is due")
}

fn done<F: Flow>(flow: &mut F, client: &mut Client) -> F::Output {
    match flow.step(&mut client.session, client.now) {
        Step::Send(attempt) => panic!("{attempt:?}"),
        Step::Wait(delay) => panic!("a wait of {delay:?}"),
        Step::Done(output) => output,
    }
}
