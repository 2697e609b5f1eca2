//! The rules of FOCUS for a row, which its validators miss in part: they see neither a value that isn't allowed beside
//! one that is, nor a cost that isn't price times quantity.

use rust_decimal::Decimal;
use serde_json::Value as Object;

use super::{COLUMNS, Column, Row, Type, Value, price::TOLERANCE, tables};

#[cfg(test)]
mod tests;

/// A rule that a row breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} {rule}, but is `{value}`")]
#[non_exhaustive]
pub struct Broken {
    /// The column that is wrong.
    pub column: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// What the column holds.
    pub value: String,
}

/// Checks a row against the rules of FOCUS 1.2, which are those of 1.0 and more.
///
/// # Errors
///
/// The first rule that the row breaks.
pub fn check(row: &Row) -> Result<(), Broken> {
    for column in COLUMNS {
        if let Some(rule) = broken_by_type(column, (column.get)(row)) {
            return Err(broken(row, column.name, rule));
        }
    }
    match RULES.iter().find(|(_, _, holds)| !holds(row)) {
        Some((column, rule, _)) => Err(broken(row, column, rule)),
        None => Ok(()),
    }
}

fn broken(row: &Row, name: &'static str, rule: &'static str) -> Broken {
    let column = COLUMNS.iter().find(|column| column.name == name);
    let value = match column.map_or(Value::Null, |column| (column.get)(row)) {
        Value::Null => "null".into(),
        Value::Text(text) | Value::Json(text) => text.into(),
        Value::Decimal(number) => number.to_string(),
        Value::Time(time) => time.seconds().to_string(),
    };
    Broken {
        column: name,
        rule,
        value,
    }
}

const IS_EMPTY: &str = "must not be empty";
const IS_ASCII: &str = "must be ASCII";
const FITS: &str = "must fit into 38 digits with its decimals";
const IS_FLAT: &str = "must be an object without objects and lists in it";

