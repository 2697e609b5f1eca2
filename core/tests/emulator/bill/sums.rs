use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tc3_core::emulator::{Emulator, Fault, When};

use super::{
    super::allocations, PAID, amount, ask, components, lines, month, rounded, service, shown, sum,
    text,
};
use crate::common::Client;

/// What holds of every component.
fn check_component(line: &Value, component: &Value) {
    let of = |name| shown(component, name);
    let real = amount(component, "RealCost");
    let paid: Decimal = PAID.iter().map(|name| amount(component, name)).sum();
    assert_eq!(paid, real, "{component}");
    let used = amount(component, "UsedAmount") * amount(component, "TimeSpan");
    let block = if text(component, "PriceUnit").contains("100") {
        Decimal::ONE_HUNDRED
    } else {
        Decimal::ONE
    };
    let (reserved, planned) = (
        amount(component, "OriginalCostWithRI"),
        amount(component, "OriginalCostWithSP"),
    );
    if let Some(cost) = of("Cost") {
        let discount = amount(component, "Discount");
        assert_eq!(
            rounded((cost - reserved - planned) * discount, 8),
            real,
            "{component}"
        );
        assert_eq!(
            amount(component, "SinglePrice") * used / block,
            cost,
            "{component}"
        );
        let contract = rounded(amount(component, "SinglePrice") * discount, 8);
        assert_eq!(amount(component, "ContractPrice"), contract, "{component}");
        let blended = amount(component, "BlendedDiscount");
        if !cost.is_zero() {
            assert_eq!(blended, rounded(real / cost, 6), "{component}");
        }
        if reserved.is_zero() && planned.is_zero() && !cost.is_zero() {
            assert_eq!(blended, discount, "{component}");
        }
        assert!(cost.is_sign_negative() == real.is_sign_negative() || real.is_zero());
    } else if let Some(price) = of("ContractPrice") {
        assert_eq!(price * used / block, real, "{component}");
    }
    assert!(!used.is_sign_negative());
    if let Some(measure) = of("RealTotalMeasure") {
        let deducted = amount(component, "DeductedMeasure");
        assert_eq!(amount(component, "UsedAmount"), measure - deducted);
    }
    let covered = !reserved.is_zero() || !planned.is_zero();
    assert_eq!(
        planned.is_zero(),
        amount(component, "SPDeductionRate").is_zero()
    );
    assert_eq!(
        reserved.is_zero(),
        amount(component, "RiTimeSpan").is_zero()
    );
    assert!(!covered || text(line, "ActionType") == "postpay_deduct_h");
    assert!(
        text(line, "FeeBeginTime") <= text(line, "FeeEndTime"),
        "{line}"
    );
}

/// A month's line and the component that pays for a commitment by the hour, and what of it is used.
fn check_commitments(lines: &[Value]) {
    let mut fees: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut used: BTreeMap<&str, Decimal> = BTreeMap::new();
    for (line, component) in components(lines) {
        let hour = text(line, "FeeBeginTime");
        if line["ActionType"] == "svp_hour_pay" {
            assert_eq!(component["InstanceType"], "svp");
            *fees.entry(hour).or_default() += amount(component, "RealCost");
        }
        let planned = amount(component, "OriginalCostWithSP");
        if !planned.is_zero() {
            *used.entry(hour).or_default() += planned * amount(component, "SPDeductionRate");
        }
    }
    for (hour, used) in used {
        assert!(used <= fees[hour] * Decimal::new(95, 2), "{hour}");
    }
}

/// The sums of some lines, as a summary has them.
fn check_sums<'v>(summary: &Value, lines: impl Iterator<Item = &'v Value>) {
    let lines: Vec<Value> = lines.cloned().collect();
    for name in ["RealTotalCost", "TotalCost"].iter().chain(&PAID) {
        let of_component = match *name {
            "RealTotalCost" => "RealCost",
            "TotalCost" => "Cost",
            name => name,
        };
        let sum = sum(components(&lines), of_component);
        assert_eq!(
            text(summary, name),
            format!("{sum:.8}"),
            "{name} of {summary}"
        );
    }
}

