//! What holds for all lines.

use proptest::{prelude::*, sample::select};
use tc3_core::types::BeijingSecond;

use super::*;

const ACTIONS: &[&str] = &[
    "postpay_deduct",
    "postpay_deduct_h",
    "postpay_deduct_d",
    "postpay_deduct_m",
    "postpay_deduct_s",
    "prepay_purchase",
    "prepay_renew",
    "prepay_modify",
    "prepay_return",
    "pre_to_post",
    "offline_deduct",
    "recon_deduct",
    "recon_increase",
    "recon_guarantee",
    "billVirtualId",
    "svp_hour_pay",
    "ri_hour_pay",
    "ripay_purchase",
    "not_known",
];

/// So many 1e-8 as a decimal.
fn units(units: i64) -> Decimal {
    Decimal::new(units, 8)
}

/// A component whose amounts agree, as do the bill's.
fn component() -> impl Strategy<Value = Object> {
    let amounts = prop::array::uniform4(0..10_000_000_000_i64);
    let covered = prop::array::uniform2(prop_oneof![Just(0), 1..10_000_000_000_i64]);
    let discount = select(&["1", "0.8", "0.65", "0.325825"][..]);
    let quantity = (1..1_000_000_i64, 1..5_000_i64);
    let unit = select(
        &[
            "元/个/小时",
            "元/100个/小时",
            "元/GB",
            "元/月",
            "元/箱/天",
            "",
        ][..],
    );
    let instance = select(&["", "-", "ri", "si", "svp", "capacityReserve"][..]);
    let shown = prop::bool::weighted(0.9);
    let all = (
        amounts,
        covered,
        discount,
        quantity,
        unit,
        instance,
        shown,
        any::<bool>(),
    );
    all.prop_map(
        |(amounts, covered, discount, quantity, unit, instance, shown, refund)| {
            let sign = if refund { -Decimal::ONE } else { Decimal::ONE };
            let [cash, voucher, incentive, transfer] = amounts.map(|it| units(it) * sign);
            let [savings, reserved] = covered.map(|it| units(it) * sign);
            let real = cash + voucher + incentive + transfer;
            let rate: Decimal = discount.parse().unwrap();
            let rest = (real / rate).round_dp(8);
            let list = match shown {
                true => (rest + savings + reserved).to_string(),
                false => "-".into(),
            };
            let used = Decimal::new(quantity.0, 4);
            let price = (rest / used / Decimal::from(quantity.1)).round_dp(8);
            json!({
                "ItemCode": "sv_item", "ComponentCode": "v_item", "InstanceType": instance,
                "Cost": list, "RealCost": real.to_string(), "CashPayAmount": cash.to_string(),
                "VoucherPayAmount": voucher.to_string(), "Discount": discount,
                "IncentivePayAmount": incentive.to_string(), "PriceUnit": unit,
                "TransferPayAmount": transfer.to_string(), "SinglePrice": price.to_string(),
                "UsedAmount": used.to_string(), "TimeSpan": quantity.1.to_string(),
                "OriginalCostWithSP": savings.to_string(), "SPDeductionRate": "0.7",
                "OriginalCostWithRI": reserved.to_string(), "RiTimeSpan": "1.5",
            })
        },
    )
}

prop_compose! {
    /// A second of the year 2024, and one up to two years later.
    fn period()(
        start in 1_704_038_400_i64..1_735_660_800,
        length in prop_oneof![Just(0), 1..4_000_i64, 1..63_000_000_i64],
    ) -> [String; 2] {
        [start, start + length].map(|it| {
            let time = tc3_core::UnixTime::new(it);
            BeijingSecond::from_unix(time).unwrap().to_string()
        })
    }
}

prop_compose! {
    fn detail()(
        action in select(ACTIONS),
        components in prop::collection::vec(component(), 1..4),
        [begin, end] in period(),
        business in select(&["p_cvm", "p_nat", "p_new", "p_market", "p_scf"][..]),
        region in select(&["1", "4", "0", "47", "73", "1001", ""][..]),
        resource in select(&["ins-1", "", "-", "实例", "100(UIN)"][..]),
        name in select(&["ins-1", "web", "", "未命名", "网站"][..]),
        zone in select(&["广州三区", "其他", "", "中国大陆通用"][..]),
        order in select(&["", "20231231400", "20240601400,20240701400"][..]),
        tags in prop::collection::vec(("[a-z业]{1,3}", "\\PC{0,5}"), 0..4),
    ) -> Object {
        let tag = |(key, value): &(String, String)| json!({"TagKey": key, "TagValue": value});
        json!({
            "Id": "1", "ActionType": action, "ComponentSet": components, "RegionId": region,
            "FeeBeginTime": begin, "FeeEndTime": end, "BusinessCode": business,
            "ResourceId": resource, "ResourceName": name, "ZoneName": zone,
            "AssociatedOrder": {"Original": order},
            "Tags": tags.iter().map(tag).collect::<Vec<_>>(),
        })
    }
}

