//! Amounts that are not shown are none, in every place of the vendor's documented answers.
#![cfg(feature = "billing")]

#[path = "examples/mod.rs"]
mod examples;

use examples::{read, text};
use serde_json::Value;
use tc3_core::{Action, Error, types::rust_decimal::Decimal};
use tc3_services::billing::{
    DescribeAllocationBillDetail, DescribeBillDetail, DescribeBillDetailForOrganization,
    DescribeBillResourceSummary, DescribeBillSummary, DescribeBillSummaryByPayMode,
    DescribeBillSummaryByProduct, DescribeBillSummaryByProject, DescribeBillSummaryByRegion,
    DescribeBillSummaryByTag, DescribeCostDetail,
};

/// Every text in an answer that reads as a number, except ids.
fn amounts(value: &mut Value, path: &str, found: &mut Vec<String>, new: Option<(&str, &Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                amounts(value, &format!("{path}/{name}"), found, new);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter_mut().enumerate() {
                amounts(item, &format!("{path}/{place}"), found, new);
            }
        }
        Value::String(text) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            // The description has it no longer, so it is passed over.
            let is_read = name != "SpecifiedPrice";
            let counts = [
                "Amount", "Cost", "Price", "Ratio", "Rate", "Discount", "Span", "Measure",
                "WithRI", "WithSP",
            ];
            if is_read
                && counts.iter().any(|end| name.ends_with(end))
                && text.parse::<Decimal>().is_ok()
            {
                found.push(path.into());
            }
            if let Some((_, value_for)) = new.filter(|(at, _)| *at == path) {
                *value = value_for.clone();
            }
        }
        _ => {}
    }
}

/// Reads the documented answer with each of its amounts replaced.
fn with_each_amount<A: Action>(
    name: &str,
    new: &Value,
    mut check: impl FnMut(&str, Result<A::Output, Error>),
) {
    let answer: Value = serde_json::from_str(&text(name)).unwrap();
    let mut found = Vec::new();
    amounts(&mut answer.clone(), "", &mut found, None);
    assert!(!found.is_empty(), "{name}");
    for path in found {
        let mut changed = answer.clone();
        amounts(&mut changed, "", &mut Vec::new(), Some((&path, new)));
        check(&path, read::<A>(changed.to_string()));
    }
}

fn check_amounts<A>(name: &str)
where
    A: Action,
    A::Output: serde::Serialize,
{
    for sentinel in [Value::from(""), "-".into(), "--".into(), Value::Null] {
        with_each_amount::<A>(name, &sentinel, |path, read| {
            let read = serde_json::to_value(read.unwrap()).unwrap();
            let place = path.strip_prefix("/Response").unwrap();
            assert_eq!(read.pointer(place), None, "{name}{path} {sentinel}");
        });
    }
    with_each_amount::<A>(name, &"ab0.00000000c".into(), |path, read| {
        // A share may be a sign.
        if path.ends_with("CostRatio") {
            return assert!(read.is_ok());
        }
        let error = read.err().unwrap().to_string();
        let field = path.rsplit('/').next().unwrap();
        assert!(error.contains(&format!(".{field} ")), "{error}");
    });
}

#[test]
fn an_amount_that_is_not_shown_is_none_and_garbage_is_an_error_with_its_place() {
    check_amounts::<DescribeBillDetail>("DescribeBillDetail");
    check_amounts::<DescribeBillDetailForOrganization>("DescribeBillDetailForOrganization");
    check_amounts::<DescribeBillResourceSummary>("DescribeBillResourceSummary");
    check_amounts::<DescribeBillSummaryByProduct>("DescribeBillSummaryByProduct");
    check_amounts::<DescribeBillSummaryByProject>("DescribeBillSummaryByProject");
    check_amounts::<DescribeBillSummaryByRegion>("DescribeBillSummaryByRegion");
    check_amounts::<DescribeBillSummaryByPayMode>("DescribeBillSummaryByPayMode");
    check_amounts::<DescribeBillSummaryByTag>("DescribeBillSummaryByTag");
    check_amounts::<DescribeBillSummary>("DescribeBillSummary.project");
    check_amounts::<DescribeCostDetail>("DescribeCostDetail");
    check_amounts::<DescribeAllocationBillDetail>("DescribeAllocationBillDetail");
}
