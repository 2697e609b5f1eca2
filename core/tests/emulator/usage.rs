use std::collections::HashSet;

use tc3_core::{
    Attempt, Pages, Session, Settings, UnixTime,
    emulator::{Emulator, Fault, When},
    essbasic::{
        Agent, ChannelBillUsageDetail, ChannelDescribeBillUsageDetail,
        ChannelDescribeBillUsageDetailResponse, CostType, QuotaType,
    },
    wire::request,
};

use super::{usage, usage_of};
use crate::common::{Client, START, credential};

/// 2026-10-10 00:00:00 in Beijing.
const ONE_MONTH_SINCE: i64 = 1_791_561_600;

fn service() -> Emulator {
    Emulator::new(credential()).with_records(210)
}

fn ask(action: &ChannelDescribeBillUsageDetail) -> ChannelDescribeBillUsageDetailResponse {
    Client::new().call(&mut service(), action).unwrap()
}

fn all(action: ChannelDescribeBillUsageDetail) -> Vec<ChannelBillUsageDetail> {
    Client::new().walk(&mut service(), action).unwrap()
}

fn january() -> ChannelDescribeBillUsageDetail {
    usage("20240101", "20240131")
}

/// The code of the refusal at a time, or "" for none.
fn code_at(now: UnixTime, start: &str, end: &str) -> String {
    let mut client = Client::new();
    client.now.unix = now;
    match client.call(&mut service(), &usage(start, end)) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

#[test]
fn the_offset_counts_pages() {
    let everything = all(january());
    assert_eq!(everything.len(), 210);
    for limit in [1, 7, 20, 50] {
        for page in [0, 1, 2, 4] {
            let answer = ask(&january().with_limit(limit).with_offset(page));
            let limit = limit as usize;
            let start = limit * page as usize;
            let end = everything.len().min(start + limit);
            assert_eq!(answer.details.unwrap(), everything[start..end]);
            assert_eq!(answer.total, Some(210));
        }
    }
}

#[test]
fn a_page_beyond_the_last_is_empty_and_still_has_the_total() {
    for page in [5, 6, 1_000_000, i64::MAX as u64] {
        let answer = ask(&january().with_offset(page));
        assert_eq!((answer.details, answer.total), (Some(vec![]), Some(210)));
    }
}

#[test]
fn without_offset_and_limit_the_first_100_come() {
    let answer = ask(&january());
    assert_eq!(answer.details.unwrap(), all(january())[..100]);
}

#[test]
fn a_walk_asks_for_50_unless_told_and_for_100_when_told() {
    for (page_size, limit, pages) in [
        (None, 50, 5),
        (Some(20), 20, 11),
        (Some(100), 100, 3),
        (Some(1_000), 100, 3),
    ] {
        let settings = Settings::default().with_page_size(page_size);
        let mut client = Client::with_settings(settings);
        let (mut service, mut walk) = (service(), Pages::new(january()));
        let (mut asked, mut records) = (Vec::new(), 0);
        let mut send = |now, attempt: Attempt| {
            let input: serde_json::Value = serde_json::from_slice(attempt.request.body()).unwrap();
            asked.push(input["Limit"].as_u64().unwrap());
            Ok(service.handle(now, &attempt.request))
        };
        while let Some(page) = client.drive(&mut walk, &mut send) {
            records += page.unwrap().output.details.unwrap().len();
        }
        assert_eq!((records, asked), (210, vec![limit; pages]), "{page_size:?}");
    }
}

#[test]
fn what_a_use_does_not_have_is_left_out_and_nothing_is_null() {
    let mut service = service().with_fault(When::At(1), Fault::AddHead(1));
    let action = january().with_limit(100);
    let mut session = Session::new(credential());
    let request = request::sign(&action, &mut session, START).unwrap();
    let answer: serde_json::Value =
        serde_json::from_slice(service.handle(START, &request).body()).unwrap();
    let details = answer["Response"]["Details"].as_array().unwrap();
    let fields = details.iter().map(|detail| detail.as_object().unwrap());
    assert!(
        fields
            .clone()
            .all(|fields| fields.values().all(|value| !value.is_null()))
    );
    assert!(fields.clone().any(|fields| !fields.contains_key("FlowId")));
    assert!(fields.clone().any(|fields| fields.contains_key("FlowId")));
    assert!(fields.clone().all(|fields| fields.contains_key("Remark")));
}

#[test]
fn each_quota_type_filters() {
    let everything = all(january());
    let mut found = 0;
    for quota in QuotaType::KNOWN {
        let of_quota = all(january().with_quota_type(quota.clone()));
        let asked = |row: &&ChannelBillUsageDetail| row.quota_type.as_ref() == Some(quota);
        let expected: Vec<_> = everything.iter().filter(asked).cloned().collect();
        assert_eq!(of_quota, expected, "{quota}");
        assert_eq!(of_quota.len(), 15, "{quota}");
        found += of_quota.len();
    }
    assert_eq!(found, everything.len());
}

#[test]
fn each_sub_customer_filters_alone_and_with_a_quota_type() {
    let everything = all(january());
    let mut names = HashSet::new();
    for id in Emulator::SUB_CUSTOMERS {
        let agent = Agent::new(Emulator::APP_ID).with_proxy_organization_open_id(id);
        let action = usage_of(agent, "20240101", "20240131");
        let rows = all(action.clone());
        let name = rows[0].create_organization_name.clone();
        let of_name: Vec<_> = everything
            .iter()
            .filter(|row| row.create_organization_name == name)
            .cloned()
            .collect();
        assert_eq!(rows, of_name, "{id}");
        assert_eq!(rows.len(), 42, "{id}");

        let both = all(action.with_quota_type(QuotaType::SIGN_FACE));
        let asked = |row: &&ChannelBillUsageDetail| row.quota_type == Some(QuotaType::SIGN_FACE);
        let expected: Vec<_> = of_name.iter().filter(asked).cloned().collect();
        assert_eq!((both.len(), both), (3, expected), "{id}");
        names.insert(name);
    }
    assert_eq!(names.len(), 5);
    let nobody = Agent::new(Emulator::APP_ID).with_proxy_organization_open_id("org_nobody");
    let answer = ask(&usage_of(nobody, "20240101", "20240131"));
    assert_eq!((answer.details, answer.total), (Some(vec![]), Some(0)));
}

#[test]
fn uses_ascend_in_time_and_lie_within_the_days() {
    let rows = all(usage("20240210", "20240219"));
    assert_eq!(rows.len(), 73);
    assert!(rows.is_sorted_by(|a, b| a.cost_time < b.cost_time));
    // 2024-02-10 and 2024-02-20, 00:00:00 in Beijing.
    let (start, after) = (UnixTime::new(1_707_494_400), UnixTime::new(1_708_358_400));
    for row in rows {
        let time = row.cost_time.unwrap();
        assert!(start <= time && time < after, "{time}");
    }
}

#[test]
fn the_days_of_a_month_hold_all_its_uses() {
    let total = |start: String, end: String| ask(&usage(&start, &end)).total.unwrap();
    let day = |day: u32| format!("202402{day:02}");
    assert_eq!(total(day(1), day(29)), 210);
    let days: u64 = (1..=29).map(|each| total(day(each), day(each))).sum();
    assert_eq!(days, 210);
    assert_eq!(total("20231201".into(), "20231231".into()), 0);
    assert_eq!(total("20260101".into(), "20260131".into()), 0);
}

#[test]
fn thirty_one_days_are_taken_and_thirty_two_are_not() {
    for (start, end, expected) in [
        ("20240101", "20240131", ""),
        ("20240115", "20240214", ""),
        ("20240101", "20240101", ""),
        ("20240101", "20240201", "InvalidParameterValue.InvalidTime"),
        ("20240115", "20240215", "InvalidParameterValue.InvalidTime"),
        ("20240101", "20250101", "InvalidParameterValue.InvalidTime"),
    ] {
        assert_eq!(code_at(START, start, end), expected, "{start} to {end}");
    }
}

#[test]
fn from_2026_10_10_on_both_days_lie_in_one_month() {
    let before = UnixTime::new(ONE_MONTH_SINCE - 1);
    let since = UnixTime::new(ONE_MONTH_SINCE);
    for (start, end, expected) in [
        ("20240131", "20240201", "InvalidParameterValue.InvalidTime"),
        ("20240115", "20240214", "InvalidParameterValue.InvalidTime"),
        ("20241231", "20250101", "InvalidParameterValue.InvalidTime"),
        ("20240101", "20240131", ""),
        ("20240131", "20240131", ""),
    ] {
        assert_eq!(code_at(before, start, end), "", "{start} to {end}");
        assert_eq!(code_at(since, start, end), expected, "{start} to {end}");
    }
}

#[test]
fn a_check_of_a_person_or_company_belongs_to_no_flow() {
    let rows = all(january());
    let (without, with): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.flow_id.is_none());
    assert_eq!((without.len(), with.len()), (60, 150));
    for row in without {
        assert_eq!((&row.flow_name, &row.operator_name), (&None, &None));
        assert_eq!(row.flow_status, None);
        assert!(row.quota_type.as_ref().unwrap().as_str().contains("Auth"));
    }
    assert!(
        with.iter()
            .all(|row| row.flow_name.is_some() && row.flow_status.is_some())
    );
}

#[test]
fn what_is_returned_counts_negative() {
    let rows = all(january());
    let returned = |row: &&ChannelBillUsageDetail| row.cost_type == Some(CostType::RETURN);
    assert!(rows.iter().filter(returned).count() > 0);
    for row in &rows {
        let sign = row.use_count.unwrap().signum();
        assert_eq!(sign, if returned(&row) { -1 } else { 1 }, "{row:?}");
    }
}
