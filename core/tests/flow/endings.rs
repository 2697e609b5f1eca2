//! How a walk knows its last page, and what it misses.

use serde_json::{Value, json};
use tc3_core::{
    Month,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use super::{
    answer, input,
    list::{ITEM_OFFSET, List, PAGE_INDEX, serve},
    pages::{walk, walk_with},
};
use crate::common::{Client, credential};

#[test]
fn the_end_of_an_exact_last_page_is_made_sure_of() {
    for total in [json!(8), Value::Null] {
        let walked = walk(List::<PAGE_INDEX>::new(None, 4), |attempt| {
            serve::<PAGE_INDEX>(attempt, 8, total.clone())
        });
        assert_eq!(walked.offsets(), [0, 1, 2].map(Some));
        // What only shows that a total is right is no page.
        let pages = if total.is_null() { 3 } else { 2 };
        assert_eq!(walked.pages.len(), pages);
        assert_eq!(walked.total, total.as_u64());
        assert_eq!(walked.records(), (0..8).collect::<Vec<_>>());
    }
}

#[test]
fn a_null_or_absent_total_ends_with_an_empty_page() {
    let summary = || DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap());
    let row = |cost| json!({"RealTotalCost": cost, "BusinessCode": "p_cvm"});
    for total in [json!({"RecordNum": null}), json!({})] {
        let walked = walk(summary().with_limit(2), |attempt| {
            let rows = match input(attempt)["Offset"].as_u64() {
                Some(0) => json!([row("0.10"), row("0.10")]),
                Some(2) => json!([row("0.10"), row("0.20")]),
                Some(4) => json!([row("0.10")]),
                _ => Value::Null,
            };
            let mut fields = total.clone();
            fields["Detail"] = rows;
            answer(fields)
        });
        // Of 1 record at 4, to see whether the one that came reaches as far as 5, and then behind it.
        assert_eq!(walked.offsets(), [0, 2, 4, 4, 5].map(Some));
        assert_eq!(walked.limits(), [2, 2, 2, 1, 2].map(Some));
        assert_eq!((walked.delivered, walked.total), (5, None));
        assert_eq!(walked.records().len(), 5);
    }
}

#[test]
fn a_list_without_any_record_is_one_empty_page() {
    let usage = ChannelDescribeBillUsageDetail::new(
        Agent::new("app"),
        "20240101".parse().unwrap(),
        "20240131".parse().unwrap(),
    );
    for fields in [
        json!({"Total": 0, "Details": []}),
        json!({"Total": 0, "Details": null}),
        json!({"Total": null}),
        json!({}),
    ] {
        let walked = walk(usage.clone(), |_| answer(fields.clone()));
        assert_eq!(
            (walked.inputs.len(), walked.pages.len()),
            (1, 1),
            "{fields}"
        );
        assert_eq!(walked.records(), []);
    }
}

#[test]
fn a_total_once_told_holds_when_later_pages_are_silent() {
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        let first = input(attempt)["Offset"] == 0;
        serve::<ITEM_OFFSET>(attempt, 8, if first { json!(9) } else { Value::Null })
    });
    assert_eq!(
        (walked.offsets(), walked.incomplete()),
        ([0, 4, 8].map(Some).into(), (8, 9))
    );
}

#[test]
fn a_total_that_grows_is_followed() {
    let mut count = 5;
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        let answer = serve::<ITEM_OFFSET>(attempt, count, json!(count));
        count = 11;
        answer
    });
    // The first page is looked at again, to see that nothing came in front of the second one.
    assert_eq!(walked.offsets(), [0, 4, 0, 8].map(Some));
    assert_eq!((walked.delivered, walked.total), (11, Some(11)));
    assert_eq!(walked.records(), (0..11).collect::<Vec<_>>());
}

#[test]
fn a_total_that_shrinks_is_followed() {
    for (shrunk, delivered) in [(6, 6), (4, 4)] {
        let mut count = 10;
        let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
            let answer = serve::<ITEM_OFFSET>(attempt, count, json!(count));
            count = shrunk;
            answer
        });
        assert_eq!(walked.offsets(), [0, 4, 0].map(Some));
        assert_eq!((walked.delivered, walked.total), (delivered, Some(shrunk)));
        assert!(walked.error.is_none(), "{shrunk}");
    }
}

#[test]
fn records_that_the_service_drops_make_the_walk_incomplete() {
    let start = "2024-01-01 00:00:00".parse().unwrap();
    let end = "2024-06-30 23:59:59".parse().unwrap();
    let mut service = Emulator::new(credential());
    let client = &mut Client::new();
    let now = client.now.unix;
    let action = DescribeBillList::new(start, end).with_limit(100);
    let walked = walk_with(client, action, |attempt| {
        let body = service.handle(now, &attempt.request).into_body();
        let mut envelope: Value = serde_json::from_slice(&body).unwrap();
        let list = envelope["Response"]["TransactionList"].as_array_mut();
        let (list, offset) = (list.unwrap(), input(attempt)["Offset"].as_u64().unwrap());
        // The last one of all is counted, and never given.
        list.truncate(usize::try_from(248_u64.saturating_sub(offset)).unwrap());
        Ok(http::Response::new(envelope.to_string().into()))
    });
    assert_eq!(walked.offsets(), [0, 100, 200, 200, 248].map(Some));
    assert_eq!(walked.incomplete(), (248, 249));
    assert_eq!(walked.pages.iter().map(Vec::len).sum::<usize>(), 248);
    assert_eq!((walked.delivered, walked.total), (248, Some(249)));
}

#[test]
fn a_short_page_in_the_middle_of_a_list_by_pages_is_told() {
    let walked = walk(List::<PAGE_INDEX>::new(None, 4), |attempt| {
        if input(attempt)["Offset"] == 1 {
            return answer(json!({"Numbers": [4, 5, 7], "Total": 10}));
        }
        serve::<PAGE_INDEX>(attempt, 10, json!(10))
    });
    // A page of one record at 7, to see whether it is cut off there.
    assert_eq!(walked.offsets(), [0, 1, 7, 2, 10, 3].map(Some));
    assert_eq!(
        walked.pages,
        [vec![0, 1, 2, 3], vec![4, 5, 7], vec![8, 9], vec![]]
    );
    assert_eq!(walked.incomplete(), (9, 10));
}

#[test]
fn a_service_that_counts_pages_where_the_walk_counts_records_is_told() {
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        serve::<PAGE_INDEX>(attempt, 10, json!(10))
    });
    assert_eq!(
        (walked.offsets(), walked.incomplete()),
        ([0, 4].map(Some).into(), (4, 10))
    );
}

#[test]
fn what_lies_before_the_walk_is_not_missed_but_the_rest_is() {
    let walked = walk(List::<ITEM_OFFSET>::new(3, 4), |attempt| {
        serve::<ITEM_OFFSET>(attempt, 8, json!(10))
    });
    assert_eq!(walked.incomplete(), (5, 7));
    assert_eq!(walked.pages, [vec![3, 4, 5, 6], vec![7], vec![]]);
}
