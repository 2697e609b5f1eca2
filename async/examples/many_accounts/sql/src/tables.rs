//! The ready tables: the data sets of many accounts, by month.

use bills::{
    account::Account,
    data_set::{AllocationSummary, BillDetail, BillList, DataSet, UsageDetail},
};
use datafusion::prelude::SessionContext;
use tc3_async::{
    Client, Month, Paginate,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList, PayType},
    core::{
        essbasic::{ChannelDescribeBillUsageDetail, QuotaType},
        types::{BeijingSecond, jiff::civil::Date},
    },
};
use tc3_services::billing::DescribeBillDetail;

use crate::{
    Result,
    table::{Days, Filter, List, ListTable},
};

/// The constant columns of the ready tables.
const CONSTANTS: &[&str] = &["account", "month"];

/// The columns with a record's share of all records that are asked for.
const SHARES: &[&str] = &["ratio"];

/// Whose records there are, and of when.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// The accounts, in the order of their names, and who asks for each.
    accounts: Vec<(Account, Client)>,
    months: Vec<Month>,
    width: usize,
}

impl Accounts {
    /// These accounts, with these months, both included.
    ///
    /// # Errors
    ///
    /// A last month before the first one.
    pub fn new(
        mut accounts: Vec<(Account, Client)>,
        first: Month,
        last: Month,
        width: usize,
    ) -> Result<Self> {
        let months = first.through(last);
        let months = months.map_err(|_| format!("--from {first} must not be after --to {last}"))?;
        accounts.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        Ok(Self {
            accounts,
            months: months.collect(),
            width,
        })
    }

    /// Registers the four ready tables, but for those that there are already.
    ///
    /// # Errors
    ///
    /// What DataFusion says.
    pub fn register(&self, context: &SessionContext) -> Result<()> {
        fn add<A>(context: &SessionContext, table: ListTable<A>) -> Result<()>
        where
            A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
        {
            let name = table.name.clone();
            if !context.table_exist(&name)? {
                context.register_table(name, std::sync::Arc::new(table))?;
            }
            Ok(())
        }
        add(context, self.bill_list())?;
        add(context, self.bill_detail())?;
        add(context, self.allocation_summary_by_business())?;
        add(context, self.usage_detail())
    }

    /// A data set as a table, without anything that the service filters.
    pub fn table<D: DataSet>(&self) -> ListTable<D::Action> {
        let mut table = ListTable::new(D::NAME, CONSTANTS, D::COLUMNS, D::rows);
        for (account, client) in &self.accounts {
            let lists = self.months.iter().filter_map(|month| {
                Some(List {
                    action: D::list(account, *month)?,
                    constants: vec![account.name.clone(), month.to_string()],
                })
            });
            table = table.with_lists(client.clone(), lists);
        }
        let names = self
            .accounts
            .iter()
            .map(|(account, _)| account.name.clone());
        let months = self.months.iter().map(Month::to_string);
        table
            .with_known("account", names, "the accounts file has them")
            .with_known("month", months, "--from and --to say which, as yyyy-MM")
            .with_width(self.width)
    }

    /// Transactions. The service filters `action_type` and days of `operation_time`.
    // Not `deduct_mode`: the service writes some modes in several ways, and it is not documented whether it filters by
    // all of them.
    pub fn bill_list(&self) -> ListTable<DescribeBillList> {
        fn action_type(action: &mut DescribeBillList, values: &[String]) -> bool {
            let types: Vec<_> = values.iter().cloned().map(PayType::new).collect();
            // It refuses types that it doesn't know.
            let known = types.iter().all(PayType::is_known);
            if known {
                action.pay_type = types;
            }
            known
        }
        self.table::<BillList>()
            .with_filter(Filter {
                column: "action_type",
                set: action_type,
                unless: &[],
            })
            .with_days(Days {
                column: "operation_time",
                of: |list| {
                    let days = [list.start_time, list.end_time].map(|it| it.datetime().date());
                    Some((days[0], days[1]))
                },
                set: |list, first, last| {
                    let start = midnight(first);
                    // One second more: whether a range has all of its last second is not documented.
                    let end = last.tomorrow().ok().and_then(midnight);
                    list.start_time = start.unwrap_or(list.start_time).max(list.start_time);
                    list.end_time = end.unwrap_or(list.end_time).min(list.end_time);
                },
                margin: 0,
            })
    }

