//! Calls, walks and what they share, on virtual time.
#![cfg(feature = "emulator")]

#[path = "flow/call.rs"]
mod call;
mod common;
#[path = "flow/list.rs"]
mod list;
#[path = "flow/pages.rs"]
mod pages;
#[path = "flow/session.rs"]
mod session;

use serde_json::{Value, json};
use tc3_core::{Attempt, Flow, Outcome, Step};

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

fn done<F: Flow>(flow: &mut F, client: &mut Client) -> F::Output {
    match flow.step(&mut client.session, client.now) {
        Step::Send(attempt) => panic!("{attempt:?}"),
        Step::Wait(delay) => panic!("a wait of {delay:?}"),
        Step::Done(output) => output,
    }
}
