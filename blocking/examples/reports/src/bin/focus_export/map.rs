//! From the spool to the table: rows, each of them checked, and their sums.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter::Peekable,
};

use tc3_example_reports::focus::{self, Commitments, Mapping, Notes, Row, check};
use tc3_example_support::Result;

use crate::{
    asked::FocusExport,
    fetch::{Account, List},
    output::Output,
    spool::{Spool, Spooled},
    sums::Totals,
    table::Table,
};

/// How many rows that break a rule are named.
const NAMED: usize = 20;

/// What was written.
pub(crate) struct Written {
    pub(crate) rows: u64,
    pub(crate) totals: Totals,
    pub(crate) notes: Notes,
    /// Whose bills the accounts have.
    pub(crate) payers: BTreeMap<String, BTreeSet<usize>>,
    /// The rules that rows break, in words: the first ones.
    pub(crate) broken: Vec<String>,
    /// How many rows break one.
    pub(crate) broken_rows: u64,
}

/// Makes rows of all lines, and writes them.
///
/// The spool is read twice: usage that a commitment covers takes its part of a fee that may come later.
pub(crate) fn write(
    arguments: &FocusExport,
    currency: &str,
    accounts: &[Account],
    lists: &[List],
    spool: &Spool,
    output: &Output,
) -> Result<Written> {
    let mut commitments = Commitments::default();
    for line in spool.lines()? {
        commitments.add(&line?.read()?);
    }
    let named = accounts.iter().map(|account| focus::Account {
        name: account.name.clone(),
        ..focus::Account::default()
    });
    let version = arguments.focus.into();
    let months = arguments.from..=arguments.to;
    let mut to = Writer {
        output,
        mapping: Mapping::new(named.collect(), months, commitments).with_currency(currency),
        table: output.create(version)?,
        written: Written {
            rows: 0,
            totals: Totals::default(),
            notes: Notes::default(),
            payers: BTreeMap::new(),
            broken: Vec::new(),
            broken_rows: 0,
        },
    };
    let mut lines = spool.lines()?.peekable();
    for list in lists {
        to.write_list(list, &mut lines)?;
    }
    if lines.next().is_some() {
        return Err("the spool has lines of a month that was not asked for".into());
    }
    let finished = to.table.finish();
    finished.map_err(|error| output.unwritten(&error.to_string()))?;
    let notes = to.mapping.notes().clone();
    Ok(Written {
        notes,
        ..to.written
    })
}

struct Writer<'a> {
    output: &'a Output,
    mapping: Mapping,
    table: Table,
    written: Written,
}

impl Writer<'_> {
    /// Writes the rows of a month of an account, whose lines come next.
    fn write_list(
        &mut self,
        list: &List,
        lines: &mut Peekable<impl Iterator<Item = Result<Spooled>>>,
    ) -> Result<()> {
        let is_next = |line: &Result<Spooled>| match line {
            Ok(line) => (line.account, line.month) == (list.account, list.month),
            Err(_) => true,
        };
        while let Some(line) = lines.next_if(is_next) {
            let rows = self.mapping.rows(&line?.read()?)?;
            self.put(list, rows)?;
        }
        if list.is_exported() {
            let rows = self.mapping.end_of_month(list.account, list.month);
            self.put(list, rows)?;
        }
        Ok(())
    }

    fn put(&mut self, list: &List, rows: Vec<Row>) -> Result<()> {
        for row in rows {
            if let Err(broken) = check(&row) {
                self.written.broken_rows += 1;
                if self.written.broken.len() < NAMED {
                    let line = row.x_bill_detail_id.as_deref().unwrap_or("none");
                    let said = format!("a row of bill line {line}: {broken}");
                    self.written.broken.push(said);
                }
            }
            let payers = &mut self.written.payers;
            let accounts = payers.entry(row.billing_account_id.clone());
            accounts.or_default().insert(list.account);
            self.written.totals.add(list.account, list.month, &row)?;
            self.written.rows += 1;
            let pushed = self.table.push(&row);
            pushed.map_err(|error| self.output.unwritten(&error.to_string()))?;
        }
        Ok(())
    }
}
