use std::collections::HashSet;

use rust_decimal::Decimal;
use serde_json::Value;
use tc3_core::{
    UnixTime, Yuan,
    billing::{
        AllocationSummaryByBusiness, DescribeAllocationSummaryByBusiness,
        DescribeAllocationSummaryByBusinessResponse, PeriodType, Sort, SortType,
    },
    emulator::Emulator,
    types::BillDate,
};

use super::{allocations, faults::scripted};
use crate::common::{Client, credential};

fn service() -> Emulator {
    Emulator::new(credential()).with_records(300)
}

fn ask(
    action: &DescribeAllocationSummaryByBusiness,
) -> DescribeAllocationSummaryByBusinessResponse {
    Client::new().call(&mut service(), action).unwrap()
}

fn rows(action: &DescribeAllocationSummaryByBusiness) -> Vec<AllocationSummaryByBusiness> {
    ask(action).detail.unwrap()
}

fn february() -> DescribeAllocationSummaryByBusiness {
    allocations(2024, 2)
}

/// What a row is sorted by: a number where there is one, else the text; null before all.
fn key(row: &AllocationSummaryByBusiness, sort: &Sort) -> Option<(Option<Decimal>, String)> {
    match &serde_json::to_value(row).unwrap()[sort.as_str()] {
        Value::Null => None,
        Value::String(text) => Some(match text.parse() {
            Ok(number) => (Some(number), String::new()),
            Err(_) => (None, text.clone()),
        }),
        other => panic!("{sort}: {other}"),
    }
}

/// The same rows in an order of the test's own; rows that tie are alike.
fn by_cost(rows: &[AllocationSummaryByBusiness]) -> Vec<&AllocationSummaryByBusiness> {
    let mut rows: Vec<_> = rows.iter().collect();
    rows.sort_by_key(|row| {
        let unit = row.tree_node_uniq_key.as_deref();
        (row.real_total_cost, row.business_code.as_str(), unit)
    });
    rows
}

#[test]
fn every_sort_is_in_order_both_ways() {
    let (mut client, mut service) = (Client::new(), service().with_records(120));
    let mut ask = |action: DescribeAllocationSummaryByBusiness| {
        let answer = client.call(&mut service, &action).unwrap();
        answer.detail.unwrap()
    };
    let unsorted = ask(february());
    assert_eq!((unsorted.len(), Sort::KNOWN.len()), (120, 18));
    let mut telling = 0;
    for sort in Sort::KNOWN {
        let mut keys = [SortType::ASC, SortType::DESC].map(|order| {
            let sorted = ask(february().with_sort(sort.clone(), order));
            assert_eq!(by_cost(&sorted), by_cost(&unsorted), "{sort}");
            sorted.iter().map(|row| key(row, sort)).collect::<Vec<_>>()
        });
        assert!(keys[0].is_sorted(), "{sort} ascending");
        telling += usize::from(keys[0] != keys[1]);
        keys[1].reverse();
        assert_eq!(keys[0], keys[1], "{sort} descending");
    }
    assert_eq!(telling, 18);
}

#[test]
fn a_sort_without_an_order_ascends() {
    let mut action = february().with_sort(Sort::REAL_TOTAL_COST, SortType::ASC);
    let ascending = rows(&action);
    action.sort_type = None;
    assert_eq!(rows(&action), ascending);
}

#[test]
fn pages_of_a_sorted_list_are_slices_of_it() {
    let action = february().with_sort(Sort::TREND, SortType::DESC);
    let sorted = rows(&action);
    for (offset, limit) in [(0, 1), (1, 10), (95, 10), (299, 10)] {
        let page = rows(&action.clone().with_offset(offset).with_limit(limit));
        let start = usize::try_from(offset).unwrap();
        let end = sorted.len().min(start + usize::try_from(limit).unwrap());
        assert_eq!(page, sorted[start..end]);
    }
    assert_eq!(rows(&action.with_offset(300)), []);
}

