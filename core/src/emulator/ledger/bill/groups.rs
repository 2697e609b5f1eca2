use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::cmp::Reverse;

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::emulator::ledger::{
    lines::{Charge, Line, Lines, eighth},
    products::{FEN, add, total},
};

/// The lines of a month that charge for the same resource in the same way.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The first of them, with the first begin, the last end and the last payment of all.
    pub(crate) first: Line,
    pub(crate) sums: Sums,
}

/// Sums of lines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sums {
    /// By the list, of the lines that show it.
    pub(crate) cost: i64,
    /// In cash, vouchers, credits and proceeds.
    pub(crate) paid: [i64; 4],
    /// What reserved instances and savings plans cover of the cost.
    pub(crate) covered: [i64; 2],
}

impl Sums {
    pub(crate) fn add(&mut self, other: &Self) {
        let Self {
            cost,
            paid,
            covered: [reserved, planned],
        } = other;
        self.cost = self.cost.saturating_add(*cost);
        self.paid = add(self.paid, *paid);
        let [ours, ours_too] = self.covered;
        self.covered = [
            ours.saturating_add(*reserved),
            ours_too.saturating_add(*planned),
        ];
    }

    pub(super) fn real(&self) -> i64 {
        total(self.paid)
    }

    /// The fields of the sums, written by `write`.
    pub(super) fn fields(&self, write: impl Fn(i64) -> String) -> Map<String, Value> {
        let [cash, vouchers, credits, proceeds] = self.paid;
        let fields = [
            ("TotalCost", self.cost),
            ("RealTotalCost", self.real()),
            ("CashPayAmount", cash),
            ("VoucherPayAmount", vouchers),
            ("IncentivePayAmount", credits),
            ("TransferPayAmount", proceeds),
        ];
        let write = |(name, sum): (&str, i64)| (name.to_owned(), write(sum).into());
        fields.into_iter().map(write).collect()
    }
}

/// Writes sums with eight decimals, off by so many fen.
pub(super) fn exact(off: i64) -> impl Fn(i64) -> String + Copy {
    move |sum| eighth(sum.saturating_add(off.saturating_mul(FEN)))
}

/// Writes sums in whole fen, off by so many.
pub(super) fn in_fen(off: i64) -> impl Fn(i64) -> String + Copy {
    move |sum| {
        let half = FEN / 2;
        let fen = sum.saturating_add(half).div_euclid(FEN);
        Decimal::new(fen.saturating_add(off), 2).to_string()
    }
}

/// The sums of a month's lines.
pub(super) fn of(lines: &Lines, rounding: [i64; 4]) -> Vec<Group> {
    let mut groups: BTreeMap<(Charge, String), Group> = BTreeMap::new();
    for index in 0..lines.count() {
        let line = lines.line(index, rounding);
        let sums = line.sums();
        match groups.get_mut(&(line.charge, line.resource.id.clone())) {
            Some(group) => {
                group.sums.add(&sums);
                group.first.period.extend(&line.period);
            }
            None => {
                let key = (line.charge, line.resource.id.clone());
                groups.insert(key, Group { first: line, sums });
            }
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| group.first.index);
    groups
}

/// The sums by key, the largest cost first. Groups without a key are left out.
pub(super) fn by<'g, K: Ord>(
    groups: impl IntoIterator<Item = &'g Group>,
    key: impl Fn(&Group) -> Option<K>,
) -> Vec<(K, Sums)> {
    let mut summed: BTreeMap<K, Sums> = BTreeMap::new();
    for group in groups {
        if let Some(key) = key(group) {
            summed.entry(key).or_default().add(&group.sums);
        }
    }
    let mut summed: Vec<(K, Sums)> = summed.into_iter().collect();
    summed.sort_by_key(|(_, sums)| Reverse(sums.real()));
    summed
}

/// The share of the positive costs, in percent with two decimals; 0 for a negative cost.
pub(super) fn ratio<K>(own: &Sums, all: &[(K, Sums)]) -> String {
    let positive = all.iter().map(|(_, sums)| i128::from(sums.real().max(0)));
    let whole = positive.fold(0, i128::saturating_add);
    let part = i128::from(own.real().max(0)).saturating_mul(10_000);
    let hundredths = part.checked_div(whole).unwrap_or_default();
    let hundredths = i64::try_from(hundredths).unwrap_or_default();
    Decimal::new(hundredths, 2).to_string()
}
