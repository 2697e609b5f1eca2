use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use serde::{Deserialize, Serialize};
use tc3_blocking::{
    UnixTime,
    essbasic::{ChannelBillUsageDetail, CostType, FlowStatus, QuotaType},
};
use tc3_example_support::{Column, Format, Result, Row};

/// A row: a use, and whose it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Usage {
    /// The sub-customer that was asked for; `None` where all were.
    pub(crate) proxy_organization_open_id: Option<String>,
    pub(crate) flow_id: Option<String>,
    pub(crate) operator_name: Option<String>,
    pub(crate) create_organization_name: Option<String>,
    pub(crate) flow_name: Option<String>,
    pub(crate) flow_status: Option<FlowStatus>,
    pub(crate) quota_type: Option<QuotaType>,
    /// Negative for a return.
    pub(crate) use_count: Option<i64>,
    /// In Unix seconds.
    pub(crate) cost_time: Option<UnixTime>,
    pub(crate) quota_name: Option<String>,
    pub(crate) cost_type: Option<CostType>,
    pub(crate) remark: Option<String>,
}

impl Usage {
    pub(crate) fn new(organization: Option<String>, detail: ChannelBillUsageDetail) -> Self {
        Self {
            proxy_organization_open_id: organization,
            flow_id: detail.flow_id,
            operator_name: detail.operator_name,
            create_organization_name: detail.create_organization_name,
            flow_name: detail.flow_name,
            flow_status: detail.flow_status,
            quota_type: detail.quota_type,
            use_count: detail.use_count,
            cost_time: detail.cost_time,
            quota_name: detail.quota_name,
            cost_type: detail.cost_type,
            remark: detail.remark,
        }
    }
}

impl Row for Usage {
    const LEAST: &str = "{}";
    const COLUMNS: [Column; 6] = [
        ("ProxyOrganizationOpenId", 23, false),
        ("CostTime", 10, false),
        ("QuotaType", 17, false),
        ("UseCount", 8, true),
        ("FlowId", 32, false),
        ("FlowName", 0, false),
    ];

    fn cells(&self) -> [String; 6] {
        fn text(value: Option<&impl ToString>) -> String {
            value.map(ToString::to_string).unwrap_or_default()
        }
        [
            text(self.proxy_organization_open_id.as_ref()),
            text(self.cost_time.as_ref()),
            text(self.quota_type.as_ref()),
            text(self.use_count.as_ref()),
            text(self.flow_id.as_ref()),
            text(self.flow_name.as_ref()),
        ]
    }
}

/// The rows of a file.
pub(crate) fn read(path: &Path, format: Format) -> Result<Box<dyn Iterator<Item = Result<Usage>>>> {
    let file = BufReader::new(File::open(path)?);
    Ok(match format {
        Format::Csv => {
            let rows = csv::Reader::from_reader(file).into_deserialize();
            Box::new(rows.map(|row| Ok(row?)))
        }
        _ => Box::new(file.lines().map(|line| Ok(serde_json::from_str(&line?)?))),
    })
}
