//! What is said at the end: what was written, and whether it is what the service says.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use tc3_blocking::{Action, Error, Month};
use tc3_example_reports::focus::{Notes, Topic};
use tc3_example_support::{Column, Result, heading, line, say};
use tc3_services::billing::{
    DescribeBillSummaryByPayMode, DescribeBillSummaryByPayModeResponse,
    DescribeBillSummaryByProduct, DescribeBillSummaryByProductResponse,
};

use crate::{
    fetch::{Account, List, Stopped},
    map::Written,
};

const CATEGORIES: [Column; 2] = [("ChargeCategory", 14, false), ("rows", 10, true)];
const SUMS: [Column; 5] = [
    ("sums by", 8, false),
    ("", 16, false),
    ("BilledCost", 20, true),
    ("EffectiveCost", 20, true),
    ("RealTotalCost", 20, true),
];

/// How many names that aren't ASCII are said. Codes that aren't known are all said that are noted.
const EXAMPLES: usize = 8;

/// How many differences are said one by one.
const NAMED: usize = 20;

/// What the service says that a month of an account comes to.
pub(crate) struct Summary {
    account: usize,
    month: Month,
    by_product: DescribeBillSummaryByProductResponse,
    by_pay_mode: DescribeBillSummaryByPayModeResponse,
}

/// The summaries of the months that are exported.
pub(crate) fn summaries(
    accounts: &[Account],
    lists: &[List],
    kept: Option<bool>,
) -> Result<Vec<Summary>> {
    let exported = lists.iter().filter(|list| list.is_exported());
    let of = |list: &List| {
        let (account, month) = (list.account, list.month);
        let asked = accounts.get(account).ok_or("there is no such account")?;
        let stopped = |error| {
            let place = asked.named(format_args!("the summary of {month}"));
            Stopped { place, error, kept }
        };
        let by_product = DescribeBillSummaryByProduct::new(month, month);
        let by_pay_mode = DescribeBillSummaryByPayMode::new(month, month);
        Ok(Summary {
            account,
            month,
            by_product: call(asked, &by_product).map_err(stopped)?,
            by_pay_mode: call(asked, &by_pay_mode).map_err(stopped)?,
        })
    };
    exported.map(of).collect()
}

fn call<A: Action>(account: &Account, action: &A) -> std::result::Result<A::Output, Error> {
    Ok(account.client.call(action)?.output)
}

/// Compares with the summaries. Returns how many sums were compared, and what differs, in words.
pub(crate) fn compare(
    written: &Written,
    accounts: &[Account],
    summaries: &[Summary],
) -> Result<(usize, Vec<String>)> {
    let (mut compared, mut differences) = (0, Vec::new());
    for summary in summaries {
        let account = accounts
            .get(summary.account)
            .ok_or("there is no such account")?;
        let (sums, differ) = written.totals.compare(
            (summary.account, summary.month),
            &account.named(summary.month),
            &summary.by_product,
            &summary.by_pay_mode,
        )?;
        compared += sums;
        differences.extend(differ);
    }
    Ok((compared, differences))
}

/// Prints what rows there are, what they come to, and what is to be known of them.
pub(crate) fn print(written: &Written, remarks: &[String]) -> Result<()> {
    let mut out = io::stdout().lock();
    heading(&mut out, &CATEGORIES)?;
    for (category, rows) in written.notes.categories() {
        line(&mut out, &CATEGORIES, &[category.into(), rows.to_string()])?;
    }
    writeln!(out)?;
    heading(&mut out, &SUMS)?;
    for (by, name, sums) in written.totals.all() {
        // Unused parts of commitments have no pay mode.
        let name = if name.is_empty() { "(none)" } else { name };
        let [billed, effective, real] = sums.map(|sum| sum.normalize().to_string());
        line(
            &mut out,
            &SUMS,
            &[by.into(), name.into(), billed, effective, real],
        )?;
    }
    writeln!(out)?;
    for (topic, noted) in noted(&written.notes) {
        let most = if topic == Topic::Name {
            EXAMPLES
        } else {
            usize::MAX
        };
        writeln!(out, "{topic}, {}", noted.said(most))?;
    }
    for (payer, accounts) in &written.payers {
        if accounts.len() > 1 {
            writeln!(
                out,
                "{} accounts have bills of the same payer {payer}: if their keys are of one account, each of its \
                 lines is there as many times",
                accounts.len()
            )?;
        }
    }
    for remark in remarks {
        writeln!(out, "{remark}")?;
    }
    Ok(())
}

/// The months that were asked for and have no lines, in words.
pub(crate) fn without_lines(
    written: &Written,
    accounts: &[Account],
    lists: &[List],
) -> Result<Vec<String>> {
    let exported = lists.iter().filter(|list| list.is_exported());
    let empty = exported.filter(|list| !written.totals.has(list.account, list.month));
    let said = empty.map(|list| {
        let account = accounts
            .get(list.account)
            .ok_or("there is no such account")?;
        Ok(format!("{} has no lines", account.named(list.month)))
    });
    said.collect()
}

/// What was met of a topic.
#[derive(Debug, Default)]
struct Noted {
    times: u64,
    values: Vec<String>,
    /// Whether there are values that aren't named.
    is_cut: bool,
}

impl Noted {
    /// In words, with so many of the values.
    fn said(&self, most: usize) -> String {
        let more = match self.values.len().saturating_sub(most) {
            _ if self.is_cut => " and others".into(),
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let values: Vec<_> = self.values.iter().take(most).cloned().collect();
        format!("{} times: {}{more}", self.times, values.join(", "))
    }
}

fn noted(notes: &Notes) -> BTreeMap<Topic, Noted> {
    let mut all: BTreeMap<Topic, Noted> = BTreeMap::new();
    for (topic, value, times) in notes.values() {
        let noted = all.entry(topic).or_default();
        noted.times += times;
        noted.values.push(value.to_owned());
    }
    for (topic, times) in notes.further() {
        let noted = all.entry(topic).or_default();
        noted.times += times;
        noted.is_cut = true;
    }
    all
}

/// Says on stderr what differs or breaks a rule: the first ones.
pub(crate) fn say_wrong(differences: &[String], broken: &[String]) {
    for wrong in differences.iter().take(NAMED).chain(broken) {
        say(wrong);
    }
    if let Some(more) = differences
        .len()
        .checked_sub(NAMED)
        .filter(|more| *more > 0)
    {
        say(format_args!("and {more} more differences"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_named_unless_it_is_too_much() {
        let said = |is_cut, most| {
            let values = ["a", "b", "c"].map(str::to_owned).to_vec();
            let times = 5;
            let noted = Noted {
                times,
                values,
                is_cut,
            };
            noted.said(most)
        };
        assert_eq!(said(false, 3), "5 times: a, b, c");
        assert_eq!(said(false, 2), "5 times: a, b and 1 more");
        assert_eq!(said(true, 2), "5 times: a, b and others");
        assert_eq!(said(true, 3), "5 times: a, b, c and others");
    }
}
