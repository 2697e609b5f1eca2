//! Lines of a bill, and what is summed up from them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use tc3_core::{
    Error, Untyped,
    emulator::{Emulator, Fault, When},
};

use super::allocations;
use crate::common::{Client, credential};

fn service(records: u64, seed: u64) -> Emulator {
    Emulator::new(credential())
        .with_records(records)
        .with_seed(seed)
}

/// The fields of an answer.
fn ask(service: &mut Emulator, action: &'static str, input: Value) -> Result<Value, Error> {
    let action = Untyped::new("billing", "2018-07-09", action, input);
    let fields = Client::new().call(service, &action)?;
    Ok(serde_json::to_value(&fields).unwrap())
}

fn refused(service: &mut Emulator, action: &'static str, input: Value) -> (String, String) {
    let error = ask(service, action, input).unwrap_err();
    let refusal = error.refusal().unwrap();
    (refusal.code().to_owned(), refusal.message().to_owned())
}

/// All lines of a month.
fn lines(service: &mut Emulator, month: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let input = json!({"Month": month, "Offset": lines.len(), "Limit": 300});
        let mut page = ask(service, "DescribeBillDetail", input).unwrap();
        let Value::Array(page) = page["DetailSet"].take() else {
            panic!("no list")
        };
        let count = page.len();
        lines.extend(page);
        if count < 300 {
            return lines;
        }
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

/// An amount, or `None` if it isn't shown.
fn shown(value: &Value, name: &str) -> Option<Decimal> {
    match text(value, name) {
        "-" => None,
        text => Some(text.parse().unwrap()),
    }
}

fn amount(value: &Value, name: &str) -> Decimal {
    shown(value, name).unwrap()
}

const PAID: [&str; 4] = [
    "CashPayAmount",
    "VoucherPayAmount",
    "IncentivePayAmount",
    "TransferPayAmount",
];

fn components(lines: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    lines.iter().flat_map(|line| {
        let components = line["ComponentSet"].as_array().unwrap();
        components.iter().map(move |component| (line, component))
    })
}

/// The sum of an amount of components, of those that show it.
fn sum<'v>(components: impl Iterator<Item = (&'v Value, &'v Value)>, name: &str) -> Decimal {
    components.filter_map(|(_, it)| shown(it, name)).sum()
}

fn month(month: &str) -> Value {
    json!({"BeginTime": month, "EndTime": month})
}

