//! Vouchers: in each month, one paid a part of its subscriptions, and one a part of all else.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use core::cmp::Reverse;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::request::{WRONG, is};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served,
    ledger::{
        Calendar, length,
        lines::{Charge, Line, Lines, PayMode, second, uin},
    },
    object,
    parameters::{self, ParameterKind, optional, required},
    refuse,
    served::billing,
};
use crate::{Month, UnixTime};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeVoucherInfo", 20),
    total: &["TotalCount"],
    answer: Answer::Handler(
        &[
            required("Limit", ParameterKind::Integer { signed: true }),
            required("Offset", ParameterKind::Integer { signed: true }),
            optional("Status", ParameterKind::Text),
            optional("VoucherId", ParameterKind::Text),
            optional("CodeId", ParameterKind::Text),
            optional("ProductCode", ParameterKind::Text),
            optional("ActivityId", ParameterKind::Text),
            optional("VoucherName", ParameterKind::Text),
            optional("TimeFrom", ParameterKind::Text),
            optional("TimeTo", ParameterKind::Text),
            optional("SortField", ParameterKind::Text),
            optional("SortOrder", ParameterKind::Text),
            optional("PayMode", ParameterKind::Text),
            optional("PayScene", ParameterKind::Text),
            optional("Operator", ParameterKind::Text),
            optional("VoucherMainType", ParameterKind::Text),
            optional("VoucherSubType", ParameterKind::Text),
            optional("StartTimeFrom", ParameterKind::Text),
            optional("StartTimeTo", ParameterKind::Text),
            optional("EndTimeFrom", ParameterKind::Text),
            optional("EndTimeTo", ParameterKind::Text),
            optional("CreateTimeFrom", ParameterKind::Text),
            optional("CreateTimeTo", ParameterKind::Text),
            optional("Lang", ParameterKind::Text),
        ],
        list,
    ),
};

pub(crate) const USAGE: Served = Served {
    target: billing("DescribeVoucherUsageDetails", 20),
    total: &["TotalCount"],
    answer: Answer::Handler(
        &[
            required("Limit", ParameterKind::Integer { signed: true }),
            required("Offset", ParameterKind::Integer { signed: true }),
            required("VoucherId", ParameterKind::Text),
            optional("Operator", ParameterKind::Text),
        ],
        usage,
    ),
};

const MAX_LIMIT: i64 = 1_000;

/// A voucher.
#[derive(Clone, Debug)]
pub(crate) struct Voucher {
    id: String,
    mode: PayMode,
    month: Month,
    /// How much of it was spent.
    used: i64,
    nominal: i64,
    status: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListInput {
    limit: i64,
    offset: i64,
    sort_field: Option<String>,
    sort_order: Option<String>,
    #[serde(flatten)]
    filter: Filter,
}

/// The vouchers that are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    status: Option<String>,
    voucher_id: Option<String>,
    pay_mode: Option<String>,
    pay_scene: Option<String>,
    voucher_main_type: Option<String>,
    voucher_sub_type: Option<String>,
    time_from: Option<String>,
    time_to: Option<String>,
    start_time_from: Option<String>,
    start_time_to: Option<String>,
    end_time_from: Option<String>,
    end_time_to: Option<String>,
    create_time_from: Option<String>,
    create_time_to: Option<String>,
    code_id: Option<String>,
    product_code: Option<String>,
    activity_id: Option<String>,
    voucher_name: Option<String>,
}

fn list(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let input: ListInput = parameters::typed(input, WRONG)?;
    let (skipped, limit) = page(input.offset, input.limit)?;
    let field = input.sort_field.as_deref().unwrap_or_default();
    if !["", "BeginTime", "EndTime", "CreateTime"].contains(&field) {
        return refuse(WRONG, "SortField must be BeginTime, EndTime or CreateTime");
    }
    let order = input.sort_order.as_deref().unwrap_or_default();
    if !["", "asc", "desc"].contains(&order) {
        return refuse(WRONG, "SortOrder must be asc or desc");
    }
    let mut vouchers = emulator.vouchers(asked.account, asked.now);
    vouchers.retain(|voucher| input.filter.takes(voucher));
    if order == "desc" {
        // All three times are in the order of months.
        vouchers.sort_by_key(|voucher| Reverse(voucher.month));
    }
    let left = vouchers.iter().map(Voucher::balance);
    let owner = uin(u64::try_from(asked.account).unwrap_or(u64::MAX)).to_string();
    object(&json!({
        "TotalCount": length(&vouchers),
        "TotalBalance": left.fold(0, i64::saturating_add),
        "Unit": "micro",
        "VoucherInfos": vouchers.iter().skip(skipped).take(limit)
            .map(|voucher| voucher.written(&owner)).collect::<Vec<_>>(),
    }))
}

