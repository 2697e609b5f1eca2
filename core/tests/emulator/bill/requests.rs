use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tc3_core::emulator::{Fault, When};

use super::{ask, components, lines, refused, service, sum, text};

#[test]
fn pages_of_any_size_have_every_line_once() {
    let mut service = service(100, 3);
    let all = lines(&mut service, "2025-03");
    assert_eq!(all.len(), 101);
    for limit in [1, 7, 101, 300] {
        let mut paged = Vec::new();
        let mut context = Value::Null;
        loop {
            let input = json!({
                "BeginTime": "2025-03-02 00:00:00",
                "EndTime": "2025-03-05 00:00:00",
                "Offset": paged.len(),
                "Limit": limit,
                "NeedRecordNum": 1,
                "Context": context,
            });
            let page = ask(&mut service, "DescribeBillDetail", input).unwrap();
            assert_eq!(page["Total"], 101);
            context = page["Context"].clone();
            let page = page["DetailSet"].as_array().unwrap();
            paged.extend(page.iter().cloned());
            if page.len() < limit {
                break;
            }
        }
        assert_eq!(paged, all, "{limit}");
    }
}

#[test]
fn a_filter_lets_through_what_it_names() {
    let mut service = service(1_000, 0);
    let all = lines(&mut service, "2024-02");
    let resource = text(&all[3], "ResourceId").to_owned();
    for (name, value, of_line) in [
        ("PayMode", json!("prePay"), "PayModeName"),
        ("ResourceId", json!(resource), "ResourceId"),
        ("ActionType", json!("包年包月退款"), "ActionTypeName"),
        ("ProjectId", json!(0), "ProjectId"),
        ("BusinessCode", json!("p_cdb"), "BusinessCode"),
    ] {
        let input =
            json!({"Month": "2024-02", "Offset": 0, "Limit": 300, "NeedRecordNum": 1, name: value});
        let page = ask(&mut service, "DescribeBillDetail", input).unwrap();
        let wanted = if name == "PayMode" {
            json!("包年包月")
        } else {
            value
        };
        let passing: Vec<&Value> = all.iter().filter(|line| line[of_line] == wanted).collect();
        assert_eq!(page["Total"], passing.len(), "{name}");
        let shown: Vec<&Value> = page["DetailSet"].as_array().unwrap().iter().collect();
        assert_eq!(shown, passing[..passing.len().min(300)], "{name}");
        assert!(!passing.is_empty(), "{name}");
    }
}

#[test]
fn a_wrong_request_for_lines_is_refused() {
    let mut service = service(10, 0);
    let right = json!({"Month": "2024-02", "Offset": 0, "Limit": 10});
    for (name, value, code, message) in [
        (
            "Limit",
            json!(0),
            "InvalidParameterValue",
            "Limit must be 1 to 300",
        ),
        (
            "Limit",
            json!(301),
            "InvalidParameterValue",
            "Limit must be 1 to 300",
        ),
        (
            "Offset",
            Value::Null,
            "MissingParameter",
            "the parameter `Offset` is missing",
        ),
        (
            "Month",
            Value::Null,
            "MissingParameter",
            "Month, or BeginTime and EndTime, is missing",
        ),
        (
            "Month",
            json!("2025-11"),
            "InvalidParameterValue",
            "the month 2025-11 has not begun",
        ),
        (
            "BeginTime",
            json!("2024-02-01 00:00:00"),
            "MissingParameter",
            "BeginTime and EndTime must be sent together",
        ),
        (
            "PeriodType",
            json!("byPayTime"),
            "InvalidParameterValue",
            "PeriodType must be byUsedTime, like the bill's",
        ),
        (
            "NeedRecordNum",
            json!(2),
            "InvalidParameterValue",
            "NeedRecordNum must be 0 or 1",
        ),
        (
            "PayMode",
            json!("riPay"),
            "InvalidParameterValue",
            "PayMode must be prePay or postPay",
        ),
        (
            "ActionType",
            json!("prepay_return"),
            "InvalidParameterValue",
            "ActionType must be the Chinese name of a type",
        ),
        (
            "Context",
            json!("of another list"),
            "InvalidParameterValue",
            "Context is not that of this list",
        ),
        (
            "PayerUin",
            json!("100000000002"),
            "AuthFailure.UnauthorizedOperation",
            "PayerUin is no account whose bill this account may read",
        ),
        (
            "Tag",
            json!("a"),
            "UnknownParameter",
            "the parameter `Tag` is not known",
        ),
    ] {
        let mut input = right.clone();
        input[name] = value;
        let (refused, why) = refused(&mut service, "DescribeBillDetail", input);
        assert_eq!((refused.as_str(), why.as_str()), (code, message), "{name}");
    }
    let mut input = right;
    input["BeginTime"] = json!("2024-02-28 00:00:00");
    input["EndTime"] = json!("2024-03-01 00:00:00");
    let (_, why) = refused(&mut service, "DescribeBillDetail", input);
    assert_eq!(why, "BeginTime and EndTime must be in one month");
}

