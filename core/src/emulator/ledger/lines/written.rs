use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::emulator::roles::FIRST_SUB_ACCOUNT;

use super::{
    Charge, Component, Line, Lines, TAG_KEYS, Tags,
    amounts::{FULL, ONE},
    period, uin,
};

/// A line as the service writes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Written {
    id: String,
    bill_id: String,
    order_id: String,
    business_code: &'static str,
    business_code_name: &'static str,
    product_code: &'static str,
    product_code_name: &'static str,
    pay_mode_name: &'static str,
    action_type: &'static str,
    action_type_name: &'static str,
    project_id: i64,
    project_name: &'static str,
    region_id: String,
    region_name: &'static str,
    region_type: &'static str,
    region_type_name: &'static str,
    zone_name: &'static str,
    resource_id: String,
    resource_name: String,
    pay_time: String,
    fee_begin_time: String,
    fee_end_time: String,
    bill_day: String,
    bill_month: String,
    payer_uin: String,
    owner_uin: String,
    operate_uin: String,
    tags: Vec<Tag>,
    price_info: &'static [&'static str],
    associated_order: AssociatedOrder,
    formula: String,
    formula_url: &'static str,
    reserve_detail: &'static str,
    discount_object: &'static str,
    discount_type: &'static str,
    discount_content: String,
    extend_field: &'static str,
    component_set: Vec<WrittenComponent>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    tag_key: &'static str,
    tag_value: &'static str,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssociatedOrder {
    prepay_purchase: String,
    prepay_renew: String,
    prepay_modify_up: String,
    reverse_order: String,
    new_order: String,
    original: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrittenComponent {
    component_code: &'static str,
    component_code_name: &'static str,
    item_code: &'static str,
    item_code_name: &'static str,
    instance_type: &'static str,
    price_unit: String,
    single_price: String,
    specified_price: String,
    contract_price: String,
    used_amount: String,
    used_amount_unit: &'static str,
    real_total_measure: String,
    deducted_measure: String,
    time_span: String,
    time_unit_name: &'static str,
    cost: String,
    discount: String,
    blended_discount: String,
    reduce_type: &'static str,
    real_cost: String,
    cash_pay_amount: String,
    voucher_pay_amount: String,
    incentive_pay_amount: String,
    transfer_pay_amount: String,
    ri_time_span: String,
    #[serde(rename = "OriginalCostWithRI")]
    original_cost_with_ri: String,
    #[serde(rename = "OriginalCostWithSP")]
    original_cost_with_sp: String,
    #[serde(rename = "SPDeductionRate")]
    sp_deduction_rate: String,
    #[serde(rename = "SPDeduction")]
    sp_deduction: String,
    component_config: Vec<Config>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    name: &'static str,
    value: &'static str,
}

/// What stands where nothing is shown.
const HIDDEN: &str = "-";

