//! The lines of a bill: one of each record of a product, and one for the month's rounding.

mod amounts;
mod charge;
mod components;
mod goods;
mod period;
mod resource;
mod written;

use alloc::string::String;
use core::ops::Range;

use jiff::civil::Date;

use super::{
    Random,
    allocation_summary::Rows,
    new_records::{End, NewRecord},
    products::{FEN, PRODUCTS, UNITS, Unit, add, kind, total},
};
use amounts::FULL;
pub(crate) use charge::{ACTION_NAMES, Charge, PayMode};
pub(crate) use components::Component;
use components::{Commitment, Cover};
use goods::{Goods, ROUNDING, ROUNDING_CODE, ROUNDING_NAME, goods};
use period::Period;
use resource::{DEFAULT_PROJECT, ELSEWHERE, Resource};
pub(crate) use resource::{TAG_KEYS, Tags, project_name};
pub(crate) use written::{Written, eighth, second};

/// The number of products, by which the records of one are apart.
const DOZEN: u64 = PRODUCTS.len() as u64;

/// The lines of an account's month.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    rows: Rows,
    /// The number of the account.
    account: u64,
}

/// A line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) index: u64,
    pub(crate) charge: Charge,
    /// The code and the name of the product.
    pub(crate) product: (&'static str, &'static str),
    pub(crate) goods: &'static Goods,
    pub(crate) resource: Resource,
    /// In cash, vouchers, credits and proceeds.
    pub(crate) paid: [i64; 4],
    pub(crate) day: Date,
    pub(crate) period: Period,
    cover: Option<Cover>,
    /// Whether the list price of a refund is not shown.
    hidden: bool,
    /// The list price of a line that costs nothing and that no commitment covers.
    free: i64,
}

impl Lines {
    pub(crate) const fn new(rows: Rows, account: u64) -> Self {
        Self { rows, account }
    }

    /// The number of lines: one more than there are records, if there are any.
    pub(crate) const fn count(&self) -> u64 {
        match self.rows.count() {
            0 => 0,
            records => records.saturating_add(1),
        }
    }

    /// What the line of rounding adds to each account, so that the month's cost is in whole fen.
    pub(crate) fn rounding(&self) -> [i64; 4] {
        let costs = (0..self.rows.count()).map(|index| self.rows.paid(index));
        let sums = costs.fold([0; 4], add);
        // Up to four yuan are debited from credits instead of cash.
        let moved = Random::new(self.rows.seed, "rounding", self.month_number()).amount(400);
        let credits = to_fen(sums[2]).saturating_add(moved.saturating_mul(FEN));
        let cash = to_fen(total(sums)).saturating_sub(credits);
        [cash, 0, credits, 0]
    }

    /// The line with this number; `rounding` is what [`rounding`](Self::rounding) returns.
    pub(crate) fn line(&self, index: u64, rounding: [i64; 4]) -> Line {
        if index >= self.rows.count() {
            return self.rounding_line(index, rounding);
        }
        let paid = self.rows.paid(index);
        let charge = self.charge(index, total(paid));
        let (product, _) = kind(self.rows.month, index);
        let dozen = index / DOZEN;
        let cover = self.cover(index, charge);
        // What is covered is of the hour of its commitment.
        let time = match cover {
            Some((at, _)) => self.rows.time(at),
            None => self.rows.time(index),
        };
        let goods = goods(product.code);
        let prepaid = charge.pay_mode() == PayMode::Prepaid;
        let long = goods.code == "sp_cbs_premium";
        let months = match dozen % 4 {
            0 | 1 if long => 12,
            0 | 1 => 3,
            _ => 1,
        };
        let number = match charge {
            // An account has two reserved instances.
            Charge::Reserved => dozen / 10 % 2,
            _ => dozen,
        };
        let of_month = index.wrapping_mul(24).wrapping_add(self.month_number());
        let mut random = Random::new(self.rows.seed, "line", of_month);
        let earlier = random.below(2) == 1;
        let mut resource = Resource::new(self.rows.seed, goods, number, prepaid);
        if charge == Charge::Reserved {
            resource.id = resource.id.replace("ins-", "ri-");
        } else if charge == Charge::IdleReservation {
            resource.id = resource.id.replace("ins-", "crp-");
        }
        Line {
            index,
            charge,
            product: (product.code, product.name),
            goods,
            day: self.rows.day(index),
            period: Period::of(charge, time, &self.rows, months, earlier),
            resource,
            paid,
            cover: cover.map(|(_, cover)| cover),
            hidden: random.below(3) == 0,
            free: (random.amount(5_000).saturating_add(1)).saturating_mul(FEN),
        }
    }

