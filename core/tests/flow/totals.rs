//! Totals that lie, limits that are lowered, and records that are equal: every record comes once, or there is an
//! error.

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::{Value, json};
use tc3_core::{
    Attempt, Error, Failure, Month, Outcome, Settings,
    billing::DescribeAllocationSummaryByBusiness, pagination::Prefetch,
};

use super::{
    answer, input,
    pages::walk,
    refusal,
    resume::finish,
    table::{CURSOR, ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, SHORT, TOKEN, Table},
    world::{Walked, World},
};
use crate::common::Client;

/// What a service says of how many records there are.
#[derive(Clone, Debug)]
enum Total {
    True,
    None,
    /// How many the page itself holds.
    OwnPage,
    Capped(u64),
    /// The right one on the first page, and this one on the others.
    Then(Option<u64>),
    /// These, by turns.
    Any(Vec<u64>),
}

impl Total {
    fn said(&self, count: u64, answers: usize, page: u64, first: bool) -> Option<u64> {
        match self {
            Self::True => Some(count),
            Self::None => None,
            Self::OwnPage => Some(page),
            Self::Capped(most) => Some(count.min(*most)),
            Self::Then(_) if first => Some(count),
            Self::Then(then) => *then,
            Self::Any(totals) => totals.get(answers % totals.len().max(1)).copied(),
        }
    }
}

/// A service that gives at most `most` records at once, whatever is asked for.
struct Service {
    rows: Vec<u64>,
    total: Total,
    most: usize,
    answers: usize,
}

impl Service {
    fn new(rows: impl IntoIterator<Item = u64>, total: Total) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            total,
            most: usize::MAX,
            answers: 0,
        }
    }

    fn serve<const KIND: usize>(&mut self, attempt: &Attempt) -> Outcome {
        let (_, start, limit) = Table::place::<KIND>(&input(attempt));
        let rows = self.rows.iter().skip(start).take(limit.min(self.most));
        let rows: Vec<_> = rows.collect();
        let (count, page) = (self.rows.len() as u64, rows.len() as u64);
        let total = self.total.said(count, self.answers, page, start == 0);
        self.answers += 1;
        answer(json!({"Rows": rows, "Total": total}))
    }
}

fn walked<const KIND: usize>(service: &mut Service, limit: u32, width: usize) -> Walked<u64> {
    let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
    let mut world = World::new(Client::with_settings(settings.with_max_pages(1_000)));
    world.latencies = vec![(10, 10)];
    let mut planner = Prefetch::new(Rows::<KIND>::new(limit, 1)).with_width(width);
    world.walk(&mut planner, |_, attempt| service.serve::<KIND>(attempt))
}

#[test]
fn a_total_below_what_has_come_is_none() {
    let rows = || 0..250;
    for total in [
        Total::Any(vec![0]),
        Total::Any(vec![150]),
        Total::Any(vec![100]),
        Total::Any(vec![200]),
        Total::Any(vec![1]),
        Total::Any(vec![250, 0]),
        Total::Then(Some(0)),
        Total::Then(None),
        Total::OwnPage,
        Total::Capped(100),
        Total::Capped(200),
        Total::None,
    ] {
        for width in [1, 3] {
            let mut service = Service::new(rows(), total.clone());
            let walked = walked::<ITEM_OFFSET>(&mut service, 100, width);
            assert_eq!(walked.records(), rows().collect::<Vec<_>>(), "{total:?}");
        }
    }
}

#[test]
fn a_record_num_of_0_with_a_full_page_is_none() {
    let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap());
    let row = |at: u64| json!({"RealTotalCost": at.to_string(), "BusinessCode": "p_cvm"});
    for said in [json!([0, 0, 0]), json!([150, 150, 150]), json!([250, 0, 0])] {
        let walked = walk(summary.clone().with_limit(100), |attempt| {
            let offset = input(attempt)["Offset"].as_u64().unwrap();
            let rows: Vec<_> = (offset..250).take(100).map(row).collect();
            let said = &said[usize::try_from(offset / 100).unwrap().min(2)];
            answer(json!({"Detail": rows, "RecordNum": said}))
        });
        assert_eq!(walked.delivered, 250, "{said}");
        assert_eq!(walked.records().len(), 250, "{said}");
    }
}

#[test]
fn a_total_that_turns_0_does_not_hide_what_is_missing() {
    let mut service = Service::new(0..200, Total::Any(vec![250, 0, 0]));
    let walked = walked::<ITEM_OFFSET>(&mut service, 100, 1);
    assert_eq!(walked.pages.concat().len(), 200);
    assert!(matches!(
        walked.error,
        Some(Error::Incomplete {
            delivered: 200,
            total: 250,
            ..
        })
    ));
}

