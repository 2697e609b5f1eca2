//! The rows of each kind of charge.

use tc3_example_reports::focus::Topic;

use super::*;

#[test]
fn vouchers_and_gifted_balance_are_credits() {
    let rows = february(&[usage(json!({
        "Cost": "10", "RealCost": "9", "CashPayAmount": "2", "TransferPayAmount": "1",
        "VoucherPayAmount": "5", "IncentivePayAmount": "1",
    }))]);
    let columns = [
        "ChargeCategory",
        "BilledCost",
        "EffectiveCost",
        "x_RealCost",
        "ResourceId",
    ];
    let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
    assert_eq!(
        all,
        [
            "Usage 9 9 9 ins-1",
            "Credit -5 -5  ins-1",
            "Credit -1 -1  ins-1"
        ]
    );
    assert_eq!(sum(&rows, billed), "3");
}

#[test]
fn the_rounding_row_is_an_adjustment() {
    let rows = february(&[json!({
        "Id": "1", "PayerUin": "100", "BusinessCode": "billVirtualId", "RegionId": "0",
        "ProductCode": "billVirtualId", "ActionType": "billVirtualId", "ResourceId": "100(UIN)",
        "ProjectName": "扣费精度补偿", "FeeBeginTime": "2024-01-31 00:00:00",
        "ComponentSet": [{
            "ComponentCode": "billVirtualId", "ItemCode": "billVirtualId",
            "RealCost": "-3.69316144", "CashPayAmount": "-3.83470332",
            "IncentivePayAmount": "0.14154188",
        }],
    })]);
    let columns = [
        "ChargeCategory",
        "ChargeClass",
        "RegionId",
        "ResourceId",
        "SkuId",
        "PricingQuantity",
    ];
    assert_eq!(values(&rows[0], &columns).trim(), "Adjustment");
    assert_eq!(sum(&rows, billed), "-3.83470332");
}

#[test]
fn a_correction_concerns_an_earlier_month() {
    let class = |line: Object| value(&february(&[line])[0], "ChargeClass");
    let cost = json!({"RealCost": "-1", "CashPayAmount": "-1"});
    let recon = with(usage(cost.clone()), "ActionType", "recon_increase");
    assert_eq!(class(recon.clone()), "");
    let earlier = with(recon.clone(), "FeeBeginTime", "2024-01-31 23:59:59");
    assert_eq!(class(earlier), "Correction");
    let mut ordered = recon;
    ordered["AssociatedOrder"] = json!({"PrepayRenew": "20240201400000000000001,20240131400"});
    assert_eq!(class(ordered), "Correction");
    // What is used in the last hour of a month may be paid in the next.
    let late = usage(json!({"RealCost": "1", "CashPayAmount": "1"}));
    let late = with(late, "FeeBeginTime", "2024-01-31 23:00:00");
    assert_eq!(class(late), "");
}

#[test]
fn a_refund_keeps_its_unit_price_positive() {
    let rows = february(&[usage(json!({
        "SinglePrice": "-2", "Cost": "-4", "RealCost": "-3", "CashPayAmount": "-3",
        "UsedAmount": "2",
    }))]);
    let columns = [
        "PricingQuantity",
        "ListUnitPrice",
        "ContractedUnitPrice",
        "ListCost",
    ];
    assert_eq!(values(&rows[0], &columns), "-2 2 1.5 -4");
}

#[test]
fn tax_is_a_row_whether_the_cost_has_it_or_not() {
    for (real, paid) in [("100", "109"), ("109", "109")] {
        let rows = february(&[usage(json!({
            "Cost": "200", "RealCost": real, "CashPayAmount": paid, "TaxRate": "0.09",
            "TaxAmount": "9", "Currency": "USD",
        }))]);
        let columns = [
            "ChargeCategory",
            "BillingCurrency",
            "BilledCost",
            "EffectiveCost",
            "ListCost",
            "ContractedCost",
            "PricingQuantity",
            "x_RealCost",
            "x_TaxAmount",
        ];
        let all: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
        assert_eq!(
            all,
            ["Usage USD 100 100 200 100 1 100 9", "Tax USD 9 9 18 9   "]
        );
    }
}

#[test]
fn an_error_names_the_field_and_the_rule() {
    let error = |detail: &Object| {
        let lines = [line("2024-02", detail)];
        let mut mapping = mapping("2024-02", "2024-02", &lines);
        let error = mapping.rows(&lines[0]).unwrap_err();
        error.to_string()
    };
    let amounts = json!({"RealCost": "100", "CashPayAmount": "101", "TaxAmount": "9"});
    assert_eq!(
        error(&usage(amounts)),
        "bill line 17: RealCost must be what was paid, with or without the tax, but is `100`"
    );
    for (component, field) in [
        (json!({}), "RealCost"),
        (json!({"RealCost": "0.000000001"}), "RealCost"),
        (json!({"RealCost": "1", "Cost": "1000000000000"}), "Cost"),
        (
            json!({"RealCost": "1", "UsedAmount": "1000000000000"}),
            "UsedAmount",
        ),
        (
            json!({"RealCost": "1", "UsedAmount": "9e11", "TimeSpan": "9e11"}),
            "UsedAmount",
        ),
        (
            json!({"RealCost": "1", "UsedAmount": "9e9", "RiTimeSpan": "9e9"}),
            "RiTimeSpan",
        ),
    ] {
        let error = error(&usage(component));
        assert!(error.contains(&format!(": {field} must ")), "{error}");
    }
    let dated = with(
        usage(json!({"RealCost": "1"})),
        "FeeEndTime",
        "2024-02-30 00:00:00",
    );
    assert!(error(&dated).contains("FeeEndTime"));
}