/// The rule that a value breaks by its column's type.
fn broken_by_type(column: &Column, value: Value<'_>) -> Option<&'static str> {
    let is_own = column.name.starts_with("x_");
    match (column.kind, value) {
        (Type::Text, Value::Text("")) => Some(IS_EMPTY),
        (Type::Text, Value::Text(text)) if !is_own && !text.is_ascii() => Some(IS_ASCII),
        (Type::Decimal(decimals), Value::Decimal(number)) => {
            let whole = number.trunc().abs().to_string().len();
            let fits = usize::try_from(38 - decimals).is_ok_and(|most| whole <= most);
            (!fits || number.normalize().scale() > decimals).then_some(FITS)
        }
        (Type::Json, Value::Json(json)) => (!is_flat(json)).then_some(IS_FLAT),
        _ => None,
    }
}

fn is_flat(json: &str) -> bool {
    let Ok(Object::Object(object)) = serde_json::from_str(json) else {
        return false;
    };
    !object.values().any(|it| it.is_object() || it.is_array())
}

/// A column, what it must be, and whether a row has it so.
type Rule = (&'static str, &'static str, fn(&Row) -> bool);

const IS_ALLOWED: &str = "must be one of the allowed values";
const IS_NULL_BESIDE: &str = "must be null if and only if the column it belongs to is";
const IS_SOME: &str = "must not be null on usage and purchases that correct nothing";
const IS_NO_TAX: &str = "must be null on taxes";
const IS_PRODUCT: &str = "must be the unit price times PricingQuantity";
const IS_POSITIVE: &str = "must not be negative";
const IS_BILLED: &str = "must be BilledCost on credits and adjustments";
const IS_CHARGED: &str = "must be BilledCost on usage and taxes that are charged";
const IS_UNIT: &str = "must be a unit such as `GB`, `Hours`, `GB-Hours`";
const IS_AS_BILLED: &str = "must be as in the billing currency";
const IS_NO_NUMBER: &str = "must not be digits alone";
const ENDS_AFTER: &str = "must be after the start";

const RULES: &[Rule] = &[
    ("ChargeCategory", IS_ALLOWED, |row| {
        ["Usage", "Purchase", "Tax", "Credit", "Adjustment"].contains(&row.charge_category)
    }),
    ("ChargeClass", IS_ALLOWED, |row| {
        allows(row.charge_class, &["Correction"])
    }),
    ("ChargeFrequency", IS_ALLOWED, |row| {
        ["One-Time", "Recurring", "Usage-Based"].contains(&row.charge_frequency)
    }),
    (
        "ChargeFrequency",
        "must not be Usage-Based on purchases",
        |row| !is(row, "Purchase") || row.charge_frequency != "Usage-Based",
    ),
    ("PricingCategory", IS_ALLOWED, |row| {
        let allowed = ["Standard", "Dynamic", "Committed", "Other"];
        allows(row.pricing_category, &allowed)
    }),
    ("PricingCategory", IS_SOME, |row| {
        row.pricing_category.is_some() || !is_priced(row)
    }),
    ("PricingCategory", IS_NO_TAX, |row| {
        row.pricing_category.is_none() || !is(row, "Tax")
    }),
    (
        "PricingCategory",
        "must be Committed on what commitments cover",
        |row| row.commitment_discount_status.is_none() || row.pricing_category == Some("Committed"),
    ),
    ("ServiceSubcategory", IS_ALLOWED, |row| {
        tables::is_subcategory(row.service_category, row.service_subcategory)
    }),
    ("BillingCurrency", "must be a currency's code", |row| {
        let code = row.billing_currency.as_bytes();
        code.len() == 3 && code.iter().all(u8::is_ascii_uppercase)
    }),
    ("PricingCurrency", IS_AS_BILLED, |row| {
        row.pricing_currency == row.billing_currency
    }),
    ("PricingCurrencyListUnitPrice", IS_AS_BILLED, |row| {
        row.pricing_currency_list_unit_price == row.list_unit_price
    }),
    ("PricingCurrencyContractedUnitPrice", IS_AS_BILLED, |row| {
        row.pricing_currency_contracted_unit_price == row.contracted_unit_price
    }),
    ("PricingCurrencyEffectiveCost", IS_AS_BILLED, |row| {
        row.pricing_currency_effective_cost == row.effective_cost
    }),
    ("BillingPeriodEnd", ENDS_AFTER, |row| {
        row.billing_period_end > row.billing_period_start
    }),
    ("ChargePeriodEnd", ENDS_AFTER, |row| {
        row.charge_period_end > row.charge_period_start
    }),
    ("BillingAccountId", IS_NO_NUMBER, |row| {
        !is_number(&row.billing_account_id)
    }),
    ("SubAccountId", IS_NO_NUMBER, |row| {
        !is_number(&row.sub_account_id)
    }),
    (
        "InvoiceIssuerName",
        "must be ProviderName, or nothing is billed",
        |row| row.invoice_issuer_name == row.provider_name || row.billed_cost.is_zero(),
    ),
    (
        "BilledCost",
        "must be 0 on rows that only say what is effective",
        |row| {
            let is_effective = ["covered", "amortised", "unused"].contains(&row.x_row_kind);
            !is_effective || row.billed_cost.is_zero()
        },
    ),
    ("EffectiveCost", IS_CHARGED, |row| {
        let is_charged = ["charge", "tax"].contains(&row.x_row_kind) && !is(row, "Purchase");
        !is_charged || is_alone(row) || row.effective_cost == row.billed_cost
    }),
    ("EffectiveCost", "must be 0 on purchases", |row| {
        !is(row, "Purchase") || row.effective_cost.is_zero()
    }),
    ("EffectiveCost", IS_BILLED, |row| {
        !is_alone(row) || row.effective_cost == row.billed_cost
    }),
    ("ListCost", IS_BILLED, |row| {
        !is_alone(row) || row.list_cost == row.billed_cost
    }),
    ("ContractedCost", IS_BILLED, |row| {
        !is_alone(row) || row.contracted_cost == row.billed_cost
    }),
    ("ListCost", IS_PRODUCT, |row| {
        is_product(row, row.list_unit_price, row.list_cost)
    }),
    ("ContractedCost", IS_PRODUCT, |row| {
        is_product(row, row.contracted_unit_price, row.contracted_cost)
    }),
    ("ListUnitPrice", IS_POSITIVE, |row| {
        is_positive(row.list_unit_price)
    }),
    ("ContractedUnitPrice", IS_POSITIVE, |row| {
        is_positive(row.contracted_unit_price)
    }),
    ("ListUnitPrice", IS_SOME, |row| {
        row.list_unit_price.is_some() || !is_priced(row)
    }),
    ("ContractedUnitPrice", IS_SOME, |row| {
        row.contracted_unit_price.is_some() || !is_priced(row)
    }),
    ("ListUnitPrice", IS_NO_TAX, |row| {
        row.list_unit_price.is_none() || !is(row, "Tax")
    }),
    ("ContractedUnitPrice", IS_NO_TAX, |row| {
        row.contracted_unit_price.is_none() || !is(row, "Tax")
    }),
    ("PricingQuantity", IS_SOME, |row| {
        row.pricing_quantity.is_some() || !is_priced(row)
    }),
    ("PricingQuantity", IS_NO_TAX, |row| {
        row.pricing_quantity.is_none() || !is(row, "Tax")
    }),
    ("PricingUnit", IS_NULL_BESIDE, |row| {
        row.pricing_unit.is_some() == row.pricing_quantity.is_some()
    }),
    ("PricingUnit", IS_UNIT, |row| is_unit(&row.pricing_unit)),
    (
        "ConsumedQuantity",
        "must be null unless something is used",
        |row| row.consumed_quantity.is_none() || is_used(row),
    ),
    (
        "ConsumedQuantity",
        "must not be null on usage that corrects nothing",
        |row| row.consumed_quantity.is_some() || !is_used(row) || !is_priced(row),
    ),
    ("ConsumedUnit", IS_NULL_BESIDE, |row| {
        row.consumed_unit.is_some() == row.consumed_quantity.is_some()
    }),
    ("ConsumedUnit", IS_UNIT, |row| is_unit(&row.consumed_unit)),
    ("SkuId", IS_SOME, |row| {
        row.sku_id.is_some() || !is_priced(row)
    }),
    ("SkuId", IS_NO_TAX, |row| {
        row.sku_id.is_none() || !is(row, "Tax")
    }),
    ("SkuMeter", IS_NULL_BESIDE, |row| {
        row.sku_meter.is_some() == row.sku_id.is_some()
    }),
    ("SkuPriceId", IS_NULL_BESIDE, |row| {
        row.sku_price_id.is_some() == row.sku_id.is_some()
    }),
    ("SkuPriceDetails", "must be null if SkuPriceId is", |row| {
        row.sku_price_details.is_none() || row.sku_price_id.is_some()
    }),
    ("RegionName", IS_NULL_BESIDE, |row| {
        row.region_name.is_some() == row.region_id.is_some()
    }),
    ("ResourceType", IS_NULL_BESIDE, |row| {
        row.resource_type.is_some() == row.resource_id.is_some()
    }),
    (
        "ResourceName",
        "must be null if ResourceId is, and not be the id",
        |row| {
            row.resource_name.is_none()
                || row.resource_id.is_some() && row.resource_name != row.resource_id
        },
    ),
    ("CommitmentDiscountCategory", IS_ALLOWED, |row| {
        allows(row.commitment_discount_category, &["Spend", "Usage"])
    }),
    ("CommitmentDiscountCategory", IS_NULL_BESIDE, |row| {
        row.commitment_discount_category.is_some() == is_committed(row)
    }),
    ("CommitmentDiscountType", IS_NULL_BESIDE, |row| {
        row.commitment_discount_type.is_some() == is_committed(row)
    }),
    (
        "CommitmentDiscountName",
        "must be null if CommitmentDiscountId is",
        |row| row.commitment_discount_name.is_none() || is_committed(row),
    ),
    ("CommitmentDiscountStatus", IS_ALLOWED, |row| {
        allows(row.commitment_discount_status, &["Used", "Unused"])
    }),
    (
        "CommitmentDiscountStatus",
        "must be null unless on usage with a CommitmentDiscountId",
        |row| row.commitment_discount_status.is_some() == (is_committed(row) && is(row, "Usage")),
    ),
    (
        "CommitmentDiscountQuantity",
        "must be null unless on usage and purchases with a CommitmentDiscountId",
        |row| {
            let counts = is_committed(row) && (is(row, "Usage") || is(row, "Purchase"));
            row.commitment_discount_quantity.is_some() == counts
        },
    ),
    ("CommitmentDiscountUnit", IS_NULL_BESIDE, |row| {
        row.commitment_discount_unit.is_some() == row.commitment_discount_quantity.is_some()
    }),
    ("CommitmentDiscountUnit", IS_UNIT, |row| {
        is_unit(&row.commitment_discount_unit)
    }),
    ("CapacityReservationStatus", IS_ALLOWED, |row| {
        allows(row.capacity_reservation_status, &["Used", "Unused"])
    }),
    ("CapacityReservationStatus", IS_NULL_BESIDE, |row| {
        row.capacity_reservation_status.is_some() == row.capacity_reservation_id.is_some()
    }),
    (
        "x_RowKind",
        "must be one that its ChargeCategory has",
        |row| {
            let kinds: &[&str] = match row.charge_category {
                "Credit" => &["credit"],
                "Tax" => &["tax"],
                "Usage" => &["charge", "covered", "amortised", "unused"],
                _ => &["charge"],
            };
            kinds.contains(&row.x_row_kind)
        },
    ),
    (
        "x_BillDetailId",
        "must be there, or the bill's id or the commitment's",
        |row| {
            row.x_bill_detail_id.is_some()
                || row.x_bill_id.is_some()
                || row.x_row_kind == "unused" && is_committed(row)
        },
    ),
];

fn is(row: &Row, category: &str) -> bool {
    row.charge_category == category
}

/// Whether it is usage or a purchase, and corrects nothing.
fn is_priced(row: &Row) -> bool {
    (is(row, "Usage") || is(row, "Purchase")) && row.charge_class.is_none()
}

/// Whether its costs are related to no other charge's.
fn is_alone(row: &Row) -> bool {
    is(row, "Credit") || is(row, "Adjustment")
}

fn is_used(row: &Row) -> bool {
    is(row, "Usage") && row.commitment_discount_status != Some("Unused")
}

fn is_committed(row: &Row) -> bool {
    row.commitment_discount_id.is_some()
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|it| it.is_ascii_digit())
}

fn is_positive(price: Option<Decimal>) -> bool {
    price.is_none_or(|price| !price.is_sign_negative() || price.is_zero())
}

fn allows(value: Option<&str>, allowed: &[&str]) -> bool {
    value.is_none_or(|value| allowed.contains(&value))
}

fn is_product(row: &Row, price: Option<Decimal>, cost: Decimal) -> bool {
    let Some((price, quantity)) = price.zip(row.pricing_quantity) else {
        return true;
    };
    let product = price.checked_mul(quantity);
    product.is_some_and(|product| (product - cost).abs() <= TOLERANCE)
}

/// Whether it is a word, or two joined by a hyphen.
fn is_unit(unit: &Option<String>) -> bool {
    let is_word = |word: &str| {
        word.starts_with(|it: char| it.is_ascii_alphabetic())
            && word.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    unit.as_ref()
        .is_none_or(|unit| unit.split('-').count() <= 2 && unit.split('-').all(is_word))
}
