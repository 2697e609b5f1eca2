//! All lines of all lists, into the spool.

use std::{error, fmt, path::PathBuf};

use serde_json::Value;
use tc3_blocking::{Client, Error, Month, Paginate, Remedy, Walk};
use tc3_example_support::{Progress, Result, say};
use tc3_services::billing::PayMode;

use crate::{
    checkpoint::Checkpoint,
    lines::DescribeLines,
    spool::{Spool, Spooled},
};

/// How often a list is begun anew that changes while it is read.
const STARTS: u32 = 5;

/// Whose bill is exported.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The profile's name; `None` where no account was named.
    pub(crate) name: Option<String>,
    pub(crate) client: Client,
}

impl Account {
    /// What of this account's is meant, in words.
    pub(crate) fn named(&self, what: impl fmt::Display) -> String {
        let name = self.name.as_ref();
        name.map_or_else(|| what.to_string(), |name| format!("{what} of {name}"))
    }
}

/// A month of an account.
#[derive(Clone, Debug)]
pub(crate) struct List {
    /// The account's number.
    pub(crate) account: usize,
    pub(crate) month: Month,
    pub(crate) part: Part,
}

/// Which lines of a month are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Those of the pay mode of subscriptions.
    Subscriptions,
    /// What is paid in advance for reserved instances, if it is not of this pay mode.
    ReservedInstances,
}

impl List {
    /// Whether all of its lines are exported, not only what subscriptions have in later months.
    pub(crate) const fn is_exported(&self) -> bool {
        matches!(self.part, Part::All)
    }

    fn action(&self, limit: u32) -> DescribeLines {
        let lines = DescribeLines::new(self.month, limit);
        match self.part {
            Part::All => lines,
            Part::Subscriptions => lines.of_pay_mode(PayMode::PRE_PAY),
            Part::ReservedInstances => lines.of_action_type("预付费用"),
        }
    }

    /// Whether a line is of no other list. Where the service puts reserved instances isn't known.
    fn has(&self, line: &Value) -> bool {
        self.part != Part::ReservedInstances || line["PayModeName"] != "包年包月"
    }
}

/// The spool of an export, and what its checkpoint says.
#[derive(Debug)]
pub(crate) struct Fetching {
    pub(crate) at: Checkpoint,
    pub(crate) spool: Spool,
    /// Where the checkpoint is stored.
    pub(crate) checkpoint: Option<PathBuf>,
}

impl Fetching {
    /// Goes on until every list is in the spool.
    pub(crate) fn run(&mut self, accounts: &[Account], lists: &[List], limit: u32) -> Result<()> {
        let mut starts = 1;
        while let Some(list) = lists.get(self.at.list) {
            let account = accounts
                .get(list.account)
                .ok_or("there is no such account")?;
            match self.fetch(account, list, limit)? {
                Ended::Whole => {
                    self.at.list += 1;
                    starts = 1;
                }
                Ended::Shifted(why) if starts < STARTS => {
                    let list = account.named(list.month);
                    say(format_args!("{list} is fetched anew: {why}"));
                    self.spool.cut(self.at.list_began_at)?;
                    self.at.lines = self.at.list_began_with;
                    starts += 1;
                }
                Ended::Shifted(why) => {
                    let list = account.named(list.month);
                    let advice = "run the same command again when the bill is at rest";
                    return Err(format!("{list} changes while it is read ({advice}): {why}").into());
                }
                Ended::Stopped(error) => {
                    let place = account.named(list.month);
                    let kept = Some(self.checkpoint.is_some());
                    return Err(Stopped { place, error, kept }.into());
                }
            }
            self.at.walk = None;
            self.at.last = None;
            self.at.list_began_at = self.spool.bytes();
            self.at.list_began_with = self.at.lines;
            self.commit()?;
        }
        Ok(())
    }

    /// Fetches what is left of a list.
    fn fetch(&mut self, account: &Account, list: &List, limit: u32) -> Result<Ended> {
        let walk = self.at.walk.clone();
        let walk = walk.unwrap_or_else(|| Walk::from(list.action(limit)));
        let mut pages = account.client.pages(walk);
        let progress = Progress::new()?;
        while let Some(page) = pages.next() {
            let page = match page {
                Ok(page) => DescribeLines::into_items(page.output),
                Err(error) if error.remedy() == Remedy::StartOver => {
                    return Ok(Ended::Shifted(error.to_string()));
                }
                Err(error) => return Ok(Ended::Stopped(error)),
            };
            // A page of none may be what a list breaks off with: it is asked for again when that is continued.
            if page.is_empty() {
                continue;
            }
            // The list has no total by which the walk could see that lines were inserted before its position.
            if self
                .at
                .last
                .as_ref()
                .is_some_and(|last| page.contains(last))
            {
                return Ok(Ended::Shifted("a page repeats a line".into()));
            }
            let own: Vec<_> = page.iter().filter(|line| list.has(line)).collect();
            self.at.lines += own.len() as u64;
            let spooled = |line| Spooled::new(list.account, list.month, line);
            let appended = self.spool.append(own.into_iter().map(spooled));
            appended.map_err(|error| format!("lines can't be kept beside --output: {error}"))?;
            self.at.last = page.into_iter().next_back();
            self.at.walk = Some(pages.walk().clone());
            self.commit()?;
            progress.show(pages.walk());
        }
        Ok(Ended::Whole)
    }

    /// What the spool has is on disk; now the checkpoint says so.
    pub(crate) fn commit(&mut self) -> Result<()> {
        self.at.bytes = self.spool.bytes();
        match &self.checkpoint {
            Some(path) => self.at.write(path),
            None => Ok(()),
        }
    }
}

/// How the fetching of a list ends.
enum Ended {
    Whole,
    /// The list changed: what is fetched of it is of no use.
    Shifted(String),
    Stopped(Error),
}

/// Why an export can't go on now, and what to do.
#[derive(Debug)]
pub(crate) struct Stopped {
    /// What was being fetched.
    pub(crate) place: String,
    pub(crate) error: Error,
    /// Whether what was fetched is kept; `None` where nothing was.
    pub(crate) kept: Option<bool>,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let again = match self.error.remedy() {
            Remedy::Later => "run the same command again in ten minutes",
            Remedy::Resume => "run the same command again",
            _ => "mend that, and run the same command again",
        };
        let kept = match self.kept {
            Some(true) => "; it goes on where it stopped",
            Some(false) => "; with --checkpoint FILE it would go on where it stopped",
            None => "",
        };
        write!(f, "{} can't be fetched ({again}{kept})", self.place)
    }
}

impl error::Error for Stopped {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_paid_in_advance_is_asked_for_by_pay_mode_and_by_action_type() {
        let list = |part| List {
            account: 0,
            month: Month::new(2024, 1).unwrap(),
            part,
        };
        let asked = |part| serde_json::to_value(list(part).action(300)).unwrap();
        assert_eq!(asked(Part::Subscriptions)["PayMode"], "prePay");
        assert_eq!(asked(Part::ReservedInstances)["ActionType"], "预付费用");
        let all = asked(Part::All);
        assert!(all["PayMode"].is_null() && all["ActionType"].is_null());
        // No line is in both.
        let subscription = json!({"PayModeName": "包年包月"});
        let reserved = json!({"PayModeName": "预留实例"});
        assert!(list(Part::Subscriptions).has(&subscription));
        assert!(!list(Part::ReservedInstances).has(&subscription));
        assert!(list(Part::ReservedInstances).has(&reserved));
    }
}
