//! The rules of the vendor's pages, and the examples on the same pages that break them.

use serde_json::{Value, json};
use tc3_core::{Untyped, emulator::Emulator};

use crate::common::{Client, credential};

const BILLS: &str = include_str!("../data/describe_bill_list.request.json");
const ALLOCATIONS: &str =
    include_str!("../data/describe_allocation_summary_by_business.request.json");
const WHOLE_APP: &str =
    include_str!("../data/channel_describe_bill_usage_detail.whole_app.request.json");
const ONE_SUB_CUSTOMER: &str =
    include_str!("../data/channel_describe_bill_usage_detail.one_sub_customer.request.json");
const LIMIT_REFUSED: &str =
    include_str!("../data/channel_describe_bill_usage_detail.limit_refused.request.json");

fn bills(input: Value) -> Untyped {
    Untyped::new("billing", "2018-07-09", "DescribeBillList", input)
}

fn allocations(input: Value) -> Untyped {
    let name = "DescribeAllocationSummaryByBusiness";
    Untyped::new("billing", "2018-07-09", name, input)
}

fn usage(input: Value) -> Untyped {
    let name = "ChannelDescribeBillUsageDetail";
    Untyped::new("essbasic", "2021-05-26", name, input)
}

fn json(document: &str) -> Value {
    serde_json::from_str(document).unwrap()
}

fn strict() -> Emulator {
    Emulator::new(credential())
}

fn documented() -> Emulator {
    strict().with_documented_examples()
}

/// The code of the refusal, or "" for none.
fn code(mut service: Emulator, action: &Untyped) -> String {
    match Client::new().call(&mut service, action) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

#[test]
fn an_example_against_the_rules_is_accepted_by_a_switch_alone() {
    let sorted = json!({"Month": "2024-02", "Offset": 0, "Limit": 10, "Sort": "realCost"});
    let no_app = "ResourceNotFound.NotExistApplication";
    for (action, by_rule, as_documented) in [
        (bills(json(BILLS)), "InvalidParameter", ""),
        (allocations(sorted), "InvalidParameterValue", ""),
        (allocations(json(ALLOCATIONS)), "", ""),
        (usage(json(WHOLE_APP)), no_app, ""),
        (usage(json(ONE_SUB_CUSTOMER)), no_app, ""),
        (usage(json(LIMIT_REFUSED)), no_app, "InvalidParameter.Limit"),
    ] {
        assert_eq!(code(strict(), &action), by_rule, "{action:?}");
        assert_eq!(code(documented(), &action), as_documented, "{action:?}");
    }
}

#[test]
fn the_switch_accepts_nothing_else() {
    for action in [
        bills(json!({
            "StartTime": "2024-01-01 00:00:00", "EndTime": "2025-01-01 00:00:01", "Offset": 0, "Limit": 1,
        })),
        allocations(json!({"Month": "2024-02", "Offset": 0, "Limit": 10, "Sort": "RealCost"})),
        usage(
            json!({"Agent": {"AppId": "another"}, "StartTime": "20240101", "EndTime": "20240131"}),
        ),
    ] {
        assert_ne!(code(documented(), &action), "", "{action:?}");
    }
}

#[test]
fn the_documented_sort_is_by_the_total_cost() {
    let sorted = |sort: &str| {
        let input = json!({"Month": "2024-02", "Offset": 0, "Limit": 100, "Sort": sort, "SortType": "desc"});
        let mut service = documented();
        let output = Client::new().call(&mut service, &allocations(input));
        output.unwrap().read::<Value>("Detail").unwrap()
    };
    assert_eq!(sorted("realCost"), sorted("RealTotalCost"));
    assert_ne!(sorted("realCost"), sorted("GatherCashPayAmount"));
}

#[test]
fn a_page_of_the_usage_has_at_most_100_or_as_many_as_the_emulator_is_told() {
    let asked = |limit: Value| {
        usage(json!({
            "Agent": {"AppId": Emulator::APP_ID}, "StartTime": "20240101", "EndTime": "20240131", "Limit": limit,
        }))
    };
    let with = |most| strict().with_usage_limit(most);
    for (service, limit, expected) in [
        (strict(), 100, ""),
        (strict(), 101, "InvalidParameter.Limit"),
        (with(50), 50, ""),
        (with(50), 51, "InvalidParameter.Limit"),
        (with(1), 1, ""),
        (with(u32::MAX), u32::MAX, ""),
    ] {
        assert_eq!(code(service, &asked(limit.into())), expected, "{limit}");
    }
    for (mut service, expected) in [(strict(), 100), (with(50), 50), (with(7), 7)] {
        let output = Client::new().call(&mut service, &asked(Value::Null));
        let details: Value = output.unwrap().read("Details").unwrap();
        assert_eq!(details.as_array().unwrap().len(), expected);
    }
}
