//! Costs by the day of their use, and by cost-allocation unit.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    super::allocations, PAID, amount, ask, components, lines, refused, service, shown, sum, text,
};
use crate::common::Client;
use tc3_core::emulator::Emulator;

/// All records of a list of costs by day.
fn costs(service: &mut Emulator, mut input: Value) -> Vec<Value> {
    let mut costs = Vec::new();
    loop {
        input["Offset"] = json!(costs.len());
        input["Limit"] = json!(100);
        input["NeedRecordNum"] = json!(1);
        let page = ask(service, "DescribeCostDetail", input.clone()).unwrap();
        let records = page["DetailSet"].as_array().unwrap();
        costs.extend(records.iter().cloned());
        if records.len() < 100 {
            assert_eq!(page["Total"], costs.len());
            return costs;
        }
    }
}

fn is_spread(line: &&Value) -> bool {
    ["包年包月新购", "包年包月续费"].contains(&text(line, "ActionTypeName"))
}

#[test]
fn the_days_of_a_subscription_add_up_to_it() {
    let mut service = service(60, 0);
    let bought = lines(&mut service, "2024-02");
    let mut days: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for month in 2..=14 {
        let name = format!("{}-{:02}", 2024 + (month - 1) / 12, (month - 1) % 12 + 1);
        for cost in costs(&mut service, json!({"Month": name})) {
            assert!(!is_spread(&&cost) || text(&cost, "FeeBeginTime").starts_with(&name));
            let id = text(&cost, "BillId").to_owned();
            days.entry(id).or_default().push(cost);
        }
    }
    let mut lengths = BTreeSet::new();
    for line in &bought {
        let days = &days[text(line, "BillId")];
        let one = core::slice::from_ref(line);
        for name in ["RealCost", "Cost", PAID[0], PAID[1], PAID[2]] {
            assert_eq!(
                sum(components(days), name),
                sum(components(one), name),
                "{name}"
            );
        }
        if is_spread(&line) {
            lengths.insert(days.len());
            assert_eq!(
                text(&days[0], "FeeBeginTime"),
                format!("{} 00:00:00", &text(line, "FeeBeginTime")[..10])
            );
            // The last day is the one before the period's end.
            let end = text(line, "FeeEndTime")[..10].to_owned();
            assert!(text(days.last().unwrap(), "FeeEndTime") < end.as_str());
        } else {
            assert_eq!(days.len(), 1);
            assert_eq!(days[0]["FeeBeginTime"], line["FeeBeginTime"]);
        }
    }
    // One month, three and twelve.
    assert_eq!(lengths, [29, 90, 366].into());
}

#[test]
fn a_days_cost_is_its_price() {
    let costs = costs(&mut service(60, 0), json!({"Month": "2024-05"}));
    for (_, component) in components(&costs) {
        if let Some(cost) = shown(component, "Cost") {
            assert_eq!(
                amount(component, "SinglePrice") * amount(component, "UsedAmount"),
                cost
            );
        }
    }
}

#[test]
fn a_range_of_days_has_their_costs() {
    let mut service = service(100, 0);
    let all = costs(&mut service, json!({"Month": "2024-05"}));
    let range = json!({"BeginTime": "2024-05-10 00:00:00", "EndTime": "2024-05-12 23:59:59"});
    let some = costs(&mut service, range);
    let days = ["2024-05-10", "2024-05-11", "2024-05-12"];
    let in_range = |cost: &&Value| {
        let begin = text(cost, "FeeBeginTime");
        is_spread(cost) && days.contains(&&begin[..10])
    };
    let spread =
        |costs: &[Value]| -> Vec<Value> { costs.iter().filter(in_range).cloned().collect() };
    assert_eq!(spread(&some), spread(&all));
    assert!(spread(&some).len() > 30 && spread(&some).len() < some.len());
    assert!(some.iter().all(|cost| all.contains(cost)));
}

#[test]
fn a_filter_of_costs_lets_through_what_it_names() {
    let mut service = service(100, 0);
    let all = costs(&mut service, json!({"Month": "2024-05"}));
    for (name, value, of_cost, wanted) in [
        ("PayMode", "prePay", "PayModeName", "包年包月"),
        ("BusinessCode", "p_cdb", "BusinessCode", "p_cdb"),
        ("ProductCode", "sp_cos_std", "ProductCode", "sp_cos_std"),
        ("ProjectId", "0", "ProjectName", "默认项目"),
        ("RegionId", "1", "RegionName", "华南地区（广州）"),
    ] {
        let some = costs(&mut service, json!({"Month": "2024-05", name: value}));
        let mut passing: Vec<Value> = all.clone();
        passing.retain(|cost| {
            cost[of_cost] == wanted || name == "ProjectId" && cost["ProjectName"] == "扣费精度补偿"
        });
        assert_eq!(some, passing, "{name}");
        assert!(!some.is_empty());
    }
    let input = json!({"Month": "2024-05", "Offset": 0, "Limit": 101});
    let (_, why) = refused(&mut service, "DescribeCostDetail", input);
    assert_eq!(why, "Limit must be 1 to 100");
}

const DETAIL: &str = "DescribeAllocationBillDetail";

