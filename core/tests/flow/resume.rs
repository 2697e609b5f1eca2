use std::time::Duration;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tc3_core::{
    Attempt, Error, Failure, Flow, Month, Outcome, Pages, Paginate, Settings, Step, Walk,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::ChannelDescribeBillUsageDetail,
    pagination::{Prefetch, Turn},
};

use super::{
    answer,
    bills::{Bills, Reading, range, time},
    done, input, sent,
    table::{ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, TOKEN, Table, each_dialect},
    world::World,
};
use crate::common::{Client, START, credential};

pub(super) fn stored<A: Paginate + DeserializeOwned>(walk: &Walk<A>) -> Walk<A> {
    let json = serde_json::to_string(walk).unwrap();
    let again: Walk<A> = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), json);
    again
}

pub(super) fn client<A: Paginate>() -> Client {
    Client::with_settings(Settings::default().with_rate_of::<A>(None))
}

/// The next page of a walk.
fn next<A: Paginate>(
    client: &mut Client,
    pages: &mut Pages<A>,
    serve: &mut impl FnMut(&Attempt) -> Outcome,
) -> Option<Vec<A::Item>> {
    let page = client.drive(pages, |_, attempt| serve(&attempt))?;
    Some(A::into_items(page.unwrap().output))
}

/// Walks with a pause after each page, and with all pauses at once; the records are always those of a
/// walk without one.
pub(super) fn resumed<A: Paginate + DeserializeOwned>(
    walk: impl Into<Walk<A>>,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> Vec<A::Item>
where
    A::Item: PartialEq + std::fmt::Debug,
{
    let walk = walk.into();
    let (mut pages, mut whole, mut many) = (Pages::new(stored(&walk)), Vec::new(), 0);
    let one = &mut client::<A>();
    while let Some(page) = next(one, &mut pages, &mut serve) {
        whole.extend(page);
        many += 1;
    }
    let delivered = pages.delivered();
    for pause in 0..=many {
        let (mut pages, mut records) = (Pages::new(stored(&walk)), Vec::new());
        let mut before = client::<A>();
        for _ in 0..pause {
            records.extend(next(&mut before, &mut pages, &mut serve).unwrap());
        }
        let mut after = client::<A>();
        let mut pages = Pages::new(stored(pages.walk()));
        while let Some(page) = next(&mut after, &mut pages, &mut serve) {
            records.extend(page);
        }
        assert_eq!(records, whole, "after {pause}");
        assert_eq!(pages.delivered(), delivered);
    }
    let (mut walk, mut records) = (stored(&walk), Vec::new());
    loop {
        let mut pages = Pages::new(stored(&walk));
        match next(&mut client::<A>(), &mut pages, &mut serve) {
            Some(page) => records.extend(page),
            None => break,
        }
        walk = stored(pages.walk());
    }
    assert_eq!(records, whole);
    whole
}

#[test]
fn a_walk_of_any_dialect_goes_on_after_any_page() {
    fn run<const KIND: usize>() {
        for parts in [&[0][..], &[3], &[4], &[11], &[8, 0, 5], &[1, 9, 4, 0]] {
            let table = Table::new(parts);
            let rows = Rows::<KIND>::new(4, parts.len());
            let records = resumed(rows, |attempt| table.serve::<KIND>(attempt));
            assert_eq!(records, table.all(), "{KIND} {parts:?}");
        }
    }
    each_dialect!(run());
}

#[test]
fn a_walk_with_an_offset_of_its_own_goes_on_after_any_page() {
    let table = Table::new(&[11, 6]);
    let rows = Rows::<ITEM_OFFSET>::new(4, 2).with_offset(3);
    let records = resumed(rows, |attempt| table.serve::<ITEM_OFFSET>(attempt));
    assert_eq!(records, table.all()[3..]);
    let rows = Rows::<PAGE_NUMBER>::new(4, 2).with_offset(2);
    let records = resumed(rows, |attempt| table.serve::<PAGE_NUMBER>(attempt));
    assert_eq!(records, table.all()[4..]);
}

#[test]
fn a_walk_over_several_lists_goes_on_after_any_page() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[5, 6, 0, 9]);
        let lists = [Rows::<KIND>::new(2, 2), Rows::new(4, 1), Rows::new(3, 4)];
        let records = resumed(Walk::over(lists), |attempt| table.serve::<KIND>(attempt));
        let expected = [&table.parts[..2], &table.parts[..1], &table.parts].concat();
        assert_eq!(records, expected.concat());
    }
    each_dialect!(run());
}