impl Written {
    pub(super) fn new(lines: &Lines, line: &Line) -> Self {
        let (charge, resource, period) = (line.charge, &line.resource, &line.period);
        let (action_type, action_type_name) = charge.action();
        let (region_type, region_type_name) = resource.region.kind;
        let number = |kind| number_of(lines, line, kind);
        let bill_id = lines.bill_id(line);
        let (discount_type, discount_content) = match charge {
            Charge::Rounding | Charge::Debit | Charge::Compensation => ("", String::new()),
            _ if line.goods.by_contract => ("合同价", String::new()),
            _ => ("折扣", share(resource.discount)),
        };
        Self {
            id: lines.id(line.index),
            order_id: match charge.pay_mode() {
                super::PayMode::Prepaid => bill_id.clone(),
                super::PayMode::Postpaid => number(ORDER),
            },
            bill_id,
            business_code: line.product.0,
            business_code_name: line.product.1,
            product_code: line.goods.code,
            product_code_name: line.goods.name,
            pay_mode_name: charge.pay_mode().name(),
            action_type,
            action_type_name,
            project_id: resource.project.0,
            project_name: resource.project.1,
            region_id: resource.region.id.to_string(),
            region_name: resource.region.name,
            region_type,
            region_type_name,
            zone_name: resource.zone,
            resource_id: resource.id.clone(),
            resource_name: resource.name.clone(),
            pay_time: second(period.paid),
            fee_begin_time: second(period.begin),
            fee_end_time: second(period.end),
            bill_day: format!("{} 00:00:00", line.day),
            bill_month: format!("{} 00:00:00", lines.rows.first_day),
            payer_uin: uin(lines.account).to_string(),
            owner_uin: lines.owner(line).to_string(),
            operate_uin: lines.operator().to_string(),
            tags: tags(&resource.tags),
            price_info: line.goods.price_info,
            associated_order: associated(lines, line),
            formula: match charge {
                Charge::Return | Charge::ToPostpaid => {
                    format!("退款：{}元，代金券/折扣券不退", eighth(line.real()))
                }
                _ => String::new(),
            },
            formula_url: match line.product.0 {
                "p_cvm" => "https://buy.cloud.tencent.com/price/cvm",
                _ => "",
            },
            reserve_detail: match charge {
                Charge::Debit | Charge::Compensation => "本条账单类型：调账-重出单",
                _ => "",
            },
            discount_object: match discount_type {
                "折扣" => "用户折扣",
                _ => "",
            },
            discount_type,
            discount_content,
            extend_field: "",
            component_set: (line.components().iter())
                .map(|component| WrittenComponent::new(line, component))
                .collect(),
        }
    }
}

impl Line {
    /// The text of its discount.
    pub(crate) fn discount(&self) -> String {
        let components = self.components();
        let list = components.first().and_then(|it| it.amounts.list);
        list.map_or_else(|| HIDDEN.to_string(), |list| share(list.discount))
    }

    /// The text of the kind of its discount.
    pub(crate) const fn reduce_type(&self) -> &'static str {
        if self.goods.by_contract {
            "合同价"
        } else {
            "折扣"
        }
    }
}

impl WrittenComponent {
    fn new(line: &Line, component: &Component) -> Self {
        let (item, amounts) = (component.item, &component.amounts);
        let [cash, vouchers, credits, proceeds] = component.paid.map(eighth);
        let list = amounts.list.as_ref();
        let hidden = || HIDDEN.to_string();
        let single = list.map_or_else(hidden, |list| eighth(list.single));
        let covered = |part: Option<i64>| eighth(part.unwrap_or_default());
        let time_unit = line.charge.time_unit();
        // The package of audio and video covers a tenth.
        let packaged = line.goods.code == "sp_rav_audio_video";
        let deducted = amounts.used / 10;
        let measure = |measure| {
            if packaged {
                quantity(measure)
            } else {
                hidden()
            }
        };
        let block = if item.hundred { "100" } else { "" };
        Self {
            component_code: item.kind.0,
            component_code_name: item.kind.1,
            item_code: item.item.0,
            item_code_name: item.item.1,
            instance_type: line.charge.instance_type(),
            price_unit: match line.charge {
                Charge::Debit | Charge::Compensation | Charge::Rounding => "元".into(),
                _ => format!("元/{block}{}/{time_unit}", item.unit),
            },
            specified_price: single.clone(),
            single_price: single,
            contract_price: match amounts.contract {
                0 if list.is_none() => hidden(),
                contract => eighth(contract),
            },
            used_amount: quantity(amounts.used),
            used_amount_unit: item.unit,
            real_total_measure: measure(amounts.used.saturating_add(deducted)),
            deducted_measure: measure(deducted),
            time_span: quantity(amounts.time),
            time_unit_name: time_unit,
            cost: list.map_or_else(hidden, |list| eighth(list.cost)),
            discount: list.map_or_else(hidden, |list| share(list.discount)),
            blended_discount: list.map_or_else(hidden, |list| {
                let blended = component.blended(list).saturating_mul(ONE / FULL);
                eighth(blended)
            }),
            reduce_type: line.reduce_type(),
            real_cost: eighth(amounts.real),
            cash_pay_amount: cash,
            voucher_pay_amount: vouchers,
            incentive_pay_amount: credits,
            transfer_pay_amount: proceeds,
            ri_time_span: eighth(component.reserved_hours),
            original_cost_with_ri: covered(list.map(|list| list.reserved)),
            original_cost_with_sp: covered(list.map(|list| list.planned)),
            sp_deduction_rate: Decimal::new(component.rate, 2).to_string(),
            sp_deduction: eighth(0),
            component_config: match line.goods.zonal {
                true => [
                    ("项目", line.resource.project.1),
                    ("可用区", line.resource.zone),
                ]
                .map(|(name, value)| Config { name, value })
                .into(),
                false => Vec::new(),
            },
        }
    }
}