#[test]
fn a_line_that_cannot_be_read_is_named_with_its_field() {
    let february = month("2024-02");
    let read = |line: &Object| Line::from_json(0, february, &line.to_string()).unwrap_err();
    let error = read(&usage(json!({"TransferPayAmount": "ab0.00000000c"}))).to_string();
    let expected = "bill line 17: ComponentSet[0].TransferPayAmount: ";
    assert!(error.starts_with(expected), "{error}");
    let error = read(&usage(json!({"TaxAmount": "x"}))).to_string();
    let expected = "bill line 17: ComponentSet[0].TaxAmount: ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn what_is_not_known_is_null_and_noted() {
    let detail = json!({
        "Id": "1", "BusinessCode": "p_new", "BusinessCodeName": "新", "ActionType": "new",
        "RegionId": "73", "ZoneName": "火星一区", "ResourceId": "实例", "ResourceName": "甲",
        "BillMonth": "2024-01-01 00:00:00",
        "ComponentSet": [{"RealCost": "1", "PriceUnit": "元/箱"}],
    });
    let lines = [line("2024-02", &detail)];
    let mut mapping = mapping("2024-02", "2024-02", &lines);
    let row = &mapping.rows(&lines[0]).unwrap()[0];
    check(row).unwrap();
    let columns = ["RegionId", "AvailabilityZone", "ResourceId", "ResourceName"];
    assert_eq!(values(row, &columns).trim(), "");
    let columns = [
        "ServiceCategory",
        "ServiceName",
        "ChargeCategory",
        "x_ResourceId",
    ];
    assert_eq!(values(row, &columns), "Other p_new Adjustment 实例");
    assert_eq!(
        values(row, &["BillingAccountId", "SubAccountId"]),
        "uin:909619400 uin:909619400"
    );
    let notes: Vec<_> = mapping.notes().values().collect();
    assert_eq!(
        notes,
        [
            (Topic::Service, "p_new", 1),
            (Topic::Action, "new", 1),
            (Topic::Region, "73", 1),
            (Topic::Zone, "火星一区", 1),
            (Topic::Unit, "箱", 1),
            (Topic::Name, "实例", 1),
            (Topic::Name, "甲", 1),
            (Topic::BillMonth, "2024-01", 1),
        ]
    );
    assert_eq!(
        mapping.notes().categories().collect::<Vec<_>>(),
        [("Adjustment", 1)]
    );
}

#[test]
fn notes_of_a_topic_are_bounded_and_hide_no_other_topics() {
    let mut mapping = mapping("2024-02", "2024-02", &[]);
    for code in 0..150 {
        let detail = usage(json!({"RealCost": "1"}));
        let detail = with(detail, "BusinessCode", &format!("p_{code}"));
        mapping.rows(&line("2024-02", &detail)).unwrap();
    }
    let far = with(usage(json!({"RealCost": "1"})), "RegionId", "73");
    mapping.rows(&line("2024-02", &far)).unwrap();
    let notes = mapping.notes();
    assert_eq!(notes.values().count(), 101);
    assert_eq!(notes.values().last(), Some((Topic::Region, "73", 1)));
    assert_eq!(notes.further().collect::<Vec<_>>(), [(Topic::Service, 50)]);
}

#[test]
fn a_line_that_is_odd_is_noted() {
    let backwards = with(
        usage(json!({"RealCost": "1"})),
        "FeeEndTime",
        "2024-01-31 00:00:00",
    );
    let mut none = usage(json!({}));
    none["ComponentSet"] = Object::Null;
    let mut mapping = mapping("2024-02", "2024-02", &[]);
    let rows = mapping.rows(&line("2024-02", &backwards)).unwrap();
    assert_eq!(
        values(&rows[0], &["ChargePeriodStart", "ChargePeriodEnd"]),
        "2024-02-01T02:00:00Z 2024-02-01T02:00:01Z"
    );
    assert_eq!(mapping.rows(&line("2024-02", &none)).unwrap(), []);
    assert_eq!(
        mapping.notes().values().collect::<Vec<_>>(),
        [(Topic::Period, "17", 1), (Topic::NoComponent, "17", 1)]
    );
}

