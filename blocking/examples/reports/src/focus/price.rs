//! Costs, quantities and the prices of units, which multiply.

use rust_decimal::Decimal;

use super::{
    Row,
    charge::Charge,
    row::{PRICE_DECIMALS, QUANTITY_DECIMALS},
    unit::Pricing,
};

/// By how much a price times a quantity may differ from the cost.
pub(super) const TOLERANCE: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

/// The bill's least quantity: what is less is none.
const NONE: Decimal = Decimal::from_parts(1, 0, 0, false, 8);

/// The least quantity of a part.
pub(super) const LEAST: Decimal = Decimal::from_parts(1, 0, 0, false, QUANTITY_DECIMALS);

/// The list cost of a part of a charge, and where it is from.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListCost {
    pub(super) cost: Decimal,
    pub(super) source: &'static str,
}

impl ListCost {
    /// The list cost that the bill shows, or the contracted one where it shows none or one of the other sign.
    pub(super) fn of(shown: Option<Decimal>, contracted: Decimal) -> Self {
        let sign = |it: Decimal| match it.is_zero() {
            true => 0,
            false if it.is_sign_negative() => -1,
            false => 1,
        };
        let fits = |it: &Decimal| match (sign(*it), sign(contracted)) {
            (0, contracted) => contracted == 0,
            (list, contracted) => list * contracted >= 0,
        };
        match shown.filter(fits) {
            Some(cost) => Self {
                cost,
                source: "Cost",
            },
            None => Self {
                cost: contracted,
                source: "ContractedCost",
            },
        }
    }
}

/// Splits a quantity by costs, so that the parts add up to it. Each part of a cost has a quantity.
pub(super) fn split(quantity: Decimal, costs: &[Decimal]) -> Vec<Decimal> {
    let sum: Decimal = costs.iter().map(Decimal::abs).sum();
    let largest = costs.iter().map(Decimal::abs).max().unwrap_or_default();
    let taker = costs.iter().position(|it| it.abs() == largest);
    let mut parts: Vec<Decimal> = costs
        .iter()
        .map(|cost| {
            let share = cost.abs().checked_div(sum).unwrap_or_default();
            let part = (quantity * share).round_dp(QUANTITY_DECIMALS).normalize();
            match part.is_zero() && !cost.is_zero() {
                true => LEAST,
                false => part,
            }
        })
        .collect();
    let others = |parts: &[Decimal]| -> Decimal {
        let others = parts.iter().enumerate();
        others
            .filter(|(at, _)| Some(*at) != taker)
            .map(|(_, it)| it)
            .sum()
    };
    let rest = (quantity - others(&parts)).normalize();
    if let Some(part) = taker.and_then(|at| parts.get_mut(at)) {
        *part = rest;
    }
    parts
}

/// How much a charge is for, never negative, with its unit; and whether the bill has a cost for no quantity.
pub(super) fn quantity(charge: &Charge) -> (Decimal, String, bool) {
    let Pricing { quantity, unit, .. } = &charge.pricing;
    let is_free = charge.real.is_zero() && charge.list.unwrap_or_default().is_zero();
    match quantity {
        Some(none) if *none < NONE && !is_free => (Decimal::ONE, "Units".into(), true),
        Some(quantity) => (*quantity, unit.clone(), false),
        None => (Decimal::ONE, unit.clone(), false),
    }
}

/// Puts the costs of a row at list and contracted prices, and gives the unit prices.
///
/// A refund has a negative quantity, so that prices stay positive. The list price is the bill's if it gives the list
/// cost: the answer is whether it does.
pub(super) fn put(
    row: &mut Row,
    list: Decimal,
    contracted: Decimal,
    quantity: Decimal,
    pricing: &Pricing,
) -> bool {
    row.list_cost = list;
    row.contracted_cost = contracted;
    let is_refund = [list, contracted]
        .iter()
        .any(|it| it.is_sign_negative() && !it.is_zero());
    let quantity = if is_refund { -quantity } else { quantity };
    let gives = |price: &Decimal, cost: Decimal| {
        let product = price.checked_mul(quantity);
        product.is_some_and(|product| (product - cost).abs() <= TOLERANCE)
    };
    let derived = |cost: Decimal| {
        let price = cost.checked_div(quantity).unwrap_or_default();
        price.round_dp(PRICE_DECIMALS).normalize().abs()
    };
    let shown = pricing.list_price;
    let is_shown = shown.is_some_and(|price| gives(&price, list));
    let list_price = shown.filter(|_| is_shown).unwrap_or_else(|| derived(list));
    let contracted_price = match (contracted == list, quantity.is_zero()) {
        (true, _) => list_price,
        (false, true) => pricing.contract_price.unwrap_or(list_price),
        (false, false) => derived(contracted),
    };
    row.pricing_quantity = Some(quantity);
    row.list_unit_price = Some(list_price);
    row.contracted_unit_price = Some(contracted_price);
    row.pricing_currency_list_unit_price = row.list_unit_price;
    row.pricing_currency_contracted_unit_price = row.contracted_unit_price;
    is_shown || pricing.list_price.is_none()
}