#[test]
fn a_walk_goes_on_after_any_page_on_either_side_of_a_seam() {
    let times = [
        "2024-06-30 23:59:59.999",
        "2024-07-01 00:00:00.000",
        "2024-07-01 00:00:00.000",
        "2024-07-01 00:00:00.001",
        "2024-07-01 00:00:00.999",
        "2024-07-01 00:00:01.000",
        "2025-01-01 00:00:00.000",
        "2025-01-01 00:00:00.999",
    ];
    for reading in [Reading::WholeSecond, Reading::Instant] {
        for limit in [1, 2, 3, 100] {
            let mut bills = Bills::new(times.map(time), reading);
            let action = range("2024-01-01 00:00:00", "2025-02-01 00:00:00").with_limit(limit);
            let records = resumed(action, |attempt| bills.serve(attempt));
            let ids: Vec<_> = records.into_iter().map(|record| record.bill_id).collect();
            assert_eq!(ids, ["0", "1", "2", "3", "4", "5", "6", "7"]);
        }
    }
}

#[test]
fn walks_over_the_emulator_go_on_after_any_page() {
    let mut service = Emulator::new(credential()).with_records(40);
    let mut serve = |attempt: &Attempt| Ok(service.handle(START, &attempt.request));
    let agent = tc3_core::essbasic::Agent::new(Emulator::APP_ID);
    let (start, end) = ("20240115".parse().unwrap(), "20240420".parse().unwrap());
    let usage = ChannelDescribeBillUsageDetail::new(agent, start, end).with_limit(23);
    assert!(resumed(usage, &mut serve).len() > 120);
    let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 11).unwrap());
    let months = summary.with_limit(15).through(Month::new(2025, 1).unwrap());
    assert_eq!(resumed(Walk::over(months.unwrap()), &mut serve).len(), 120);
}

/// All records of a walk, and its error.
pub(super) fn finish<A: Paginate + Clone>(
    walk: Walk<A>,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> (Vec<A::Item>, Option<Error>, Walk<A>) {
    let (mut client, mut pages, mut records) = (client::<A>(), Pages::new(walk), Vec::new());
    loop {
        match client.drive(&mut pages, |_, attempt| serve(&attempt)) {
            Some(Ok(page)) => records.extend(A::into_items(page.output)),
            Some(Err(error)) => break (records, Some(error), pages.walk().clone()),
            None => break (records, None, pages.walk().clone()),
        }
    }
}

#[test]
fn a_walk_that_is_over_ends_at_once() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[8, 3]);
        let walk = Walk::from(Rows::<KIND>::new(4, 2));
        let (_, error, walk) = finish(walk, |attempt| table.serve::<KIND>(attempt));
        assert!(error.is_none());
        let mut client = Client::new();
        let mut pages = Pages::new(stored(&walk));
        assert!(done(&mut pages, &mut client).is_none());
        assert_eq!((pages.delivered(), walk.delivered()), (11, 11));
        let mut planner = Prefetch::new(stored(&walk)).with_width(3);
        assert!(matches!(planner.turn(client.session.settings()), Turn::End));
    }
    each_dialect!(run());
    let none = Walk::<Rows<TOKEN>>::over([]);
    let mut pages = Pages::new(stored(&none));
    assert!(done(&mut pages, &mut Client::new()).is_none());
}

#[test]
fn an_incomplete_walk_says_so_again() {
    let table = Table::new(&[5, 6, 5]);
    let serve = |attempt: &Attempt| {
        let mut page = table.page::<ITEM_OFFSET>(&input(attempt));
        if input(attempt)["Part"] == 1 {
            page["Total"] = json!(7);
        }
        answer(page)
    };
    let walk = Walk::from(Rows::<ITEM_OFFSET>::new(4, 3));
    let (records, error, mut walk) = finish(walk, serve);
    assert_eq!(records, table.parts[..2].concat());
    let mut errors = vec![error.unwrap()];
    for _ in 0..2 {
        let (records, error, after) = finish(stored(&walk), |_| panic!("a send"));
        assert!(records.is_empty());
        errors.push(error.unwrap());
        walk = after;
    }
    for error in errors {
        assert!(
            matches!(&error, Error::Incomplete { window: Some(window), delivered: 6, total: 7, .. }
                if window == "part 1"),
            "{error}"
        );
    }
}

