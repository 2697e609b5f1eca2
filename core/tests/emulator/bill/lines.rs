use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use tc3_core::{Credential, emulator::Account};

use super::{PAID, amount, ask, components, lines, service, shown, text};

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
fn a_month_that_ends_early_has_lines_until_then() {
    let mut service = service(300, 0).with_until("2025-10-09".parse().unwrap());
    let lines = lines(&mut service, "2025-10");
    assert_eq!(lines.len(), 301);
    let days: BTreeSet<&str> = lines.iter().map(|line| text(line, "BillDay")).collect();
    assert_eq!(days.len(), 9);
    for line in &lines {
        if ["postpay_deduct_m", "billVirtualId"].contains(&text(line, "ActionType")) {
            assert_eq!(line["FeeEndTime"], "2025-10-09 23:59:59");
        }
    }
}

#[test]
fn months_and_accounts_have_ids_of_their_own() {
    let plant = Credential::new("AKIDPLANT", "another-fake-key").unwrap();
    let mut service = service(30, 0).with_account(Account::new(plant).with_records(30));
    let mut ids = BTreeSet::new();
    for (month, payer) in [
        ("2024-02", "100000000001"),
        ("2024-03", "100000000001"),
        ("2024-02", "100000000002"),
    ] {
        let input = json!({"Month": month, "Offset": 0, "Limit": 300, "PayerUin": payer});
        let page = ask(&mut service, "DescribeBillDetail", input).unwrap();
        for line in page["DetailSet"].as_array().unwrap() {
            ids.insert(text(line, "Id").to_owned());
            ids.insert(text(line, "BillId").to_owned());
        }
    }
    assert_eq!(ids.len(), 2 * 3 * 31);
}
