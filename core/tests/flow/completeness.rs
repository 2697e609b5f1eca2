use serde_json::json;
use tc3_core::{Attempt, Error, Flow, Outcome, Pages, Settings, pagination::Prefetch};

use super::{
    answer, done, input, sent,
    table::{ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, SHORT, TOKEN, Table, each_dialect},
    world::{Walked, World},
};
use crate::common::Client;

const WIDTHS: [usize; 3] = [1, 2, 5];

fn walk<const KIND: usize>(
    rows: Rows<KIND>,
    width: usize,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> Walked<u64> {
    let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
    let mut world = World::new(Client::with_settings(settings));
    world.latencies = vec![(10, 10)];
    let mut planner = Prefetch::new(rows).with_width(width);
    world.walk(&mut planner, |_, attempt| serve(attempt))
}

/// Walks over a table of 20 rows by pages of 4 that changes after so many answers.
fn changing<const KIND: usize>(
    after: usize,
    width: usize,
    change: impl Fn(&mut Vec<u64>),
) -> Walked<u64> {
    let mut table = Table::new(&[20]);
    let mut answers = 0;
    walk(Rows::<KIND>::new(4, 1), width, |attempt| {
        let answer = table.serve::<KIND>(attempt);
        answers += 1;
        if answers == after {
            change(&mut table.parts[0]);
        }
        answer
    })
}

/// Runs something for each dialect that goes by offset and has a total.
macro_rules! each_offset {
    ($run:ident($($argument:expr),*)) => {{
        $run::<ITEM_OFFSET>($($argument),*);
        $run::<PAGE_INDEX>($($argument),*);
        $run::<PAGE_NUMBER>($($argument),*);
    }};
}

#[test]
fn rows_that_come_at_the_end_are_followed() {
    fn run<const KIND: usize>(width: usize) {
        let whole: Vec<_> = (1_000..1_023).collect();
        for after in 1..5 {
            let grown = |rows: &mut Vec<u64>| rows.extend(1_020..1_023);
            let records = changing::<KIND>(after, width, grown).records();
            // What came during the walk may be left out where pages are fetched ahead.
            assert!(
                whole.starts_with(&records),
                "{KIND} {width} {after}: {records:?}"
            );
            assert!(records.len() >= 20, "{KIND} {width} {after}");
            assert!(width > 1 || records.len() == 23, "{KIND} {width} {after}");
        }
    }
    for width in WIDTHS {
        each_offset!(run(width));
    }
}

#[test]
fn rows_that_go_at_the_end_are_followed() {
    fn run<const KIND: usize>(width: usize) {
        let whole: Vec<_> = (1_000..1_020).collect();
        for after in 1..5 {
            let shrunk = |rows: &mut Vec<u64>| rows.truncate(17);
            let records = changing::<KIND>(after, width, shrunk).records();
            assert!(
                whole.starts_with(&records),
                "{KIND} {width} {after}: {records:?}"
            );
            assert!(records.len() >= 17, "{KIND} {width} {after}");
            assert!(width > 1 || records.len() == 17, "{KIND} {width} {after}");
        }
    }
    for width in WIDTHS {
        each_offset!(run(width));
    }
}

/// That what came is the beginning of a whole list, as far as it was delivered, and the walk says why it ended.
fn shifted(walked: &Walked<u64>, delivered: usize, total: u64) {
    let records = walked.pages.concat();
    let whole: Vec<_> = (1_000..1_020).collect();
    assert_eq!(records, whole[..delivered]);
    let Some(Error::Shifted {
        window,
        delivered: counted,
        total: now,
        ..
    }) = &walked.error
    else {
        panic!("{:?}", walked.error)
    };
    assert_eq!(window.as_deref(), Some("part 0"));
    assert_eq!((*counted, *now), (delivered as u64, total));
}

#[test]
fn rows_that_come_or_go_in_front_are_told_and_none_comes_twice_or_is_left_out() {
    fn run<const KIND: usize>() {
        for after in 1..5 {
            let inserted = |rows: &mut Vec<u64>| rows.insert(0, 999);
            shifted(&changing::<KIND>(after, 1, inserted), after * 4, 21);
            let removed = |rows: &mut Vec<u64>| {
                rows.remove(0);
            };
            shifted(&changing::<KIND>(after, 1, removed), after * 4, 19);
            // Right before the walk's place is still in front of it.
            let inserted = |rows: &mut Vec<u64>| rows.insert(after * 4 - 1, 999);
            shifted(&changing::<KIND>(after, 1, inserted), after * 4, 21);
            let many = |rows: &mut Vec<u64>| drop(rows.splice(1..3, 900..950));
            shifted(&changing::<KIND>(after, 1, many), after * 4, 68);
        }
    }
    each_offset!(run());
}

#[test]
fn rows_that_come_or_go_in_front_are_told_by_a_walk_of_several_pages_at_once() {
    fn run<const KIND: usize>(width: usize) {
        for after in 1..5 {
            for at in [0, 2, 4 * after - 1] {
                let inserted = |rows: &mut Vec<u64>| rows.insert(at, 999);
                let walked = changing::<KIND>(after, width, inserted);
                let delivered = walked.pages.concat().len();
                shifted(&walked, delivered, 21);
                let removed = |rows: &mut Vec<u64>| {
                    rows.remove(at);
                };
                let walked = changing::<KIND>(after, width, removed);
                let delivered = walked.pages.concat().len();
                shifted(&walked, delivered, 19);
            }
        }
    }
    for width in [2, 3, 8] {
        each_offset!(run(width));
    }
}

#[test]
fn rows_that_come_or_go_between_pages_fetched_at_once_are_neither_doubled_nor_lost() {
    fn run<const KIND: usize>(width: usize, order: [(u64, u64); 4]) {
        // Between the pages of one batch, within what the later ones hold.
        for after in 1..8 {
            for at in 0..20 {
                for insert in [true, false] {
                    let mut table = Table::new(&[20]);
                    let mut answers = 0;
                    let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
                    let mut world = World::new(Client::with_settings(settings));
                    world.latencies = order.to_vec();
                    let mut planner = Prefetch::new(Rows::<KIND>::new(4, 1)).with_width(width);
                    let walked = world.walk(&mut planner, |_, attempt| {
                        let answer = table.serve::<KIND>(attempt);
                        answers += 1;
                        if answers == after {
                            let rows = &mut table.parts[0];
                            match insert {
                                true => rows.insert(at, 999),
                                false => {
                                    rows.remove(at);
                                }
                            }
                        }
                        answer
                    });
                    let records = walked.pages.concat();
                    let old: Vec<_> = (1_000..1_020).collect();
                    let staying = old.iter().filter(|row| table.parts[0].contains(row));
                    let case =
                        format!("{KIND} {width} {order:?} {after} {at} {insert}: {records:?}");
                    for row in &records {
                        assert_eq!(records.iter().filter(|it| *it == row).count(), 1, "{case}");
                    }
                    match walked.error {
                        None => assert!(staying.clone().all(|row| records.contains(row)), "{case}"),
                        Some(Error::Shifted { .. }) => {}
                        Some(other) => panic!("{other}: {case}"),
                    }
                }
            }
        }
    }
    for width in [1, 2, 3, 5] {
        // The earlier page is served first, or last, or in between.
        for order in [
            [(10, 10), (10, 10), (10, 10), (10, 10)],
            [(10, 10), (40, 1), (20, 5), (3, 1)],
            [(10, 10), (30, 1), (60, 5), (10, 1)],
        ] {
            each_offset!(run(width, order));
        }
    }
}

#[test]
fn an_offset_that_the_service_ignores_never_doubles_a_row() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[20]);
        // From the first page on that is in the list of those ignored.
        for ignored in [&[2][..], &[3], &[5], &[2, 3, 4, 5], &[3, 4]] {
            for width in WIDTHS {
                let walked = walk(Rows::<KIND>::new(4, 1), width, |attempt| {
                    let mut input = input(attempt);
                    let (_, start, _) = Table::place::<KIND>(&input);
                    if ignored.contains(&(start / 4 + 1)) {
                        input["Offset"] = json!(u8::from(KIND == PAGE_NUMBER));
                    }
                    answer(table.page::<KIND>(&input))
                });
                let delivered = (ignored[0] - 1) * 4;
                assert_eq!(walked.pages.concat(), table.all()[..delivered]);
                assert!(
                    matches!(&walked.error, Some(Error::Repeated { delivered: counted, window: Some(window), .. })
                        if *counted == delivered as u64 && window == "part 0"),
                    "{:?}",
                    walked.error
                );
            }
        }
    }
    each_offset!(run());
}