#[test]
fn equal_records_are_records() {
    fn run<const KIND: usize>() {
        for total in [Total::True, Total::None, Total::Capped(50), Total::OwnPage] {
            for many in [1, 49, 50, 51, 100, 149, 150] {
                for width in [1, 4] {
                    let rows = vec![7; many];
                    let mut service = Service::new(rows.clone(), total.clone());
                    let walked = walked::<KIND>(&mut service, 50, width);
                    assert_eq!(walked.records(), rows, "{KIND} {total:?} {many} {width}");
                }
            }
        }
    }
    run::<ITEM_OFFSET>();
    run::<PAGE_INDEX>();
    run::<PAGE_NUMBER>();
}

#[test]
fn equal_pages_at_an_ignored_offset_are_an_error() {
    for total in [json!(150), json!(120), json!(50), json!(0), Value::Null] {
        let walked = walk(Rows::<PAGE_INDEX>::new(50, 1), |_| {
            answer(json!({"Rows": vec![7; 50], "Total": total}))
        });
        assert!(
            matches!(walked.error, Some(Error::Repeated { delivered: 50, .. })),
            "{total}: {:?}",
            walked.error
        );
        assert_eq!(walked.pages.concat(), [7; 50], "{total}");
    }
}

#[test]
fn a_service_that_refuses_what_lies_beyond_the_end_is_believed() {
    for code in ["InvalidParameter.Offset", "ResourceNotFound"] {
        for rows in [vec![7; 8], (0..8).collect()] {
            let mut service = Service::new(rows.clone(), Total::True);
            let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
                match input(attempt)["Offset"].as_u64() {
                    Some(0..8) => service.serve::<ITEM_OFFSET>(attempt),
                    _ => refusal(code),
                }
            });
            assert_eq!(walked.records(), rows, "{code}");
        }
    }
    // Another refusal says nothing of where the list ends.
    let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
        match input(attempt)["Offset"].as_u64() {
            Some(0) => answer(json!({"Rows": [1, 2, 3, 4], "Total": 4})),
            _ => refusal("UnauthorizedOperation"),
        }
    });
    assert!(walked.error.unwrap().is_denied());
}

#[test]
fn a_limit_that_the_service_lowers_is_followed_where_the_records_end() {
    for total in [
        Total::True,
        Total::Any(vec![0]),
        Total::Any(vec![200]),
        Total::None,
    ] {
        for most in [100, 20, 300, 499] {
            for width in [1, 4] {
                let mut service = Service::new(0..1_050, total.clone());
                service.most = most;
                let walked = walked::<ITEM_OFFSET>(&mut service, 500, width);
                let expected: Vec<_> = (0..1_050).collect();
                assert_eq!(walked.records(), expected, "{total:?} {most} {width}");
            }
        }
    }
}

#[test]
fn records_that_recur_are_followed_where_a_lowered_limit_ends() {
    // No page of 20 is like another one, though their records are.
    let recurring: Vec<_> = (0..120).map(|row| row % 7).collect();
    for (rows, total) in [
        (recurring.clone(), Total::None),
        (recurring.clone(), Total::Any(vec![0])),
        (recurring, Total::Any(vec![10])),
        (vec![7; 300], Total::None),
        (vec![7; 300], Total::Any(vec![10])),
        (vec![7; 300], Total::True),
    ] {
        for width in [1, 4] {
            let mut service = Service::new(rows.clone(), total.clone());
            service.most = 20;
            let walked = walked::<ITEM_OFFSET>(&mut service, 100, width);
            assert_eq!(walked.records(), rows, "{total:?} {width}");
        }
    }
}

#[test]
fn a_service_that_leaves_records_out_of_a_page_is_followed_as_was_asked() {
    // Every third record alone is shown, and the total counts them.
    let shown: Vec<u64> = (0..600).filter(|row| row % 3 == 1).collect();
    for total in [json!(shown.len()), Value::Null] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(100, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            let cut = (0..600).skip(start).take(limit);
            let rows: Vec<_> = cut.filter(|row| row % 3 == 1).collect();
            answer(json!({"Rows": rows, "Total": total}))
        });
        assert_eq!(walked.records(), shown, "{total}");
    }
}