    /// The lines of bills, a row for each component of a line. The service filters `business_code`, `resource_id` and
    /// `project_id` by one value.
    // Not `action_type_name` and `pay_mode_name`: it refuses names that it doesn't know, and wants a code for the mode.
    // Not `payer_uin`, which asks for another account's bill.
    pub fn bill_detail(&self) -> ListTable<DescribeBillDetail> {
        self.table::<BillDetail>()
            .with_parts()
            .with_filter(Filter {
                column: "business_code",
                set: |list, values| set_one(&mut list.business_code, values),
                unless: &[],
            })
            .with_filter(Filter {
                column: "resource_id",
                set: |list, values| set_one(&mut list.resource_id, values),
                unless: &[],
            })
            .with_filter(Filter {
                column: "project_id",
                set: |list, values| set_one(&mut list.project_id, values),
                unless: &[],
            })
    }

    /// Costs by product, after cost allocation. The service filters `business_code` and `tree_node_uniq_key`,
    /// unless the query reads `ratio`, a product's share of what is asked for.
    pub fn allocation_summary_by_business(&self) -> ListTable<DescribeAllocationSummaryByBusiness> {
        self.table::<AllocationSummary>()
            .with_filter(Filter {
                column: "business_code",
                set: |list, values| set_all(&mut list.business_codes, values),
                unless: SHARES,
            })
            .with_filter(Filter {
                column: "tree_node_uniq_key",
                set: |list, values| set_all(&mut list.tree_node_uniq_keys, values),
                unless: SHARES,
            })
    }

    /// Usage of electronic signatures, of the accounts with an app. The service filters `quota_type` by one value, and
    /// days of `cost_time`.
    pub fn usage_detail(&self) -> ListTable<ChannelDescribeBillUsageDetail> {
        fn quota_type(list: &mut ChannelDescribeBillUsageDetail, values: &[String]) -> bool {
            let [value] = values else { return false };
            // It refuses packages that it doesn't know.
            let quota_type = QuotaType::new(value.clone());
            let known = quota_type.is_known();
            if known {
                list.quota_type = Some(quota_type);
            }
            known
        }
        self.table::<UsageDetail>()
            .with_filter(Filter {
                column: "quota_type",
                set: quota_type,
                unless: &[],
            })
            .with_days(Days {
                column: "cost_time",
                of: |list| Some((list.start_time.date(), list.end_time.date())),
                set: |list, first, last| {
                    let days = [first, last].map(TryInto::try_into);
                    if let [Ok(first), Ok(last)] = days {
                        (list.start_time, list.end_time) = (first, last);
                    }
                },
                // It is not documented in which time zone the days are.
                margin: 1,
            })
    }
}

fn midnight(day: Date) -> Option<BeijingSecond> {
    BeijingSecond::try_from(day.at(0, 0, 0, 0)).ok()
}

/// Asks for the only value. An empty text would ask for all.
fn set_one<T: std::str::FromStr>(field: &mut Option<T>, values: &[String]) -> bool {
    let [value] = values else { return false };
    let value = value.parse().ok().filter(|_| !value.is_empty());
    let is_set = value.is_some();
    *field = value;
    is_set
}

/// Asks for these values, if none is empty.
fn set_all(field: &mut Vec<String>, values: &[String]) -> bool {
    let is_set = values.iter().all(|value| !value.is_empty());
    if is_set {
        *field = values.to_vec();
    }
    is_set
}