#[test]
fn a_page_that_failed_is_asked_for_again_and_one_that_is_out_as_well() {
    let table = Table::new(&[10]);
    let mut refused = false;
    let (records, error, walk) = finish(Rows::<PAGE_NUMBER>::new(3, 1).into(), |attempt| {
        if input(attempt)["Offset"] == 3 && !refused {
            refused = true;
            return super::refusal("UnsupportedOperation");
        }
        table.serve::<PAGE_NUMBER>(attempt)
    });
    assert_eq!((records.len(), error.is_some()), (6, true));
    let (rest, error, _) = finish(stored(&walk), |attempt| table.serve::<PAGE_NUMBER>(attempt));
    assert_eq!((rest, error.is_none()), (table.all()[6..].to_vec(), true));

    let mut client = Client::new();
    let mut pages = Pages::new(Rows::<PAGE_NUMBER>::new(3, 1));
    let attempt = sent(&mut pages, &mut client);
    pages.handle(table.serve::<PAGE_NUMBER>(&attempt));
    assert!(matches!(
        pages.step(&mut client.session, client.now),
        Step::Done(Some(Ok(_)))
    ));
    sent(&mut pages, &mut client);
    let (rest, _, _) = finish(stored(pages.walk()), |attempt| {
        table.serve::<PAGE_NUMBER>(attempt)
    });
    assert_eq!(rest, table.all()[3..]);
}

#[test]
fn a_walk_of_several_pages_at_once_is_stored_where_its_delivery_stands() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[13, 9]);
        for pause in 0..7 {
            let mut world = World::new(client::<Rows<KIND>>());
            world.latencies = vec![(50, 1), (1, 1), (20, 30)];
            let mut planner = Prefetch::new(Rows::<KIND>::new(2, 2)).with_width(4);
            let (mut records, mut pages) = (Vec::new(), 0);
            while pages < pause {
                match planner.turn(world.client.session.settings()) {
                    Turn::Fetch(fetch) => world.begin(fetch, Duration::ZERO),
                    Turn::Page(page) => {
                        records.extend(Rows::<KIND>::into_items(page.unwrap().output));
                        pages += 1;
                    }
                    Turn::Wait => {
                        let mut serve = |_, attempt: &Attempt| table.serve::<KIND>(attempt);
                        planner.take(world.next(&mut serve).unwrap().1);
                    }
                    Turn::End => panic!("an end"),
                }
            }
            let walk = stored(planner.walk());
            let (rest, error, _) = finish(walk, |attempt| table.serve::<KIND>(attempt));
            assert!(error.is_none());
            records.extend(rest);
            assert_eq!(records, table.all(), "{KIND} {pause}");
        }
    }
    each_dialect!(run());
}