/// How many records are skipped, and how many returned, where pages are counted from 1.
fn page(number: i64, limit: i64) -> Result<(usize, usize), Refused> {
    if !(1..=MAX_LIMIT).contains(&limit) {
        return refuse(WRONG, format!("Limit must be 1 to {MAX_LIMIT}"));
    }
    if number < 1 {
        return refuse(WRONG, "Offset is a page's number and must be at least 1");
    }
    let skipped = number.saturating_sub(1).saturating_mul(limit);
    let size = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok((size(skipped), size(limit)))
}

fn usage(emulator: &mut Emulator, asked: Asked, mut input: Map<String, Value>) -> Handled {
    let number = |input: &Map<String, Value>, name| input.get(name).and_then(Value::as_i64);
    let offset = number(&input, "Offset").unwrap_or_default();
    let (skipped, limit) = page(offset, number(&input, "Limit").unwrap_or_default())?;
    let id = input.remove("VoucherId").unwrap_or_default();
    let vouchers = emulator.vouchers(asked.account, asked.now);
    let Some(voucher) = vouchers.iter().find(|voucher| id == voucher.id.as_str()) else {
        return refuse("FailedOperation.InvalidVoucher", "there is no such voucher");
    };
    let lines = emulator.lines(asked.account, voucher.month);
    let used: Vec<Line> = voucher.lines(&lines).collect();
    let records = used.iter().skip(skipped).take(limit);
    object(&json!({
        "TotalCount": length(&used),
        "TotalUsedAmount": voucher.used,
        "UsageRecords": records.map(|line| voucher.record(&lines, line)).collect::<Vec<_>>(),
    }))
}

impl Emulator {
    /// The vouchers of an account, of the months that have begun, the oldest first.
    fn vouchers(&mut self, account: usize, now: UnixTime) -> Vec<Voucher> {
        let calendar = self.calendar;
        let months = (0..Calendar::MONTHS).map(|month| calendar.first_day(month));
        let months = months.filter_map(|day| Month::new(day.year(), day.month()).ok());
        let mut vouchers = Vec::new();
        for month in months.filter(|month| month.first_second().to_unix() <= now) {
            let lines = self.lines(account, month);
            let is_over = month.last_second().to_unix() < now;
            let ledger = &mut self.account(account).ledgers.bill;
            let of_month = ledger.vouchers.get(month, |_| {
                let modes = [PayMode::Prepaid, PayMode::Postpaid];
                modes.map(|mode| Voucher::new(&lines, month, mode))
            });
            for voucher in of_month.into_iter().flatten() {
                let status = match voucher.balance() {
                    0 => "used",
                    _ if is_over => "overdue",
                    _ => "unUsed",
                };
                if voucher.nominal > 0 {
                    vouchers.push(Voucher {
                        status,
                        ..voucher.clone()
                    });
                }
            }
        }
        vouchers
    }
}

/// What a voucher is worth at least, and a multiple of: 100 yuan.
const STEP: i64 = 10_000_000_000;

impl Voucher {
    fn new(lines: &Lines, month: Month, mode: PayMode) -> Self {
        let mut voucher = Self {
            id: format!("VP{}{}", lines.id(0), mode.code().to_uppercase()),
            mode,
            month,
            used: 0,
            nominal: 0,
            status: "",
        };
        let used = voucher.lines(lines).map(|line| line.paid[1]);
        voucher.used = used.fold(0, i64::saturating_add);
        let steps = voucher.used.max(0).saturating_add(STEP - 1) / STEP;
        voucher.nominal = steps.saturating_mul(STEP);
        voucher
    }

