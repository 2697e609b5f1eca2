use alloc::vec::Vec;

use super::{
    Charge, DOZEN, Line,
    amounts::{self, Amounts, FULL, List, Price},
    goods::Item,
    resource::LONG_DISCOUNT,
};
use crate::emulator::ledger::{
    bill::Sums,
    products::{FEN, add, total},
};

/// A component of a line.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) item: &'static Item,
    pub(crate) paid: [i64; 4],
    pub(crate) amounts: Amounts,
    /// The rate in percent at which a savings plan covers a part.
    pub(crate) rate: i64,
    /// How many hours a reserved instance covers, in units of the eighth decimal.
    pub(crate) reserved_hours: i64,
}

/// What a commitment covers of a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    /// The fee of the commitment.
    pub(super) fee: i64,
    /// How much of it is used, in percent.
    pub(super) percent: i64,
    pub(super) by: Commitment,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Commitment {
    /// With its rate in percent.
    SavingsPlan(i64),
    /// With the number of instances that it pays for.
    Reserved(i64),
}

impl Line {
    /// The sums of its components.
    pub(crate) fn sums(&self) -> Sums {
        let mut sums = Sums {
            paid: self.paid,
            ..Sums::default()
        };
        for component in self.components() {
            // What isn't shown isn't in a sum.
            let list = component.amounts.list.unwrap_or_default();
            sums.add(&Sums {
                cost: list.cost,
                covered: [list.reserved, list.planned],
                ..Sums::default()
            });
        }
        sums
    }

    /// Its one to three components, which add up to it.
    pub(crate) fn components(&self) -> Vec<Component> {
        let whole = self.charge == Charge::Rounding
            || self.goods.items.len() == 1
            || self.real().saturating_abs() < FEN.saturating_mul(100)
            || matches!(
                self.charge,
                Charge::Debit | Charge::Compensation | Charge::Reserved | Charge::IdleReservation
            );
        let shares: &[i64] = match self.goods.items.len() {
            _ if whole => &[],
            2 => &[70],
            _ => &[60, 30],
        };
        let mut rest = self.paid;
        let mut components = Vec::with_capacity(3);
        for (at, item) in self.goods.items.iter().enumerate() {
            let paid = match shares.get(at) {
                Some(share) => self.paid.map(|part| part.saturating_mul(*share) / 100),
                None => rest,
            };
            rest = add(rest, paid.map(i64::saturating_neg));
            components.push(self.component(item, paid, at == 0));
            if shares.get(at).is_none() {
                break;
            }
        }
        components
    }

    fn component(&self, item: &'static Item, paid: [i64; 4], first: bool) -> Component {
        let real = total(paid);
        let price = Price {
            per_yuan: item.per_yuan,
            block: if item.hundred { 100 } else { 1 },
            time: 1,
        };
        let discount = self.resource.discount;
        let (mut rate, mut reserved_hours) = (0, 0);
        let amounts = match self.charge {
            Charge::Return | Charge::ToPostpaid | Charge::Compensation if self.hidden => Amounts {
                real,
                list: None,
                contract: 0,
                used: amounts::ONE,
                time: amounts::ONE,
            },
            Charge::Return
            | Charge::ToPostpaid
            | Charge::Compensation
            | Charge::Debit
            | Charge::Rounding
            | Charge::SavingsPlan => amounts::piece(real, FULL, 1),
            Charge::Purchase | Charge::Renewal => match self.period.months {
                12 => amounts::year(real, LONG_DISCOUNT),
                3 => amounts::piece(real, LONG_DISCOUNT, 3),
                _ => amounts::piece(real, discount, 1),
            },
            _ if self.goods.by_contract => price.by_contract(real),
            Charge::Spot => {
                let time = [1_000, 1_250, 2_000, 2_500];
                let time = time.get(usize::try_from(self.index / DOZEN % 4).unwrap_or_default());
                let price = Price {
                    per_yuan: 20_000,
                    time: time.copied().unwrap_or(1_000),
                    ..price
                };
                price.listed(real, discount, 0, 0)
            }
            _ => match self.cover.filter(|_| first) {
                Some(cover) => match cover.by {
                    Commitment::SavingsPlan(percent) => {
                        rate = percent;
                        let planned = cover.used().saturating_mul(100).checked_div(percent);
                        price.listed(real, discount, 0, planned.unwrap_or_default())
                    }
                    Commitment::Reserved(instances) => {
                        // The list price is higher than the fee.
                        let reserved = cover.used().saturating_mul(5) / 3;
                        let amounts = price.listed(real, discount, reserved, 0);
                        reserved_hours = cover.hours(instances, amounts.used);
                        amounts
                    }
                },
                None if real == 0 => price.free(self.free),
                None => price.listed(real, discount, 0, 0),
            },
        };
        Component {
            item,
            paid,
            amounts,
            rate,
            reserved_hours,
        }
    }
}

impl Cover {
    /// The part of the fee that is used.
    fn used(&self) -> i64 {
        self.fee.saturating_mul(self.percent) / 100
    }

    /// For how many hours so many instances are covered by those that the fee pays for in an hour.
    fn hours(&self, paid_for: i64, used: i64) -> i64 {
        let hours = i128::from(paid_for)
            .saturating_mul(amounts::ONE.into())
            .saturating_mul(self.percent.into())
            .checked_div(i128::from(used).saturating_mul(100));
        let hours = i64::try_from(hours.unwrap_or_default());
        hours.unwrap_or(amounts::ONE).min(amounts::ONE)
    }
}

impl Component {
    /// What is paid of what it costs by the list, in millionths.
    pub(crate) fn blended(&self, list: &List) -> i64 {
        amounts::millionths(self.amounts.real, list.cost)
    }
}