/// The digits that follow the day in the numbers of transactions, orders and orders of others.
const BILL: u64 = 4;
const ORDER: u64 = 6;
const EARLIER: u64 = 8;

impl Lines {
    /// The id of a line, which no other account or month has.
    pub(crate) fn id(&self, index: u64) -> String {
        let account = (self.account % 900).saturating_mul(1_000_000_000_000_000);
        let month = self.month_number().saturating_mul(10_000_000_000_000);
        let id = account.saturating_add(month).saturating_add(index);
        id.saturating_add(1_000_000_000_000_000_000).to_string()
    }

    /// The number of a line's transaction.
    pub(crate) fn bill_id(&self, line: &Line) -> String {
        number_of(self, line, BILL)
    }

    /// The sub-account that operates all resources.
    pub(crate) const fn operator(&self) -> u64 {
        FIRST_SUB_ACCOUNT.saturating_add(self.account)
    }

    /// The account that uses a line's resource.
    pub(crate) const fn owner(&self, line: &Line) -> u64 {
        uin(self.account.saturating_add(line.resource.owner))
    }

    /// A number of 23 digits that begins with a day.
    fn number(&self, day: Date, kind: u64, index: u64) -> String {
        let (year, month, day) = (day.year(), day.month(), day.day());
        let account = self.account % 1_000;
        format!("{year:04}{month:02}{day:02}{kind}{account:03}{index:011}")
    }
}

fn number_of(lines: &Lines, line: &Line, kind: u64) -> String {
    lines.number(line.day, kind, line.index)
}

/// The orders that a refund or an adjustment is about.
fn associated(lines: &Lines, line: &Line) -> AssociatedOrder {
    let none = AssociatedOrder::default();
    let Some(day) = line.period.ordered() else {
        return none;
    };
    let order = |kind| lines.number(day, kind, line.index);
    match line.charge {
        Charge::Return => AssociatedOrder {
            prepay_purchase: order(EARLIER),
            ..none
        },
        Charge::ToPostpaid => AssociatedOrder {
            prepay_purchase: order(EARLIER),
            prepay_renew: format!("{},{}", order(7), order(9)),
            ..none
        },
        Charge::Debit | Charge::Compensation => AssociatedOrder {
            original: order(EARLIER),
            ..none
        },
        _ => none,
    }
}

pub(crate) fn tags(tags: &Tags) -> Vec<Tag> {
    let pairs = TAG_KEYS.into_iter().zip(tags);
    let tag = |(tag_key, value): (&'static str, &Option<&'static str>)| {
        value.map(|tag_value| Tag { tag_key, tag_value })
    };
    pairs.filter_map(tag).collect()
}

/// An amount with eight decimals.
pub(crate) fn eighth(amount: i64) -> String {
    Decimal::new(amount, 8).to_string()
}

/// A number without decimals if it has none, else with eight.
fn quantity(number: i64) -> String {
    match number % ONE {
        0 => (number / ONE).to_string(),
        _ => eighth(number),
    }
}

/// Millionths, without trailing zeros.
fn share(millionths: i64) -> String {
    Decimal::new(millionths, 6).normalize().to_string()
}

/// A second in Beijing.
pub(crate) fn second(time: i64) -> String {
    period::second(time).map_or_else(String::new, |second| second.to_string())
}
