//! Prices and quantities that give a cost to the last digit.
//!
//! All numbers are counted in units of the eighth decimal, but discounts in millionths.

/// One.
pub(crate) const ONE: i64 = 100_000_000;
/// No discount.
pub(crate) const FULL: i64 = 1_000_000;

/// The numbers of a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// What is paid.
    pub(crate) real: i64,
    /// The list price of a unit for a unit of time; `None` if it is not shown, and so are `cost` and `discount`.
    pub(crate) list: Option<List>,
    /// The discounted price.
    pub(crate) contract: i64,
    pub(crate) used: i64,
    pub(crate) time: i64,
}

/// What a component costs by the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct List {
    pub(crate) single: i64,
    pub(crate) cost: i64,
    /// In millionths.
    pub(crate) discount: i64,
    /// The parts of the cost that reserved instances and savings plans cover.
    pub(crate) reserved: i64,
    pub(crate) planned: i64,
}

/// How something is priced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Price {
    /// One yuan buys so many units for a unit of time.
    pub(crate) per_yuan: i64,
    /// The price is for so many units.
    pub(crate) block: i64,
    /// So many units of time.
    pub(crate) time: i64,
}

impl Price {
    const fn single(self) -> i64 {
        match ONE.checked_div(self.per_yuan) {
            Some(single) => single,
            None => 0,
        }
    }

    /// The quantity that costs so much.
    fn quantity(self, cost: i64) -> i64 {
        let units = i128::from(cost)
            .saturating_mul(self.per_yuan.into())
            .saturating_mul(self.block.into())
            .checked_div(self.time.into());
        narrow(units.unwrap_or_default())
    }

    /// By list price and discount, with what is covered.
    pub(crate) fn listed(self, real: i64, discount: i64, reserved: i64, planned: i64) -> Amounts {
        let rest = undiscounted(real, discount);
        self.costing(real, rest, discount, reserved, planned)
    }

    /// With a list price that nothing is paid of.
    pub(crate) fn free(self, cost: i64) -> Amounts {
        self.costing(0, cost, 0, 0, 0)
    }

    fn costing(self, real: i64, rest: i64, discount: i64, reserved: i64, planned: i64) -> Amounts {
        let cost = rest.saturating_add(reserved).saturating_add(planned);
        let single = self.single();
        Amounts {
            real,
            list: Some(List {
                single,
                cost,
                discount,
                reserved,
                planned,
            }),
            contract: discounted(single, discount),
            used: self.quantity(cost),
            time: self.time.saturating_mul(ONE),
        }
    }

    /// By a contract, with its price alone.
    pub(crate) fn by_contract(self, real: i64) -> Amounts {
        Amounts {
            real,
            list: None,
            contract: self.single(),
            used: self.quantity(real),
            time: self.time.saturating_mul(ONE),
        }
    }
}

/// One unit at the price of its cost for some units of time, of which 1 and 3 can be exact.
pub(crate) fn piece(real: i64, discount: i64, time: i64) -> Amounts {
    let exact = undiscounted(real, discount);
    let cost = if time == 1 {
        exact
    } else {
        multiple_of_3(exact)
    };
    let single = cost.checked_div(time).unwrap_or_default();
    Amounts {
        real,
        list: Some(List {
            single,
            cost,
            discount,
            ..List::default()
        }),
        contract: discounted(single, discount),
        used: ONE,
        time: time.saturating_mul(ONE),
    }
}

/// A quantity for 12 months at 0.25 yuan a month.
pub(crate) fn year(real: i64, discount: i64) -> Amounts {
    let cost = multiple_of_3(undiscounted(real, discount));
    let single = ONE / 4;
    Amounts {
        real,
        list: Some(List {
            single,
            cost,
            discount,
            ..List::default()
        }),
        contract: discounted(single, discount),
        used: cost / 3,
        time: ONE.saturating_mul(12),
    }
}

/// The amount that is `real` after the discount, rounded. Taking the discount of it gives `real` again, since the error
/// of half a unit is multiplied by the discount.
fn undiscounted(real: i64, discount: i64) -> i64 {
    rounded(i128::from(real).saturating_mul(FULL.into()), discount)
}

/// The neighbour that is a multiple of 3. At a discount of up to a third, it costs the same.
const fn multiple_of_3(exact: i64) -> i64 {
    match exact.rem_euclid(3) {
        1 => exact.saturating_sub(1),
        2 => exact.saturating_add(1),
        _ => exact,
    }
}

/// The discounted amount, rounded.
pub(crate) fn discounted(amount: i64, discount: i64) -> i64 {
    rounded(i128::from(amount).saturating_mul(discount.into()), FULL)
}

/// `part / whole` in millionths, rounded.
pub(crate) fn millionths(part: i64, whole: i64) -> i64 {
    rounded(i128::from(part).saturating_mul(FULL.into()), whole)
}

/// The quotient, with halves rounded away from 0; 0 without a divisor.
fn rounded(number: i128, divisor: i64) -> i64 {
    let divisor = i128::from(divisor);
    let half = divisor.saturating_abs() / 2;
    let number = if number < 0 {
        number.saturating_sub(half)
    } else {
        number.saturating_add(half)
    };
    narrow(number.checked_div(divisor).unwrap_or_default())
}

fn narrow(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost_is_price_times_quantity(amounts: Amounts, block: i128) {
        let list = amounts.list.unwrap();
        let product = i128::from(list.single) * i128::from(amounts.used) * i128::from(amounts.time);
        let one = i128::from(ONE);
        assert_eq!(product, i128::from(list.cost) * one * one * block);
        let rest = list.cost - list.reserved - list.planned;
        assert_eq!(discounted(rest, list.discount), amounts.real);
        assert_eq!(amounts.contract, discounted(list.single, list.discount));
    }

    proptest! {
        #[test]
        fn every_number_of_a_price_is_exact(
            real in prop_oneof![0..1_000_000_i64, 0..10_000_000_000_000_i64],
            discount in prop_oneof![Just(FULL), 100_000..=FULL, Just(325_825)],
            covered in prop_oneof![Just((0, 0)), (0..1_000_000_000_i64, 0..1_000_000_000_i64)],
        ) {
            for (per_yuan, block, time) in [(5, 1, 1), (2, 100, 1), (20_000, 1, 2_500), (2_000, 1, 1)] {
                let price = Price { per_yuan, block, time };
                let amounts = price.listed(real, discount, covered.0, covered.1);
                cost_is_price_times_quantity(amounts, block.into());
                let contract = price.by_contract(real);
                let paid = i128::from(contract.contract) * i128::from(contract.used) * i128::from(contract.time);
                let one = i128::from(ONE);
                prop_assert_eq!(paid, i128::from(real) * one * one * i128::from(block));
            }
            cost_is_price_times_quantity(piece(real, discount, 1), 1);
            cost_is_price_times_quantity(piece(-real, FULL, 1), 1);
            cost_is_price_times_quantity(piece(real, 325_825, 3), 1);
            cost_is_price_times_quantity(year(real, 325_825), 1);
        }
    }
}
