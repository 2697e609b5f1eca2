use std::io::{self, Write};

use tc3_core::{
    billing::{AllocationSummaryByBusiness, BillTransactionInfo},
    essbasic::ChannelBillUsageDetail,
};
use unicode_width::UnicodeWidthStr;

/// A heading, its width in columns of the terminal, and whether it is flush right.
pub type Column = (&'static str, usize, bool);

/// A record that can be shown in columns.
pub trait Row {
    /// The least JSON that is such a record.
    const LEAST: &str;

    /// Heading, width and whether flush right, of each column.
    const COLUMNS: [Column; 6];

    /// What stands in the columns.
    fn cells(&self) -> [String; 6];
}

impl Row for BillTransactionInfo {
    const LEAST: &str =
        r#"{"OperationTime": "2024-01-01 00:00:00", "ActionType": "", "Amount": 0, "BillId": ""}"#;
    const COLUMNS: [Column; 6] = [
        ("OperationTime", 23, false),
        ("ActionType", 10, false),
        ("DeductMode", 12, false),
        ("Amount (yuan)", 14, true),
        ("BillId", 32, false),
        ("OperationInfo", 0, false),
    ];

    fn cells(&self) -> [String; 6] {
        [
            self.operation_time.to_string(),
            self.action_type.to_string(),
            text(self.deduct_mode.as_ref()),
            self.amount.to_yuan().to_string(),
            self.bill_id.clone(),
            text(self.operation_info.as_ref()),
        ]
    }
}

impl Row for AllocationSummaryByBusiness {
    const LEAST: &str = r#"{"BusinessCode": "", "RealTotalCost": 0}"#;
    const COLUMNS: [Column; 6] = [
        ("BillDate", 10, false),
        ("BusinessCode", 12, false),
        ("BusinessCodeName", 20, false),
        ("TreeNodeUniqKeyName", 19, false),
        ("RealTotalCost (yuan)", 20, true),
        ("Trend (%)", 10, true),
    ];

    fn cells(&self) -> [String; 6] {
        [
            text(self.bill_date.as_ref()),
            self.business_code.clone(),
            text(self.business_code_name.as_ref()),
            text(self.tree_node_uniq_key_name.as_ref()),
            self.real_total_cost.to_string(),
            text(self.trend.as_ref()),
        ]
    }
}

impl Row for ChannelBillUsageDetail {
    const LEAST: &str = "{}";
    const COLUMNS: [Column; 6] = [
        ("CostTime", 10, false),
        ("QuotaType", 17, false),
        ("UseCount", 8, true),
        ("CreateOrganizationName", 22, false),
        ("FlowId", 32, false),
        ("FlowName", 0, false),
    ];

    fn cells(&self) -> [String; 6] {
        [
            text(self.cost_time.as_ref()),
            text(self.quota_type.as_ref()),
            text(self.use_count.as_ref()),
            text(self.create_organization_name.as_ref()),
            text(self.flow_id.as_ref()),
            text(self.flow_name.as_ref()),
        ]
    }
}

fn text(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "-".into(), ToString::to_string)
}

/// Writes the headings of columns.
pub fn heading(out: &mut impl Write, columns: &[Column]) -> io::Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, ..)| (*name).into()).collect();
    line(out, columns, &names)
}

/// Writes a line of cells.
pub fn line(out: &mut impl Write, columns: &[Column], cells: &[String]) -> io::Result<()> {
    let mut line = String::new();
    for ((_, width, right), cell) in columns.iter().zip(cells) {
        // Chinese characters take two columns, so formatting by characters would not align.
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        let (before, after) = if *right {
            (&*padding, "")
        } else {
            ("", &*padding)
        };
        line.extend([before, cell, after, "  "]);
    }
    writeln!(out, "{}", line.trim_end())
}
