//! Costs by the day of their use: a subscription is spread over its days.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

use jiff::{Span, civil::Date};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::request::{WRONG, check_month, is, month_of, need_record_num};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::{
        lines::{Component, Line, Lines, eighth},
        products::total,
    },
    object,
    parameters::{self, ParameterKind, optional, required},
    refuse,
    served::billing,
};
use crate::{Month, types::BeijingSecond};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeCostDetail", 20),
    total: &["Total"],
    answer: Answer::Handler(
        &[
            required("Limit", ParameterKind::Integer { signed: true }),
            required("Offset", ParameterKind::Integer { signed: false }),
            optional("BeginTime", ParameterKind::Text),
            optional("EndTime", ParameterKind::Text),
            optional("NeedRecordNum", ParameterKind::Integer { signed: false }),
            optional("Month", ParameterKind::Text),
            optional("ProductCode", ParameterKind::Text),
            optional("PayMode", ParameterKind::Text),
            optional("ResourceId", ParameterKind::Text),
            optional("BusinessCode", ParameterKind::Text),
            optional("ProjectId", ParameterKind::Text),
            optional("RegionId", ParameterKind::Text),
        ],
        answer,
    ),
};

const MAX_LIMIT: i64 = 100;
/// The longest subscription in months.
const LONGEST: i32 = 12;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    limit: i64,
    offset: u64,
    begin_time: Option<BeijingSecond>,
    end_time: Option<BeijingSecond>,
    need_record_num: Option<i64>,
    month: Option<Month>,
    #[serde(flatten)]
    filter: Filter,
}

/// The costs that are asked for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    product_code: Option<String>,
    pay_mode: Option<String>,
    resource_id: Option<String>,
    business_code: Option<String>,
    project_id: Option<String>,
    region_id: Option<String>,
}

/// The days and the lines that are asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    month: Month,
    first: Date,
    last: Date,
    filter: Filter,
}

/// The days of a line that are asked for, counted from its first one: each is a record. A line that isn't spread has
/// one.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    /// The place of its month.
    month: usize,
    index: u64,
    days: Range<i64>,
    /// How many records come before.
    before: u64,
}

fn answer(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    if !(1..=MAX_LIMIT).contains(&input.limit) {
        return refuse(WRONG, format!("Limit must be 1 to {MAX_LIMIT}"));
    }
    let month = month_of(input.month, input.begin_time, input.end_time)?;
    check_month(month, &asked)?;
    let counted = need_record_num(input.need_record_num)?;
    let pay_mode = input.filter.pay_mode.as_deref().unwrap_or_default();
    if !["", "prePay", "postPay"].contains(&pay_mode) {
        return refuse(WRONG, "PayMode must be prePay or postPay");
    }
    let range = input.begin_time.zip(input.end_time);
    let (first, last) = match range {
        Some((begin, end)) => (begin.datetime().date(), end.datetime().date()),
        None => (month.first_day(), month.first_day().last_of_month()),
    };
    let query = Query {
        month,
        first,
        last,
        filter: input.filter,
    };
    let own = emulator.lines(asked.account, month);
    let mut months = Vec::new();
    for back in (0..=LONGEST).rev() {
        if let Ok(month) = month.minus(back) {
            months.push(emulator.lines(asked.account, month));
        }
    }
    let ledger = &mut emulator.account(asked.account).ledgers.bill;
    let rounding = ledger.rounding(month, &own);
    let shares = |query: &Query| query.shares(&months, rounding);
    let Some(shares) = ledger.costs.get(query, shares) else {
        return refuse("InternalError", "the ledger has no such month");
    };
    let count = shares.last().map_or(0, Share::end);
    let record = |place: u64| {
        let at = shares.partition_point(|share| share.end() <= place);
        let share = shares.get(at)?;
        let lines = months.get(share.month)?;
        let day = i64::try_from(place.checked_sub(share.before)?).ok()?;
        let line = lines.line(share.index, rounding);
        written(lines, &line, share.days.start.checked_add(day)?)
    };
    let details = asked.added.page(
        count,
        input.offset,
        usize::try_from(input.limit).unwrap_or_default(),
        |skipped| (skipped..count).map(record),
        |new| written(&own, &own.added(new)?, 0),
    );
    let Some(details) = details else {
        return refuse("InternalError", "a cost can't be written");
    };
    let mut output = Map::from_iter([("DetailSet".to_string(), json!(details))]);
    if counted {
        let total = count.saturating_add(asked.added.count());
        output.insert("Total".into(), total.into());
    }
    Ok(output)
}

