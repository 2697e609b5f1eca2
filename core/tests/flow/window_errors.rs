use std::cell::RefCell;

use jiff::Span;
use serde_json::{Value, json};
use tc3_core::{Error, Outcome, Settings, pagination::Prefetch};

use super::{
    answer,
    bills::{Bills, Reading, range, time},
    input, refusal,
    windows::{numbers, walk},
    world::World,
};
use crate::common::Client;

/// What a walk over three windows of two pages each comes to when what begins there is answered otherwise.
fn spoilt((start, from): (&str, u64), spoil: impl Fn(Value) -> Outcome) -> (Vec<u64>, Error) {
    let days = [
        "2024-01-02",
        "2024-03-01",
        "2024-08-01",
        "2024-09-01",
        "2025-02-01",
        "2025-03-01",
    ];
    let times = days.map(|day| time(&format!("{day} 08:00:00.000")));
    let mut bills = Bills::new(times, Reading::Instant);
    let action = range("2024-01-01 00:00:00", "2025-05-01 00:00:00").with_limit(1);
    let walked = walk(action, 1, |attempt| {
        let (answered, input) = (bills.serve(attempt), input(attempt));
        let offset = input["Offset"].as_u64().unwrap();
        if input["StartTime"] != start || offset < from {
            return answered;
        }
        let envelope: Value = serde_json::from_slice(answered.unwrap().body()).unwrap();
        spoil(envelope["Response"].clone())
    });
    let records = numbers(walked.pages.into_iter().flatten().collect());
    (records, walked.error.unwrap())
}

const SECOND: &str = "2024-07-01 00:00:00 to 2025-01-01 00:00:00";

#[test]
fn an_error_of_the_walk_names_its_window() {
    let (records, error) = spoilt(("2024-07-01 00:00:00", 1), |mut page| {
        page["TransactionList"] = json!([]);
        answer(page)
    });
    assert_eq!(records, [0, 1, 2]);
    let Error::Incomplete {
        window,
        delivered,
        total,
        ..
    } = &error
    else {
        panic!("{error}")
    };
    assert_eq!(
        (window.as_deref(), *delivered, *total),
        (Some(SECOND), 1, 2)
    );
}

#[test]
fn a_record_that_a_window_lacks_is_missed_there() {
    let mut bills = Bills::new(
        [
            "2024-02-01",
            "2024-03-01",
            "2024-08-01",
            "2024-09-01",
            "2025-02-01",
        ]
        .map(|day| time(&format!("{day} 08:00:00.000"))),
        Reading::WholeSecond,
    );
    for width in [1, 4] {
        let action = range("2024-01-01 00:00:00", "2025-05-01 00:00:00").with_limit(1);
        let walked = walk(action, width, |attempt| {
            let answered = bills.serve(attempt).unwrap();
            let mut envelope: Value = serde_json::from_slice(answered.body()).unwrap();
            if input(attempt)["StartTime"] == "2024-07-01 00:00:00" {
                envelope["Response"]["Total"] = json!(3);
            }
            Ok(http::Response::new(envelope.to_string().into()))
        });
        assert_eq!(walked.pages.concat().len(), 4);
        let error = walked.error.unwrap();
        assert!(
            matches!(&error, Error::Incomplete { window: Some(window), delivered: 2, total: 3, .. }
                if window == SECOND),
            "{error}"
        );
        let text = format!("incomplete: 2 of 3 records came ({SECOND})");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_page_that_comes_again_is_named_with_its_window() {
    let first = RefCell::new(None);
    let (records, error) = spoilt(("2024-07-01 00:00:00", 0), |mut page| {
        let list = &mut page["TransactionList"];
        *list = first.borrow_mut().get_or_insert(list.take()).clone();
        answer(page)
    });
    assert_eq!(records, [0, 1, 2]);
    assert!(
        matches!(&error, Error::Repeated { window: Some(window), delivered: 1, .. } if window == SECOND),
        "{error}"
    );
}

#[test]
fn a_refusal_in_a_later_window_ends_the_walk_after_what_came_before() {
    let (records, error) = spoilt(("2025-01-01 00:00:00", 0), |_| {
        refusal("AuthFailure.TokenFailure")
    });
    assert_eq!(records, [0, 1, 2, 3]);
    assert!(error.is_denied());
}

#[test]
fn each_window_may_have_as_many_pages_as_the_settings_say() {
    let times = (0..30).map(|day| time("2024-01-01 08:00:00") + Span::new().days(13 * day));
    let times: Vec<_> = times.collect();
    for (max_pages, named) in [
        (15, None),
        (13, Some("2024-01-01 00:00:00 to 2024-07-01 00:00:00")),
    ] {
        let settings = Settings::default().with_max_pages(max_pages);
        let mut world = World::new(Client::with_settings(settings));
        let mut bills = Bills::new(times.clone(), Reading::WholeSecond);
        let action = range("2024-01-01 00:00:00", "2025-06-01 00:00:00").with_limit(1);
        let mut planner = Prefetch::new(action).with_width(4);
        let walked = world.walk(&mut planner, |_, attempt| bills.serve(attempt));
        match (walked.error, named) {
            (None, None) => assert_eq!(walked.pages.concat().len(), 30),
            (Some(Error::TooManyPages { window, limit, .. }), named) => {
                assert_eq!((window.as_deref(), limit), (named, max_pages));
                assert_eq!(walked.pages.concat().len(), 13);
            }
            (error, _) => panic!("{error:?}"),
        }
    }
}
