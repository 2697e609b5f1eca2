use alloc::{string::String, vec::Vec};

use super::{
    Emulator,
    frequency::Frequencies,
    ledger::{
        Calendar, allocation_summary, allocation_summary::Rows, bill, bill_list, lines::Lines,
        new_records::GrownLists, usage_detail,
    },
};
use crate::{Credential, Month, types::BillDate};

/// The default number of records.
const RECORDS: u64 = 1_000;

/// An account that the [`Emulator`] knows: a credential, and a ledger of its own.
///
/// Accounts are numbered in the order in which they are added: the emulator's own one is 100000000001, the next one
/// 100000000002. All belong to one organisation, which the first one manages.
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) credential: Credential,
    pub(super) records: u64,
    pub(super) seed: u64,
}

impl Account {
    /// An account with 1,000 records and seed 0.
    pub const fn new(credential: Credential) -> Self {
        Self {
            credential,
            records: RECORDS,
            seed: 0,
        }
    }

    /// Sets the number of records.
    #[must_use = "the account is returned, not changed"]
    pub const fn with_records(mut self, records: u64) -> Self {
        self.records = records;
        self
    }

    /// Sets the seed of the ledger.
    #[must_use = "the account is returned, not changed"]
    pub const fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// An account and what the service keeps for it.
#[derive(Clone, Debug)]
pub(super) struct AccountState {
    pub(super) account: Account,
    pub(super) ledgers: Ledgers,
    /// The records that were added by script.
    pub(super) added: GrownLists,
    pub(super) frequencies: Frequencies,
    /// The temporary credentials that were issued, each with the name of its session.
    pub(super) temporary: Vec<(Credential, String)>,
}

/// The records of an account.
#[derive(Clone, Debug)]
pub(super) struct Ledgers {
    pub(super) bills: bill_list::Ledger,
    pub(super) bill: bill::Ledger,
    pub(super) allocations: allocation_summary::Ledger,
    pub(super) usage: usage_detail::Ledger,
}

impl Ledgers {
    fn new(&Account { records, seed, .. }: &Account, calendar: Calendar) -> Self {
        Self {
            bills: bill_list::Ledger::new(records, seed, calendar),
            bill: bill::Ledger::new(),
            allocations: allocation_summary::Ledger::new(records, seed, calendar),
            usage: usage_detail::Ledger::new(records, seed, calendar),
        }
    }
}

impl AccountState {
    pub(super) fn new(account: Account, calendar: Calendar) -> Self {
        Self {
            ledgers: Ledgers::new(&account, calendar),
            account,
            added: GrownLists::default(),
            frequencies: Frequencies::default(),
            temporary: Vec::new(),
        }
    }

    pub(super) fn secret_id(&self) -> &str {
        self.account.credential.secret_id()
    }

    /// The credential with this id, if it is the account's or was issued to it.
    pub(super) fn known(&self, id: &str) -> Option<&Credential> {
        let temporary = self.temporary.iter().map(|(credential, _)| credential);
        let mut all = core::iter::once(&self.account.credential).chain(temporary);
        all.find(|credential| credential.secret_id() == id)
    }
}

impl Emulator {
    /// Sets the number of records of the first account, which is that of its [described](Self::describe) lists too.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_records(mut self, records: u64) -> Self {
        self.first.account.records = records;
        self.first.ledgers = Ledgers::new(&self.first.account, self.calendar);
        self
    }