#[test]
fn business_codes_and_unit_keys_filter() {
    let everything = rows(&february());
    let codes: HashSet<&str> = everything
        .iter()
        .map(|row| row.business_code.as_str())
        .collect();
    let keys: HashSet<&str> = everything
        .iter()
        .filter_map(|row| row.tree_node_uniq_key.as_deref())
        .collect();
    assert_eq!((codes.len(), keys.len()), (12, 4));

    let mut code_lists: Vec<Vec<&str>> = codes.iter().map(|code| vec![*code]).collect();
    code_lists.extend([vec![], vec!["p_cvm", "p_cos"], vec!["p_cvm", "p_none"]]);
    let mut key_lists: Vec<Vec<&str>> = keys.iter().map(|key| vec![*key]).collect();
    key_lists.extend([vec![], vec!["unit-research", "unit-overseas"]]);
    for codes in &code_lists {
        for keys in &key_lists {
            let answer = ask(&february()
                .with_business_codes(codes.iter().copied())
                .with_tree_node_uniq_keys(keys.iter().copied()));
            let asked = |row: &&AllocationSummaryByBusiness| {
                let key = row.tree_node_uniq_key.as_deref();
                (codes.is_empty() || codes.contains(&row.business_code.as_str()))
                    && (keys.is_empty() || key.is_some_and(|key| keys.contains(&key)))
            };
            let expected: Vec<_> = everything.iter().filter(asked).collect();
            assert!(!expected.is_empty());
            assert_eq!(answer.record_num, Some(expected.len() as u64));
            total_is_the_sum_of_the_rows(&answer);
            let found = answer.detail.unwrap();
            let name = format!("{codes:?} {keys:?}");
            assert_eq!(without_ratio(&found), without_ratio(expected), "{name}");
        }
    }
}

#[test]
fn a_day_is_filtered_by_its_bill_date() {
    let daily = february().with_period_type(PeriodType::DAY);
    let everything = rows(&daily);
    let days: HashSet<BillDate> = everything.iter().filter_map(|row| row.bill_date).collect();
    assert_eq!(days.len(), 29);
    for dates in [
        vec![BillDate::day(2024, 2, 1).unwrap()],
        vec![BillDate::day(2024, 2, 29).unwrap()],
        (3..=9)
            .map(|day| BillDate::day(2024, 2, day).unwrap())
            .collect(),
    ] {
        let answer = ask(&daily.clone().with_bill_dates(dates.clone()));
        let asked = |row: &&AllocationSummaryByBusiness| dates.contains(&row.bill_date.unwrap());
        let expected: Vec<_> = everything.iter().filter(asked).collect();
        assert!(expected.len() >= 10 * dates.len(), "{dates:?}");
        assert_eq!(answer.record_num, Some(expected.len() as u64));
        total_is_the_sum_of_the_rows(&answer);
        let found = answer.detail.unwrap();
        assert_eq!(without_ratio(&found), without_ratio(expected), "{dates:?}");
    }
    let whole_month = daily
        .clone()
        .with_bill_dates([BillDate::month(2024, 2).unwrap()]);
    assert_eq!(ask(&whole_month).record_num, Some(everything.len() as u64));
    let other_month = daily.with_bill_dates([BillDate::day(2024, 3, 1).unwrap()]);
    assert_eq!(ask(&other_month).detail, None);
}

#[test]
fn a_record_of_a_month_bears_its_first_day() {
    for action in [february(), february().with_period_type(PeriodType::MONTH)] {
        let days: HashSet<_> = rows(&action).iter().map(|row| row.bill_date).collect();
        assert_eq!(
            days,
            HashSet::from([Some(BillDate::day(2024, 2, 1).unwrap())])
        );
    }
}

/// The rows without their part of the whole, which depends on what else was asked for.
fn without_ratio<'r>(
    rows: impl IntoIterator<Item = &'r AllocationSummaryByBusiness>,
) -> Vec<AllocationSummaryByBusiness> {
    let rows = rows.into_iter().cloned();
    rows.map(|mut row| {
        assert!(row.ratio.take().is_some());
        row
    })
    .collect()
}

fn total_is_the_sum_of_the_rows(answer: &DescribeAllocationSummaryByBusinessResponse) {
    let total = answer.total.as_ref().unwrap();
    let rows = answer.detail.as_deref().unwrap();
    type Amount = fn(&AllocationSummaryByBusiness) -> Option<Yuan>;
    let parts: [(Option<Yuan>, Amount); 5] = [
        (total.real_total_cost, |row| Some(row.real_total_cost)),
        (total.cash_pay_amount, |row| row.cash_pay_amount),
        (total.incentive_pay_amount, |row| row.incentive_pay_amount),
        (total.voucher_pay_amount, |row| row.voucher_pay_amount),
        (total.transfer_pay_amount, |row| row.transfer_pay_amount),
    ];
    for (place, (reported, amount)) in parts.iter().enumerate() {
        let sum = Yuan::checked_sum(rows.iter().map(|row| amount(row).unwrap()));
        assert_eq!(*reported, sum, "{place}");
    }
}