#[test]
fn records_left_out_at_the_end_of_a_page_double_none() {
    // Those at odd places of the first pages are left out, wherever a page ends.
    let is_shown = |row: &u64| ![1, 5, 6, 11].contains(row);
    let shown: Vec<u64> = (0..16).filter(is_shown).collect();
    for limit in 1..9 {
        for total in [json!(shown.len()), Value::Null] {
            let walked = walk(Rows::<ITEM_OFFSET>::new(limit, 1), |attempt| {
                let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
                let cut = (0..16).skip(start).take(limit);
                answer(json!({"Rows": cut.filter(is_shown).collect::<Vec<u64>>(), "Total": total}))
            });
            let came = walked.pages.concat();
            // An empty page ends a list, so that with a limit of 1 or 2 there may be an error, or no total to tell.
            assert!(
                came == shown || limit < 3 && shown.starts_with(&came),
                "{limit} {total}: {came:?}"
            );
        }
    }
}

#[test]
fn a_service_that_lowers_the_limit_and_leaves_records_out_is_followed_where_they_end() {
    let shown: Vec<u64> = (0..40).filter(|row| row % 5 != 2).collect();
    for total in [json!(shown.len()), json!(2), Value::Null] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(6, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            let cut = (0..40).skip(start).take(limit.min(4));
            let rows: Vec<_> = cut.filter(|row| row % 5 != 2).collect();
            answer(json!({"Rows": rows, "Total": total}))
        });
        assert_eq!(walked.records(), shown, "{total}");
    }
}

#[test]
fn a_lowered_limit_is_asked_for_once_two_pages_have_shown_it() {
    let mut service = Service::new(0..1_000, Total::True);
    service.most = 100;
    let walked = walk(Rows::<ITEM_OFFSET>::new(500, 1), |attempt| {
        service.serve::<ITEM_OFFSET>(attempt)
    });
    let asked = [(0, 500), (0, 100), (100, 500), (100, 100)];
    let rest = (2..=10).map(|page| (page * 100, 100));
    let inputs = walked.inputs.iter();
    let inputs = inputs.map(|it| {
        (
            it["Offset"].as_u64().unwrap(),
            it["Limit"].as_u64().unwrap(),
        )
    });
    assert!(inputs.eq(asked.into_iter().chain(rest)));
}

#[test]
fn a_page_with_records_left_out_in_its_middle_is_looked_at_twice() {
    let is_shown = |row: &u64| row % 4 != 2;
    let walked = walk(Rows::<ITEM_OFFSET>::new(16, 1), |attempt| {
        let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
        let rows: Vec<_> = (0..32).skip(start).take(limit).filter(is_shown).collect();
        answer(json!({"Rows": rows, "Total": 24}))
    });
    let inputs = walked.inputs.iter();
    let asked: Vec<_> = inputs
        .map(|it| {
            (
                it["Offset"].as_u64().unwrap(),
                it["Limit"].as_u64().unwrap(),
            )
        })
        .collect();
    // As many as it holds, one fewer than were asked for; the same for the next page, and what may lie behind it.
    let page = |start| [(start, 16), (start, 12), (start, 15)];
    assert_eq!(asked, [&page(0)[..], &page(16), &[(32, 16)]].concat());
    assert_eq!(
        walked.records(),
        (0..32).filter(is_shown).collect::<Vec<_>>()
    );
}

#[test]
fn a_list_by_tokens_is_over_without_one_and_asks_no_more() {
    let table = Table::new(&[4]);
    let walked = walk(Rows::<TOKEN>::new(4, 1), |attempt| {
        table.serve::<TOKEN>(attempt)
    });
    assert_eq!(walked.inputs.len(), 1);
    assert_eq!(walked.records(), table.all());
}

#[test]
fn a_first_page_by_index_whose_end_is_left_out_keeps_the_page_size() {
    let walked = walk(Rows::<PAGE_INDEX>::new(6, 1), |attempt| {
        let (_, start, limit) = Table::place::<PAGE_INDEX>(&input(attempt));
        let cut = (0..18).skip(start).take(limit);
        let rows: Vec<_> = cut.filter(|row| !(3..6).contains(row)).collect();
        answer(json!({"Rows": rows}))
    });
    assert_eq!(
        walked.records(),
        [0, 1, 2].into_iter().chain(6..18).collect::<Vec<u64>>()
    );
}