#[test]
fn a_page_that_the_service_gives_in_place_of_the_next_is_told() {
    let table = Table::new(&[20]);
    for width in WIDTHS {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), width, |attempt| {
            let mut input = input(attempt);
            if input["Offset"] == 12 {
                input["Offset"] = json!(8);
            }
            answer(table.page::<ITEM_OFFSET>(&input))
        });
        assert_eq!(walked.pages.concat(), table.all()[..12]);
        assert!(matches!(
            walked.error,
            Some(Error::Repeated { delivered: 12, .. })
        ));
    }
    // A token that leads back to the beginning.
    let walked = walk(Rows::<TOKEN>::new(4, 1), 1, |attempt| {
        let mut page = table.page::<TOKEN>(&input(attempt));
        if page["Token"] == "12" {
            page["Token"] = json!("0");
        }
        answer(page)
    });
    assert_eq!(walked.pages.concat(), table.all()[..12]);
    assert!(matches!(
        walked.error,
        Some(Error::Repeated { delivered: 12, .. })
    ));
}

#[test]
fn a_total_that_is_too_large_leaves_the_walk_incomplete_in_its_window() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[6, 7, 3]);
        for width in WIDTHS {
            let walked = walk(Rows::<KIND>::new(4, 3), width, |attempt| {
                let mut page = table.page::<KIND>(&input(attempt));
                if input(attempt)["Part"] == 1 {
                    page["Total"] = json!(9);
                }
                answer(page)
            });
            assert_eq!(walked.pages.concat(), table.parts[..2].concat(), "{KIND}");
            assert!(
                matches!(&walked.error, Some(Error::Incomplete { delivered: 7, total: 9, window: Some(window), .. })
                    if window == "part 1"),
                "{KIND} {:?}",
                walked.error
            );
        }
    }
    each_offset!(run());
    run::<TOKEN>();
}

