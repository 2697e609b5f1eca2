//! Bills of several months are one walk, and a month that is not computed yet is not one without costs.
#![cfg(feature = "billing")]

#[path = "examples/mod.rs"]
mod examples;

use core::time::Duration;

use examples::{read, text};
use serde_json::{Value, json};
use tc3_core::{
    Action, Credential, Error, Flow, Month, Now, Pages, Paginate, Remedy, Session, Step, UnixTime,
    Walk, error::Kind,
};
use tc3_services::billing::{
    DescribeBillDetail, DescribeBillDetailForOrganization, DescribeBillDownloadUrl,
    DescribeBillResourceSummary, DescribeBillSummary, DescribeBillSummaryByPayMode,
    DescribeBillSummaryByProduct, DescribeBillSummaryByProject, DescribeBillSummaryByRegion,
    DescribeBillSummaryByTag, DescribeBillSummaryForOrganization, DescribeCostDetail,
    DescribeCostSummaryByProduct, DescribeCostSummaryByTag,
};

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// Drives a walk to its end or its first error, with a service that answers an input with an output.
fn drive<A: Paginate + Clone>(
    pages: &mut Pages<A>,
    mut service: impl FnMut(Value) -> Value,
) -> Result<Vec<A::Item>, Error> {
    let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
    let mut session = Session::new(credential);
    let mut records = Vec::new();
    let mut tick = 0;
    loop {
        tick += 1;
        let now = Now::new(UnixTime::new(1_760_000_000), Duration::from_secs(tick), 0);
        match pages.step(&mut session, now) {
            Step::Send(attempt) => {
                let input = serde_json::from_slice(attempt.request.body()).unwrap();
                let mut output = service(input);
                output["RequestId"] = "5e1f".into();
                let body = json!({ "Response": output }).to_string();
                pages.handle(Ok(http::Response::new(body.into())));
            }
            Step::Wait(_) => {}
            Step::Done(None) => return Ok(records),
            Step::Done(Some(page)) => records.extend(A::into_items(page?.output)),
        }
    }
}

/// The lines of a month from a place on, with their context.
fn lines(input: &Value, count: u64) -> Value {
    let month = input["Month"].as_str().unwrap();
    let (offset, limit) = (
        input["Offset"].as_u64().unwrap(),
        input["Limit"].as_u64().unwrap(),
    );
    let places = offset..count.min(offset + limit);
    let lines = places.map(|place| json!({"Id": format!("{month} {place}")}));
    json!({"DetailSet": lines.collect::<Vec<_>>(), "Context": format!("{month} {offset}")})
}

#[test]
fn lines_of_a_range_of_months_are_one_walk_that_sends_the_context_beside_the_offset() {
    let first = DescribeBillDetail::new().with_month(month("2023-12"));
    let mut pages = Pages::new(Walk::over(first.through(month("2024-02")).unwrap()));
    let mut requests = Vec::new();
    let records = drive(&mut pages, |input| {
        let output = lines(&input, 700);
        requests.push(input);
        output
    });
    assert_eq!(records.unwrap().len(), 3 * 700);
    let mut expected = Vec::new();
    for month in ["2023-12", "2024-01", "2024-02"] {
        expected.push(json!({"Offset": 0, "Limit": 300, "Month": month}));
        for last in [0, 300] {
            let context = format!("{month} {last}");
            let offset = last + 300;
            expected.push(json!({
                "Offset": offset, "Limit": 300, "Month": month, "Context": context
            }));
        }
    }
    assert_eq!(requests, expected);
}

#[test]
fn a_range_of_months_needs_a_first_month_and_no_other_range() {
    let last = month("2024-02");
    let rule = |error: tc3_core::Invalid| error.to_string();
    let (start, end) = (last.first_second(), last.last_second());
    let lines = DescribeBillDetail::new();
    assert!(rule(lines.clone().through(last).unwrap_err()).starts_with("Month must be set"));
    let lines = lines
        .with_month(last)
        .with_begin_time(start)
        .with_end_time(end);
    let rule_of_lines = rule(lines.through(last).unwrap_err());
    assert_eq!(
        rule_of_lines,
        "BeginTime must not be set in a range of months"
    );
    let costs = DescribeCostDetail::new()
        .with_month(last)
        .with_end_time(end);
    let rule_of_costs = rule(costs.through(last).unwrap_err());
    assert_eq!(
        rule_of_costs,
        "EndTime must not be set in a range of months"
    );
    let shares = DescribeBillDetailForOrganization::new().with_month(month("2024-03"));
    let rule_of_shares = rule(shares.through(last).unwrap_err());
    assert_eq!(rule_of_shares, "Month must not be after the last month");

    let resources = DescribeBillResourceSummary::new(month("2023-11"));
    assert_eq!(resources.through(last).unwrap().len(), 4);
    let products = DescribeBillSummaryByProduct::new(month("2023-11"), month("2023-11"));
    let months = products.through(last).unwrap();
    assert!(months.iter().all(|it| it.begin_time == it.end_time));
    assert_eq!(months[3].begin_time, last);
}