#[test]
fn a_change_is_not_ruled_out_by_a_page_with_records_left_out_between_its_own() {
    for left_out in [4, 5] {
        // A row is appended once the second page is there, of which the service leaves out one in the middle, or the last.
        let (mut rows, mut answers) = (9, 0);
        let walked = walk(Rows::<PAGE_INDEX>::new(3, 1), |attempt| {
            let (_, start, limit) = Table::place::<PAGE_INDEX>(&input(attempt));
            let page = (0..rows).skip(start).take(limit);
            let page: Vec<_> = page.filter(|row| *row != left_out).collect();
            answers += 1;
            let answer = answer(json!({"Rows": page, "Total": rows - 1}));
            if answers == 3 {
                rows = 10;
            }
            answer
        });
        if left_out == 4 {
            let error = walked.error.unwrap();
            assert!(
                matches!(error, Error::Shifted { delivered: 5, .. }),
                "{error}"
            );
        } else {
            assert_eq!(walked.records(), [0, 1, 2, 3, 4, 6, 7, 8, 9]);
        }
    }
}

#[test]
fn records_that_are_appended_behind_a_short_page_do_not_shift_it() {
    // The total is ahead of the list.
    let (mut rows, mut answers) = (6, 0);
    let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
        let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
        let page: Vec<_> = (0..rows).skip(start).take(limit).collect();
        let answer = answer(json!({"Rows": page, "Total": rows + 1}));
        answers += 1;
        if answers == 3 {
            rows = 7;
        }
        answer
    });
    assert_eq!(walked.pages.concat(), [0, 1, 2, 3, 4, 5, 6]);
    let error = walked.error.unwrap();
    assert!(
        matches!(
            error,
            Error::Incomplete {
                delivered: 7,
                total: 8,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_list_whose_pages_hide_that_it_moved_goes_on_behind_its_total() {
    // The first and the last row of a page are not shown, so that it looks the same when a row in front of it goes.
    let mut rows: Vec<(u64, bool)> = (0..24)
        .map(|row| (row, row % 4 == 1 || row % 4 == 2))
        .collect();
    let shown = |rows: &[(u64, bool)]| rows.iter().filter(|it| it.1).count();
    let mut answers = 0;
    let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
        let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
        let page = rows.iter().skip(start).take(limit).filter(|it| it.1);
        let page: Vec<_> = page.map(|it| it.0).collect();
        let total = shown(&rows);
        answers += 1;
        if answers == 8 {
            rows.remove(1);
        }
        answer(json!({"Rows": page, "Total": total}))
    });
    let came = walked.pages.concat();
    assert!(
        walked.error.is_some()
            || (2..24).all(|row| row % 4 == 0 || row % 4 == 3 || came.contains(&row)),
        "{came:?}"
    );
}

#[test]
fn a_page_that_is_cut_off_is_named_where_what_follows_it_cannot_be_asked_for() {
    // Of the second page of 500 the service gives 150, and by pages of 150 none begins where these end.
    let walked = walk(Rows::<PAGE_INDEX>::new(500, 1), |attempt| {
        let (_, start, limit) = Table::place::<PAGE_INDEX>(&input(attempt));
        let most = if start == 0 { 500 } else { 150 };
        let rows: Vec<_> = (0..800).skip(start).take(limit.min(most)).collect();
        answer(json!({"Rows": rows, "Total": 800}))
    });
    let error = walked.error.unwrap();
    assert!(matches!(
        error,
        Error::Incomplete {
            delivered: 500,
            total: 800,
            short_page: Some((150, 500)),
            ..
        }
    ));
    assert_eq!(
        error.to_string(),
        "incomplete: 500 of 800 records came (part 0); a page held 150 of 500 records requested: \
         start over with pages of at most 150"
    );
}

#[test]
fn a_limit_that_is_lowered_by_index_is_followed_where_the_records_end() {
    for total in [
        Total::True,
        Total::Any(vec![0]),
        Total::Any(vec![60]),
        Total::None,
    ] {
        for width in [1, 3] {
            let mut service = Service::new(0..700, total.clone());
            service.most = 100;
            let walked = walked::<PAGE_INDEX>(&mut service, 500, width);
            assert_eq!(walked.records(), (0..700).collect::<Vec<_>>(), "{total:?}");
        }
    }
}

#[test]
fn a_list_of_equal_records_that_moves_under_the_walk_is_an_error() {
    // Newest first: a use comes in front of 150 equal ones, or the one in front of them goes.
    for (first, then) in [
        (vec![7; 150], [vec![9], vec![7; 150]].concat()),
        ([vec![9], vec![7; 150]].concat(), vec![7; 150]),
    ] {
        for after in 1..4 {
            for width in [1, 3] {
                let mut service = Service::new(first.clone(), Total::True);
                let mut answers = 0;
                let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
                let mut world = World::new(Client::with_settings(settings));
                world.latencies = vec![(10, 10)];
                let mut planner = Prefetch::new(Rows::<ITEM_OFFSET>::new(50, 1)).with_width(width);
                let walked = world.walk(&mut planner, |_, attempt| {
                    let answer = service.serve::<ITEM_OFFSET>(attempt);
                    answers += 1;
                    if answers == after {
                        service.rows.clone_from(&then);
                    }
                    answer
                });
                let mut came = walked.pages.concat();
                came.sort_unstable();
                let whole = |rows: &[u64]| {
                    let mut rows = rows.to_vec();
                    rows.sort_unstable();
                    rows == came
                };
                assert!(
                    matches!(walked.error, Some(Error::Shifted { .. }))
                        || whole(&first)
                        || whole(&then),
                    "{after} {width}: {} {:?}",
                    came.len(),
                    walked.error
                );
            }
        }
    }
}

#[test]
fn a_list_of_equal_records_by_tokens_may_grow() {
    let mut table = Table::new(&[0]);
    table.parts[0] = vec![7; 12];
    let walked = walk(Rows::<TOKEN>::new(4, 1), |attempt| {
        let answer = table.serve::<TOKEN>(attempt);
        if table.parts[0].len() < 15 {
            table.parts[0].push(7);
        }
        answer
    });
    assert_eq!(walked.records(), table.all());
}

#[test]
fn what_comes_in_a_page_of_equal_records_is_told_and_what_comes_at_the_end_is_followed() {
    for (at, told) in [(2, true), (6, false)] {
        let mut service = Service::new([1, 2, 7, 7, 3, 4], Total::True);
        let mut answers = 0;
        let walked = walk(Rows::<ITEM_OFFSET>::new(2, 1), |attempt| {
            let answer = service.serve::<ITEM_OFFSET>(attempt);
            answers += 1;
            if answers == 2 {
                service.rows.insert(at, 9);
            }
            answer
        });
        if told {
            assert_eq!(walked.pages.concat(), [1, 2, 7, 7]);
            assert!(matches!(walked.error, Some(Error::Shifted { .. })));
        } else {
            assert_eq!(walked.records(), service.rows);
        }
    }
}

#[test]
fn a_second_look_that_is_refused_is_that_error() {
    // At the first page, since the total has changed.
    let mut total = 8;
    let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
        let start = input(attempt)["Offset"].as_u64().unwrap();
        if start == 0 && total > 8 {
            return refusal("InvalidParameter.Offset");
        }
        let rows: Vec<_> = (start..start + 4).collect();
        let answer = answer(json!({"Rows": rows, "Total": total}));
        total += 1;
        answer
    });
    let error = walked.error.unwrap();
    let code = error.refusal().unwrap().code();
    assert_eq!(code, "InvalidParameter.Offset", "{error}");
    // Beyond the end, since the second page is the first one again.
    let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
        match input(attempt)["Offset"].as_u64() {
            Some(0 | 4) => answer(json!({"Rows": [7, 7, 7, 7]})),
            _ => refusal("UnauthorizedOperation"),
        }
    });
    assert_eq!(walked.pages.concat(), [7; 4]);
    assert!(walked.error.unwrap().is_denied());
}