/// What the rest of a walk comes to that was stored after so many pages of 4 rows of 20, when its service
/// has changed meanwhile.
fn after<const KIND: usize>(
    pages: usize,
    width: usize,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> (Vec<u64>, Error) {
    let table = Table::new(&[20]);
    let mut walk = Pages::new(Rows::<KIND>::new(4, 1));
    for _ in 0..pages {
        let mut serve = |attempt: &Attempt| table.serve::<KIND>(attempt);
        next(&mut client::<Rows<KIND>>(), &mut walk, &mut serve).unwrap();
    }
    let mut world = World::new(client::<Rows<KIND>>());
    world.latencies = vec![(30, 1), (1, 1)];
    let mut planner = Prefetch::new(stored(walk.walk())).with_width(width);
    let walked = world.walk(&mut planner, |_, attempt| serve(attempt));
    (walked.pages.concat(), walked.error.unwrap())
}

#[test]
fn a_list_that_changed_while_its_walk_was_stored_is_told() {
    fn run<const KIND: usize>(width: usize) {
        for pages in 1..5 {
            let mut table = Table::new(&[20]);
            table.parts[0].insert(0, 999);
            let (records, error) =
                after::<KIND>(pages, width, |attempt| table.serve::<KIND>(attempt));
            let delivered = pages as u64 * 4;
            assert!(records.is_empty(), "{KIND} {pages} {width}");
            assert!(
                matches!(&error, Error::Shifted { delivered: counted, total: 21, .. } if *counted == delivered),
                "{error}"
            );
        }
    }
    for width in [1, 3] {
        run::<ITEM_OFFSET>(width);
        run::<PAGE_INDEX>(width);
        run::<PAGE_NUMBER>(width);
    }
}

#[test]
fn a_page_that_comes_again_after_its_walk_was_stored_is_told() {
    let table = Table::new(&[20]);
    for pages in 1..5 {
        for again in [0, pages - 1] {
            let (records, error) = after::<PAGE_INDEX>(pages, 2, |attempt| {
                let mut input = input(attempt);
                input["Offset"] = json!(again);
                answer(table.page::<PAGE_INDEX>(&input))
            });
            assert!(records.is_empty(), "{pages} {again}");
            let delivered = pages as u64 * 4;
            assert!(
                matches!(&error, Error::Repeated { delivered: counted, .. } if *counted == delivered),
                "{error}"
            );
        }
    }
}

/// A walk after its first page, as JSON.
fn begun() -> Value {
    let table = Table::new(&[10, 10]);
    let mut pages = Pages::new(Rows::<ITEM_OFFSET>::new(3, 2));
    let mut serve = |attempt: &Attempt| table.serve::<ITEM_OFFSET>(attempt);
    next(&mut Client::new(), &mut pages, &mut serve).unwrap();
    serde_json::to_value(pages.walk()).unwrap()
}

fn refused<A: Paginate + Clone + DeserializeOwned>(json: &Value) -> &'static str {
    let walk: Walk<A> = serde_json::from_value(json.clone()).unwrap();
    let (_, error, _) = finish(walk, |_| panic!("a send"));
    match error {
        Some(Error::Input(invalid)) => invalid.field(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stored_walk_that_is_not_one_is_refused() {
    let read = |json: &Value| serde_json::from_value::<Walk<Rows<ITEM_OFFSET>>>(json.clone());
    assert!(read(&begun()).is_ok());
    let names = |at: &str| {
        let object = begun().pointer(at).unwrap().as_object().unwrap().clone();
        object.into_iter().map(|(name, _)| name)
    };
    for at in ["", "/plan", "/plan/next", "/window"] {
        let mut more = begun();
        more.pointer_mut(at).unwrap()["new"] = json!(1);
        assert!(read(&more).is_err(), "{at}");
        for name in names(at) {
            let mut wrong = begun();
            wrong.pointer_mut(at).unwrap()[&name] = json!([[-1]]);
            assert!(read(&wrong).is_err(), "{at}/{name}");
        }
    }

    let mut none = begun();
    none["plan"]["next"]["limit"] = json!(0);
    assert_eq!(refused::<Rows<ITEM_OFFSET>>(&none), "walk");
    let mut other = begun();
    other["action"] = json!("DescribeColumns");
    assert_eq!(refused::<Rows<ITEM_OFFSET>>(&other), "walk");
    other["action"] = Value::Null;
    assert_eq!(refused::<Rows<ITEM_OFFSET>>(&other), "walk");
}

#[test]
fn another_actions_walk_is_refused() {
    // The one's fields are the other's as well.
    let walk = serde_json::to_value(Walk::from(range(
        "2024-01-01 00:00:00",
        "2024-02-01 00:00:00",
    )));
    let mut summary = walk.unwrap();
    let month = Walk::from(DescribeAllocationSummaryByBusiness::current_month());
    summary["window"] = serde_json::to_value(month).unwrap()["window"].clone();
    assert_eq!(
        refused::<DescribeAllocationSummaryByBusiness>(&summary),
        "walk"
    );
}

#[test]
fn a_walk_that_version_0_1_0_stored_is_read_and_goes_on() {
    let bills = r#"{"action":"DescribeBillList","window":{"StartTime":"2024-02-29 12:00:00","EndTime":"2024-08-29 12:00:00","Offset":0,"Limit":2},"plan":{"next":{"offset":2,"limit":2,"token":null},"before":0,"received":2,"total":3,"pages":1,"first":"27425d1a9c15a288","mark":"27425d1a9c15a288","last":[{"offset":0,"limit":2,"token":null},"27425d1a9c15a288"],"repeated":false},"rest":{"StartTime":"2024-08-29 12:00:00","EndTime":"2025-12-31 23:59:59","Offset":0,"Limit":2,"PayType":["deduct"],"WithZeroAmount":1},"lists":[],"given":[],"giving":[],"finished":0,"dropped":0,"total":3}"#;
    goes_on::<DescribeBillList>(bills, json!({"Offset": 2, "Limit": 2}));
    let uses = r#"{"action":"ChannelDescribeBillUsageDetail","window":{"Agent":{"AppId":"yDwFdUUckpsw00000000yQ0af8bHosXQtb"},"StartTime":"20240115","EndTime":"20240131","Offset":0,"Limit":50},"plan":{"next":{"offset":1,"limit":50,"token":null},"before":0,"received":50,"total":55,"pages":1,"first":"f9ad9ed0fa8e8973","mark":"f9ad9ed0fa8e8973","last":[{"offset":0,"limit":50,"token":null},"f9ad9ed0fa8e8973"],"repeated":false},"rest":{"Agent":{"AppId":"yDwFdUUckpsw00000000yQ0af8bHosXQtb"},"StartTime":"20240201","EndTime":"20240310","Offset":0,"Limit":50},"lists":[],"given":[],"giving":[],"finished":0,"dropped":0,"total":55}"#;
    goes_on::<ChannelDescribeBillUsageDetail>(uses, json!({"Offset": 1, "Limit": 50}));
    let summary = r#"{"action":"DescribeAllocationSummaryByBusiness","window":{"Limit":4,"Offset":0,"Month":"2024-02"},"plan":{"next":{"offset":4,"limit":4,"token":null},"before":0,"received":4,"total":9,"pages":1,"first":"eae47870099cb887","mark":"eae47870099cb887","last":[{"offset":0,"limit":4,"token":null},"eae47870099cb887"],"repeated":false},"rest":null,"lists":[{"Limit":4,"Offset":0,"Month":"2024-03"}],"given":[],"giving":[],"finished":9,"dropped":0,"total":18}"#;
    goes_on::<DescribeAllocationSummaryByBusiness>(summary, json!({"Offset": 4, "Limit": 4}));
}

/// The shape before stored walks had a version: with all names that 0.1.0 did not have.
const WITHOUT_VERSION: &str = r#"{"action":"DescribeBillList","open":true,"window":{"StartTime":"2024-02-29 12:00:00","EndTime":"2024-08-29 12:00:00","Offset":0,"Limit":2},"plan":{"next":{"offset":2,"limit":2,"token":null},"before":0,"received":2,"total":3,"said":3,"pages":1,"first":"27425d1a9c15a288","mark":"27425d1a9c15a288","held":"27425d1a9c15a288","in_run":true,"last":[{"offset":0,"limit":2,"token":null},"27425d1a9c15a288"],"earlier":[{"offset":0,"limit":2,"token":null},"27425d1a9c15a288"],"repeated":false,"heeds_offsets":true,"reached":1,"short":[1,2]},"rest":{"StartTime":"2024-08-29 12:00:00","EndTime":"2025-12-31 23:59:59","Offset":0,"Limit":2},"lists":[],"given":["27425d1a9c15a288"],"giving":[],"finished":0,"dropped":0,"total":3}"#;
/// Version 1.
const VERSION_1: &str = r#"{"V":1,"action":"DescribeAllocationSummaryByBusiness","window":{"Limit":4,"Offset":0,"Month":"2024-02"},"plan":{"next":{"offset":4,"limit":4,"token":null},"before":0,"received":4,"total":9,"pages":1,"first":"eae47870099cb887","mark":"eae47870099cb887","last":[{"offset":0,"limit":4,"token":null},"eae47870099cb887"],"repeated":false},"rest":null,"lists":[{"Limit":4,"Offset":0,"Month":"2024-03"}],"given":[],"giving":[],"finished":9,"dropped":0,"total":18,"done":{"lists":1,"windows":0,"share":444444}}"#;

#[test]
fn a_walk_of_every_shape_so_far_is_read_and_goes_on() {
    goes_on::<DescribeBillList>(WITHOUT_VERSION, json!({"Offset": 2, "Limit": 2}));
    let walk: Walk<DescribeAllocationSummaryByBusiness> = serde_json::from_str(VERSION_1).unwrap();
    assert_eq!(serde_json::to_string(&walk).unwrap(), VERSION_1);
    let progress = walk.progress();
    assert_eq!((progress.lists_done, progress.lists), (1, 3));
    assert_eq!((progress.delivered, progress.total), (4, Some(9)));
    assert_eq!(progress.permille(), 481);
}

#[test]
fn a_walk_of_a_version_that_is_not_known_says_so_whatever_else_it_has() {
    let mut later: Value = serde_json::from_str(VERSION_1).unwrap();
    (later["V"], later["a_new_name"], later["plan"]["new"]) = (json!(2), json!(0), json!(0));
    let texts = [
        serde_json::from_value::<Walk<DescribeAllocationSummaryByBusiness>>(later.clone()),
        serde_json::from_str(&later.to_string()),
    ];
    for error in texts.map(Result::unwrap_err) {
        let text = "the walk has version 2, and this tc3-core reads versions up to 1: \
            continue it with the tc3-core that stored it or a later one, or start over";
        assert!(error.to_string().starts_with(text), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn progress_never_goes_back_and_ends_with_the_whole(
        parts in prop::collection::vec(0..9_u64, 3),
        lists in prop::collection::vec(1..4_usize, 1..4),
        limit in 1..5_u32,
        grows in prop::collection::vec((0..3_usize, 0..4_u64), 60),
        stores in any::<bool>(),
    ) {
        fn run<const KIND: usize>(
            parts: &[u64],
            lists: &[usize],
            limit: u32,
            grows: &[(usize, u64)],
            stores: bool,
        ) {
            let mut table = Table::new(parts);
            let mut grows = grows.iter();
            let mut serve = |attempt: &Attempt| {
                let &(part, by) = grows.next().unwrap_or(&(0, 0));
                let next = table.parts[part].len() as u64;
                let first = 1_000 * (part as u64 + 1) + next;
                table.parts[part].extend(first..first + by);
                table.serve::<KIND>(attempt)
            };
            let walk = Walk::over(lists.iter().map(|parts| Rows::<KIND>::new(limit, *parts)));
            let all = walk.progress();
            assert_eq!((all.permille(), all.lists), (0, lists.len() as u64));
            assert_eq!(all.windows, lists[0] as u64);
            let (mut pages, mut last) = (Pages::new(walk), 0);
            let mut client = client::<Rows<KIND>>();
            while let Some(page) = client.drive(&mut pages, |_, attempt| serve(&attempt)) {
                let progress = pages.walk().progress();
                let permille = progress.permille();
                assert!((last..=1_000).contains(&permille), "{last} {progress:?}");
                assert_eq!(progress.lists, lists.len() as u64);
                assert_eq!(progress.windows, lists[progress.lists_done as usize] as u64);
                last = permille;
                if page.is_err() {
                    return;
                }
                if stores {
                    pages = Pages::new(stored(pages.walk()));
                    assert_eq!(pages.walk().progress(), progress);
                }
            }
            let end = pages.walk().progress();
            assert_eq!((end.permille(), end.lists_done, end.windows), (1_000, end.lists, 0));
        }
        each_dialect!(run(&parts, &lists, limit, &grows, stores));
    }
}

/// It is written again as it was, and asks for the page that it stood before.
fn goes_on<A: Paginate + Clone + DeserializeOwned>(text: &str, page: Value) {
    let walk: Walk<A> = serde_json::from_str(text).unwrap();
    let mut again = serde_json::to_value(&walk).unwrap();
    // All that later shapes add.
    let object = again.as_object_mut().unwrap();
    assert_eq!(object.remove("V"), Some(json!(1)));
    let done = object.remove("done");
    assert_eq!(done, Some(json!({"lists": 0, "windows": 0, "share": 0})));
    assert_eq!(again, serde_json::from_str::<Value>(text).unwrap());
    let mut asked = None;
    let (_, error, _) = finish(walk, |attempt| {
        asked.get_or_insert_with(|| input(attempt));
        Err(Failure::unknown("enough is known"))
    });
    assert!(error.is_some());
    for (name, value) in page.as_object().unwrap() {
        assert_eq!(asked.as_ref().map(|asked| &asked[name]), Some(value));
    }
}

#[test]
fn a_stored_walk_leaves_the_page_size_to_the_settings_as_it_did() {
    let month =
        |number| DescribeAllocationSummaryByBusiness::new(Month::new(2024, number).unwrap());
    let sizes = |walk: Walk<DescribeAllocationSummaryByBusiness>| {
        let (mut service, mut sizes) = (Emulator::new(credential()).with_records(5), Vec::new());
        let settings = Settings::default().with_page_size(4);
        let mut client = Client::with_settings(settings.clone());
        let mut pages = Pages::new(stored(&walk));
        while let Some(page) = client.drive(&mut pages, |now, attempt| {
            sizes.push(input(&attempt)["Limit"].as_u64().unwrap());
            Ok(service.handle(now, &attempt.request))
        }) {
            page.unwrap();
            pages = Pages::new(stored(pages.walk()));
            client = Client::with_settings(settings.clone());
        }
        sizes
    };
    assert_eq!(sizes(Walk::from(month(1))), [4, 4]);
    assert_eq!(sizes(Walk::over([month(1), month(2)])), [4, 4, 4, 4]);
    // One of its own is kept, though it is the default.
    assert_eq!(sizes(Walk::from(month(1).with_limit(1_000))), [1_000]);
}