/// Rounds halves away from 0.
fn rounded(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

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
fn a_month_has_lines_of_every_kind() {
    let lines = lines(&mut service(1_000, 0), "2024-02");
    let kinds: BTreeSet<&str> = lines.iter().map(|line| text(line, "ActionType")).collect();
    let expected = [
        "billVirtualId",
        "postpay_deduct_d",
        "postpay_deduct_h",
        "postpay_deduct_m",
        "postpay_deduct_s",
        "pre_to_post",
        "prepay_purchase",
        "prepay_renew",
        "prepay_return",
        "recon_deduct",
        "recon_increase",
        "ri_hour_pay",
        "svp_hour_pay",
    ];
    assert_eq!(kinds, expected.into());
    let of =
        |name| -> BTreeSet<&str> { components(&lines).map(|(_, it)| text(it, name)).collect() };
    assert_eq!(
        of("InstanceType"),
        ["", "capacityReserve", "ri", "si", "svp"].into()
    );
    let units = of("PriceUnit");
    for unit in [
        "元/100个/小时",
        "元/GB/月",
        "元/GB/天",
        "元/个/月",
        "元/个/秒",
        "元",
    ] {
        assert!(units.contains(unit), "{unit} of {units:?}");
    }
    // Lines that savings plans and reserved instances cover, wholly and in part.
    for name in ["OriginalCostWithSP", "OriginalCostWithRI"] {
        assert!(of(name).len() > 3, "{name}");
    }
    let nothing = |component: &Value| component["RealCost"] == "0.00000000";
    let mut covered = components(&lines).filter(|(_, it)| it["OriginalCostWithSP"] != "0.00000000");
    assert!(covered.any(|(_, it)| nothing(it)));
    assert!(of("Cost").contains("-") && of("SinglePrice").contains("-"));
    for name in PAID {
        assert!(of(name).len() > 300, "{name}");
    }
    let of = |name| -> BTreeSet<&str> { lines.iter().map(|line| text(line, name)).collect() };
    assert_eq!(
        of("RegionId"),
        ["0", "1", "1001", "33", "4", "47", "8", "9"].into()
    );
    assert!(of("ResourceName").is_superset(&["", "未命名"].into()));
    assert_eq!(of("OwnerUin").len(), 3);
    assert_eq!(of("PayerUin"), ["100000000001"].into());
    let tags: BTreeSet<usize> = lines
        .iter()
        .map(|line| line["Tags"].as_array().unwrap().len())
        .collect();
    assert_eq!(tags, (0..=3).collect());
}

#[test]
fn periods_are_within_the_month_but_for_subscriptions_and_corrections() {
    let lines = lines(&mut service(1_000, 0), "2024-02");
    let mut months = BTreeSet::new();
    let mut earlier = 0;
    for line in &lines {
        let (begin, end) = (text(line, "FeeBeginTime"), text(line, "FeeEndTime"));
        let action = text(line, "ActionType");
        assert_eq!(line["BillMonth"], "2024-02-01 00:00:00");
        assert!(text(line, "BillDay").starts_with("2024-02-"));
        match action {
            "prepay_purchase" | "prepay_renew" => {
                months.insert(&end[..7]);
                assert_eq!(begin[11..], end[11..]);
            }
            "recon_deduct" | "recon_increase" => {
                earlier += usize::from(begin.starts_with("2024-01-31"))
            }
            "postpay_deduct_h" | "svp_hour_pay" | "ri_hour_pay" => {
                assert_eq!(begin[..14], end[..14]);
                assert_eq!((&begin[14..], &end[14..]), ("00:00", "59:59"));
            }
            "postpay_deduct_d" => {
                assert_eq!((&begin[11..], &end[11..]), ("00:00:00", "23:59:59"));
                assert_eq!(
                    (&begin[..10], &end[..10]),
                    (&text(line, "BillDay")[..10], &begin[..10])
                );
            }
            "postpay_deduct_m" | "billVirtualId" => {
                assert_eq!((begin, end), ("2024-02-01 00:00:00", "2024-02-29 23:59:59"));
            }
            _ => assert!(
                begin.starts_with("2024-02") && end.starts_with("2024-02"),
                "{line}"
            ),
        }
    }
    assert_eq!(months, ["2024-03", "2024-05", "2025-02"].into());
    assert!(earlier > 3);
}

#[test]
fn a_refund_names_the_order_that_it_is_about() {
    let mut service = service(1_000, 0);
    let mut lines = lines(&mut service, "2024-02");
    lines.retain(|line| ["prepay_return", "pre_to_post"].contains(&text(line, "ActionType")));
    let order = |name: &'static str| {
        let orders = lines
            .iter()
            .map(move |line| text(&line["AssociatedOrder"], name));
        orders.collect::<BTreeSet<&str>>()
    };
    let purchases = order("PrepayPurchase");
    assert!(purchases.iter().all(|order| order.len() == 23));
    let of_month = |month| purchases.iter().any(|order| order.starts_with(month));
    assert!(of_month("202401") || of_month("202312"), "{purchases:?}");
    assert!(of_month("202402"), "{purchases:?}");
    assert!(order("PrepayRenew").iter().any(|orders| orders.len() == 47));
    // Some show what was charged by the list, others don't.
    let costs = components(&lines).map(|(_, it)| shown(it, "Cost").is_some());
    assert_eq!(costs.collect::<BTreeSet<bool>>().len(), 2);
}

#[test]
fn the_rounding_moves_money_between_accounts() {
    let lines = lines(&mut service(1_000, 0), "2024-02");
    let line = lines.last().unwrap();
    assert_eq!(line["BusinessCode"], "billVirtualId");
    assert_eq!(line["ProjectName"], "扣费精度补偿");
    assert_eq!(line["ResourceId"], "100000000001(UIN)");
    let component = &line["ComponentSet"][0];
    assert!(amount(component, "CashPayAmount").is_sign_negative());
    assert!(amount(component, "IncentivePayAmount").is_sign_positive());
    assert!(amount(component, "RealCost").abs() <= Decimal::new(5, 3));
}

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
fn a_summary_may_not_be_ready() {
    let mut service = service(10, 0).with_fault(When::Within(1, 2), Fault::NotReady);
    for action in [
        "DescribeBillSummaryByProduct",
        "DescribeBillSummaryByPayMode",
    ] {
        let summary = ask(&mut service, action, month("2024-02")).unwrap();
        assert_eq!(
            (&summary["Ready"], &summary["SummaryOverview"]),
            (&json!(0), &json!([]))
        );
    }
    let summary = ask(
        &mut service,
        "DescribeBillSummaryByProduct",
        month("2024-02"),
    )
    .unwrap();
    assert_eq!(summary["Ready"], 1);
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