fn amount(detail: &Object, field: &str) -> Decimal {
    let components = detail["ComponentSet"].as_array().unwrap();
    let amounts = components.iter().map(|it| it[field].as_str().unwrap());
    amounts.map(|it| it.parse::<Decimal>().unwrap()).sum()
}

fn of_line(rows: &[Row]) -> Vec<Row> {
    let rows = rows.iter().filter(|row| row.x_row_kind != "unused");
    rows.cloned().collect()
}

fn total<'a>(rows: impl IntoIterator<Item = &'a Row>, of: fn(&Row) -> Decimal) -> Decimal {
    rows.into_iter().map(of).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_a_line_bills_is_what_was_paid(detail in detail()) {
        // Each row passes `check`, too.
        let rows = rows("2024-06", "2024-06", &[line("2024-06", &detail)]);
        let paid = amount(&detail, "CashPayAmount") + amount(&detail, "TransferPayAmount");
        prop_assert_eq!(total(&rows, billed), paid);
        let charges = rows.iter().filter(|row| row.charge_category != "Credit");
        prop_assert_eq!(total(charges, billed), amount(&detail, "RealCost"));
        let shown: Decimal = rows.iter().filter_map(|row| row.x_real_cost).sum();
        prop_assert_eq!(shown, amount(&detail, "RealCost"));
    }

    #[test]
    fn what_is_billed_with_tax_is_what_was_paid_whether_costs_have_it_in_them(
        mut detail in detail(),
        tax in 1_i64..1_000_000_000,
        is_in_cost in any::<bool>(),
    ) {
        for component in detail["ComponentSet"].as_array_mut().unwrap() {
            let is_refund = component["RealCost"].as_str().unwrap().starts_with('-');
            let tax = units(if is_refund { -tax } else { tax });
            component["TaxAmount"] = tax.to_string().into();
            component["Currency"] = "USD".into();
            for field in ["CashPayAmount", "RealCost"].into_iter().take(1 + usize::from(is_in_cost)) {
                let amount: Decimal = component[field].as_str().unwrap().parse().unwrap();
                component[field] = (amount + tax).to_string().into();
            }
        }
        let rows = rows("2024-06", "2024-06", &[line("2024-06", &detail)]);
        let cash = amount(&detail, "CashPayAmount") + amount(&detail, "TransferPayAmount");
        prop_assert_eq!(total(&rows, billed), cash);
        let paid = cash + amount(&detail, "VoucherPayAmount") + amount(&detail, "IncentivePayAmount");
        let amounts = rows.iter().flat_map(|row| [row.x_real_cost, row.x_tax_amount]);
        prop_assert_eq!(amounts.flatten().sum::<Decimal>(), paid);
    }

    #[test]
    fn over_the_whole_time_what_is_effective_is_what_was_paid(mut detail in detail()) {
        for component in detail["ComponentSet"].as_array_mut().unwrap() {
            // What is covered is effective without being paid.
            component["OriginalCostWithSP"] = "0".into();
            component["OriginalCostWithRI"] = "0".into();
        }
        let rows = rows("2024-01", "2027-01", &[line("2024-01", &detail)]);
        let paid = amount(&detail, "CashPayAmount") + amount(&detail, "TransferPayAmount");
        prop_assert_eq!(total(&rows, effective), paid);
    }

    #[test]
    fn shares_do_not_depend_on_the_months_that_are_exported(detail in detail()) {
        let line = line("2024-06", &detail);
        let mut all = of_line(&rows("2024-06", "2026-12", std::slice::from_ref(&line)));
        let mut apart = Vec::new();
        let mut next = month("2024-06");
        while next <= month("2026-12") {
            let own = next.to_string();
            apart.extend(of_line(&rows(&own, &own, std::slice::from_ref(&line))));
            next = next.plus(1).unwrap();
        }
        let key = |row: &Row| {
            (row.x_component, row.billing_period_start, row.x_row_kind, row.billed_cost)
        };
        all.sort_by_key(key);
        apart.sort_by_key(key);
        prop_assert_eq!(all, apart);
    }

    #[test]
    fn parts_of_a_quantity_add_up_to_it(component in component()) {
        let detail = json!({
            "Id": "1", "ActionType": "postpay_deduct_h", "ComponentSet": [component],
        });
        let rows = rows("2024-06", "2024-06", &[line("2024-06", &detail)]);
        let rows = of_line(&rows);
        let sum: Decimal = rows.iter().filter_map(|row| row.pricing_quantity).sum();
        let quantity = amount(&detail, "UsedAmount") * amount(&detail, "TimeSpan");
        let none = rows.iter().all(|row| row.list_cost.is_zero() && row.contracted_cost.is_zero());
        prop_assert!(none || sum.abs() == quantity, "{sum} {quantity}");
    }

    #[test]
    fn what_is_used_and_left_of_commitments_is_their_fee(
        fees in prop::collection::vec(1_000_000_000_000..2_000_000_000_000_i64, 1..5),
        upfront in any::<bool>(),
        used in prop::collection::vec(component(), 0..8),
    ) {
        let action = if upfront { "ripay_purchase" } else { "ri_hour_pay" };
        let fee = |(at, (action, cost)): (usize, (&str, Decimal))| {
            let cost = cost.to_string();
            line("2024-06", &json!({
                "Id": format!("fee {at}"), "ActionType": action, "ResourceId": format!("c-{at}"),
                "FeeBeginTime": "2024-06-01 00:00:00", "FeeEndTime": "2024-08-31 23:59:59",
                "ComponentSet": [{
                    "ItemCode": "sv", "RealCost": cost, "CashPayAmount": cost,
                    "UsedAmount": "100", "TimeSpan": "24",
                }],
            }))
        };
        let of_plans = fees.iter().flat_map(|cost| [
            ("svp_hour_pay", units(*cost)),
            (action, units(*cost)),
        ]);
        let mut lines: Vec<Line> = of_plans.enumerate().map(fee).collect();
        for mut component in used {
            // No refunds, which fees aren't given back for.
            for field in ["OriginalCostWithSP", "OriginalCostWithRI"] {
                let positive = component[field].as_str().unwrap().replace('-', "");
                component[field] = positive.into();
            }
            component["UsedAmount"] = "1".into();
            lines.push(line("2024-06", &json!({
                "Id": "used", "ActionType": "postpay_deduct_h", "ComponentSet": [component],
            })));
        }
        let rows = rows("2024-06", "2024-08", &lines);
        let own = |row: &&Row| row.commitment_discount_id.is_some();
        let purchases = rows.iter().filter(own).filter(|it| it.charge_category == "Purchase");
        let usage = rows.iter().filter(own).filter(|it| it.charge_category == "Usage");
        prop_assert_eq!(total(usage, effective), total(purchases, billed));
        prop_assert_eq!(total(&rows, effective), total(&rows, billed));
    }

    #[test]
    fn a_line_of_extremes_has_an_error_or_rows_that_are_right_or_do_not_fit(
        amounts in prop::collection::vec(select(AMOUNTS), 9),
        numbers in prop::collection::vec(select(NUMBERS), 6),
        times in prop::array::uniform2(select(TIMES)),
        action in select(ACTIONS),
        unit in select(&["元/4294967295个/百万千万月", "元/0个/0月", "///", "元/99999999999个"][..]),
    ) {
        let detail = json!({
            "Id": "1", "ActionType": action, "FeeBeginTime": times[0], "FeeEndTime": times[1],
            "ComponentSet": [{
                "Cost": amounts[0], "RealCost": amounts[1], "CashPayAmount": amounts[2],
                "VoucherPayAmount": amounts[3], "OriginalCostWithSP": amounts[4],
                "OriginalCostWithRI": amounts[5], "SinglePrice": amounts[6],
                "TaxAmount": amounts[7], "ContractPrice": amounts[8], "PriceUnit": unit,
                "UsedAmount": numbers[0], "TimeSpan": numbers[1], "RiTimeSpan": numbers[2],
                "Discount": numbers[3], "SPDeductionRate": numbers[4], "TaxRate": numbers[5],
                "UsedAmountUnit": "百万千万个",
            }],
        });
        let line = line("2024-06", &detail);
        let lines = [line.clone(), line];
        let mut mapping = mapping("2024-06", "2025-01", &lines);
        let mut rows = Vec::new();
        for line in &lines {
            rows.extend(mapping.rows(line).unwrap_or_default());
        }
        rows.extend(mapping.end_of_month(0, month("2024-06")));
        for broken in rows.iter().filter_map(|row| check(row).err()) {
            // The price of a trillion for next to nothing.
            prop_assert!(broken.rule.contains("must fit into 38 digits"), "{broken}");
        }
    }
}

const AMOUNTS: &[&str] = &[
    "",
    "0",
    "0",
    "1",
    "0.00000001",
    "-0.00000001",
    "999999999999.99999999",
    "-999999999999.99999999",
    "1000000000000",
];

const NUMBERS: &[&str] = &[
    "",
    "0",
    "1",
    "-1",
    "0.00000001",
    "0.0000000000000000000000001",
    "999999999999",
    "1000000000000",
];

const TIMES: &[&str] = &[
    "",
    "0001-01-01 00:00:00",
    "2024-06-30 23:59:59",
    "2024-07-01 00:00:00",
    "9999-12-31 23:59:59",
];
