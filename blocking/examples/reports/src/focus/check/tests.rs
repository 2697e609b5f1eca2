use std::collections::BTreeSet;

use serde_json::json;
use tc3_core::{Month, UnixTime};

use super::*;
use crate::focus::{Account, Commitments, Json, Line, Mapping};

/// Rows of every kind, each of which is right.
fn rows() -> Vec<Row> {
    let month = Month::new(2024, 2).unwrap();
    let usage = |component: Object| {
        json!({
            "Id": "1", "PayerUin": "100", "ResourceId": "ins-1", "RegionId": "1",
            "BusinessCode": "p_cvm", "ActionType": "postpay_deduct_h",
            "FeeBeginTime": "2024-02-01 00:00:00", "FeeEndTime": "2024-02-01 00:59:59",
            "PriceInfo": ["操作系统: linux"], "ComponentSet": [component],
        })
    };
    let covered = json!({
        "ItemCode": "sv_cvm", "Cost": "3", "RealCost": "1", "VoucherPayAmount": "1",
        "SinglePrice": "3", "PriceUnit": "元/个/小时", "UsedAmount": "1", "TimeSpan": "1",
        "OriginalCostWithSP": "2", "SPDeductionRate": "0.5", "Discount": "1",
    });
    let taxed = json!({
        "ItemCode": "sv_cvm", "Cost": "1", "RealCost": "1", "CashPayAmount": "1.09",
        "TaxRate": "0.09", "TaxAmount": "0.09", "InstanceType": "capacityReserve",
    });
    let fee = json!({
        "Id": "2", "PayerUin": "100", "ResourceId": "sp-1", "ActionType": "svp_hour_pay",
        "ComponentSet": [{"ItemCode": "sv_svp", "RealCost": "5", "CashPayAmount": "5"}],
    });
    let lines = [usage(covered), usage(taxed), fee];
    let lines = lines.map(|it| Line::from_json(0, month, &it.to_string()).unwrap());
    let mut commitments = Commitments::default();
    lines.iter().for_each(|line| commitments.add(line));
    let mut mapping = Mapping::new(vec![Account::default()], month..=month, commitments);
    let mut rows: Vec<Row> = lines
        .iter()
        .flat_map(|line| mapping.rows(line).unwrap())
        .collect();
    rows.extend(mapping.end_of_month(0, month));
    rows
}

