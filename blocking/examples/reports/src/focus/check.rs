use super::{COLUMNS, Row, Type, Value, price::TOLERANCE};

/// A rule that a row breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column} {rule}, but is {value}")]
#[non_exhaustive]
pub struct Broken {
    /// The column that is wrong.
    pub column: &'static str,
    /// The rule.
    pub rule: &'static str,
    /// What the column holds.
    pub value: String,
}

/// Checks a row against the rules of FOCUS that its validators miss.
///
/// # Errors
///
/// The first rule that the row breaks.
pub fn check(row: &Row) -> Result<(), Broken> {
    for column in COLUMNS {
        if let (Type::Decimal(scale), Value::Decimal(number)) = (column.kind, (column.get)(row))
            && number.normalize().scale() > scale
        {
            return Err(Broken {
                column: column.name,
                rule: "must have no more decimals than its type",
                value: number.to_string(),
            });
        }
    }
    let product = |price: Option<rust_decimal::Decimal>| price?.checked_mul(row.pricing_quantity?);
    for (column, price, cost) in [
        ("ListCost", row.list_unit_price, row.list_cost),
        (
            "ContractedCost",
            row.contracted_unit_price,
            row.contracted_cost,
        ),
    ] {
        if product(price).is_some_and(|product| (product - cost).abs() > TOLERANCE) {
            return Err(Broken {
                column,
                rule: "must be the unit price times PricingQuantity",
                value: cost.to_string(),
            });
        }
    }
    Ok(())
}