#[test]
fn a_total_that_is_too_small_is_no_end_where_a_short_page_is() {
    for width in WIDTHS {
        for many in [0, 1, 3, 4, 5, 8, 20] {
            let table = Table::new(&[many, 2]);
            let rows = Rows::<SHORT>::new(4, 2);
            let walked = walk(rows, width, |attempt| table.serve::<SHORT>(attempt));
            assert_eq!(walked.records(), table.all(), "{width} {many}");
        }
    }
}

#[test]
fn a_list_has_as_many_pages_as_the_settings_say_and_no_more() {
    fn run<const KIND: usize>(width: usize, max_pages: u32) {
        let table = Table::new(&[20]);
        let settings = Settings::default()
            .with_rate("cvm", "DescribeRows", None)
            .with_max_pages(max_pages);
        let mut world = World::new(Client::with_settings(settings));
        let mut planner = Prefetch::new(Rows::<KIND>::new(4, 1)).with_width(width);
        let walked = world.walk(&mut planner, |_, attempt| table.serve::<KIND>(attempt));
        assert!(world.sends.len() <= max_pages as usize, "{KIND} {width}");
        let Some(Error::TooManyPages { limit, window, .. }) = walked.error else {
            panic!("{KIND} {:?}", walked.error)
        };
        assert_eq!((limit, window.as_deref()), (max_pages, Some("part 0")));
        assert_eq!(walked.pages.len(), max_pages as usize);
    }
    for width in WIDTHS {
        for max_pages in [0, 1, 4] {
            each_dialect!(run(width, max_pages));
        }
    }
}

#[test]
fn an_outcome_that_nobody_waits_for_changes_nothing_of_what_a_page_is_known_by() {
    // Pages without identities are known by their JSON.
    let table = Table::new(&[8]);
    let mut client = Client::new();
    let mut walk = Pages::new(Rows::<PAGE_INDEX>::new(4, 1));
    let first = sent(&mut walk, &mut client);
    walk.handle(table.serve::<PAGE_INDEX>(&first));
    walk.handle(answer(json!({"Rows": [7], "Total": 8})));
    assert!(done(&mut walk, &mut client).unwrap().is_ok());
    sent(&mut walk, &mut client);
    walk.handle(table.serve::<PAGE_INDEX>(&first));
    let again = done(&mut walk, &mut client);
    assert!(matches!(
        again,
        Some(Err(Error::Repeated { delivered: 4, .. }))
    ));
}

#[test]
fn pages_longer_than_asked_for_move_the_next_one() {
    let table = Table::new(&[20]);
    for width in WIDTHS {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), width, |attempt| {
            let mut input = input(attempt);
            input["Limit"] = json!(6);
            answer(table.page::<ITEM_OFFSET>(&input))
        });
        assert_eq!(walked.records(), table.all(), "{width}");
    }
}

#[test]
fn tokens_that_lead_round_in_a_circle_end_the_walk() {
    let table = Table::new(&[100]);
    for (from, back_to, pages) in [("12", "4", 6), ("48", "8", 26), ("96", "92", 26)] {
        let walked = walk(Rows::<TOKEN>::new(4, 1), 1, |attempt| {
            let mut page = table.page::<TOKEN>(&input(attempt));
            if page["Token"] == from {
                page["Token"] = json!(back_to);
            }
            answer(page)
        });
        assert!(matches!(walked.error, Some(Error::Repeated { .. })));
        assert!(walked.pages.len() <= pages, "{}", walked.pages.len());
    }
}

#[test]
fn a_total_that_never_settles_costs_a_second_look_at_each_page_and_no_more() {
    let table = Table::new(&[80]);
    for width in WIDTHS {
        let mut requests = 0;
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), width, |attempt| {
            requests += 1;
            let mut page = table.page::<ITEM_OFFSET>(&input(attempt));
            page["Total"] = json!(80 + requests % 2);
            // The last page has the last word.
            if input(attempt)["Offset"] == 76 {
                page["Total"] = json!(80);
            }
            answer(page)
        });
        assert_eq!(walked.records(), table.all(), "{width}");
        assert!(requests <= 2 * 20 + width, "{requests} by {width}");
    }
}

#[test]
fn tokens_that_lead_round_over_empty_pages_end_the_walk() {
    let mut requests = 0;
    let walked = walk(Rows::<TOKEN>::new(4, 1), 1, |_| {
        requests += 1;
        let token = if requests % 2 == 0 { "a" } else { "b" };
        answer(json!({"Rows": [], "Token": token}))
    });
    assert!(
        matches!(walked.error, Some(Error::Repeated { .. })),
        "{:?}",
        walked.error
    );
    assert!(requests < 10, "{requests}");
}