#[test]
fn equal_pages_before_a_refused_end_come_whatever_the_total() {
    for total in [Value::Null, json!(2)] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
            match input(attempt)["Offset"].as_u64() {
                Some(0 | 4) => answer(json!({"Rows": [7, 7, 7, 7], "Total": total})),
                _ => refusal("InvalidParameter.Offset"),
            }
        });
        assert_eq!(walked.pages.concat(), [7; 8], "{total}");
        let error = walked.error.unwrap();
        assert_eq!(
            error.refusal().unwrap().code(),
            "InvalidParameter.Offset",
            "{total}"
        );
    }
}

#[test]
fn a_service_that_takes_no_lower_limit_is_followed_as_was_asked_where_a_total_shows_what_is_missing()
 {
    for (total, followed) in [(json!(60), true), (json!(10), false), (Value::Null, false)] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(100, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            if limit != 100 {
                return refusal("InvalidParameterValue.Limit");
            }
            let rows: Vec<_> = (0..60).skip(start).take(20).collect();
            answer(json!({"Rows": rows, "Total": total}))
        });
        let error = walked.error.unwrap();
        if followed {
            assert!(matches!(
                error,
                Error::Incomplete {
                    delivered: 20,
                    total: 60,
                    short_page: Some((20, 100)),
                    ..
                }
            ));
        } else {
            let code = error.refusal().unwrap().code();
            assert_eq!(code, "InvalidParameterValue.Limit", "{total}");
        }
    }
}

