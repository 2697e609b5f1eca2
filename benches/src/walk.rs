//! A walk over a list: through the emulator without a socket, and over recorded pages, which leaves
//! nothing but what the walk itself costs.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use serde::Deserialize;
use tc3_core::{
    Action, DescribeAllocationSummaryByBusiness as List, Emulator, Month, Outcome, Pages, Settings,
};

use crate::{Role, Stage, TIME, call, credential};

/// How many records a walk of the emulator has, and one over recorded pages.
pub const RECORDS: u64 = 1_000_000;
const RECORDED: u64 = 10_000;

/// The list that is walked.
pub fn list() -> List {
    List::new(Month::new(2024, 2).expect("a month"))
}

/// Walks over so many records of the emulator, page by page, and returns how many came.
pub fn emulated(records: u64) -> u64 {
    let mut service = Emulator::new(credential()).with_records(records);
    walk(list(), |request| Ok(service.handle(TIME, &request)))
}

fn walk(list: List, mut send: impl FnMut(Request<Bytes>) -> Outcome) -> u64 {
    let settings = Settings::default().with_rate(List::SERVICE, List::NAME, None);
    let mut session = tc3_core::Session::new(credential()).with_settings(settings);
    let mut tick = Duration::ZERO;
    let mut pages = Pages::new(list);
    while let Some(page) = call::drive(&mut pages, &mut session, &mut tick, &mut send) {
        black_box(page.expect("the list is sound"));
    }
    pages.delivered()
}

/// What a walk over a list of so many records sends and gets.
pub fn exchanges(list: List, records: u64) -> Vec<(Request<Bytes>, Response<Bytes>)> {
    let mut service = Emulator::new(credential()).with_records(records);
    let mut exchanges = Vec::new();
    walk(list, |request| {
        let response = service.handle(TIME, &request);
        exchanges.push((request, response.clone()));
        Ok(response)
    });
    exchanges
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    response: <List as Action>::Output,
}

/// Reads a page with bare `serde_json`.
pub fn bare(body: &[u8]) -> <List as Action>::Output {
    let envelope: Envelope = serde_json::from_slice(body).expect("the page is sound");
    envelope.response
}

/// A walk through the emulator; the floor is the emulator's own answers, and bare `serde_json` for them.
pub fn emulator_stage(records: u64) -> Stage {
    Stage::new(format!("walk_{records}"), 0, move || emulated(records))
        .with_records(records)
        .with("floor", Role::Floor, move || {
            let mut service = Emulator::new(credential()).with_records(records);
            let mut settings = tc3_core::Session::new(credential());
            for offset in (0..records).step_by(1_000) {
                let list = list().with_offset(offset).with_limit(1_000);
                let request = tc3_core::request::sign(&list, &mut settings, TIME);
                let request = request.expect("the action is sound");
                black_box(bare(service.handle(TIME, &request).body()));
            }
        })
}

/// A walk over recorded pages; the floor is bare `serde_json` for the same pages.
pub fn recorded_stage() -> Stage {
    let pages: Vec<Bytes> = exchanges(list(), RECORDED)
        .into_iter()
        .map(|(_, response)| response.into_body())
        .collect();
    let bytes = pages.iter().map(Bytes::len).sum();
    let plain = pages.clone();
    let name = format!("walk_{RECORDED}_recorded");
    Stage::new(name, bytes, move || {
        let mut pages = pages.iter();
        walk(list(), |_| {
            Ok(call::answer(pages.next().expect("a page").clone()))
        })
    })
    .with_records(RECORDED)
    .with("floor", Role::Floor, move || {
        for page in &plain {
            black_box(bare(black_box(page)));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_delivers_everything() {
        assert_eq!(emulated(2_500), 2_500);
        assert_eq!(exchanges(list(), 2_500).len(), 3);
    }
}
