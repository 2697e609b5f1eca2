//! A walk over a list: through the emulator without a socket, and over recorded pages, which leaves
//! nothing but what the walk itself costs.

use std::{hint::black_box, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use serde::Deserialize;
use tc3_core::{
    Outcome, Pages, Session, Settings,
    billing::{DescribeBillList as List, DescribeBillListResponse as Page},
    emulator::Emulator,
    pagination::walk,
    wire::request,
};

use crate::{Role, Stage, TIME, call, credential};

/// How many records a walk through the emulator has, and one over recorded pages.
pub const RECORDS: u64 = 1_000_000;
const RECORDED: u64 = 10_000;
/// How many records the service serves at once.
const PAGE: u64 = 100;

/// All transactions of the emulator, in four windows.
pub fn list() -> List {
    let second = |text: &str| text.parse().expect("a second");
    List::new(second("2024-01-01 00:00:00"), second("2025-12-31 23:59:59"))
}

/// Walks over so many records of the emulator, page by page, and returns how many came.
pub fn emulated(records: u64) -> u64 {
    let mut service = Emulator::new(credential()).with_records(records);
    let mut session = session(Settings::default());
    let send = |request| Ok(service.handle(TIME, &request));
    drive(list(), &mut session, send)
}

fn session(settings: Settings) -> Session {
    Session::new(credential()).with_settings(settings.with_rate_of::<List>(None))
}

fn drive(
    list: List,
    session: &mut Session,
    mut send: impl FnMut(Request<Bytes>) -> Outcome,
) -> u64 {
    let mut tick = Duration::ZERO;
    let mut pages = Pages::new(list);
    while let Some(page) = call::drive(&mut pages, session, &mut tick, &mut send) {
        black_box(page.expect("the list is sound"));
    }
    pages.delivered()
}

/// What a walk over a list sends and gets, where the emulator has so many records.
pub fn exchanges(
    list: List,
    records: u64,
    settings: Settings,
) -> Vec<(Request<Bytes>, Response<Bytes>)> {
    let mut service = Emulator::new(credential()).with_records(records);
    let mut exchanges = Vec::new();
    drive(list, &mut session(settings), |request| {
        let response = service.handle(TIME, &request);
        exchanges.push((request, response.clone()));
        Ok(response)
    });
    exchanges
}

/// Reads a page with bare `serde_json`.
pub fn bare(body: &[u8]) -> Page {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Envelope {
        response: Page,
    }

    let envelope: Envelope = serde_json::from_slice(body).expect("the page is sound");
    envelope.response
}

/// A walk through the emulator; the floor is the emulator's answers to the same requests, signed one by
/// one, and bare `serde_json` for them.
pub fn emulator_stage(records: u64) -> Stage {
    Stage::new(format!("walk_{records}"), 0, move || emulated(records))
        .with_records(records)
        .with("floor", Role::Floor, move || {
            let mut service = Emulator::new(credential()).with_records(records);
            let mut session = session(Settings::default());
            for window in walk::windows(list()) {
                let mut offset = 0;
                loop {
                    let action = window.clone().with_offset(offset);
                    let request = request::sign(&action, &mut session, TIME);
                    let request = request.expect("the action is sound");
                    let page = bare(service.handle(TIME, &request).body());
                    offset += PAGE;
                    if page.total.is_none_or(|total| offset >= total) {
                        break;
                    }
                }
            }
        })
}

/// A walk over recorded pages; the floor is bare `serde_json` for the same pages.
pub fn recorded_stage() -> Stage {
    let pages: Vec<Bytes> = exchanges(list(), RECORDED, Settings::default())
        .into_iter()
        .map(|(_, response)| response.into_body())
        .collect();
    let bytes = pages.iter().map(Bytes::len).sum();
    let plain = pages.clone();
    let name = format!("walk_{RECORDED}_recorded");
    Stage::new(name, bytes, move || {
        let mut pages = pages.iter();
        let send = |_| Ok(call::answer(pages.next().expect("a page").clone()));
        drive(list(), &mut session(Settings::default()), send)
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
        let settings = Settings::default();
        // Four windows, each with a page that is not full.
        assert_eq!(exchanges(list(), 2_500, settings).len(), 28);
    }
}