#[test]
fn a_list_that_ends_with_a_short_page_may_end_with_a_full_one_and_a_refusal() {
    for (total, code, ends) in [
        (json!(8), "InvalidParameter.Offset", true),
        // It may be a day old.
        (json!(5), "ResourceNotFound", true),
        (json!(9), "InvalidParameter.Offset", false),
        (Value::Null, "InvalidParameter.Offset", false),
        (json!(8), "LimitExceeded", false),
        (json!(8), "UnauthorizedOperation", false),
    ] {
        for width in [1, 3] {
            let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
            let mut world = World::new(Client::with_settings(settings));
            world.latencies = vec![(10, 10)];
            let mut planner = Prefetch::new(Rows::<SHORT>::new(4, 1)).with_width(width);
            let walked = world.walk(&mut planner, |_, attempt| {
                let (_, start, _) = Table::place::<SHORT>(&input(attempt));
                if start >= 8 {
                    return refusal(code);
                }
                let rows: Vec<_> = (start..8).take(4).collect();
                answer(json!({"Rows": rows, "Total": total}))
            });
            assert_eq!(walked.pages.concat(), [0, 1, 2, 3, 4, 5, 6, 7], "{total}");
            assert_eq!(walked.error.is_none(), ends, "{total} {code}");
        }
    }
}

#[test]
fn a_service_that_takes_one_limit_alone_and_leaves_records_out_is_walked_to_its_end() {
    // The last page is short as well, and completes the total.
    let shown = |row: &u64| *row != 3;
    let walked = walk(Rows::<ITEM_OFFSET>::new(10, 1), |attempt| {
        let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
        if limit != 10 {
            return refusal("InvalidParameterValue.Limit");
        }
        let rows: Vec<_> = (0..24).skip(start).take(limit).filter(shown).collect();
        answer(json!({"Rows": rows, "Total": 23}))
    });
    assert_eq!(
        walked.records(),
        (0..24).filter(shown).collect::<Vec<u64>>()
    );
}

#[test]
fn what_fails_beyond_the_end_costs_no_page() {
    for failed in [
        || refusal("FailedOperation.NoData"),
        || refusal("LimitExceeded.Offset"),
        || super::page(504, "<html>"),
    ] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(50, 1), |attempt| {
            let (_, start, _) = Table::place::<ITEM_OFFSET>(&input(attempt));
            let rows: Vec<_> = (start..100).take(50).collect();
            if start < 100 {
                answer(json!({"Rows": rows, "Total": 100}))
            } else {
                failed()
            }
        });
        assert_eq!(walked.pages.concat().len(), 100);
    }
}

#[test]
fn a_walk_whose_check_for_the_end_failed_ends_where_the_service_refuses_what_lies_beyond() {
    for lost in 1..10 {
        let mut requests = 0;
        let serve = |attempt: &Attempt| match input(attempt)["Offset"].as_u64() {
            Some(start @ 0..8) => {
                let rows: Vec<_> = (start..8).take(4).collect();
                answer(json!({"Rows": rows, "Total": 8}))
            }
            _ => refusal("InvalidParameterValue.Offset"),
        };
        let (mut records, error, left) = finish(Rows::<ITEM_OFFSET>::new(4, 1).into(), |attempt| {
            requests += 1;
            if (3..3 + lost).contains(&requests) {
                return Err(Failure::unknown("connection reset"));
            }
            serve(attempt)
        });
        if error.is_some() {
            let (rest, error, _) = finish(left, serve);
            assert!(error.is_none(), "{lost}: {error:?}");
            records.extend(rest);
        }
        assert_eq!(records, (0..8).collect::<Vec<_>>(), "{lost}");
    }
}

#[test]
fn a_capped_total_is_no_end_where_the_service_fails_beyond_it() {
    for (code, ends) in [
        ("InvalidParameterValue.Offset", true),
        ("ResourceNotFound", true),
        ("LimitExceeded.Offset", false),
        ("FailedOperation.QueryTimeout", false),
        ("OperationDenied", false),
        ("SomethingNew", false),
    ] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            if start >= 8 {
                return refusal(code);
            }
            let rows: Vec<_> = (start..40).take(limit).collect();
            answer(json!({"Rows": rows, "Total": 8}))
        });
        assert_eq!(walked.pages.concat(), (0..8).collect::<Vec<_>>(), "{code}");
        let refused = walked
            .error
            .map(|it| it.refusal().unwrap().code().to_owned());
        assert_eq!(refused.as_deref(), (!ends).then_some(code));
    }
}

