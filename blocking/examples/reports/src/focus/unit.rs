//! What quantities are of, and what prices are for.

use rust_decimal::Decimal;
use tc3_services::billing::BillDetailComponent;

use super::{
    line::text,
    row::{PRICE_DECIMALS, QUANTITY_DECIMALS},
    tables::{self, Unit},
};

/// The quantity of a component in the unit that its price is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pricing {
    /// How much, never negative. `None` if the bill doesn't say it.
    pub(super) quantity: Option<Decimal>,
    /// In FOCUS's words: `GB-Months`.
    pub(super) unit: String,
    /// The list price of a unit, never negative.
    pub(super) list_price: Option<Decimal>,
    /// The price of a unit after discounts, as shown, never negative.
    pub(super) contract_price: Option<Decimal>,
    /// The time that the price is for.
    pub(super) time: Option<&'static str>,
    /// A unit that isn't known.
    pub(super) unknown: Option<String>,
}

impl Pricing {
    /// Of a component, of which so much was used for so long.
    pub(super) fn of(
        it: &BillDetailComponent,
        amount: Option<Decimal>,
        span: Option<Decimal>,
    ) -> Self {
        let mut unknown = None;
        let mut priced = Words::default();
        // The first part is the currency.
        for part in text(&it.price_unit).unwrap_or_default().split('/').skip(1) {
            priced.take(part, &mut unknown);
        }
        let mut used = Words::default();
        if let Some(unit) = text(&it.used_amount_unit) {
            used.take(unit, &mut unknown);
        }
        if text(&it.price_unit).is_none() || priced.time.is_some() {
            used.take_time(text(&it.time_unit_name).unwrap_or_default());
        }
        let is_for_time_alone = priced.time.is_some() && priced.quantity.is_none();
        let quantity_unit = match is_for_time_alone {
            true => None,
            false => used.quantity.or(priced.quantity),
        };
        let time = used.time.or(priced.time);
        // "100 Unit-Hours" is no unit of FOCUS's: numbers go into quantity and price.
        let quantity = amount.and_then(|amount| {
            let amount = amount.checked_mul(span.unwrap_or(Decimal::ONE))?;
            let amount = amount.checked_mul(used.number)?.abs();
            Some(amount.round_dp(QUANTITY_DECIMALS).normalize())
        });
        let price = |price: Option<tc3_core::Yuan>| -> Option<Decimal> {
            let price = price?.get().abs().checked_div(priced.number)?;
            Some(price.round_dp(PRICE_DECIMALS).normalize())
        };
        Self {
            quantity,
            unit: name(quantity_unit, time),
            list_price: price(it.single_price),
            contract_price: price(it.contract_price),
            time,
            unknown,
        }
    }
}

/// The words of a unit: a number, what is counted, and a time.
struct Words {
    number: Decimal,
    quantity: Option<&'static str>,
    time: Option<&'static str>,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            number: Decimal::ONE,
            quantity: None,
            time: None,
        }
    }
}

impl Words {
    fn times(&mut self, number: u32) {
        let product = self.number.checked_mul(number.into());
        self.number = product.unwrap_or(self.number);
    }

    /// Takes a unit of time, if it is one that is known.
    fn take_time(&mut self, unit: &str) {
        if let Some(Unit::Time(unit)) = tables::unit(unit) {
            self.time = Some(unit);
        }
    }

    /// Takes a part such as `100个`, `万次` or `月`.
    fn take(&mut self, part: &str, unknown: &mut Option<String>) {
        let part = part.trim();
        let digits = part
            .find(|it: char| !it.is_ascii_digit())
            .unwrap_or(part.len());
        let (number, mut word) = part.split_at_checked(digits).unwrap_or((part, ""));
        if let Ok(number) = number.parse::<u32>()
            && number > 0
        {
            self.times(number);
        }
        for (prefix, number) in [("百万", 1_000_000), ("千", 1_000), ("万", 10_000)] {
            if let Some(rest) = word.strip_prefix(prefix) {
                self.times(number);
                word = rest;
            }
        }
        match tables::unit(word.trim()) {
            Some(Unit::Quantity(unit)) => self.quantity = Some(unit),
            Some(Unit::Time(unit)) => self.time = Some(unit),
            None if word.trim().is_empty() => {}
            None => {
                self.quantity = Some("Unit");
                *unknown = Some(word.trim().to_owned());
            }
        }
    }
}

/// A unit as FOCUS writes it: `GB`, `Requests`, `Hours`, `GB-Hours`.
fn name(quantity: Option<&str>, time: Option<&str>) -> String {
    match (quantity, time) {
        (None, None) => "Units".into(),
        (None, Some(time)) => format!("{time}s"),
        (Some(quantity), Some(time)) => format!("{quantity}-{time}s"),
        // Sizes have no plural.
        (Some(unit @ ("Unit" | "Request" | "Core")), None) => format!("{unit}s"),
        (Some(size), None) => size.into(),
    }
}