#[test]
fn the_total_is_the_sum_of_the_rows_whatever_the_page() {
    let answer = ask(&february());
    total_is_the_sum_of_the_rows(&answer);
    assert!(answer.total.as_ref().unwrap().real_total_cost > Some(Yuan::ZERO));
    let page = ask(&february().with_offset(100).with_limit(10));
    assert_eq!(page.total, answer.total);
    assert_eq!(page.record_num, Some(300));
}

#[test]
fn a_rows_amounts_add_up() {
    for row in rows(&february()) {
        let sum = |amounts: [Option<Yuan>; 4]| Yuan::checked_sum(amounts.map(Option::unwrap));
        let gathered = sum([
            row.gather_cash_pay_amount,
            row.gather_voucher_pay_amount,
            row.gather_incentive_pay_amount,
            row.gather_transfer_pay_amount,
        ]);
        let allocated = sum([
            row.allocate_cash_pay_amount,
            row.allocate_voucher_pay_amount,
            row.allocate_incentive_pay_amount,
            row.allocate_transfer_pay_amount,
        ]);
        let total = sum([
            row.total_cash_pay_amount,
            row.total_voucher_pay_amount,
            row.total_incentive_pay_amount,
            row.total_transfer_pay_amount,
        ]);
        assert_eq!(row.gather_real_cost, gathered);
        assert_eq!(row.allocate_real_cost, allocated);
        assert_eq!(Some(row.real_total_cost), total);
        assert_eq!(
            total,
            gathered.and_then(|gathered| gathered.checked_add(allocated?))
        );
    }
}

#[test]
fn the_unassigned_have_no_key_and_a_first_month_has_no_trend() {
    let february = rows(&february());
    let unassigned: Vec<_> = february
        .iter()
        .filter(|row| row.tree_node_uniq_key.is_none())
        .collect();
    assert_eq!(unassigned.len(), 60);
    for row in unassigned {
        assert_eq!(row.tree_node_uniq_key_name.as_deref(), Some("未分配"));
    }
    assert!(february.iter().any(|row| row.trend.is_some()));
    for row in rows(&allocations(2024, 1)) {
        assert_eq!((row.trend, row.trend_type), (None, None));
    }
}

#[test]
fn a_month_without_a_bill_has_no_figures() {
    for action in [
        allocations(2023, 12),
        allocations(2026, 1),
        february().with_business_codes(["p_none"]),
    ] {
        let answer = ask(&action);
        assert_eq!(
            (answer.record_num, answer.total, answer.detail),
            (None, None, None)
        );
    }
}

#[test]
fn without_a_month_the_current_one_in_beijing_is_meant() {
    let current = DescribeAllocationSummaryByBusiness::current_month();
    // 2025-01-31 23:59:59 and 2025-02-01 00:00:00 in Beijing.
    for (now, month) in [(1_738_339_199, 1), (1_738_339_200, 2)] {
        let mut client = Client::new();
        client.now.unix = UnixTime::new(now);
        let answer = client.call(&mut service(), &current).unwrap();
        assert_eq!(answer, ask(&allocations(2025, month)), "{now}");
        assert_eq!(answer.record_num, Some(300));
    }
}

#[test]
fn the_long_form_of_a_month_is_the_same_month() {
    let long = "2024-02-01 00:00:00".parse().unwrap();
    let long = DescribeAllocationSummaryByBusiness::new(long);
    assert_eq!(ask(&long), ask(&february()));
}

#[test]
fn sums_are_off_by_script_and_the_records_are_not() {
    let right = ask(&february());
    let mut service = scripted(&["sums=+1@1", "sums=-250@2"]);
    for off in ["0.01", "-2.50", "0"] {
        let answer = Client::new().call(&mut service, &february()).unwrap();
        assert_eq!(answer.detail, right.detail);
        let [expected, reported] = [&right, &answer].map(|answer| {
            let total = answer.total.clone().unwrap();
            [
                total.real_total_cost,
                total.cash_pay_amount,
                total.incentive_pay_amount,
                total.voucher_pay_amount,
                total.transfer_pay_amount,
            ]
        });
        let off: Yuan = off.parse().unwrap();
        let expected = expected.map(|sum| sum.and_then(|sum| sum.checked_add(off)));
        assert_eq!(reported, expected);
    }
    // Where there is no bill, no sums are reported either.
    let mut service = scripted(&["sums=+1@1"]);
    let answer = Client::new()
        .call(&mut service, &allocations(2023, 12))
        .unwrap();
    assert_eq!(answer.total, None);
}