#[test]
fn where_a_refusal_ends_a_list_its_total_is_what_was_received() {
    for refuses in [false, true] {
        let walked = walk(Rows::<SHORT>::new(3, 1), |attempt| {
            let (_, start, _) = Table::place::<SHORT>(&input(attempt));
            if refuses && start >= 9 {
                return refusal("InvalidParameterValue.Offset");
            }
            let rows: Vec<_> = (start..9).take(3).collect();
            // It shrinks before the last page is requested.
            answer(json!({"Rows": rows, "Total": if start < 6 { 10 } else { 9 }}))
        });
        assert_eq!(walked.total, Some(9), "{refuses}");
        assert_eq!(walked.records(), (0..9).collect::<Vec<_>>(), "{refuses}");
    }
}

#[test]
fn a_list_with_a_cursor_ends_where_the_service_refuses_what_lies_beyond() {
    // `leads_on`: the last page has a cursor, too.
    for (rows, leads_on, ends) in [
        (8, false, true),
        (7, false, true),
        (7, true, true),
        // The total may be capped.
        (8, true, false),
    ] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            if start >= rows {
                return refusal("InvalidParameterValue.Offset");
            }
            let end = rows.min(start + limit);
            let token = (end < rows || leads_on).then(|| end.to_string());
            let page: Vec<_> = (start..end).collect();
            answer(json!({"Rows": page, "Total": rows, "Token": token}))
        });
        assert_eq!(walked.pages.concat().len(), rows);
        assert_eq!(walked.error.is_none(), ends, "{rows} {leads_on}");
    }
}

#[test]
fn a_cursor_leads_on_from_a_full_page_whatever_the_total() {
    for total in [json!(100), json!(200), json!(250), json!(0)] {
        let table = Table::new(&[250]);
        let walked = walk(Rows::<CURSOR>::new(100, 1), |attempt| {
            let mut page = table.page::<CURSOR>(&input(attempt));
            page["Total"] = total.clone();
            answer(page)
        });
        assert_eq!(walked.records(), table.all(), "{total}");
    }
}

#[test]
fn a_cursor_leads_on_from_a_short_page_that_counts_itself_alone() {
    for most in [1, 3, 4] {
        let walked = walk(Rows::<ITEM_OFFSET>::new(4, 1), |attempt| {
            let (_, start, limit) = Table::place::<ITEM_OFFSET>(&input(attempt));
            let end = 12.min(start + limit.min(most));
            let rows: Vec<_> = (start..end).collect();
            let token = (end < 12).then(|| end.to_string());
            answer(json!({"Total": rows.len(), "Rows": rows, "Token": token}))
        });
        assert_eq!(walked.records(), (0..12).collect::<Vec<_>>(), "{most}");
    }
}

#[test]
fn a_page_that_is_cut_short_is_followed_right_behind_it_with_a_cursor_as_well() {
    for total in [Value::Null, json!(0), json!(60), json!(120), json!(250)] {
        for most in [1, 49, 50, 99] {
            let table = Table::new(&[250]);
            let walked = walk(Rows::<CURSOR>::new(100, 1), |attempt| {
                let mut input = input(attempt);
                input["Limit"] = json!(most.min(input["Limit"].as_u64().unwrap()));
                let mut page = table.page::<CURSOR>(&input);
                page["Total"] = total.clone();
                answer(page)
            });
            assert_eq!(walked.records(), table.all(), "{total} {most}");
        }
    }
}

#[test]
fn by_numbers_of_pages_a_service_may_give_more_than_was_asked_for() {
    fn run<const KIND: usize>(counts_own_pages: bool) {
        for total in [Value::Null, json!(7), json!(250)] {
            let table = Table::new(&[250]);
            let walked = walk(Rows::<KIND>::new(10, 1), |attempt| {
                let (_, start, asked) = Table::place::<KIND>(&input(attempt));
                let limit = asked.max(15);
                let start = if counts_own_pages {
                    start / asked * limit
                } else {
                    start
                };
                let rows: Vec<_> = table.parts[0].iter().skip(start).take(limit).collect();
                answer(json!({"Rows": rows, "Total": total}))
            });
            assert_eq!(walked.records(), table.all(), "{total}");
        }
    }
    for counts_own_pages in [false, true] {
        run::<PAGE_INDEX>(counts_own_pages);
        run::<PAGE_NUMBER>(counts_own_pages);
    }
}