/// A list of sums that has each line once, by the name of a line's field.
fn check_overview(overview: &Value, lines: &[Value], key: &str, of_line: &str) {
    let of = |item: &Value, name: &str| match &item[name] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let items = overview.as_array().unwrap();
    let keys: BTreeSet<String> = items.iter().map(|item| of(item, key)).collect();
    let all: BTreeSet<String> = lines.iter().map(|line| of(line, of_line)).collect();
    assert_eq!((items.len(), &keys), (all.len(), &all));
    for item in items {
        let key = of(item, key);
        check_sums(item, lines.iter().filter(|line| of(line, of_line) == key));
    }
}

/// The sums in whole fen of each group are those of its lines.
fn check_summary(service: &mut Emulator, month: &str, lines: &[Value]) {
    for (kind, of_line) in [
        ("business", "BusinessCode"),
        ("project", "ProjectId"),
        ("region", "RegionId"),
        ("payMode", "PayModeName"),
    ] {
        let input = json!({"Month": month, "GroupType": kind});
        let summary = ask(service, "DescribeBillSummary", input).unwrap();
        let key = if kind == "payMode" {
            "GroupValue"
        } else {
            "GroupKey"
        };
        let mut lines_in_groups = 0;
        for group in summary["SummaryDetail"].as_array().unwrap() {
            let of_group = |line: &&Value| match &line[of_line] {
                Value::String(text) => *text == group[key],
                number => format!("{number}") == text(group, key),
            };
            let of_group: Vec<Value> = lines.iter().filter(of_group).cloned().collect();
            lines_in_groups += of_group.len();
            let cost = rounded_up(sum(components(&of_group), "RealCost"));
            assert_eq!(text(group, "RealTotalCost"), format!("{cost:.2}"));
            let products = group["Business"].as_array().unwrap();
            assert_eq!(products.is_empty(), kind == "business");
            for product in products {
                let of_product = |line: &&Value| line["BusinessCode"] == product["BusinessCode"];
                let of_product: Vec<Value> = of_group.iter().filter(of_product).cloned().collect();
                let cost = rounded_up(sum(components(&of_product), "CashPayAmount"));
                assert_eq!(text(product, "CashPayAmount"), format!("{cost:.2}"));
            }
        }
        assert_eq!(lines_in_groups, lines.len(), "{kind}");
    }
}

/// Rounds to whole fen, halves up.
fn rounded_up(amount: Decimal) -> Decimal {
    (amount * Decimal::ONE_HUNDRED + Decimal::new(5, 1)).floor() / Decimal::ONE_HUNDRED
}