type Mutation = (&'static str, &'static str, &'static str, fn(&mut Row));

/// On a row of this kind, the rule of this column is broken like this.
const MUTATIONS: &[Mutation] = &[
    ("charge", "ServiceName", IS_EMPTY, |row| {
        row.service_name.clear()
    }),
    ("charge", "SkuMeter", IS_ASCII, |row| {
        row.sku_meter = text("实例")
    }),
    ("charge", "BilledCost", FITS, |row| {
        row.billed_cost = Decimal::new(1, 9)
    }),
    ("charge", "ListUnitPrice", FITS, |row| {
        row.list_unit_price = Some(Decimal::MAX)
    }),
    ("charge", "Tags", IS_FLAT, |row| {
        row.tags = json(r#"{"a":{"b":"c"}}"#)
    }),
    ("charge", "Tags", IS_FLAT, |row| row.tags = json(r#"["a"]"#)),
    ("charge", "SkuPriceDetails", IS_FLAT, |row| {
        row.sku_price_details = json("{")
    }),
    ("charge", "ChargeCategory", IS_ALLOWED, |row| {
        row.charge_category = "Refund"
    }),
    ("charge", "EffectiveCost", IS_CHARGED, |row| {
        row.effective_cost = Decimal::TWO;
        row.pricing_currency_effective_cost = Decimal::TWO;
    }),
    ("charge", "ChargeClass", IS_ALLOWED, |row| {
        row.charge_class = Some("Refund")
    }),
    ("charge", "ChargeFrequency", IS_ALLOWED, |row| {
        row.charge_frequency = "Hourly"
    }),
    (
        "fee",
        "ChargeFrequency",
        "must not be Usage-Based on purchases",
        |row| row.charge_frequency = "Usage-Based",
    ),
    ("charge", "PricingCategory", IS_ALLOWED, |row| {
        row.pricing_category = Some("Foo")
    }),
    ("charge", "PricingCategory", IS_SOME, |row| {
        row.pricing_category = None
    }),
    ("tax", "PricingCategory", IS_NO_TAX, |row| {
        row.pricing_category = Some("Standard")
    }),
    (
        "covered",
        "PricingCategory",
        "must be Committed on what commitments cover",
        |row| row.pricing_category = Some("Standard"),
    ),
    ("charge", "ServiceSubcategory", IS_ALLOWED, |row| {
        row.service_category = "Foo"
    }),
    ("charge", "ServiceSubcategory", IS_ALLOWED, |row| {
        row.service_subcategory = "Caching"
    }),
    (
        "charge",
        "BillingCurrency",
        "must be a currency's code",
        |row| row.billing_currency = "yuan".into(),
    ),
    ("charge", "PricingCurrency", IS_AS_BILLED, |row| {
        row.pricing_currency = "USD".into()
    }),
    (
        "charge",
        "PricingCurrencyListUnitPrice",
        IS_AS_BILLED,
        |row| row.pricing_currency_list_unit_price = None,
    ),
    (
        "charge",
        "PricingCurrencyContractedUnitPrice",
        IS_AS_BILLED,
        |row| row.pricing_currency_contracted_unit_price = None,
    ),
    (
        "charge",
        "PricingCurrencyEffectiveCost",
        IS_AS_BILLED,
        |row| row.pricing_currency_effective_cost = Decimal::TEN,
    ),
    ("charge", "BillingPeriodEnd", ENDS_AFTER, |row| {
        row.billing_period_end = row.billing_period_start
    }),
    ("charge", "ChargePeriodEnd", ENDS_AFTER, |row| {
        row.charge_period_end = UnixTime::new(0)
    }),
    ("charge", "BillingAccountId", IS_NO_NUMBER, |row| {
        row.billing_account_id = "100".into()
    }),
    ("charge", "SubAccountId", IS_NO_NUMBER, |row| {
        row.sub_account_id = "100".into()
    }),
    (
        "charge",
        "InvoiceIssuerName",
        "must be ProviderName, or nothing is billed",
        |row| row.invoice_issuer_name = "Reseller",
    ),
    (
        "covered",
        "BilledCost",
        "must be 0 on rows that only say what is effective",
        |row| row.billed_cost = Decimal::ONE,
    ),
    ("fee", "EffectiveCost", "must be 0 on purchases", |row| {
        effective(row, Decimal::ONE)
    }),
    ("credit", "EffectiveCost", IS_BILLED, |row| {
        effective(row, Decimal::ONE)
    }),
    ("credit", "ListCost", IS_BILLED, |row| {
        row.list_cost = Decimal::ONE
    }),
    ("credit", "ContractedCost", IS_BILLED, |row| {
        row.contracted_cost = Decimal::TEN
    }),
    ("charge", "ListCost", IS_PRODUCT, |row| {
        row.list_cost = Decimal::new(999, 0)
    }),
    ("charge", "ContractedCost", IS_PRODUCT, |row| {
        row.contracted_cost += Decimal::new(2, 8)
    }),
    ("charge", "ListUnitPrice", IS_POSITIVE, |row| negate(row)),
    ("charge", "ContractedUnitPrice", IS_POSITIVE, |row| {
        negate_contracted(row)
    }),
    ("charge", "ListUnitPrice", IS_SOME, |row| {
        list_price(row, None)
    }),
    ("charge", "ContractedUnitPrice", IS_SOME, |row| {
        contracted_price(row, None)
    }),
    ("tax", "ListUnitPrice", IS_NO_TAX, |row| {
        list_price(row, Some(Decimal::ONE))
    }),
    ("tax", "ContractedUnitPrice", IS_NO_TAX, |row| {
        contracted_price(row, Some(Decimal::ONE))
    }),
    ("charge", "PricingQuantity", IS_SOME, |row| {
        row.pricing_quantity = None
    }),
    ("tax", "PricingQuantity", IS_NO_TAX, |row| {
        row.pricing_quantity = Some(Decimal::ONE)
    }),
    ("charge", "PricingUnit", IS_NULL_BESIDE, |row| {
        row.pricing_unit = None
    }),
    ("charge", "PricingUnit", IS_UNIT, |row| {
        row.pricing_unit = text("100 Unit-Hours")
    }),
    (
        "credit",
        "ConsumedQuantity",
        "must be null unless something is used",
        |row| row.consumed_quantity = Some(Decimal::ONE),
    ),
    (
        "unused",
        "ConsumedQuantity",
        "must be null unless something is used",
        |row| row.consumed_quantity = Some(Decimal::ONE),
    ),
    (
        "charge",
        "ConsumedQuantity",
        "must not be null on usage that corrects nothing",
        |row| row.consumed_quantity = None,
    ),
    ("charge", "ConsumedUnit", IS_NULL_BESIDE, |row| {
        row.consumed_unit = None
    }),
    ("charge", "ConsumedUnit", IS_UNIT, |row| {
        row.consumed_unit = text("GB-")
    }),
    ("charge", "SkuId", IS_SOME, |row| row.sku_id = None),
    ("tax", "SkuId", IS_NO_TAX, |row| row.sku_id = text("sv")),
    ("charge", "SkuMeter", IS_NULL_BESIDE, |row| {
        row.sku_meter = None
    }),
    ("charge", "SkuPriceId", IS_NULL_BESIDE, |row| {
        row.sku_price_id = None
    }),
    (
        "credit",
        "SkuPriceDetails",
        "must be null if SkuPriceId is",
        |row| row.sku_price_details = json("{}"),
    ),
    ("charge", "RegionName", IS_NULL_BESIDE, |row| {
        row.region_name = None
    }),
    ("charge", "ResourceType", IS_NULL_BESIDE, |row| {
        row.resource_type = None
    }),
    (
        "charge",
        "ResourceName",
        "must be null if ResourceId is, and not be the id",
        |row| row.resource_name = row.resource_id.clone(),
    ),
    ("covered", "CommitmentDiscountCategory", IS_ALLOWED, |row| {
        row.commitment_discount_category = Some("Foo")
    }),
    (
        "covered",
        "CommitmentDiscountCategory",
        IS_NULL_BESIDE,
        |row| row.commitment_discount_category = None,
    ),
    ("covered", "CommitmentDiscountType", IS_NULL_BESIDE, |row| {
        row.commitment_discount_type = None
    }),
    (
        "charge",
        "CommitmentDiscountName",
        "must be null if CommitmentDiscountId is",
        |row| row.commitment_discount_name = text("a"),
    ),
    ("covered", "CommitmentDiscountStatus", IS_ALLOWED, |row| {
        row.commitment_discount_status = Some("Active")
    }),
    (
        "covered",
        "CommitmentDiscountStatus",
        "must be null unless on usage with a CommitmentDiscountId",
        |row| row.commitment_discount_status = None,
    ),
    (
        "covered",
        "CommitmentDiscountQuantity",
        "must be null unless on usage and purchases with a CommitmentDiscountId",
        |row| row.commitment_discount_quantity = None,
    ),
    ("covered", "CommitmentDiscountUnit", IS_NULL_BESIDE, |row| {
        row.commitment_discount_unit = None
    }),
    ("covered", "CommitmentDiscountUnit", IS_UNIT, |row| {
        row.commitment_discount_unit = text("1 h")
    }),
    ("capacity", "CapacityReservationStatus", IS_ALLOWED, |row| {
        row.capacity_reservation_status = Some("Idle")
    }),
    (
        "capacity",
        "CapacityReservationStatus",
        IS_NULL_BESIDE,
        |row| row.capacity_reservation_status = None,
    ),
    (
        "credit",
        "x_RowKind",
        "must be one that its ChargeCategory has",
        |row| row.x_row_kind = "tax",
    ),
    (
        "charge",
        "x_BillDetailId",
        "must be there, or the bill's id or the commitment's",
        |row| row.x_bill_detail_id = None,
    ),
];

fn text(text: &str) -> Option<String> {
    Some(text.into())
}

fn json(text: &str) -> Option<Json> {
    Some(Json(text.into()))
}

fn effective(row: &mut Row, cost: Decimal) {
    row.effective_cost = cost;
    row.pricing_currency_effective_cost = cost;
}

fn list_price(row: &mut Row, price: Option<Decimal>) {
    row.list_unit_price = price;
    row.pricing_currency_list_unit_price = price;
}

fn contracted_price(row: &mut Row, price: Option<Decimal>) {
    row.contracted_unit_price = price;
    row.pricing_currency_contracted_unit_price = price;
}

/// A refund whose list price is negative instead of its quantity.
fn negate(row: &mut Row) {
    row.list_cost = -row.list_cost;
    list_price(row, row.list_unit_price.map(|it| -it));
}

fn negate_contracted(row: &mut Row) {
    row.contracted_cost = -row.contracted_cost;
    contracted_price(row, row.contracted_unit_price.map(|it| -it));
}

/// The first row of a kind.
fn row(kind: &str) -> Row {
    let mut rows = rows().into_iter();
    let found = rows.find(|row| match kind {
        "fee" => row.charge_category == "Purchase",
        "capacity" => row.capacity_reservation_id.is_some(),
        kind => row.x_row_kind == kind,
    });
    found.unwrap()
}

#[test]
fn every_rule_is_broken_by_a_mutation_and_by_nothing_else() {
    for row in rows() {
        assert_eq!(check(&row), Ok(()), "{row:#?}");
    }
    let mut seen = BTreeSet::new();
    for (kind, column, rule, mutate) in MUTATIONS {
        let mut row = row(kind);
        mutate(&mut row);
        let broken = check(&row).expect_err(&format!("{column} {rule}"));
        assert_eq!((broken.column, broken.rule), (*column, *rule), "{broken}");
        seen.insert((*column, *rule));
    }
    for (column, rule, _) in RULES {
        assert!(
            seen.contains(&(*column, *rule)),
            "no mutation: {column} {rule}"
        );
    }
}

#[test]
fn units_are_words() {
    let is = |it: &str| is_unit(&text(it));
    for unit in ["GB", "Hours", "GB-Hours", "Instance-Hours", "CNY"] {
        assert!(is(unit), "{unit}");
    }
    for unit in ["", "100 Unit-Hours", "GB-", "GB-Hours-Days", "小时", "1"] {
        assert!(!is(unit), "{unit}");
    }
}
