//! Costs by product, after cost allocation.

use tc3_async::{Client, Error, Month, Yuan, billing::DescribeAllocationSummaryByBusiness};

use super::{DataSet, Total};
use crate::{
    Result,
    account::Account,
    column::{Column, Kind},
};

/// The products of `DescribeAllocationSummaryByBusiness`, amounts in yuan.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllocationSummary;

const NAME: &str = "allocation_summary_by_business";

const COLUMNS: &[Column] = &[
    Column::new("TreeNodeUniqKey", "tree_node_uniq_key", Kind::Text),
    Column::new("TreeNodeUniqKeyName", "tree_node_uniq_key_name", Kind::Text),
    Column::new("BillDate", "bill_date", Kind::Text),
    Column::new(
        "GatherCashPayAmount",
        "gather_cash_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "GatherVoucherPayAmount",
        "gather_voucher_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "GatherIncentivePayAmount",
        "gather_incentive_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "GatherTransferPayAmount",
        "gather_transfer_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "AllocateCashPayAmount",
        "allocate_cash_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "AllocateVoucherPayAmount",
        "allocate_voucher_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "AllocateIncentivePayAmount",
        "allocate_incentive_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "AllocateTransferPayAmount",
        "allocate_transfer_pay_amount",
        Kind::Numeric,
    ),
    Column::new("TotalCashPayAmount", "total_cash_pay_amount", Kind::Numeric),
    Column::new(
        "TotalVoucherPayAmount",
        "total_voucher_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "TotalIncentivePayAmount",
        "total_incentive_pay_amount",
        Kind::Numeric,
    ),
    Column::new(
        "TotalTransferPayAmount",
        "total_transfer_pay_amount",
        Kind::Numeric,
    ),
    Column::new("GatherRealCost", "gather_real_cost", Kind::Numeric),
    Column::new("AllocateRealCost", "allocate_real_cost", Kind::Numeric),
    Column::new("RealTotalCost", "real_total_cost", Kind::Numeric),
    Column::new("Ratio", "ratio", Kind::Text),
    Column::new("Trend", "trend", Kind::Text),
    Column::new("TrendType", "trend_type", Kind::Text),
    Column::new("BusinessCode", "business_code", Kind::Text),
    Column::new("BusinessCodeName", "business_code_name", Kind::Text),
    Column::new("TotalCost", "total_cost", Kind::Numeric),
    Column::new("RICost", "ri_cost", Kind::Numeric),
    Column::new("SPCost", "sp_cost", Kind::Numeric),
    Column::new("CashPayAmount", "cash_pay_amount", Kind::Numeric),
    Column::new("VoucherPayAmount", "voucher_pay_amount", Kind::Numeric),
    Column::new("IncentivePayAmount", "incentive_pay_amount", Kind::Numeric),
    Column::new("TransferPayAmount", "transfer_pay_amount", Kind::Numeric),
    Column::new(
        "AllocationRealTotalCost",
        "allocation_real_total_cost",
        Kind::Numeric,
    ),
];

impl DataSet for AllocationSummary {
    type Action = DescribeAllocationSummaryByBusiness;

    const NAME: &'static str = NAME;
    const COLUMNS: &'static [Column] = COLUMNS;

    fn list(_: &Account, month: Month) -> Option<DescribeAllocationSummaryByBusiness> {
        Some(DescribeAllocationSummaryByBusiness::new(month))
    }

    async fn totals(client: &Client, _: &Account, month: Month) -> Result<Vec<Total>, Error> {
        let list = DescribeAllocationSummaryByBusiness::new(month);
        let output = client.call(&list.with_limit(1)).await?.output;
        let total = |name: &str, value, expression: String| Total {
            name: name.into(),
            value,
            expression,
        };
        let count = output.record_num;
        let count = count.map(|count| total("number", count.into(), "count(*)".into()));
        let sums = output.total.map(|sums| {
            [
                ("real_total_cost", sums.real_total_cost),
                ("cash_pay_amount", sums.cash_pay_amount),
                ("incentive_pay_amount", sums.incentive_pay_amount),
                ("voucher_pay_amount", sums.voucher_pay_amount),
                ("transfer_pay_amount", sums.transfer_pay_amount),
            ]
        });
        let sums = sums.into_iter().flatten().filter_map(|(column, sum)| {
            Some(total(column, sum.map(Yuan::get)?, format!("sum({column})")))
        });
        Ok(count.into_iter().chain(sums).collect())
    }
}
