//! The data sets that are fetched.
//!
//! To add one, implement [`DataSet`] in `bills`, add a migration with a table `…_rows` and a view of the same name without
//! `_rows`, as in `0002_rows.sql`, and a line in [`ALL`]. Jobs, leases, walks, `status` and `verify` are the same for all.

use std::{fmt, pin::Pin};

use bills::{
    account::Account,
    data_set::{AllocationSummary, BillDetail, BillList, DataSet, UsageDetail},
};
use tc3_async::{Client, Month};

use crate::{
    Result,
    lease::Lease,
    sync::{self, Context},
    verify::{self, Difference},
    window::Window,
};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A [`DataSet`] of any type.
pub trait AnyDataSet: fmt::Debug + Send + Sync {
    /// The name.
    fn name(&self) -> &'static str;

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
    use super::*;

    #[test]
    fn a_data_set_is_found_by_its_name_alone() {
        for data_set in ALL {
            assert_eq!(named(data_set.name()).unwrap().name(), data_set.name());
        }
        let unknown = named("bills").unwrap_err().to_string();
        assert!(unknown.contains("bill_detail"), "{unknown}");
    }
}
