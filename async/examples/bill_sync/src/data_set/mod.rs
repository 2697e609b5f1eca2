//! What is fetched: each data set is one list of the service and the tables for its records.
//!
//! # How to add one
//!
//! 1. A file beside this one with a type that implements [`DataSet`]: the action for a month, a [`Column`] for each
//!    field of the record, and the service's own totals to compare with.
//! 2. A migration with a table `…_rows` and a view of the same name without `_rows`, as in `0002_rows.sql`. Leave out no
//!    field: a test compares the columns with the record.
//! 3. A line in [`ALL`].
//!
//! Jobs, leases, walks, `status` and `verify` are the same for all.

mod allocation_summary;
mod bill_detail;
mod bill_list;
mod usage_detail;

use std::{fmt, pin::Pin};

use serde::{Serialize, de::DeserializeOwned};
use sqlx::types::Decimal;
use tc3_async::{Client, Error, Month, Paginate};

pub use self::{
    allocation_summary::AllocationSummary, bill_detail::BillDetail, bill_list::BillList,
    usage_detail::UsageDetail,
};
use crate::{
    Result,
    accounts::Account,
    lease::Lease,
    rows::{Batch, Column},
    sync::{self, Context},
    verify::{self, Difference},
    window::Window,
};

/// A list of the service, by account and month, and the tables for its records.
pub trait DataSet: fmt::Debug + Default + Send + Sync + 'static {
    /// The action that lists the records.
    type Action: Paginate<Item: Serialize + Send, Output: Send>
        + Clone
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static;

    /// The view with the rows that count.
    const NAME: &'static str;

    /// The tables, without `_rows`, and the fields of the record and its parts.
    const TABLES: &'static [(&'static str, &'static [Column])];

    /// The list of an account's records in a month. `None` if this data set doesn't concern the account.
    fn list(account: &Account, month: Month) -> Option<Self::Action>;

    /// The rows of a page, one batch a table.
    ///
    /// # Errors
    ///
    /// What serde says of a record.
    fn batches(records: &[<Self::Action as Paginate>::Item]) -> Result<Vec<Batch>>;

    /// The service's own totals of the month.
    fn totals(
        client: &Client,
        account: &Account,
        month: Month,
    ) -> impl Future<Output = Result<Vec<Total>, Error>> + Send;
}

/// A total of the service's, and how it is computed from the rows.
#[derive(Clone, Debug)]
pub struct Total {
    /// The service's name for it.
    pub name: String,
    /// What the service says.
    pub value: Decimal,
    /// The view that has the rows.
    pub view: &'static str,
    /// The expression over the rows of the account and month.
    pub expression: String,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A [`DataSet`] of any type.
pub trait AnyDataSet: fmt::Debug + Send + Sync {
    /// The name.
    fn name(&self) -> &'static str;

    /// The tables, without `_rows`.
    fn tables(&self) -> Vec<&'static str>;

    /// Whether it concerns the account.
    fn concerns(&self, account: &Account) -> bool;

    /// Fetches a window, from where it stands to its end, or to an error that is written down.
    fn sync<'a>(
        &self,
        context: &'a Context,
        lease: &'a Lease,
        client: &'a Client,
        account: &'a Account,
        window: Window,
    ) -> Boxed<'a, ()>;

    /// Compares a window's rows with the service's totals, and with a plain walk if that is asked for.
    fn verify<'a>(
        &self,
        context: &'a Context,
        client: &'a Client,
        account: &'a Account,
        window: &'a Window,
        with_rows: bool,
    ) -> Boxed<'a, Vec<Difference>>;
}

impl<D: DataSet> AnyDataSet for D {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn tables(&self) -> Vec<&'static str> {
        D::TABLES.iter().map(|(table, _)| *table).collect()
    }

    fn concerns(&self, account: &Account) -> bool {
        Month::new(2024, 1).is_ok_and(|month| D::list(account, month).is_some())
    }

    fn sync<'a>(
        &self,
        context: &'a Context,
        lease: &'a Lease,
        client: &'a Client,
        account: &'a Account,
        window: Window,
    ) -> Boxed<'a, ()> {
        Box::pin(sync::sync::<D>(context, lease, client, account, window))
    }

    fn verify<'a>(
        &self,
        context: &'a Context,
        client: &'a Client,
        account: &'a Account,
        window: &'a Window,
        with_rows: bool,
    ) -> Boxed<'a, Vec<Difference>> {
        Box::pin(verify::window::<D>(
            context, client, account, window, with_rows,
        ))
    }
}

/// All data sets.
pub const ALL: [&dyn AnyDataSet; 4] = [&BillList, &AllocationSummary, &UsageDetail, &BillDetail];

/// The data set of this name.
///
/// # Errors
///
/// Names those that exist.
pub fn named(name: &str) -> Result<&'static dyn AnyDataSet> {
    let known = ALL.into_iter().find(|data_set| data_set.name() == name);
    known.ok_or_else(|| {
        let names = ALL.map(AnyDataSet::name).join(", ");
        format!("there is no data set {name:?}, only {names}").into()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    /// The fields of a record that was read from a JSON with nothing in it, or from `least`.
    fn check<T: Serialize + DeserializeOwned>(table: &str, columns: &[Column], all: &str) {
        let record: T = serde_json::from_str(all).unwrap();
        let written: BTreeMap<String, Value> =
            serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        let fields: BTreeSet<_> = written.keys().map(String::as_str).collect();
        let columns: BTreeSet<_> = columns.iter().map(Column::field).collect();
        assert_eq!(columns, fields, "{table}");
    }

    #[test]
    fn every_field_of_each_record_has_a_column() {
        use tc3_async::{billing, essbasic};
        let list = BillList::TABLES[0];
        let least = r#"{"OperationTime": "2024-01-01 00:00:00", "ActionType": "", "Amount": 0, "BillId": ""}"#;
        check::<billing::BillTransactionInfo>(list.0, list.1, least);
        let summary = AllocationSummary::TABLES[0];
        let least = r#"{"BusinessCode": "", "RealTotalCost": 0}"#;
        check::<billing::AllocationSummaryByBusiness>(summary.0, summary.1, least);
        let usage = UsageDetail::TABLES[0];
        check::<essbasic::ChannelBillUsageDetail>(usage.0, usage.1, "{}");
    }

    /// The names of a record's fields where all are empty: generated records don't write those.
    fn fields(record: &impl fmt::Debug) -> BTreeSet<String> {
        let text = format!("{record:?}");
        let (_, fields) = text.split_once(" { ").unwrap();
        let names = fields
            .split(", ")
            .filter_map(|field| field.split_once(": "));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn every_field_of_a_bills_line_and_of_its_components_has_a_column() {
        use tc3_services::billing;
        let names = |columns: &[Column]| columns.iter().map(|it| it.name().to_owned()).collect();
        let [(_, line), (_, component)] = BillDetail::TABLES else {
            panic!("two tables");
        };
        let mut expected = fields(&serde_json::from_str::<billing::BillDetail>("{}").unwrap());
        // The other table.
        assert!(expected.remove("component_set"));
        assert_eq!(expected, names(line));
        let empty = serde_json::from_str::<billing::BillDetailComponent>("{}").unwrap();
        assert_eq!(fields(&empty), names(component));
    }

    #[test]
    fn names_are_those_of_the_first_tables() {
        for data_set in ALL {
            assert_eq!(data_set.tables()[0], data_set.name());
            assert_eq!(named(data_set.name()).unwrap().name(), data_set.name());
        }
        let unknown = named("bills").unwrap_err().to_string();
        assert!(unknown.contains("bill_detail"), "{unknown}");
    }
}
