//! How many requests a walk takes.

use serde_json::json;
use tc3_core::{Attempt, Error, Pages};

use super::{
    answer, input,
    resume::{client, finish},
    table::{CURSOR, ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, SHORT, TOKEN, Table},
};

/// The requests for a list in pages of two rows, to which so many are added after the first page.
fn requests<const KIND: usize>(rows: u64, added: u64) -> usize {
    let mut client = client::<Rows<KIND>>();
    let mut pages = Pages::new(Rows::<KIND>::new(2, 1));
    let (mut table, mut requests) = (Table::new(&[rows]), 0);
    let mut serve = |_, attempt: Attempt| {
        requests += 1;
        let answer = table.serve::<KIND>(&attempt);
        if requests == 1 {
            table.parts[0].extend(9_000..9_000 + added);
        }
        answer
    };
    while let Some(page) = client.drive(&mut pages, &mut serve) {
        page.unwrap();
    }
    assert_eq!(pages.delivered(), rows + added);
    requests
}

#[test]
fn a_short_page_ends_its_list_and_a_full_one_does_not() {
    assert_eq!(requests::<SHORT>(5, 0), 3);
    assert_eq!(requests::<SHORT>(4, 0), 3);
    assert_eq!(requests::<ITEM_OFFSET>(4, 0), 3);
    assert_eq!(requests::<ITEM_OFFSET>(5, 0), 3);
}

#[test]
fn what_follows_a_token_or_a_cursor_is_not_in_doubt_when_the_total_changes() {
    assert_eq!(requests::<TOKEN>(5, 2), 4);
    // This service's short last page has a cursor too: its span is checked, and an empty page ends the list.
    assert_eq!(requests::<CURSOR>(5, 2), 6);
    // What an offset means may have moved: the page before is asked for again.
    assert_eq!(requests::<ITEM_OFFSET>(5, 2), 5);
    assert_eq!(requests::<PAGE_INDEX>(5, 2), 5);
    assert_eq!(requests::<PAGE_NUMBER>(5, 2), 5);
}

#[test]
fn empty_pages_are_told_apart_by_their_tokens() {
    let walk = |last: &str| {
        finish(Rows::<TOKEN>::new(2, 1).into(), |attempt| {
            let (rows, next) = match input(attempt)["Token"].as_str() {
                None => (json!([]), json!("a")),
                Some("a") => (json!([]), json!("b")),
                Some("b") => (json!([]), json!(last)),
                _ => (json!([7]), json!(null)),
            };
            answer(json!({"Rows": rows, "Token": next}))
        })
    };
    let (records, error, _) = walk("c");
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records, [7]);
    // In a circle.
    let (records, error, _) = walk("a");
    assert!(matches!(error, Some(Error::Repeated { .. })), "{error:?}");
    assert!(records.is_empty());
}
