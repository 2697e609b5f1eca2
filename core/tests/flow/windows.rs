use jiff::{Span, civil::DateTime};
use tc3_core::{
    Attempt, Month, Outcome, Pages, Paginate, Settings, Walk,
    billing::{BillTransactionInfo, DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    pagination::{Prefetch, walk::windows},
};

use super::{
    bills::{Bills, Reading, range, time},
    input,
    world::{Walked, World},
};
use crate::common::{Client, START, credential};

const READINGS: [Reading; 2] = [Reading::WholeSecond, Reading::Instant];

pub(super) fn walk<A: Paginate>(
    walk: impl Into<Walk<A>>,
    width: usize,
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> Walked<A::Item> {
    let settings = Settings::default().with_rate_of::<A>(None);
    let mut world = World::new(Client::with_settings(settings));
    world.latencies = vec![(10, 20), (30, 1), (2, 2)];
    let mut planner = Prefetch::new(walk).with_width(width);
    world.walk(&mut planner, |_, attempt| serve(attempt))
}

pub(super) fn numbers(records: Vec<BillTransactionInfo>) -> Vec<u64> {
    let number = |record: BillTransactionInfo| record.bill_id.parse().unwrap();
    records.into_iter().map(number).collect()
}

/// The windows of a range, as people write them.
fn shown(start: &str, end: &str) -> Vec<String> {
    windows(range(start, end))
        .map(|window| format!("{} {}", window.start_time, window.end_time))
        .collect()
}

#[test]
fn a_range_is_cut_into_windows_of_at_most_six_months_that_share_their_seams() {
    for (start, end, many) in [
        ("2024-01-01 00:00:00", "2024-01-01 23:59:59", 1),
        ("2024-01-01 00:00:00", "2024-01-01 00:00:00", 1),
        ("2024-01-01 00:00:00", "2024-07-01 00:00:00", 1),
        ("2024-01-01 00:00:00", "2024-07-01 00:00:01", 2),
        ("2023-08-31 12:30:00", "2024-02-29 12:30:00", 1),
        ("2023-08-31 12:30:00", "2024-02-29 12:30:01", 2),
        ("2022-08-31 12:30:00", "2023-02-28 12:30:01", 2),
        ("2020-01-01 00:00:00", "2024-12-31 23:59:59", 10),
        ("2020-02-29 23:59:59", "2025-02-28 23:59:59", 10),
        ("2020-08-31 23:59:59", "2025-08-31 23:59:59", 11),
        ("9999-01-01 00:00:00", "9999-12-31 23:59:59", 2),
    ] {
        let cut: Vec<_> = windows(range(start, end)).collect();
        assert_eq!(cut.len(), many, "{start} {end}");
        assert_eq!(cut[0].start_time.to_string(), start);
        assert_eq!(cut[many - 1].end_time.to_string(), end);
        for window in &cut {
            let six_months = Span::new().months(6);
            let latest = window.start_time.datetime().saturating_add(six_months);
            assert!(window.end_time.datetime() <= latest, "{window:?}");
            assert!(window.start_time <= window.end_time, "{window:?}");
        }
        for seam in cut.windows(2) {
            assert_eq!(seam[0].end_time, seam[1].start_time);
        }
    }
    assert_eq!(
        shown("2023-08-31 00:00:00", "2024-09-30 00:00:00"),
        [
            "2023-08-31 00:00:00 2024-02-29 00:00:00",
            "2024-02-29 00:00:00 2024-08-29 00:00:00",
            "2024-08-29 00:00:00 2024-09-30 00:00:00",
        ]
    );
}

#[test]
fn a_walk_takes_the_windows_that_are_handed_out() {
    for (start, end) in [
        ("2023-08-31 12:30:00", "2025-12-31 23:59:59"),
        ("2020-01-01 00:00:00", "2024-12-31 23:59:59"),
    ] {
        let mut bills = Bills::new([], Reading::WholeSecond);
        walk(range(start, end), 3, |attempt| bills.serve(attempt)).records();
        let walked: Vec<_> = bills
            .windows
            .iter()
            .map(|(a, b)| format!("{a} {b}"))
            .collect();
        assert_eq!(walked, shown(start, end));
    }
}

#[test]
fn a_walk_names_the_window_that_its_last_page_belongs_to() {
    let mut service = Emulator::new(credential());
    let mut client = Client::new();
    let mut pages = Pages::new(range("2024-01-01 00:00:00", "2024-12-31 23:59:59"));
    let mut names = vec![pages.walk().window()];
    while let Some(page) = client.drive(&mut pages, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    }) {
        page.unwrap();
        names.push(pages.walk().window());
    }
    names.push(pages.walk().window());
    names.dedup();
    let expected = [
        Some("2024-01-01 00:00:00 to 2024-12-31 23:59:59"),
        Some("2024-01-01 00:00:00 to 2024-07-01 00:00:00"),
        Some("2024-07-01 00:00:00 to 2024-12-31 23:59:59"),
        None,
    ];
    assert_eq!(names, expected.map(|name| name.map(str::to_string)));
}

#[test]
fn windows_that_are_handed_out_begin_at_an_offset_only_where_the_walk_does() {
    let action = range("2023-01-01 00:00:00", "2024-12-31 23:59:59");
    let offsets = |action: DescribeBillList| {
        let offset = |window: DescribeBillList| (window.offset, window.limit);
        windows(action).map(offset).collect::<Vec<_>>()
    };
    assert_eq!(offsets(action.clone()), [(0, None); 4]);
    let skipping = action.with_offset(7).with_limit(20);
    let twenty = |offset| (offset, Some(20));
    assert_eq!(offsets(skipping), [7, 0, 0, 0].map(twenty));
}

/// The emulator's transactions of a range, taken month by month, where nothing is shared.
fn month_by_month(service: &mut Emulator, start: DateTime, end: DateTime) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut month = start;
    while month < end {
        let last = (month + Span::new().months(1) - Span::new().seconds(1)).min(end);
        let shown = |time: DateTime| time.to_string().replace('T', " ");
        let records = Client::new().walk(service, range(&shown(month), &shown(last)));
        numbers.extend(records.unwrap().into_iter().map(|record| place(&record)));
        month += Span::new().months(1);
    }
    numbers
}

