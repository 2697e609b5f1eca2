//! What savings plans and reserved instances cover, and what is left of them.

use tc3_example_reports::focus::Topic;

use super::*;

fn fee(action: &str, resource: &str, cost: &str, hours: &str) -> Object {
    let component = json!({
        "RealCost": cost, "Cost": cost, "CashPayAmount": cost, "TimeSpan": hours,
    });
    let line = with(usage(component), "ActionType", action);
    with(line, "ResourceId", resource)
}

fn by_savings_plan() -> Object {
    usage(json!({
        "SinglePrice": "3", "Cost": "3", "OriginalCostWithSP": "2", "SPDeductionRate": "0.6",
        "Discount": "0.8", "RealCost": "0.8", "CashPayAmount": "0.8",
    }))
}

#[test]
fn what_a_savings_plan_covers_is_a_row_of_its_own() {
    let rows = february(&[fee("svp_hour_pay", "sp-1", "1.5", "1"), by_savings_plan()]);
    let columns = [
        "x_RowKind",
        "ChargeCategory",
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "ContractedCost",
        "CommitmentDiscountStatus",
        "CommitmentDiscountQuantity",
        "CommitmentDiscountId",
    ];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(
        all,
        [
            "charge Purchase 1.5 0 1.5 1.5  1.5 sp-1",
            "charge Usage 0.8 0.8 1 0.8   ",
            "covered Usage 0 1.2 2 1.6 Used 1.2 sp-1",
            "unused Usage 0 0.3 0 0 Unused 0.3 sp-1",
        ]
    );
    let columns = ["CommitmentDiscountCategory", "CommitmentDiscountUnit"];
    assert_eq!(values(&rows[2], &columns), "Spend CNY");
    assert_eq!(
        value(&rows[2], "x_CommitmentDiscountIdSource"),
        "OnlyCommitment"
    );
    assert_eq!(
        (sum(&rows, billed), sum(&rows, effective)),
        ("2.3".into(), "2.3".into())
    );
    // The quantity is split as the list cost is.
    let quantity: Decimal = rows[1..3]
        .iter()
        .filter_map(|row| row.pricing_quantity)
        .sum();
    assert_eq!(quantity.normalize().to_string(), "1");
    assert_eq!(rows[2].list_unit_price, rows[1].list_unit_price);
}

#[test]
fn usage_that_is_covered_wholly_has_no_row_besides() {
    let rows = february(&[
        fee("svp_hour_pay", "sp-1", "1", "1"),
        usage(json!({
            "SinglePrice": "2", "Cost": "2", "OriginalCostWithSP": "2",
            "SPDeductionRate": "0.5", "RealCost": "0", "CashPayAmount": "0",
        })),
    ]);
    // The fee is used up.
    let kinds: Vec<_> = rows.iter().map(|row| row.x_row_kind).collect();
    assert_eq!(kinds, ["charge", "covered"]);
    assert_eq!(value(&rows[1], "x_Cost"), "2");
}

#[test]
fn commitments_that_cannot_be_told_apart_are_a_pool() {
    let rows = february(&[
        fee("svp_hour_pay", "sp-1", "1", "1"),
        fee("svp_hour_pay", "sp-2", "1", "1"),
        by_savings_plan(),
    ]);
    let columns = ["CommitmentDiscountId", "x_CommitmentDiscountIdSource"];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(
        all,
        [
            "sp-1 ResourceId",
            "sp-2 ResourceId",
            " ",
            "savings-plans/uin:100 Pool",
            "savings-plans/uin:100 Pool",
        ]
    );
}

#[test]
fn hours_of_reserved_instances_cost_the_months_mean_fee() {
    let rows = february(&[
        fee("ri_hour_pay", "ri-1", "3", "10"),
        usage(json!({
            "SinglePrice": "1", "Cost": "1", "OriginalCostWithRI": "1", "RiTimeSpan": "1",
            "RealCost": "0",
        })),
    ]);
    let columns = ["x_RowKind", "EffectiveCost", "CommitmentDiscountQuantity"];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(all, ["charge 0 10", "covered 0.3 1", "unused 2.7 9"]);
    let columns = ["CommitmentDiscountType", "CommitmentDiscountUnit"];
    assert_eq!(
        values(&rows[2], &columns),
        "Reserved Instance Instance-Hours"
    );
    assert_eq!(
        value(&rows[2], "ServiceName"),
        "Cloud Virtual Machine (CVM)"
    );
}

#[test]
fn what_is_covered_without_hours_a_fee_or_a_rate_is_noted() {
    let covered = |amounts: &str| {
        let mut component = json!({"Cost": "2", "RealCost": "0"});
        component[amounts] = "2".into();
        usage(component)
    };
    let fee = fee("ri_hour_pay", "ri-1", "3", "10");
    for (details, topic) in [
        (vec![fee, covered("OriginalCostWithRI")], Topic::NoFee),
        (vec![covered("OriginalCostWithRI")], Topic::NoFee),
        (vec![covered("OriginalCostWithSP")], Topic::NoRate),
    ] {
        let lines: Vec<_> = details.iter().map(|it| line("2024-02", it)).collect();
        let mut mapping = mapping("2024-02", "2024-02", &lines);
        for line in &lines {
            mapping.rows(line).unwrap();
        }
        let notes: Vec<_> = mapping.notes().values().collect();
        assert_eq!(notes, [(topic, "sp_cvm_sa2", 1)]);
    }
}

#[test]
fn more_used_than_paid_is_a_note_and_no_row() {
    let lines = [line("2024-02", &by_savings_plan())];
    let mut mapping = mapping("2024-02", "2024-02", &lines);
    let rows = mapping.rows(&lines[0]).unwrap();
    assert_eq!(
        value(&rows[1], "CommitmentDiscountId"),
        "savings-plans/uin:100"
    );
    assert_eq!(mapping.end_of_month(0, month("2024-02")), []);
    let notes: Vec<_> = mapping.notes().values().map(|(topic, ..)| topic).collect();
    assert_eq!(notes, [Topic::Overused]);
}

#[test]
fn a_fee_that_is_given_back_is_no_longer_of_the_months_mean() {
    let rows = february(&[
        fee("ri_hour_pay", "ri-1", "3", "10"),
        fee("ri_hour_pay", "ri-1", "-1.5", "5"),
        usage(json!({
            "SinglePrice": "1", "Cost": "1", "OriginalCostWithRI": "1", "RiTimeSpan": "1",
            "RealCost": "0",
        })),
    ]);
    let columns = ["x_RowKind", "EffectiveCost", "CommitmentDiscountQuantity"];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(
        all,
        [
            "charge 0 10",
            "charge 0 -5",
            "covered 0.3 1",
            "unused 1.2 4"
        ]
    );
    // In a month of its own it is there as well.
    let rows = february(&[fee("svp_hour_pay", "sp-1", "-1.5", "1")]);
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(all, ["charge 0 -1.5", "unused -1.5 -1.5"]);
}
