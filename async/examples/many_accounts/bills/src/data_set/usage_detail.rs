//! Usage of electronic signatures.

use tc3_async::{
    Client, Error, Month,
    core::essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use super::{DataSet, Total};
use crate::{
    Result,
    account::Account,
    column::{Column, Kind},
};

/// The usage of an app, by `ChannelDescribeBillUsageDetail`.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsageDetail;

const COLUMNS: &[Column] = &[
    Column::new("FlowId", "flow_id", Kind::Text),
    Column::new("OperatorName", "operator_name", Kind::Text),
    Column::new(
        "CreateOrganizationName",
        "create_organization_name",
        Kind::Text,
    ),
    Column::new("FlowName", "flow_name", Kind::Text),
    Column::new("FlowStatus", "flow_status", Kind::Text),
    Column::new("QuotaType", "quota_type", Kind::Text),
    Column::new("UseCount", "use_count", Kind::Integer),
    Column::new("CostTime", "cost_time", Kind::UnixTime),
    Column::new("QuotaName", "quota_name", Kind::Text),
    Column::new("CostType", "cost_type", Kind::Integer),
    Column::new("Remark", "remark", Kind::Text),
];

impl DataSet for UsageDetail {
    type Action = ChannelDescribeBillUsageDetail;

    const NAME: &'static str = "usage_detail";
    const COLUMNS: &'static [Column] = COLUMNS;

    fn list(account: &Account, month: Month) -> Option<ChannelDescribeBillUsageDetail> {
        let agent = Agent::new(account.app_id.as_deref()?);
        let first = month.first_day();
        let days = [first, first.last_of_month()].map(TryInto::try_into);
        let [Ok(start), Ok(end)] = days else {
            return None;
        };
        Some(ChannelDescribeBillUsageDetail::new(agent, start, end))
    }

    async fn totals(client: &Client, account: &Account, month: Month) -> Result<Vec<Total>, Error> {
        let Some(list) = Self::list(account, month) else {
            return Ok(Vec::new());
        };
        // It sums nothing up.
        let total = client.call(&list.with_limit(1)).await?.output.total;
        let number = total.map(|number| Total {
            name: "number".into(),
            value: number.into(),
            expression: "count(*)".into(),
        });
        Ok(number.into_iter().collect())
    }
}