impl Share {
    /// How many records end with it.
    fn end(&self) -> u64 {
        let days = self.days.end.saturating_sub(self.days.start);
        self.before.saturating_add(days.unsigned_abs())
    }
}

impl Query {
    /// The shares of lines of these months, of which the last one is asked for.
    fn shares(&self, months: &[Lines], rounding: [i64; 4]) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for (month, lines) in months.iter().enumerate() {
            let is_own = month.saturating_add(1) == months.len();
            for index in 0..lines.count() {
                if !is_own && !lines.is_spread(index) {
                    continue;
                }
                let line = lines.line(index, rounding);
                let days = self.days(&line);
                if !days.is_empty() && self.filter.takes(&line) {
                    shares.push(Share {
                        month,
                        index,
                        days,
                        before: shares.last().map_or(0, Share::end),
                    });
                }
            }
        }
        shares
    }

    /// The days of a line that are asked for.
    fn days(&self, line: &Line) -> Range<i64> {
        let Some(days) = line.days() else {
            let is_asked = (self.first..=self.last).contains(&line.day);
            return 0..i64::from(is_asked);
        };
        let since = |day: Date| {
            let days = day.since(line.first_day());
            days.map_or(0, |days| i64::from(days.get_days()))
        };
        let end = since(self.last).saturating_add(1);
        days.start.max(since(self.first))..days.end.min(end)
    }
}

impl Filter {
    fn takes(&self, line: &Line) -> bool {
        is(&self.product_code, line.goods.code)
            && is(&self.pay_mode, line.charge.pay_mode().code())
            && is(&self.resource_id, &line.resource.id)
            && is(&self.business_code, line.product.0)
            && is(&self.project_id, &line.resource.project.0.to_string())
            && is(&self.region_id, &line.resource.region.id.to_string())
    }
}

/// The part of an amount that is of one day. The days' parts add up to it.
fn part(amount: i64, day: i64, days: &Range<i64>) -> i64 {
    let until = |day: i64| {
        let sum = i128::from(amount).saturating_mul(day.into());
        let sum = sum.checked_div(days.end.into()).unwrap_or_default();
        i64::try_from(sum).unwrap_or_default()
    };
    until(day.saturating_add(1)).saturating_sub(until(day))
}

/// The fields that are those of a line.
const SHARED: [&str; 20] = [
    "PayerUin",
    "OwnerUin",
    "OperateUin",
    "BusinessCode",
    "BusinessCodeName",
    "ProductCode",
    "ProductCodeName",
    "PayModeName",
    "ProjectName",
    "RegionName",
    "ZoneName",
    "ResourceId",
    "ResourceName",
    "ActionTypeName",
    "OrderId",
    "BillId",
    "PayTime",
    "FeeBeginTime",
    "FeeEndTime",
    "Tags",
];

/// A day of a line.
fn written(lines: &Lines, line: &Line, day: i64) -> Option<Map<String, Value>> {
    let mut fields = object(&lines.written(line)).ok()?;
    fields.retain(|name, _| SHARED.contains(&name.as_str()));
    let spread = line.days();
    if spread.is_some() {
        let date = line
            .first_day()
            .checked_add(Span::new().try_days(day).ok()?);
        let date = date.ok()?;
        fields.insert("FeeBeginTime".into(), format!("{date} 00:00:00").into());
        fields.insert("FeeEndTime".into(), format!("{date} 23:59:59").into());
    }
    let days = spread.unwrap_or(0..1);
    let components = line.components();
    let components = components.iter();
    let components: Vec<Value> = components
        .map(|it| component(line, it, day, &days))
        .collect();
    fields.insert("ComponentSet".into(), components.into());
    Some(fields)
}

fn component(line: &Line, component: &Component, day: i64, days: &Range<i64>) -> Value {
    let paid = component.paid.map(|paid| part(paid, day, days));
    let real = total(paid);
    let [cash, vouchers, credits, _] = paid.map(eighth);
    let cost = component
        .amounts
        .list
        .map(|list| part(list.cost, day, days));
    let cost = cost.map_or_else(|| "-".to_string(), eighth);
    let item = component.item;
    json!({
        "ComponentCode": item.kind.0,
        "ComponentCodeName": item.kind.1,
        "ItemCode": item.item.0,
        "ItemCodeName": item.item.1,
        // A piece at the price of the whole, since a quantity of a day is no round number.
        "SinglePrice": cost,
        "PriceUnit": "元/个/天",
        "UsedAmount": "1",
        "UsedAmountUnit": "个",
        "Cost": cost,
        "Discount": line.discount(),
        "RealCost": eighth(real),
        "CashPayAmount": cash,
        "VoucherPayAmount": vouchers,
        "IncentivePayAmount": credits,
    })
}
