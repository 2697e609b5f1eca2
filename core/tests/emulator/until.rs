use tc3_core::{
    Month,
    billing::{DescribeAllocationSummaryByBusiness, PeriodType},
    emulator::{Account, Emulator},
    essbasic::ChannelDescribeBillUsageDetail,
};

use super::{bills, usage};
use crate::common::{Client, credential};

fn until(end: &str) -> Emulator {
    let service = Emulator::new(credential()).with_records(300);
    service.with_until(end.parse().unwrap())
}

fn month(text: &str) -> DescribeAllocationSummaryByBusiness {
    DescribeAllocationSummaryByBusiness::new(text.parse::<Month>().unwrap())
}

#[test]
fn thirteen_months_until_a_day_are_full() {
    let mut service = until("2026-11-27");
    let mut client = Client::new();
    let first: Month = "2025-11".parse().unwrap();
    let last: Month = "2026-11".parse().unwrap();
    let months = DescribeAllocationSummaryByBusiness::new(first)
        .through(last)
        .unwrap();
    let records = |action: DescribeAllocationSummaryByBusiness| {
        client.call(&mut service, &action).unwrap().record_num
    };
    assert_eq!(
        months.into_iter().map(records).collect::<Vec<_>>(),
        [Some(300); 13]
    );
}

#[test]
fn nothing_lies_before_the_first_day_or_after_the_last_one() {
    let mut service = until("2026-11-27");
    let mut client = Client::new();
    let mut transactions = |start: &str, end: &str| {
        let walk = bills(&format!("{start} 00:00:00"), &format!("{end} 23:59:59"));
        client.walk(&mut service, walk).unwrap()
    };
    assert_eq!(transactions("2024-06-01", "2024-11-30"), []);
    assert_eq!(transactions("2026-11-28", "2027-05-01"), []);
    let whole = transactions("2024-12-01", "2026-11-27");
    assert_eq!(whole.len(), 300);
    let ends = [&whole[0], &whole[299]].map(|row| row.operation_time.to_string());
    assert!(
        ends[0].starts_with("2024-12-0") && ends[1].starts_with("2026-11-2"),
        "{ends:?}"
    );

    let mut count =
        |action: ChannelDescribeBillUsageDetail| client.walk(&mut service, action).unwrap().len();
    assert_eq!(count(usage("20241101", "20241130")), 0);
    assert_eq!(count(usage("20241201", "20241231")), 300);
    assert_eq!(count(usage("20261101", "20261130")), 300);
    assert_eq!(count(usage("20261128", "20261130")), 0);
    assert_eq!(count(usage("20261127", "20261127")), 11);
    assert_eq!(count(usage("20261201", "20261231")), 0);

    for without in ["2024-11", "2026-12"] {
        assert_eq!(
            client
                .call(&mut service, &month(without))
                .unwrap()
                .record_num,
            None
        );
    }
    let daily = month("2026-11").with_period_type(PeriodType::DAY);
    let days = client.walk(&mut service, daily).unwrap();
    let days = days.iter().map(|row| row.bill_date.unwrap().to_string());
    assert_eq!(days.max().unwrap(), "2026-11-27");
}

#[test]
fn a_month_that_has_not_ended_costs_less() {
    let mut client = Client::new();
    let mut cost = |end: &str| {
        let answer = client.call(&mut until(end), &month("2026-11")).unwrap();
        answer.total.unwrap().real_total_cost.unwrap().get()
    };
    let (whole, part) = (cost("2026-11"), cost("2026-11-15"));
    assert_eq!((part / whole).round_dp(3).to_string(), "0.500");
    assert_eq!(whole, cost("2026-11-30"));
}

#[test]
fn the_years_2024_and_2025_are_the_default() {
    let mut client = Client::new();
    let list = bills("2025-07-01 00:00:00", "2025-12-31 23:59:59");
    let default = client.walk(
        &mut Emulator::new(credential()).with_records(300),
        list.clone(),
    );
    assert_eq!(
        client.walk(&mut until("2025-12"), list).unwrap(),
        default.unwrap()
    );
}

#[test]
fn all_accounts_end_with_the_same_day_in_any_order() {
    let day = "2026-11-27".parse().unwrap();
    let first = tc3_core::Credential::new("AKIDFIRST", "a-fake-key").unwrap();
    let account = || Account::new(credential()).with_records(300);
    let before = Emulator::new(first.clone())
        .with_until(day)
        .with_account(account());
    let after = Emulator::new(first).with_account(account()).with_until(day);
    for mut service in [before, after] {
        let list = bills("2026-06-01 00:00:00", "2026-11-30 23:59:59");
        let rows = Client::new().walk(&mut service, list.clone()).unwrap();
        assert_eq!(
            rows,
            Client::new().walk(&mut until("2026-11-27"), list).unwrap()
        );
        assert_eq!(rows.len(), 74);
    }
}

#[test]
fn the_first_and_the_last_day_of_all_are_ends_too() {
    let mut client = Client::new();
    let mut service = until("9999-12-31");
    let list = bills("9999-07-01 00:00:00", "9999-12-31 23:59:59");
    assert_eq!(client.call(&mut service, &list).unwrap().total, Some(76));
    let uses = usage("99991201", "99991231");
    assert_eq!(client.call(&mut service, &uses).unwrap().total, Some(300));
    let mut service = until("0001-01-01");
    let list = bills("0001-01-01 00:00:00", "0001-06-30 23:59:59").with_limit(1);
    assert!(client.call(&mut service, &list).unwrap().total < Some(2));
}