    /// Sets the seed of the first account's ledger, and of what is drawn, such as request ids.
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.first.account.seed = seed;
        self.first.ledgers = Ledgers::new(&self.first.account, self.calendar);
        self.seed = seed;
        self
    }

    /// Adds an account with a ledger of its own. An account whose credential has the same id is replaced.
    ///
    /// Temporary keys are for the account that assumed the role. A role by web identity, whose request is not signed,
    /// and that of a machine are for the first account.
    ///
    /// ```
    /// use tc3_core::{
    ///     Credential, Session, UnixTime,
    ///     billing::DescribeBillList,
    ///     emulator::{Account, Emulator},
    ///     wire::{request, response},
    /// };
    ///
    /// let shop = Credential::new("AKIDSHOP", "a-fake-key")?;
    /// let plant = Credential::new("AKIDPLANT", "another-fake-key")?;
    /// let mut service = Emulator::new(shop.clone())
    ///     .with_account(Account::new(plant.clone()).with_records(480).with_seed(2));
    ///
    /// let now = UnixTime::new(1_760_000_000);
    /// let january =
    ///     DescribeBillList::new("2025-01-01 00:00:00".parse()?, "2025-01-31 23:59:59".parse()?);
    /// let mut total = |credential| {
    ///     let signed = request::sign(&january, &mut Session::new(credential), now)?;
    ///     response::read::<DescribeBillList>(&service.handle(now, &signed))
    ///         .map(|reply| reply.output.total)
    /// };
    /// assert_eq!((total(shop)?, total(plant)?), (Some(42), Some(21)));
    /// let stranger = total(Credential::new("AKIDSTRANGER", "a-fake-key")?).unwrap_err();
    /// assert_eq!(stranger.refusal().unwrap().code(), "AuthFailure.SecretIdNotFound");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_account(mut self, account: Account) -> Self {
        let same = |state: &&mut AccountState| state.secret_id() == account.credential.secret_id();
        let known = core::iter::once(&mut self.first)
            .chain(&mut self.others)
            .find(same);
        let state = AccountState::new(account, self.calendar);
        match known {
            Some(known) => *known = state,
            None => self.others.push(state),
        }
        self
    }

    /// Sets the last day of all ledgers, or their last month. It is the month 2025-12 by default.
    ///
    /// A ledger has 24 months, which are counted back from there. After a last day that is not its month's last one
    /// there are no records, and the costs of products in that month are less in proportion.
    ///
    /// ```
    /// use tc3_core::{
    ///     Credential, Session, UnixTime,
    ///     billing::DescribeAllocationSummaryByBusiness,
    ///     emulator::Emulator,
    ///     wire::{request, response},
    /// };
    ///
    /// let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
    /// let mut service = Emulator::new(credential.clone()).with_until("2026-11-27".parse()?);
    /// let now = UnixTime::new(1_795_750_000); // that day
    /// let mut session = Session::new(credential);
    /// for (month, expected) in
    ///     [("2024-11", None), ("2024-12", Some(1_000)), ("2026-11", Some(1_000))]
    /// {
    ///     let action = DescribeAllocationSummaryByBusiness::new(month.parse()?);
    ///     let signed = request::sign(&action, &mut session, now)?;
    ///     let answer = service.handle(now, &signed);
    ///     let reply = response::read::<DescribeAllocationSummaryByBusiness>(&answer)?;
    ///     assert_eq!(reply.output.record_num, expected, "{month}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the emulator is returned, not changed"]
    pub fn with_until(mut self, end: BillDate) -> Self {
        self.calendar = Calendar::until(end);
        for state in core::iter::once(&mut self.first).chain(&mut self.others) {
            state.ledgers = Ledgers::new(&state.account, self.calendar);
        }
        self
    }

    /// The account with this number; 0 is the first one.
    pub(super) fn account(&mut self, number: usize) -> &mut AccountState {
        let other = number.checked_sub(1).and_then(|at| self.others.get_mut(at));
        other.unwrap_or(&mut self.first)
    }

    /// The number of accounts.
    pub(super) fn accounts(&self) -> usize {
        self.others.len().saturating_add(1)
    }

    /// The lines of an account's bill.
    pub(super) fn lines(&mut self, number: usize, month: Month) -> Lines {
        let calendar = self.calendar;
        let Account { records, seed, .. } = self.account(number).account;
        let rows = Rows::new(seed, records, calendar, month.first_day());
        Lines::new(rows, u64::try_from(number).unwrap_or(u64::MAX))
    }

    /// The number of the account that a credential belongs to, and the credential.
    pub(super) fn known(&self, id: &str) -> Option<(usize, &Credential)> {
        let mut states = core::iter::once(&self.first)
            .chain(&self.others)
            .enumerate();
        states.find_map(|(number, state)| state.known(id).map(|credential| (number, credential)))
    }
}