#[test]
fn details_of_units_are_the_components_of_the_bill() {
    let mut service = service(200, 4);
    let lines = lines(&mut service, "2024-03");
    let input = json!({"Month": "2024-03", "Offset": 0, "Limit": 1_000});
    let answer = ask(&mut service, DETAIL, input).unwrap();
    let details = answer["Detail"].as_array().unwrap();
    assert_eq!(answer["RecordNum"], details.len());
    assert_eq!(details.len(), components(&lines).count());
    for (detail, (line, component)) in details.iter().zip(components(&lines)) {
        for name in [
            "BillId",
            "ResourceId",
            "ActionType",
            "FeeEndTime",
            "ZoneName",
        ] {
            assert_eq!(detail[name], line[name], "{name}");
        }
        for (name, of_component) in [
            ("RealTotalCost", "RealCost"),
            ("TotalCost", "Cost"),
            ("SPCost", "OriginalCostWithSP"),
            ("RICost", "OriginalCostWithRI"),
            ("SinglePriceUnit", "PriceUnit"),
            ("ItemCode", "ItemCode"),
            ("ComponentCode", "ComponentCode"),
            ("Discount", "Discount"),
            ("BlendedDiscount", "BlendedDiscount"),
        ] {
            assert_eq!(detail[name], component[of_component], "{name}");
        }
        assert_eq!(
            amount(detail, "UsedAmount"),
            amount(component, "UsedAmount")
        );
        assert_eq!(amount(detail, "TimeSpan"), amount(component, "TimeSpan"));
        // JSON in a text, or nothing.
        let orders: Value = match text(detail, "AssociatedOrder") {
            "" => json!({}),
            orders => serde_json::from_str(orders).unwrap(),
        };
        for (name, order) in line["AssociatedOrder"].as_object().unwrap() {
            assert_eq!(order, orders[name].as_str().unwrap_or_default(), "{name}");
        }
    }
    for (name, of_component) in [
        ("RealTotalCost", "RealCost"),
        (PAID[0], PAID[0]),
        (PAID[1], PAID[1]),
        (PAID[2], PAID[2]),
        (PAID[3], PAID[3]),
    ] {
        let total = sum(components(&lines), of_component);
        assert_eq!(
            text(&answer["Total"], name),
            format!("{total:.8}"),
            "{name}"
        );
    }
    // Each unit has the costs that the summary of products gives it.
    let summary = Client::new()
        .call(&mut service, &allocations(2024, 3))
        .unwrap();
    let mut units: BTreeMap<Option<String>, Decimal> = BTreeMap::new();
    for row in summary.detail.unwrap() {
        let unit = row.tree_node_uniq_key;
        *units.entry(unit).or_default() += row.real_total_cost.get();
    }
    for detail in details {
        let unit = detail["TreeNodeUniqKey"].as_str().map(str::to_owned);
        if detail["BusinessCode"] != "billVirtualId" {
            *units.get_mut(&unit).unwrap() -= amount(detail, "RealTotalCost");
        }
    }
    assert!(units.values().all(Decimal::is_zero), "{units:?}");
}

#[test]
fn details_of_units_are_filtered_and_sorted() {
    let mut service = service(200, 4);
    let mut of = |mut input: Value| -> Vec<Value> {
        input["Month"] = json!("2024-03");
        input["Offset"] = json!(0);
        input["Limit"] = json!(1_000);
        let answer = ask(&mut service, DETAIL, input).unwrap();
        answer["Detail"].as_array().unwrap().clone()
    };
    let all = of(json!({}));
    for (name, field, value) in [
        ("TreeNodeUniqKeys", "TreeNodeUniqKey", json!("unit-finance")),
        ("BusinessCodes", "BusinessCode", json!("p_cdb")),
        ("OwnerUins", "OwnerUin", json!("100000000002")),
        ("PayModes", "PayMode", json!("prePay")),
        ("ActionTypes", "ActionType", json!("recon_increase")),
        ("ProductCodes", "ProductCode", json!("sp_sms")),
        ("InstanceTypes", "InstanceType", json!("svp")),
        ("ComponentCodes", "ComponentCode", json!("v_cdb_disk")),
        ("ItemCodes", "ItemCode", json!("sv_cos_flux_out")),
        ("ProjectIds", "ProjectId", json!(0)),
    ] {
        let some = of(json!({name: [value]}));
        let passing: Vec<Value> = all
            .iter()
            .filter(|it| it[field] == value)
            .cloned()
            .collect();
        assert_eq!(some, passing, "{name}");
        assert!(!some.is_empty(), "{name}");
    }
    for (name, field, value) in [("RegionIds", "RegionId", 1), ("ZoneIds", "ZoneId", 200_002)] {
        let some = of(json!({name: [value.to_string()]}));
        let passing: Vec<Value> = all
            .iter()
            .filter(|it| it[field] == value)
            .cloned()
            .collect();
        assert_eq!(some, passing, "{name}");
    }
    let tagged = of(json!({"Tag": ["env:prod"]}));
    let tag = json!({"TagKey": "env", "TagValue": "prod"});
    assert!(
        tagged
            .iter()
            .all(|it| it["Tag"].as_array().unwrap().contains(&tag))
    );
    assert!(!tagged.is_empty() && tagged.len() < all.len());
    let found = of(json!({"SearchKey": text(&all[0], "ResourceId")}));
    assert!(found.contains(&all[0]) && found.len() < 10);

    let cash = |details: &[Value]| -> Vec<Decimal> {
        details
            .iter()
            .map(|it| amount(it, "CashPayAmount"))
            .collect()
    };
    let mut sorted = of(json!({"Sort": "CashPayAmount", "SortType": "desc"}));
    sorted.reverse();
    assert!(cash(&sorted).is_sorted());
    for (name, value, message) in [
        ("Sort", "cash", "Sort is not a field to sort by"),
        ("SortType", "up", "SortType must be asc or desc"),
    ] {
        let input = json!({"Month": "2024-03", "Offset": 0, "Limit": 1, name: value});
        assert_eq!(refused(&mut service, DETAIL, input).1, message);
    }
}