    fn rounding_line(&self, index: u64, paid: [i64; 4]) -> Line {
        let last = self.rows.last_day();
        Line {
            index,
            charge: Charge::Rounding,
            product: (ROUNDING_CODE, ROUNDING_NAME),
            goods: &ROUNDING,
            resource: Resource {
                id: alloc::format!("{}(UIN)", uin(self.account)),
                name: "".into(),
                region: &ELSEWHERE,
                zone: "其他",
                project: (DEFAULT_PROJECT.0, "扣费精度补偿"),
                tags: [None; 3],
                owner: 0,
                discount: FULL,
            },
            paid,
            day: last,
            period: Period::of(Charge::Month, 0, &self.rows, 0, false),
            cover: None,
            hidden: false,
            free: 0,
        }
    }

    fn charge(&self, index: u64, cost: i64) -> Charge {
        let (product, _) = kind(self.rows.month, index);
        Charge::of(product.code, index / DOZEN, cost.signum())
    }

    /// The commitment that covers a part of a line, and the number of its own line, of the same day.
    fn cover(&self, index: u64, charge: Charge) -> Option<(u64, Cover)> {
        let (product, _) = kind(self.rows.month, index);
        if product.code != "p_cvm" || charge != Charge::Hour {
            return None;
        }
        let reserved = (index / DOZEN) % 10 == 4;
        let at = index.checked_sub(if reserved { DOZEN } else { 3 })?;
        let fee = total(self.rows.paid(at));
        let paid_by = self.charge(at, fee);
        let mut random = Random::new(self.rows.seed, "cover", index);
        let percent = random.amount(36).saturating_add(60);
        let by = match paid_by {
            Charge::SavingsPlan => {
                let rates = [50, 80, 64, 40];
                let rate = rates.get(usize::try_from(random.below(4)).ok()?)?;
                Commitment::SavingsPlan(*rate)
            }
            Charge::Reserved => {
                let fee = self.line(at, [0; 4]).components();
                Commitment::Reserved(fee.first()?.amounts.used)
            }
            _ => return None,
        };
        let same_day = self.rows.day(at) == self.rows.day(index);
        (fee > 0 && same_day).then_some((at, Cover { fee, percent, by }))
    }

    const fn month_number(&self) -> u64 {
        self.rows.month.unsigned_abs()
    }

    /// Whether a record's line is a subscription, whose cost is spread over days.
    pub(crate) fn is_spread(&self, index: u64) -> bool {
        if index >= self.rows.count() {
            return false;
        }
        let charge = self.charge(index, total(self.rows.paid(index)));
        matches!(charge, Charge::Purchase | Charge::Renewal)
    }

    /// The cost-allocation unit of a line.
    pub(crate) fn unit(&self, line: &Line) -> Unit {
        match line.charge {
            Charge::Rounding => UNITS[0],
            _ => kind(self.rows.month, line.index).1,
        }
    }

    /// The month as its first day.
    pub(crate) fn month_text(&self) -> String {
        alloc::format!("{}", self.rows.first_day.strftime("%Y-%m"))
    }

    /// A line that was added, which costs nothing.
    pub(crate) fn added(&self, new: NewRecord) -> Option<Line> {
        let mut line = self.line(0, [0; 4]);
        line.paid = [0; 4];
        line.index = ADDED
            .checked_add(new.list.checked_mul(1_000_000)?)?
            .checked_add(new.number.checked_mul(2)?)?
            .checked_add(u64::from(new.end == End::Tail))?;
        Some(line)
    }

    /// The line as the service writes it.
    pub(crate) fn written(&self, line: &Line) -> Written {
        Written::new(self, line)
    }
}

impl Line {
    /// The days over which a subscription is spread, counted from its first one; `None` for other lines.
    pub(crate) fn days(&self) -> Option<Range<i64>> {
        matches!(self.charge, Charge::Purchase | Charge::Renewal).then(|| {
            let days = self.period.days();
            0..days.max(1)
        })
    }

    /// The day on which its period begins.
    pub(crate) fn first_day(&self) -> Date {
        period::date(self.period.begin).unwrap_or(self.day)
    }

    /// The keys and values of its tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let pairs = TAG_KEYS.into_iter().zip(self.resource.tags);
        pairs.filter_map(|(key, value)| Some((key, value?)))
    }

    pub(crate) fn real(&self) -> i64 {
        total(self.paid)
    }
}

/// What is missing to whole fen.
fn to_fen(amount: i64) -> i64 {
    let rest = amount.rem_euclid(FEN);
    if rest.saturating_mul(2) < FEN {
        rest.saturating_neg()
    } else {
        FEN.saturating_sub(rest)
    }
}

/// The number of an account, as `GetCallerIdentity` tells it; 0 is the first one.
pub(crate) const fn uin(account: u64) -> u64 {
    FIRST_ACCOUNT.saturating_add(account)
}

/// The number of the first line that is added: beyond those of the ledger.
const ADDED: u64 = 9_000_000_000;

/// The number of the first account.
pub(crate) const FIRST_ACCOUNT: u64 = 100_000_000_001;