/// Every resource has the sums of its lines of one kind.
fn check_resources(service: &mut Emulator, month: &str, lines: &[Value]) {
    let input = json!({"Month": month, "Offset": 0, "Limit": 1_000, "NeedRecordNum": 1});
    let answer = ask(service, "DescribeBillResourceSummary", input).unwrap();
    let resources = answer["ResourceSummarySet"].as_array().unwrap();
    assert_eq!(answer["Total"], resources.len());
    let mut of_resources: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for line in lines {
        let key = (text(line, "ResourceId"), text(line, "ActionTypeName"));
        of_resources.entry(key).or_default().push(line.clone());
    }
    let mut sums: BTreeMap<(&str, &str), Decimal> = BTreeMap::new();
    for resource in resources {
        let key = (
            text(resource, "ResourceId"),
            text(resource, "ActionTypeName"),
        );
        *sums.entry(key).or_default() += amount(resource, "RealTotalCost");
        let own = &of_resources[&key];
        for name in [
            "OwnerUin",
            "ProjectName",
            "RegionName",
            "Tags",
            "ResourceName",
        ] {
            assert_eq!(resource[name], own[0][name]);
        }
        assert!(
            own.iter()
                .all(|line| text(line, "FeeEndTime") <= text(resource, "FeeEndTime"))
        );
    }
    for (key, own) in of_resources {
        assert_eq!(sums[&key], sum(components(&own), "RealCost"), "{key:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sum_of_a_bill_is_that_of_its_lines(
        records in prop_oneof![0..5_u64, 50..400_u64],
        seed: u64,
        number in 1..=21_u32,
    ) {
        let mut service = service(records, seed);
        let (year, number) = (2024 + (number - 1) / 12, (number - 1) % 12 + 1);
        let name = format!("{year}-{number:02}");
        let lines = lines(&mut service, &name);
        let count = if records == 0 { 0 } else { records as usize + 1 };
        prop_assert_eq!(lines.len(), count);
        for field in ["Id", "BillId", "OrderId"] {
            let ids: BTreeSet<&str> = lines.iter().map(|line| text(line, field)).collect();
            prop_assert_eq!(ids.len(), count, "{}", field);
        }
        for (line, component) in components(&lines) {
            check_component(line, component);
        }
        check_commitments(&lines);

        let summary = ask(&mut service, "DescribeBillSummaryByProduct", month(&name)).unwrap();
        prop_assert_eq!(&summary["Ready"], 1);
        check_sums(&summary["SummaryTotal"], lines.iter());
        check_overview(&summary["SummaryOverview"], &lines, "BusinessCode", "BusinessCode");
        let payable = amount(&summary["SummaryTotal"], "RealTotalCost");
        prop_assert_eq!(payable, rounded(payable, 2));

        let summary = ask(&mut service, "DescribeBillSummaryByPayMode", month(&name)).unwrap();
        check_overview(&summary["SummaryOverview"], &lines, "PayModeName", "PayModeName");
        for mode in summary["SummaryOverview"].as_array().unwrap() {
            let of_mode = |line: &&Value| line["PayModeName"] == mode["PayModeName"];
            let of_mode: Vec<Value> = lines.iter().filter(of_mode).cloned().collect();
            check_overview(&mode["Detail"], &of_mode, "ActionType", "ActionType");
        }

        let summary = ask(&mut service, "DescribeBillSummaryByProject", month(&name)).unwrap();
        check_overview(&summary["SummaryOverview"], &lines, "ProjectId", "ProjectId");
        let summary = ask(&mut service, "DescribeBillSummaryByRegion", month(&name)).unwrap();
        check_overview(&summary["SummaryOverview"], &lines, "RegionId", "RegionId");
        check_overview(&summary["SummaryOverview"], &lines, "RegionName", "RegionName");
        for key in ["env", "业务", "cost center"] {
            let mut input = month(&name);
            input["TagKey"] = json!(key);
            let summary = ask(&mut service, "DescribeBillSummaryByTag", input).unwrap();
            let mut tagged = lines.clone();
            for line in &mut tagged {
                let tags = line["Tags"].as_array().unwrap();
                let tag = tags.iter().find(|tag| tag["TagKey"] == key);
                line["TagValue"] = tag.map_or(json!(""), |tag| tag["TagValue"].clone());
            }
            check_overview(&summary["SummaryOverview"], &tagged, "TagValue", "TagValue");
            let total = summary["SummaryTotal"].as_object().unwrap();
            prop_assert_eq!(total.len(), 2);
            prop_assert_eq!(amount(&summary["SummaryTotal"], "RealTotalCost"), payable);
        }
        check_summary(&mut service, &name, &lines);
        check_resources(&mut service, &name, &lines);

        // The records of products are the same, without the rounding.
        let all = allocations(i16::try_from(year).unwrap(), i8::try_from(number).unwrap());
        let products = Client::new().call(&mut service, &all).unwrap();
        let of_records = lines.iter().filter(|line| line["BusinessCode"] != "billVirtualId");
        let of_records: Vec<Value> = of_records.cloned().collect();
        let total = products.total.map(|total| total.real_total_cost.unwrap().get());
        prop_assert_eq!(sum(components(&of_records), "RealCost"), total.unwrap_or_default());
        if records <= 1_000 {
            for (line, row) in of_records.iter().zip(products.detail.unwrap_or_default()) {
                prop_assert_eq!(text(line, "BusinessCode"), row.business_code.as_str());
                let one = core::slice::from_ref(line);
                prop_assert_eq!(sum(components(one), "RealCost"), row.real_total_cost.get());
            }
        }
    }
}

#[test]
fn a_summary_may_not_be_ready() {
    let mut by_tag = month("2024-02");
    by_tag["TagKey"] = json!("env");
    let grouped = json!({"Month": "2024-02", "GroupType": "project"});
    for (action, input, list) in [
        (
            "DescribeBillSummaryByProduct",
            month("2024-02"),
            "SummaryOverview",
        ),
        (
            "DescribeBillSummaryByProject",
            month("2024-02"),
            "SummaryOverview",
        ),
        (
            "DescribeBillSummaryByRegion",
            month("2024-02"),
            "SummaryOverview",
        ),
        (
            "DescribeBillSummaryByPayMode",
            month("2024-02"),
            "SummaryOverview",
        ),
        ("DescribeBillSummaryByTag", by_tag, "SummaryOverview"),
        ("DescribeBillSummary", grouped, "SummaryDetail"),
    ] {
        let mut service = service(10, 0).with_fault(When::At(1), Fault::NotReady);
        let early = ask(&mut service, action, input.clone()).unwrap();
        assert_eq!(
            (&early["Ready"], &early[list]),
            (&json!(0), &json!([])),
            "{action}"
        );
        let total = early.get("SummaryTotal");
        assert!(total.is_none_or(Value::is_null), "{action}");
        let ready = ask(&mut service, action, input).unwrap();
        assert_eq!(ready["Ready"], 1);
        assert_ne!(ready[list], json!([]));
        assert_eq!(ready.get("SummaryTotal").is_some(), total.is_some());
    }
}

#[test]
fn sums_of_a_bill_can_be_off_by_script() {
    let mut service = service(100, 0).with_fault(When::At(2), Fault::Sums(-3));
    let mut totals = [0, 1].map(|_| {
        let summary = ask(
            &mut service,
            "DescribeBillSummaryByProduct",
            month("2024-02"),
        )
        .unwrap();
        amount(&summary["SummaryTotal"], "RealTotalCost")
    });
    totals[1] += Decimal::new(3, 2);
    assert_eq!(totals[0], totals[1]);
}

#[test]
fn kinds_of_payment_add_up_to_the_whole() {
    let mut service = service(1_000, 0);
    let mut total = |pay_type: &str| {
        let mut input = month("2024-02");
        input["PayType"] = json!(pay_type);
        let summary = ask(&mut service, "DescribeBillSummaryByProduct", input).unwrap();
        amount(&summary["SummaryTotal"], "RealTotalCost")
    };
    let parts = ["consume", "refund", "adjustment"].map(&mut total);
    assert!(parts[0] > parts[2] && parts[2] > parts[1], "{parts:?}");
    assert_eq!(parts.iter().sum::<Decimal>(), total(""));
}

#[test]
fn a_summary_by_tags_has_each_key() {
    let mut service = service(1_000, 0);
    let input = json!({"Month": "2024-02", "GroupType": "tag", "TagKey": ["env", "业务"]});
    let summary = ask(&mut service, "DescribeBillSummary", input).unwrap();
    let groups = summary["SummaryDetail"].as_array().unwrap();
    let groups: BTreeSet<(&str, &str)> = (groups.iter())
        .map(|group| (text(group, "GroupKey"), text(group, "GroupValue")))
        .collect();
    let expected = [
        ("env", ""),
        ("env", "prod"),
        ("env", "test"),
        ("业务", ""),
        ("业务", "推荐"),
        ("业务", "搜索"),
        ("业务", "支付"),
    ];
    assert_eq!(groups, expected.into());
}