#[test]
fn a_line_without_times_is_of_its_day() {
    for (day, expected) in [
        ("2024-02-03", "2024-02-02T16:00:00Z"),
        ("2024-02-03 00:00:00", "2024-02-02T16:00:00Z"),
        ("", "2024-01-31T16:00:00Z"),
    ] {
        let detail = json!({
            "Id": "1", "ActionType": "postpay_deduct_d", "BillDay": day,
            "ComponentSet": [{"RealCost": "1"}],
        });
        let rows = february(&[detail]);
        assert_eq!(value(&rows[0], "ChargePeriodStart"), expected);
    }
}

#[test]
fn a_cost_without_list_price_or_quantity_is_at_contracted_prices() {
    let rows = february(&[usage(json!({
        "SinglePrice": "-", "Cost": "-", "RealCost": "3", "CashPayAmount": "3",
    }))]);
    let columns = ["ListCost", "ListUnitPrice", "x_ListCostSource"];
    assert_eq!(values(&rows[0], &columns), "3 3 ContractedCost");
    let rows = february(&[usage(json!({
        "SinglePrice": "2", "Cost": "4", "RealCost": "3", "UsedAmount": "0",
    }))]);
    let columns = [
        "PricingQuantity",
        "PricingUnit",
        "ListUnitPrice",
        "ContractedUnitPrice",
    ];
    assert_eq!(values(&rows[0], &columns), "1 Units 4 3");
    // All of it is covered by a package.
    let rows = february(&[usage(json!({
        "SinglePrice": "2", "ContractPrice": "1", "Cost": "0", "RealCost": "0",
        "UsedAmount": "0",
    }))]);
    assert_eq!(values(&rows[0], &columns), "0 Unit-Hours 2 2");
}

#[test]
fn numbers_in_units_go_into_prices_and_quantities() {
    let columns = ["PricingQuantity", "PricingUnit", "ListUnitPrice"];
    for (price_unit, unit, amount, expected) in [
        ("元/万次", "次", "20000", "20000 Requests 0.0002"),
        ("元/万次", "万次", "2", "20000 Requests 0.0002"),
        ("元/GB", "GB", "2", "2 GB 2"),
        ("元/GB/月", "GB", "2", "2 GB-Hours 2"),
        ("元/小时", "个", "2", "2 Hours 2"),
        ("CNY/100 units/hour", "units", "200", "200 Unit-Hours 0.02"),
    ] {
        let rows = february(&[usage(json!({
            "SinglePrice": "2", "Cost": "4", "RealCost": "4", "PriceUnit": price_unit,
            "UsedAmount": amount, "UsedAmountUnit": unit,
        }))]);
        assert_eq!(values(&rows[0], &columns), expected, "{price_unit}");
    }
}

#[test]
fn payments_that_are_a_little_off_are_what_is_billed() {
    let made = |cash: &str| {
        let paid = json!({
            "Cost": "2", "RealCost": "1.25", "CashPayAmount": cash, "VoucherPayAmount": "0.25",
        });
        let line = line("2024-02", &usage(paid));
        let mut mapping = mapping("2024-02", "2024-02", std::slice::from_ref(&line));
        let rows = mapping.rows(&line).ok()?;
        let columns = ["x_RowKind", "BilledCost", "x_RealCost"];
        let rows: Vec<_> = rows.iter().map(|row| values(row, &columns)).collect();
        let notes = mapping.notes().values();
        let is_noted = notes.into_iter().any(|it| it == (Topic::Drift, "17", 1));
        Some((rows.join(", "), is_noted))
    };
    let expected = |billed: &str, is_noted| {
        let rows = format!("charge {billed} 1.25, credit -0.25 ");
        Some((rows, is_noted))
    };
    assert_eq!(made("1"), expected("1.25", false));
    assert_eq!(made("1.00000001"), expected("1.25000001", true));
    assert_eq!(made("0.99999"), expected("1.24999", true));
    // More is an error.
    assert_eq!(made("1.00001001"), None);
}

#[test]
fn spot_prices_are_dynamic_and_idle_reservations_are_unused() {
    let cost = |instance: &str| json!({"RealCost": "1", "InstanceType": instance});
    let spot = with(usage(cost("")), "ActionType", "postpay_deduct_s");
    for line in [spot, usage(cost("SI"))] {
        assert_eq!(value(&february(&[line])[0], "PricingCategory"), "Dynamic");
    }
    let idle = &february(&[usage(cost("capacityReserve"))])[0];
    let columns = ["CapacityReservationId", "CapacityReservationStatus"];
    assert_eq!(values(idle, &columns), "ins-1 Unused");
}

#[test]
fn an_account_has_its_name_and_an_owner_its_number() {
    let detail = usage(json!({"RealCost": "1"}));
    let names = |name: &str| {
        let account = Account {
            uin: None,
            name: Some(name.into()),
        };
        let months = month("2024-02")..=month("2024-02");
        let mut mapping = Mapping::new(vec![account], months, Commitments::default());
        let rows = mapping.rows(&line("2024-02", &detail)).unwrap();
        values(
            &rows[0],
            &["BillingAccountName", "x_Account", "SubAccountName"],
        )
    };
    assert_eq!(names("main"), "main main uin 200");
    assert_eq!(names("主"), "uin 100 主 uin 200");
}