/// The emulator's number of a transaction.
fn place(record: &BillTransactionInfo) -> u64 {
    record.bill_id[16..].parse().unwrap()
}

#[test]
fn the_emulators_years_come_whole_and_in_order_for_any_seam() {
    let mut service = Emulator::new(credential()).with_records(2_000);
    let whole = month_by_month(
        &mut service,
        time("2024-01-01 00:00:00"),
        time("2025-12-31 23:59:59"),
    );
    assert_eq!(whole.len(), 2_000);
    for (start, end) in [
        ("2020-08-31 23:59:59", "2025-12-31 23:59:59"),
        ("2023-08-31 00:00:00", "2026-08-31 00:00:00"),
        ("2024-01-01 00:00:00", "2025-12-31 23:59:59"),
    ] {
        for width in [1, 4] {
            let records = walk(range(start, end), width, |attempt| {
                Ok(service.handle(START, &attempt.request))
            })
            .records();
            let places: Vec<_> = records.iter().map(place).collect();
            assert_eq!(places, whole, "{start} {end} {width}");
        }
    }
    // Seams laid through the very seconds of transactions.
    let times: Vec<_> = walk(
        range("2024-01-01 00:00:00", "2024-06-30 23:59:59"),
        1,
        |attempt| Ok(service.handle(START, &attempt.request)),
    )
    .records();
    for at in times.iter().step_by(50) {
        let start = at.operation_time.second();
        let action = DescribeBillList::new(start, "2025-12-31 23:59:59".parse().unwrap());
        let records = walk(action.with_limit(70), 3, |attempt| {
            Ok(service.handle(START, &attempt.request))
        })
        .records();
        let expected: Vec<_> = whole
            .iter()
            .copied()
            .filter(|it| *it >= place(at))
            .collect();
        assert_eq!(records.iter().map(place).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn what_lies_at_a_seam_comes_once_whatever_end_time_includes() {
    // The seams of the range lie at 2024-07-01 and 2025-01-01.
    let around = [
        "2024-01-01 00:00:00.000",
        "2024-06-30 23:59:59.000",
        "2024-06-30 23:59:59.999",
        "2024-07-01 00:00:00.000",
        "2024-07-01 00:00:00.001",
        "2024-07-01 00:00:00.500",
        "2024-07-01 00:00:00.999",
        "2024-07-01 00:00:01.000",
        "2025-01-01 00:00:00.000",
        "2025-01-01 00:00:00.001",
        "2025-01-01 00:00:00.999",
        "2025-01-01 00:00:01.000",
        "2025-03-01 00:00:00.000",
    ];
    let whole = range("2024-01-01 00:00:00", "2025-03-01 00:00:00");
    // Each of them alone, all of them, and many of each.
    let mut cases: Vec<Vec<&str>> = around.iter().map(|time| vec![*time]).collect();
    cases.push(around.to_vec());
    cases.push(around.iter().flat_map(|time| [*time; 5]).collect());
    for case in cases {
        for reading in READINGS {
            for (limit, width) in [(1, 1), (2, 3), (3, 1), (7, 2), (100, 4)] {
                let mut bills = Bills::new(case.iter().map(|text| time(text)), reading);
                let expected: Vec<_> = (0..case.len() as u64).collect();
                let mut planner = Prefetch::new(whole.clone().with_limit(limit)).with_width(width);
                let settings = Settings::default().with_rate("billing", "DescribeBillList", None);
                let mut world = World::new(Client::with_settings(settings));
                let walked = world.walk(&mut planner, |_, attempt| bills.serve(attempt));
                let records = numbers(walked.records());
                assert_eq!(records, expected, "{case:?} {reading:?} {limit} {width}");
                let walk = planner.walk();
                assert_eq!(walk.delivered(), expected.len() as u64);
                assert_eq!(walk.total(), Some(expected.len() as u64));
            }
        }
    }
}

#[test]
fn an_offset_of_ones_own_is_one_in_the_first_window() {
    let times = [
        "2024-01-02",
        "2024-03-01",
        "2024-06-01",
        "2024-08-01",
        "2024-09-01",
        "2025-02-01",
    ];
    let times = times.map(|day| time(&format!("{day} 08:00:00.000")));
    for (offset, expected) in [(0, 0..6), (1, 1..6), (2, 2..6), (3, 3..6)] {
        let mut bills = Bills::new(times, Reading::WholeSecond);
        let action = range("2024-01-01 00:00:00", "2025-12-31 00:00:00").with_offset(offset);
        let walked = walk(action.with_limit(2), 2, |attempt| bills.serve(attempt));
        assert_eq!(numbers(walked.records()), expected.collect::<Vec<u64>>());
    }
    let usage = usage("20240101", "20240331").with_offset(19);
    let mut offsets = Vec::new();
    let mut service = Emulator::new(credential());
    let records = walk(usage, 1, |attempt| {
        offsets.push(input(attempt)["Offset"].as_u64().unwrap());
        Ok(service.handle(START, &attempt.request))
    })
    .records();
    assert_eq!(records.len(), 50 + 1_000 + 1_000);
    // In each month one more to see that there are no more.
    assert_eq!((offsets[0], offsets[2], offsets.len()), (19, 0, 44));
}

#[test]
fn an_offset_beyond_the_first_window_is_an_error() {
    let times = ["2024-01-02", "2024-08-01", "2024-09-01"];
    let times = times.map(|day| time(&format!("{day} 08:00:00.000")));
    for (offset, many) in [(0, Some(3)), (1, Some(2)), (2, None), (9, None)] {
        let mut bills = Bills::new(times, Reading::WholeSecond);
        let action = range("2024-01-01 00:00:00", "2024-12-31 00:00:00").with_offset(offset);
        let walked = walk(action, 1, |attempt| bills.serve(attempt));
        match many {
            Some(many) => assert_eq!(walked.records().len(), many, "{offset}"),
            None => assert!(
                matches!(walked.error, Some(tc3_core::Error::Input(invalid)) if invalid.field() == "Offset"),
                "{offset}"
            ),
        }
    }
}

#[test]
fn after_each_page_the_walk_names_the_list_that_it_belongs_to() {
    let lists = ["org_hongqiao", "org_nanshan"].map(|organization| {
        let mut list = usage("20240115", "20240214");
        list.agent = list.agent.with_proxy_organization_open_id(organization);
        list
    });
    let mut pages = Pages::new(Walk::over(lists));
    let mut service = Emulator::new(credential()).with_records(500);
    let mut client = Client::new();
    let mut seen = Vec::new();
    while let Some(page) = client.drive(&mut pages, |now, attempt| {
        Ok(service.handle(now, &attempt.request))
    }) {
        let list = pages.walk().list().unwrap();
        let organization = list.agent.proxy_organization_open_id.clone().unwrap();
        let names = ["虹桥示例企业", "南山示例企业"];
        let name = names[usize::from(organization == "org_nanshan")];
        for record in page.unwrap().output.details.unwrap() {
            assert_eq!(record.create_organization_name.as_deref(), Some(name));
        }
        seen.push(format!("{organization} to {}", list.end_time));
    }
    seen.dedup();
    let expected = [
        "org_hongqiao to 20240131",
        "org_hongqiao to 20240214",
        "org_nanshan to 20240131",
        "org_nanshan to 20240214",
    ];
    assert_eq!(seen, expected);
    assert!(pages.walk().list().is_none());
}

fn usage(start: &str, end: &str) -> ChannelDescribeBillUsageDetail {
    let agent = Agent::new(Emulator::APP_ID);
    ChannelDescribeBillUsageDetail::new(agent, start.parse().unwrap(), end.parse().unwrap())
}

#[test]
fn a_range_of_days_is_walked_by_calendar_months() {
    let days = |start, end| {
        windows(usage(start, end))
            .map(|window| format!("{}-{}", window.start_time, window.end_time))
            .collect::<Vec<_>>()
    };
    assert_eq!(days("20240131", "20240131"), ["20240131-20240131"]);
    assert_eq!(days("20240101", "20240131"), ["20240101-20240131"]);
    assert_eq!(
        days("20240131", "20240301"),
        [
            "20240131-20240131",
            "20240201-20240229",
            "20240301-20240301"
        ]
    );
    assert_eq!(days("99991215", "99991231"), ["99991215-99991231"]);

    let fourteen = days("20240115", "20250220");
    assert_eq!(fourteen.len(), 14);
    for width in [1, 5] {
        let mut service = Emulator::new(credential()).with_records(60);
        let mut asked = Vec::new();
        let records = walk(usage("20240115", "20250220"), width, |attempt| {
            let input = input(attempt);
            let text = |name: &str| input[name].as_str().unwrap().to_owned();
            asked.push(format!("{}-{}", text("StartTime"), text("EndTime")));
            Ok(service.handle(START, &attempt.request))
        })
        .records();
        asked.dedup();
        assert_eq!(asked, fourteen);
        let times: Vec<_> = records
            .iter()
            .map(|record| record.cost_time.unwrap())
            .collect();
        assert!(times.is_sorted());
        // All of twelve months, and a part of the two others: from the 15th of the first and up to the 20th of the last.
        let part = |start, end| {
            walk(usage(start, end), 1, |attempt| {
                Ok(service.clone().handle(START, &attempt.request))
            })
            .records()
            .len()
        };
        let ends = part("20240115", "20240131") + part("20250201", "20250220");
        assert_eq!(records.len(), 12 * 60 + ends);
    }
}

#[test]
fn a_list_by_reference_and_lists_in_a_vec_are_walked_as_if_by_themselves() {
    let lists = [("20240101", "20240131"), ("20240401", "20240520")].map(|it| usage(it.0, it.1));
    let mut service = Emulator::new(credential()).with_records(20);
    let mut serve = |attempt: &Attempt| Ok(service.handle(START, &attempt.request));
    let records = lists
        .each_ref()
        .map(|list| walk(list, 1, &mut serve).records());
    let again = lists
        .clone()
        .map(|list| walk(list, 1, &mut serve).records());
    assert_eq!((records[0].len(), &records), (20, &again));
    let together = walk(lists.to_vec(), 2, &mut serve).records();
    assert_eq!(together, records.concat());
}

#[test]
fn a_range_of_months_is_walked_month_by_month() {
    let month = |year, month| Month::new(year, month).unwrap();
    let summary = DescribeAllocationSummaryByBusiness::new(month(2024, 11)).with_limit(7);
    let months = summary.clone().through(month(2025, 2)).unwrap();
    let mut service = Emulator::new(credential()).with_records(20);
    let mut asked = Vec::new();
    let mut costs = Vec::new();
    let records = walk(Walk::over(months), 2, |attempt| {
        asked.push(input(attempt)["Month"].as_str().unwrap().to_owned());
        Ok(service.handle(START, &attempt.request))
    })
    .records();
    asked.dedup();
    assert_eq!(asked, ["2024-11", "2024-12", "2025-01", "2025-02"]);
    for one in summary.clone().through(month(2025, 2)).unwrap() {
        costs.extend(Client::new().walk(&mut service, one).unwrap());
    }
    assert_eq!((records.len(), &records), (80, &costs));
    assert_eq!(summary.clone().through(month(2024, 11)).unwrap().len(), 1);
    assert!(summary.clone().through(month(2024, 10)).is_err());
    let current = DescribeAllocationSummaryByBusiness::current_month();
    assert_eq!(
        current.through(month(2024, 10)).unwrap_err().field(),
        "Month"
    );
}