fn total() -> impl Strategy<Value = Total> {
    prop_oneof![
        Just(Total::True),
        Just(Total::None),
        Just(Total::OwnPage),
        (0..60_u64).prop_map(Total::Capped),
        prop::option::of(0..60_u64).prop_map(Total::Then),
        prop::collection::vec(0..80_u64, 1..6).prop_map(Total::Any),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    kind: usize,
    rows: Vec<u64>,
    total: Total,
    most: usize,
    limit: u32,
    width: usize,
}

prop_compose! {
    fn case()(
        kind in 0..3_usize,
        many in 0..60_u64,
        values in prop_oneof![Just(1_u64), Just(u64::MAX), 2..5_u64],
        total in total(),
        most in prop_oneof![2 => Just(usize::MAX), 1 => 1..9_usize],
        limit in 1..9_u32,
        width in 1..5_usize,
    ) -> Case {
        Case { kind, rows: (0..many).map(|row| row % values).collect(), total, most, limit, width }
    }
}

fn holds<const KIND: usize>(case: &Case) -> TestCaseResult {
    let mut service = Service::new(case.rows.clone(), case.total.clone());
    let some_are_equal = case.rows.iter().max() < Some(&4) && case.rows.contains(&1);
    service.most = case.most;
    let lowered = service.most < case.limit as usize;
    let walked = walked::<KIND>(&mut service, case.limit, case.width);
    let came = walked.pages.concat();
    let Some(error) = walked.error else {
        // A short page that completes the total is the end: a limit that is lowered and a total that lies may agree.
        let agrees = lowered && case.rows.starts_with(&came) && {
            let said = |answers| {
                case.total
                    .said(case.rows.len() as u64, answers, service.most as u64, false)
            };
            (0..8).any(|answers| said(answers) == Some(came.len() as u64))
        };
        prop_assert!(came == case.rows || agrees, "{came:?}");
        return Ok(());
    };
    prop_assert!(case.rows.starts_with(&came), "{came:?}");
    match error {
        // Of a list in which records occur again and again, a page may look like one that came again.
        Error::Repeated { .. } => {
            prop_assert!(some_are_equal, "{came:?}");
        }
        Error::Incomplete { total, .. } => {
            prop_assert!(total > came.len() as u64);
            let over = |answers| {
                case.total
                    .said(case.rows.len() as u64, answers, 0, answers == 0)
            };
            let over = (0..200).any(|answers| over(answers) > Some(case.rows.len() as u64));
            prop_assert!(came == case.rows && over || lowered, "{came:?} of {total}");
        }
        // Under equal records a list may have moved whenever its total changes.
        Error::Shifted { .. } => {
            prop_assert!(
                some_are_equal || case.rows.iter().all(|row| *row == 0),
                "{came:?}"
            );
        }
        other => prop_assert!(false, "{other}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_total_says_every_record_comes_once_or_there_is_an_error(case in case()) {
        match case.kind {
            ITEM_OFFSET => holds::<ITEM_OFFSET>(&case)?,
            PAGE_INDEX => holds::<PAGE_INDEX>(&case)?,
            _ => holds::<PAGE_NUMBER>(&case)?,
        }
    }
}

/// The last page is short for being the last one.
#[test]
fn a_total_that_is_too_large_is_no_reason_for_smaller_pages() {
    for limit in [1, 4, 49, 50, 249, 250, 300] {
        let table = Table::new(&[249]);
        let walked = walk(Rows::<ITEM_OFFSET>::new(limit, 1), |attempt| {
            let mut page = table.page::<ITEM_OFFSET>(&input(attempt));
            page["Total"] = json!(254);
            answer(page)
        });
        assert_eq!(walked.pages.concat(), table.all(), "{limit}");
        let error = walked.error.unwrap();
        assert!(
            matches!(
                error,
                Error::Incomplete {
                    delivered: 249,
                    total: 254,
                    short_page: None,
                    ..
                }
            ),
            "{limit}: {error}"
        );
    }
}

#[test]
fn a_total_below_an_own_offset_is_no_reason_to_doubt_the_offset() {
    let table = Table::new(&[5, 4]);
    let walked = walk(Rows::<ITEM_OFFSET>::new(2, 2).with_offset(3), |attempt| {
        let mut page = table.page::<ITEM_OFFSET>(&input(attempt));
        page["Total"] = json!(1);
        answer(page)
    });
    assert!(walked.error.is_none(), "{:?}", walked.error);
    assert_eq!(walked.pages.concat(), table.all()[3..]);
}
