//! Subscriptions and what is paid for them in advance.

use super::*;

fn subscription(action: &str, begin: &str, end: &str, cost: &str) -> Object {
    json!({
        "Id": "1", "PayerUin": "100", "ResourceId": "ins-1", "BusinessCode": "p_cvm",
        "ActionType": action, "PayModeName": "包年包月", "FeeBeginTime": begin,
        "FeeEndTime": end,
        "ComponentSet": [{
            "ItemCode": "sv_cvm", "SinglePrice": cost, "Cost": cost, "RealCost": cost,
            "CashPayAmount": cost, "UsedAmount": "1", "UsedAmountUnit": "个", "TimeSpan": "1",
            "TimeUnitName": "年", "PriceUnit": "元/个/年",
        }],
    })
}

fn year() -> Object {
    let begin = "2024-01-15 10:58:41";
    subscription(
        "prepay_purchase",
        begin,
        "2025-01-15 10:58:41",
        "1000.00000001",
    )
}

const COLUMNS: [&str; 6] = [
    "x_RowKind",
    "ChargeCategory",
    "BilledCost",
    "EffectiveCost",
    "ChargePeriodStart",
    "ChargePeriodEnd",
];

#[test]
fn a_subscription_is_a_purchase_and_a_row_for_each_month() {
    let rows = rows("2024-01", "2024-03", &[line("2024-01", &year())]);
    let all: Vec<_> = rows.iter().map(|row| values(row, &COLUMNS)).collect();
    assert_eq!(
        all,
        [
            "charge Purchase 1000.00000001 0 2024-01-15T02:58:41Z 2025-01-15T02:58:41Z",
            "amortised Usage 0 45.19830879 2024-01-15T02:58:41Z 2024-01-31T16:00:00Z",
            "amortised Usage 0 79.23497268 2024-01-31T16:00:00Z 2024-02-29T16:00:00Z",
            "amortised Usage 0 84.69945356 2024-02-29T16:00:00Z 2024-03-31T16:00:00Z",
        ]
    );
    let bill = [
        "BillingPeriodStart",
        "x_BillMonth",
        "x_BillDetailId",
        "x_RealCost",
    ];
    assert_eq!(values(&rows[2], &bill), "2024-01-31T16:00:00Z 2024-01 1 ");
}

#[test]
fn a_subscription_of_an_earlier_month_has_its_shares_alone() {
    let rows = rows("2024-02", "2024-02", &[line("2024-01", &year())]);
    let all: Vec<_> = rows.iter().map(|row| values(row, &COLUMNS)).collect();
    assert_eq!(
        all,
        ["amortised Usage 0 79.23497268 2024-01-31T16:00:00Z 2024-02-29T16:00:00Z"]
    );
}

#[test]
fn shares_add_up_to_the_purchase() {
    let rows = rows("2024-01", "2025-01", &[line("2024-01", &year())]);
    assert_eq!(rows.len(), 14);
    assert_eq!(sum(&rows, billed), "1000.00000001");
    assert_eq!(sum(&rows, effective), "1000.00000001");
    let quantity: Decimal = rows[1..].iter().filter_map(|it| it.consumed_quantity).sum();
    assert_eq!(quantity.normalize().to_string(), "1");
}

#[test]
fn a_renewal_in_advance_is_for_later_months() {
    let begin = "2024-03-01 00:00:00";
    let detail = subscription("prepay_renew", begin, "2024-03-31 23:59:59", "31");
    let rows = rows("2024-01", "2024-12", &[line("2024-01", &detail)]);
    let all: Vec<_> = rows.iter().map(|row| values(row, &COLUMNS)).collect();
    assert_eq!(
        all,
        [
            "charge Purchase 31 0 2024-02-29T16:00:00Z 2024-03-31T16:00:00Z",
            "amortised Usage 0 31 2024-02-29T16:00:00Z 2024-03-31T16:00:00Z",
        ]
    );
    assert_eq!(value(&rows[0], "ChargeFrequency"), "Recurring");
}

#[test]
fn what_began_before_the_bill_is_in_the_bills_month() {
    let detail = subscription(
        "prepay_modify",
        "2023-12-01 00:00:00",
        "2024-02-01 00:00:00",
        "62",
    );
    let rows = rows("2024-01", "2024-12", &[line("2024-01", &detail)]);
    let all: Vec<_> = rows.iter().map(|row| values(row, &COLUMNS)).collect();
    assert_eq!(
        all[1..],
        ["amortised Usage 0 62 2023-11-30T16:00:00Z 2024-01-31T16:00:00Z"]
    );
}

#[test]
fn a_refund_takes_effect_in_its_second() {
    let day = "2024-03-10 12:00:00";
    let lines = [
        line("2024-01", &year()),
        line("2024-03", &subscription("prepay_return", day, day, "-800")),
    ];
    let rows = rows("2024-01", "2025-01", &lines);
    let last: Vec<_> = rows[14..].iter().map(|row| values(row, &COLUMNS)).collect();
    assert_eq!(
        last,
        [
            "charge Purchase -800 0 2024-03-10T04:00:00Z 2024-03-10T04:00:01Z",
            "amortised Usage 0 -800 2024-03-10T04:00:00Z 2024-03-10T04:00:01Z",
        ]
    );
    assert_eq!(sum(&rows, billed), "200.00000001");
    assert_eq!(sum(&rows, effective), "200.00000001");
}

#[test]
fn what_is_paid_in_advance_for_reserved_instances_is_left_or_used() {
    let begin = "2024-02-01 00:00:00";
    let fee = subscription("ripay_purchase", begin, "2025-01-31 23:59:59", "3660");
    let usage = json!({
        "Id": "2", "PayerUin": "100", "ActionType": "postpay_deduct_h",
        "ComponentSet": [{
            "ItemCode": "sv_cvm", "Cost": "24", "OriginalCostWithRI": "24", "RiTimeSpan": "24",
            "RealCost": "0",
        }],
    });
    let lines = [line("2024-02", &fee), line("2024-03", &usage)];
    let rows = rows("2024-02", "2025-01", &lines);
    // 366 days for 3660 yuan: a day is 10 yuan.
    let all: Vec<_> = rows.iter().map(|row| values(row, &COLUMNS[..4])).collect();
    assert_eq!(
        all[..4],
        [
            "charge Purchase 3660 0",
            "covered Usage 0 10",
            "unused Usage 0 290",
            "unused Usage 0 300",
        ]
    );
    assert_eq!(sum(&rows, effective), "3660");
}

#[test]
fn the_refund_of_a_savings_plan_is_unused() {
    let day = "2024-02-10 12:00:00";
    let mut detail = subscription("prepay_return", day, day, "-5");
    detail["ComponentSet"][0]["InstanceType"] = "svp".into();
    let rows = rows("2024-02", "2024-02", &[line("2024-02", &detail)]);
    let columns = [
        "x_RowKind",
        "CommitmentDiscountStatus",
        "EffectiveCost",
        "CommitmentDiscountId",
    ];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(all, ["charge  0 ins-1", "amortised Unused -5 ins-1"]);
}
