//! The bill of an account: its lines, and what is summed up from them.

pub(crate) mod allocation_detail;
pub(crate) mod balance;
pub(crate) mod cost_detail;
pub(crate) mod detail;
mod groups;
mod request;
pub(crate) mod resources;
pub(crate) mod summaries;
pub(crate) mod summary;
pub(crate) mod vouchers;

use alloc::vec::Vec;

use super::{Memo, lines::Lines};
use crate::{Month, emulator::Emulator};
use groups::Group;
pub(crate) use groups::Sums;
use request::Filter;

/// What was computed of an account's bill.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    roundings: Memo<Month, [i64; 4]>,
    /// The numbers of the lines that pass a filter.
    listed: Memo<(Month, Filter), Vec<u64>>,
    groups: Memo<Month, Vec<Group>>,
    allocated: Memo<(Month, allocation_detail::Query), allocation_detail::View>,
    costs: Memo<cost_detail::Query, Vec<cost_detail::Share>>,
    vouchers: Memo<Month, [vouchers::Voucher; 2]>,
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self {
            roundings: Memo::new(),
            listed: Memo::new(),
            groups: Memo::new(),
            allocated: Memo::new(),
            costs: Memo::new(),
            vouchers: Memo::new(),
        }
    }

    /// What the month's line of rounding adds to each account.
    fn rounding(&mut self, month: Month, lines: &Lines) -> [i64; 4] {
        let known = self.roundings.get(month, |_| lines.rounding());
        known.copied().unwrap_or_default()
    }

    /// The numbers of the lines that pass a filter; `None` if all do.
    fn listed(&mut self, month: Month, filter: &Filter, lines: &Lines) -> Option<&Vec<u64>> {
        if *filter == Filter::default() {
            return None;
        }
        let rounding = self.rounding(month, lines);
        self.listed.get((month, filter.clone()), |(_, filter)| {
            let indices = 0..lines.count();
            let passes = |index: &u64| filter.passes(lines, &lines.line(*index, rounding));
            indices.filter(passes).collect()
        })
    }
}

impl Emulator {
    /// The sums of an account's month, in the order of their first lines.
    fn groups(&mut self, account: usize, month: Month) -> &[Group] {
        let lines = self.lines(account, month);
        let ledger = &mut self.account(account).ledgers.bill;
        let rounding = ledger.rounding(month, &lines);
        let groups = ledger.groups.get(month, |_| groups::of(&lines, rounding));
        groups.map_or(&[], Vec::as_slice)
    }
}
