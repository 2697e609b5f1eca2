//! Transactions.

use rust_decimal::Decimal;
use tc3_async::{
    Client, Error, Month,
    billing::{DescribeBillList, PayType},
};

use super::{DataSet, Total};
use crate::{
    Result,
    account::Account,
    column::{Column, Kind},
};

/// The transactions of `DescribeBillList`, amounts in fen.
#[derive(Clone, Copy, Debug, Default)]
pub struct BillList;

const COLUMNS: &[Column] = &[
    Column::new("ActionType", "action_type", Kind::Text),
    Column::new("Amount", "amount", Kind::Numeric),
    Column::new("Balance", "balance", Kind::Numeric),
    Column::new("BillId", "bill_id", Kind::Text),
    Column::new("OperationInfo", "operation_info", Kind::Text),
    Column::new("OperationTime", "operation_time", Kind::BeijingTime),
    Column::new("Cash", "cash", Kind::Numeric),
    Column::new("Incentive", "incentive", Kind::Numeric),
    Column::new("Freezing", "freezing", Kind::Numeric),
    Column::new("PayChannel", "pay_channel", Kind::Text),
    Column::new("DeductMode", "deduct_mode", Kind::Text),
];

/// The kinds of transactions that the service sums up.
const SUMMED: [PayType; 10] = [
    PayType::RETURN,
    PayType::RECHARGE,
    PayType::BLOCK,
    PayType::UNBLOCK,
    PayType::DEDUCT,
    PayType::AGENTIN,
    PayType::ADVANCED,
    PayType::CASH,
    PayType::AGENTOUT,
    PayType::REPAY,
];

impl DataSet for BillList {
    type Action = DescribeBillList;

    const NAME: &'static str = "bill_list";
    const COLUMNS: &'static [Column] = COLUMNS;

    fn list(_: &Account, month: Month) -> Option<DescribeBillList> {
        Some(DescribeBillList::new(
            month.first_second(),
            month.last_second(),
        ))
    }

    async fn totals(client: &Client, _: &Account, month: Month) -> Result<Vec<Total>, Error> {
        let list = DescribeBillList::new(month.first_second(), month.last_second());
        let output = client.call(&list.with_limit(1)).await?.output;
        let total = |name: String, value, expression| Total {
            name,
            value,
            expression,
        };
        let count = output
            .total
            .map(|count| total("number".into(), count.into(), "count(*)".into()));
        let sums = SUMMED.into_iter().filter_map(|kind| {
            let value: Decimal = output.sum_of(&kind)?.to_decimal()?;
            // The service's sums have no sign. The names of kinds are constants.
            let of_kind = format!("abs(sum(amount) filter (where action_type = '{kind}'))");
            Some(total(kind.to_string(), value, of_kind))
        });
        Ok(count.into_iter().chain(sums).collect())
    }
}
