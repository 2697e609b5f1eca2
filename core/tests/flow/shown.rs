//! What a log shows of flows: where they stand, and nothing of what they carry.

use serde_json::json;
use tc3_core::{
    Call, Flow, Pages, Settings, Step, Untyped,
    pagination::{Prefetch, Turn},
};

use super::{
    done, read, refusal, sent,
    table::{ITEM_OFFSET, Rows, Table},
};
use crate::common::Client;

#[test]
fn a_call_shows_where_it_stands() {
    let mut client = Client::new();
    let mut call = Call::new(&read());
    assert_eq!(format!("{call:?}"), "Call(ready)");
    sent(&mut call, &mut client);
    assert_eq!(format!("{call:?}"), "Call(sent)");
    call.handle(refusal("UnauthorizedOperation"));
    assert_eq!(format!("{call:?}"), "Call(answered)");
    done(&mut call, &mut client).unwrap_err();
    assert_eq!(format!("{call:?}"), "Call(ended)");
    let wrong = Untyped::new("cvm", "2017-03-12", "DescribeZones", json!([]));
    assert_eq!(format!("{:?}", Call::new(&wrong)), "Call(refused)");
}

#[test]
fn a_walk_shows_where_it_stands() {
    let table = Table::new(&[3]);
    let mut client = Client::new();
    let settings = Settings::default();
    let mut planner = Prefetch::new(Rows::<ITEM_OFFSET>::new(2, 1)).with_width(7);
    let turn = planner.turn(&settings);
    assert_eq!(format!("{turn:?}"), "Turn(fetch)");
    let Turn::Fetch(mut fetch) = turn else {
        panic!("no fetch")
    };
    assert_eq!(format!("{fetch:?}"), "Fetch(Call(ready))");
    let wait = planner.turn(&settings);
    assert_eq!(format!("{wait:?}"), "Turn(wait)");
    let shown = format!("{planner:?}");
    assert!(
        shown.starts_with("Prefetch { walk: Walk { version: 1, action: Some(\"DescribeRows\")"),
        "{shown}"
    );
    assert!(
        shown.ends_with(", width: 7, ahead: 1, ended: false, .. }"),
        "{shown}"
    );

    let attempt = sent(&mut fetch, &mut client);
    fetch.handle(table.serve::<ITEM_OFFSET>(&attempt));
    let fetched = done(&mut fetch, &mut client);
    assert_eq!(format!("{fetched:?}"), "Fetched(page)");
    planner.take(fetched);
    assert_eq!(format!("{:?}", planner.turn(&settings)), "Turn(page)");
    let Turn::Fetch(mut fetch) = planner.turn(&settings) else {
        panic!("no fetch")
    };
    sent(&mut fetch, &mut client);
    fetch.handle(refusal("UnauthorizedOperation"));
    let fetched = done(&mut fetch, &mut client);
    assert_eq!(format!("{fetched:?}"), "Fetched(error)");
    planner.take(fetched);
    assert_eq!(format!("{:?}", planner.turn(&settings)), "Turn(error)");
    assert_eq!(format!("{:?}", planner.turn(&settings)), "Turn(end)");
    assert!(format!("{planner:?}").ends_with("ended: true, .. }"));

    let mut pages = Pages::new(Rows::<ITEM_OFFSET>::new(2, 1));
    assert!(matches!(
        pages.step(&mut client.session, client.now),
        Step::Send(_)
    ));
    let shown = format!("{pages:?}");
    assert!(shown.starts_with("Pages(Prefetch { walk: "), "{shown}");
    assert!(shown.ends_with(", .. })"), "{shown}");
}