    fn balance(&self) -> i64 {
        self.nominal.saturating_sub(self.used)
    }

    /// The lines of its month that it pays a part of.
    fn lines(&self, lines: &Lines) -> impl Iterator<Item = Line> {
        let (lines, mode) = (*lines, self.mode);
        let records = 0..lines.count().saturating_sub(1);
        let all = records.map(move |index| lines.line(index, [0; 4]));
        all.filter(move |line| line.charge.pay_mode() == mode && line.paid[1] != 0)
    }

    fn first_day(&self) -> Date {
        self.month.first_day()
    }

    fn last_day(&self) -> Date {
        self.month.first_day().last_of_month()
    }

    fn pay_scene(&self) -> &'static str {
        match self.mode {
            PayMode::Prepaid => "purchase,renew",
            PayMode::Postpaid => "settle account",
        }
    }

    /// Whether it was paid for.
    fn main_type(&self) -> &'static str {
        match self.mode {
            PayMode::Prepaid => "has_price",
            PayMode::Postpaid => "no_price",
        }
    }

    fn written(&self, owner: &str) -> Value {
        json!({
            "OwnerUin": owner,
            "Status": self.status,
            "NominalValue": self.nominal,
            "Balance": self.balance(),
            "VoucherId": self.id,
            "PayMode": self.mode.code(),
            "PayScene": self.pay_scene(),
            "BeginTime": self.first_day().to_string(),
            "EndTime": self.last_day().to_string(),
            "CreateTime": format!("{} 00:00:00", self.first_day()),
            "ApplicableProducts": {"GoodsName": "全产品通用", "PayMode": self.mode.code()},
            "ExcludedProducts": [],
            "PolicyRemark": "",
        })
    }

    fn record(&self, lines: &Lines, line: &Line) -> Value {
        let product = line.product.0;
        let details = line.components().into_iter().map(|component| {
            json!({
                "ProductName": line.product.1,
                "SubProductName": line.goods.name,
                "ProductCode": product.strip_prefix("p_").unwrap_or(product),
                "SubProductCode": product,
                "BillingItemCode": component.item.kind.0,
                "SubBillingItemCode": component.item.item.0,
                "ProductEnName": "",
                "SubProductEnName": "",
                "CalcUnit": "1",
                "Action": match line.charge {
                    Charge::Purchase => "purchase",
                    Charge::Renewal => "renew",
                    _ => "",
                },
            })
        });
        json!({
            "UsedAmount": line.paid[1],
            "UsedTime": second(line.period.paid),
            "VoucherId": self.id,
            "PayMode": self.mode.code(),
            "PayScene": match line.charge {
                Charge::Debit | Charge::Compensation => "adjust",
                _ => "common",
            },
            "SeqId": lines.bill_id(line),
            "UsageDetails": details.collect::<Vec<_>>(),
        })
    }
}

impl Filter {
    fn takes(&self, voucher: &Voucher) -> bool {
        let first = voucher.first_day().to_string();
        let last = voucher.last_day().to_string();
        let within = |from: &Option<String>, to: &Option<String>, day: &str| {
            let from = from.as_deref().unwrap_or_default();
            let to = to.as_deref().unwrap_or_default();
            from <= day && (to.is_empty() || day <= to)
        };
        let mode = self.pay_mode.as_deref().unwrap_or_default();
        is(&self.status, voucher.status)
            && is(&self.voucher_id, &voucher.id)
            && ["", "*", voucher.mode.code()].contains(&mode)
            && is(&self.pay_scene, voucher.pay_scene())
            && is(&self.voucher_main_type, voucher.main_type())
            && is(&self.voucher_sub_type, "deduct")
            && within(&self.time_from, &self.time_to, &first)
            && within(&self.start_time_from, &self.start_time_to, &first)
            && within(&self.end_time_from, &self.end_time_to, &last)
            && within(&self.create_time_from, &self.create_time_to, &first)
            // They have none of these.
            && is(&self.code_id, "")
            && is(&self.product_code, "")
            && is(&self.activity_id, "")
            && is(&self.voucher_name, "")
    }
}