#[test]
fn a_late_line_costs_nothing() {
    let input = || json!({"Month": "2024-02", "Offset": 10, "Limit": 10, "NeedRecordNum": 1});
    let mut service = service(10, 0).with_fault(When::At(1), Fault::AddTail(2));
    let page = ask(&mut service, "DescribeBillDetail", input()).unwrap();
    assert_eq!(page["Total"], 13);
    let lines = page["DetailSet"].as_array().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!(sum(components(&lines[1..]), "RealCost"), Decimal::ZERO);
    let ids: BTreeSet<&str> = lines.iter().map(|line| text(line, "Id")).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_wrong_request_for_a_summary_is_refused() {
    let mut service = service(10, 0);
    let wrong = |code, message: &str| (code, message.to_owned());
    let by_product = "DescribeBillSummaryByProduct";
    for (action, input, (code, message)) in [
        (
            by_product,
            json!({"BeginTime": "2024-01", "EndTime": "2024-02"}),
            wrong(
                "InvalidParameterValue",
                "BeginTime and EndTime must be the same month",
            ),
        ),
        (
            by_product,
            json!({"BeginTime": "2025-11", "EndTime": "2025-11"}),
            wrong("InvalidParameterValue", "the month 2025-11 has not begun"),
        ),
        (
            by_product,
            json!({"BeginTime": "2024-01", "EndTime": "2024-01", "PayType": "gift"}),
            wrong(
                "InvalidParameterValue",
                "PayType must be consume, refund or adjustment",
            ),
        ),
        (
            "DescribeBillSummaryByTag",
            json!({"BeginTime": "2024-01", "EndTime": "2024-01", "TagKey": "team"}),
            wrong("FailedOperation.TagKeyNotExist", "there is no such TagKey"),
        ),
        (
            "DescribeBillSummary",
            json!({"Month": "2024-01", "GroupType": "zone"}),
            wrong(
                "InvalidParameterValue",
                "GroupType must be business, project, region, payMode or tag",
            ),
        ),
        (
            "DescribeBillSummary",
            json!({"Month": "2024-01", "GroupType": "tag"}),
            wrong("InvalidParameterValue", "TagKey goes with GroupType tag"),
        ),
        (
            "DescribeBillResourceSummary",
            json!({"Month": "2024-01", "Offset": 0, "Limit": 1_001}),
            wrong("InvalidParameterValue", "Limit must be 1 to 1000"),
        ),
        (
            "DescribeBillResourceSummary",
            json!({"Month": "2024-01", "Offset": 0, "Limit": 1, "TagValue": "prod"}),
            wrong("InvalidParameterValue", "TagValue goes with TagKey"),
        ),
    ] {
        let refused = refused(&mut service, action, input);
        assert_eq!((refused.0.as_str(), refused.1), (code, message), "{action}");
    }
}