#[test]
fn costs_of_a_range_are_asked_for_month_by_month_and_a_walk_goes_on_where_one_was_not_ready() {
    let range = DescribeCostSummaryByProduct::new(month("2024-01"), month("2024-03"));
    let answer =
        |input: &Value| json!({"Ready": 1, "Data": [{"BusinessCode": input["BeginTime"]}]});
    let mut pages = Pages::new(range);
    let mut asked = Vec::new();
    let error = drive(&mut pages, |input| {
        assert_eq!(input["BeginTime"], input["EndTime"]);
        asked.push(input["BeginTime"].clone());
        match input["BeginTime"] == "2024-02" {
            true => json!({"Ready": 0, "Data": []}),
            false if input["Offset"] == 0 => answer(&input),
            false => json!({"Ready": 1}),
        }
    });
    let error = error.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind(), Kind::NotReady);
    assert_eq!(
        (error.remedy(), error.request_id()),
        (Remedy::Later, Some("5e1f"))
    );
    assert_eq!(asked.first().unwrap(), "2024-01");
    assert_eq!(asked.last().unwrap(), "2024-02");

    let stored = serde_json::to_string(pages.walk()).unwrap();
    let walk: Walk<DescribeCostSummaryByProduct> = serde_json::from_str(&stored).unwrap();
    assert_eq!(walk.delivered(), 1);
    let rest = drive(&mut Pages::new(walk), |input| match input["Offset"] == 0 {
        true => answer(&input),
        false => json!({"Ready": 1}),
    });
    let codes: Vec<_> = rest
        .unwrap()
        .into_iter()
        .filter_map(|it| it.business_code)
        .collect();
    assert_eq!(codes, ["2024-02", "2024-03"]);
}

/// Reads an answer that is ready, not ready, and doesn't say.
#[track_caller]
fn is_ready_by_its_member<A: Action>(answers: &[Value]) {
    for answer in answers {
        for (ready, refused) in [
            (json!(0), true),
            (json!("0"), true),
            (json!(1), false),
            (Value::Null, false),
        ] {
            let mut answer = answer.clone();
            answer["Response"]["Ready"] = ready.clone();
            let read = read::<A>(answer.to_string());
            let kind = read.err().map(|error| error.refusal().unwrap().kind());
            assert_eq!(
                kind,
                refused.then_some(Kind::NotReady),
                "{} {ready}",
                A::NAME
            );
        }
        let mut answer = answer.clone();
        answer["Response"].as_object_mut().unwrap().remove("Ready");
        assert!(read::<A>(answer.to_string()).is_ok(), "{}", A::NAME);
    }
}

#[test]
fn whatever_else_an_answer_holds_it_is_later_while_it_is_not_ready() {
    let documented = |name| serde_json::from_str::<Value>(&text(name)).unwrap();
    let answers = [
        json!({"Response": {"RequestId": "5e1f"}}),
        json!({"Response": {"RequestId": "5e1f", "SummaryOverview": null, "SummaryDetail": null, "Data": []}}),
        documented("DescribeBillSummaryByPayMode"),
        documented("DescribeBillSummaryByProduct"),
        documented("DescribeBillSummaryByTag"),
        documented("DescribeBillSummary.project"),
    ];
    is_ready_by_its_member::<DescribeBillSummary>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryForOrganization>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryByPayMode>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryByProduct>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryByProject>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryByRegion>(&answers);
    is_ready_by_its_member::<DescribeBillSummaryByTag>(&answers);
    is_ready_by_its_member::<DescribeBillDownloadUrl>(&answers);
    is_ready_by_its_member::<DescribeCostSummaryByProduct>(&answers);
    is_ready_by_its_member::<DescribeCostSummaryByTag>(&answers);
}
