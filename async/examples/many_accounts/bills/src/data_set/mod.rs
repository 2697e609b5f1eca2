//! What is fetched: each data set is one list of the service, by account and month, and the columns for its records.
//!
//! To add one, implement [`DataSet`] in a file beside this one: the action for a month, a [`Column`] for each field of the
//! record, and the service's own totals to compare with. Leave out no field: a test compares the columns with the record.

mod allocation_summary;
mod bill_detail;
mod bill_list;
mod usage_detail;

use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, de::DeserializeOwned};
use tc3_async::{Client, Error, Month, Paginate, Settings};

pub use self::{
    allocation_summary::AllocationSummary, bill_detail::BillDetail, bill_list::BillList,
    usage_detail::UsageDetail,
};
use crate::{
    Result,
    account::Account,
    column::{Column, Row},
};

/// A list of the service, by account and month, and the columns for its records.
pub trait DataSet: fmt::Debug + Default + Send + Sync + 'static {
    /// The action that lists the records.
    type Action: Paginate<Item: Serialize + Send + Sync, Output: Send>
        + Clone
        + Serialize
        + DeserializeOwned
        + Send
        + Sync
        + 'static;

    /// The table's name.
    const NAME: &'static str;

    /// The fields of the records.
    const COLUMNS: &'static [Column];

    /// The list of an account's records in a month. `None` if this data set doesn't concern the account.
    fn list(account: &Account, month: Month) -> Option<Self::Action>;

    /// The rows of a page's records: one each, unless a data set says otherwise.
    ///
    /// # Errors
    ///
    /// What serde says of a record.
    fn rows(records: &[<Self::Action as Paginate>::Item]) -> Result<Vec<Row>> {
        let rows = (0..).zip(records);
        rows.map(|(line, record)| Row::new(Self::COLUMNS, line, record))
            .collect()
    }

    /// The service's own totals of the month.
    fn totals(
        client: &Client,
        account: &Account,
        month: Month,
    ) -> impl Future<Output = Result<Vec<Total>, Error>> + Send;
}

/// The same rate for the lists of all data sets.
pub(crate) fn with_rate(settings: Settings, rate: u32) -> Settings {
    settings
        .with_rate_of::<<AllocationSummary as DataSet>::Action>(rate)
        .with_rate_of::<<BillDetail as DataSet>::Action>(rate)
        .with_rate_of::<<BillList as DataSet>::Action>(rate)
        .with_rate_of::<<UsageDetail as DataSet>::Action>(rate)
}

/// A total of the service's, and how it is computed from the rows.
#[derive(Clone, Debug)]
pub struct Total {
    /// The service's name for it.
    pub name: String,
    /// What the service says.
    pub value: Decimal,
    /// The SQL expression over the rows of the account and month.
    pub expression: String,
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    /// Compares the columns with the fields of a record that was read from the least JSON that it can be.
    fn check<D: DataSet, T: Serialize + DeserializeOwned>(least: &str) {
        let record: T = serde_json::from_str(least).unwrap();
        let written: BTreeMap<String, Value> =
            serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        let fields: BTreeSet<_> = written.keys().map(String::as_str).collect();
        let columns: BTreeSet<_> = D::COLUMNS.iter().map(Column::field).collect();
        assert_eq!(columns, fields, "{}", D::NAME);
    }

    #[test]
    fn every_field_of_each_record_has_a_column() {
        use tc3_async::{billing, essbasic};
        let least = r#"{"OperationTime": "2024-01-01 00:00:00", "ActionType": "", "Amount": 0, "BillId": ""}"#;
        check::<BillList, billing::BillTransactionInfo>(least);
        let least = r#"{"BusinessCode": "", "RealTotalCost": 0}"#;
        check::<AllocationSummary, billing::AllocationSummaryByBusiness>(least);
        check::<UsageDetail, essbasic::ChannelBillUsageDetail>("{}");
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
        let line = fields(&serde_json::from_str::<billing::BillDetail>("{}").unwrap());
        let component = serde_json::from_str::<billing::BillDetailComponent>("{}").unwrap();
        // The components are rows.
        let mut expected: Vec<_> = line
            .into_iter()
            .filter(|it| it != "component_set")
            .collect();
        expected.extend(fields(&component));
        expected.sort_unstable();
        let mut names: Vec<_> = BillDetail::COLUMNS
            .iter()
            .map(|it| it.name().to_owned())
            .collect();
        names.sort_unstable();
        assert_eq!(expected, names);
    }
}
