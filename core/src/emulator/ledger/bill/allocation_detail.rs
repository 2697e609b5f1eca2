use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::request::{WRONG, check_month, short};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::{
        current_month, length,
        lines::{Component, Line, Lines, eighth},
        new_records::NewRecord,
        products::{FEN, add, total},
    },
    object,
    parameters::{self, ParameterKind, optional, required},
    refuse,
    served::billing,
};
use crate::{Month, billing::SortType};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeAllocationBillDetail", 20),
    total: &["RecordNum"],
    answer: Answer::Handler(
        &[
            required("Limit", ParameterKind::Integer { signed: false }),
            required("Offset", ParameterKind::Integer { signed: false }),
            optional("Month", ParameterKind::Text),
            optional("TreeNodeUniqKeys", TEXTS),
            optional("Sort", ParameterKind::Text),
            optional("SortType", ParameterKind::Text),
            optional("BusinessCodes", TEXTS),
            optional("OwnerUins", TEXTS),
            optional("OperateUins", TEXTS),
            optional("PayModes", TEXTS),
            optional("ActionTypes", TEXTS),
            optional("ProductCodes", TEXTS),
            optional("RegionIds", TEXTS),
            optional("ZoneIds", TEXTS),
            optional("InstanceTypes", TEXTS),
            optional("Tag", TEXTS),
            optional("ComponentCodes", TEXTS),
            optional("ItemCodes", TEXTS),
            optional("SearchKey", ParameterKind::Text),
            optional(
                "ProjectIds",
                ParameterKind::list(&ParameterKind::Integer { signed: false }),
            ),
        ],
        answer,
    ),
};

const TEXTS: ParameterKind = ParameterKind::list(&ParameterKind::Text);
const MAX_LIMIT: u64 = 1_000;
/// The values of `Sort`.
const SORTS: [&str; 8] = [
    "RiTimeSpan",
    "ExtendPayAmount1",
    "RealCost",
    "CashPayAmount",
    "VoucherPayAmount",
    "IncentivePayAmount",
    "TransferPayAmount",
    "Cost",
];
/// The example of `Sort` on the vendor's page, which is not a documented value.
const DOCUMENTED_SORT: &str = "realCost";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    limit: u64,
    offset: u64,
    month: Option<Month>,
    #[serde(flatten)]
    query: Query,
}

/// The components that are asked for, and their order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Query {
    sort: Option<String>,
    sort_type: Option<SortType>,
    tree_node_uniq_keys: Vec<String>,
    business_codes: Vec<String>,
    owner_uins: Vec<String>,
    operate_uins: Vec<String>,
    pay_modes: Vec<String>,
    action_types: Vec<String>,
    product_codes: Vec<String>,
    region_ids: Vec<String>,
    zone_ids: Vec<String>,
    instance_types: Vec<String>,
    tag: Vec<String>,
    component_codes: Vec<String>,
    item_codes: Vec<String>,
    search_key: Option<String>,
    project_ids: Vec<u64>,
}

/// The components of a query, each by the numbers of its line and its own, and their sums.
#[derive(Clone, Debug)]
pub(crate) struct View {
    listed: Vec<(u64, usize)>,
    /// In cash, vouchers, credits and proceeds.
    paid: [i64; 4],
}

fn answer(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    if !(1..=MAX_LIMIT).contains(&input.limit) {
        return refuse(WRONG, format!("Limit must be 1 to {MAX_LIMIT}"));
    }
    let Some(month) = input.month.or_else(|| current_month(asked.now)) else {
        return refuse(WRONG, "there is no current month");
    };
    let month = short(month)?;
    check_month(month, &asked)?;
    let query = input.query;
    let documented = emulator.takes_documented_examples;
    let is_sort = |sort: &str| SORTS.contains(&sort) || documented && sort == DOCUMENTED_SORT;
    if query.sort.as_deref().is_some_and(|sort| !is_sort(sort)) {
        return refuse(WRONG, "Sort is not a field to sort by");
    }
    let order = query.sort_type.as_ref();
    if order.is_some_and(|order| *order != SortType::ASC && *order != SortType::DESC) {
        return refuse(WRONG, "SortType must be asc or desc");
    }
    let lines = emulator.lines(asked.account, month);
    let ledger = &mut emulator.account(asked.account).ledgers.bill;
    let rounding = ledger.rounding(month, &lines);
    let view = |(_, query): &(Month, Query)| view(&lines, rounding, query);
    let Some(view) = ledger.allocated.get((month, query.clone()), view) else {
        return refuse("InternalError", "the ledger has no such month");
    };
    let count = length(&view.listed);
    let details = asked.added.page(
        count,
        input.offset,
        usize::try_from(input.limit).unwrap_or(usize::MAX),
        |skipped| {
            let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
            let listed = view.listed.iter().skip(skipped);
            listed.map(|(index, number)| detail(&lines, &lines.line(*index, rounding), *number))
        },
        |new: NewRecord| detail(&lines, &lines.added(new)?, 0),
    );
    let Some(details) = details else {
        return refuse("InternalError", "a cost can't be written");
    };
    let sum = |amount: i64| {
        let off = asked.sums.saturating_mul(FEN);
        eighth(amount.saturating_add(off))
    };
    let [cash, vouchers, credits, proceeds] = view.paid.map(sum);
    object(&json!({
        "RecordNum": count.saturating_add(asked.added.count()),
        "Total": {
            "RealTotalCost": sum(total(view.paid)),
            "CashPayAmount": cash,
            "VoucherPayAmount": vouchers,
            "IncentivePayAmount": credits,
            "TransferPayAmount": proceeds,
        },
        "Detail": details,
    }))
}

fn view(lines: &Lines, rounding: [i64; 4], query: &Query) -> View {
    let (mut keyed, mut paid) = (Vec::new(), [0; 4]);
    for index in 0..lines.count() {
        let line = lines.line(index, rounding);
        if !query.takes(lines, &line) {
            continue;
        }
        for (number, component) in line.components().iter().enumerate() {
            if query.takes_component(component) {
                paid = add(paid, component.paid);
                keyed.push((query.key(component), (index, number)));
            }
        }
    }
    if query.sort_type == Some(SortType::DESC) {
        keyed.sort_by_key(|(key, _)| core::cmp::Reverse(*key));
    } else {
        keyed.sort_by_key(|(key, _)| *key);
    }
    View {
        listed: keyed.into_iter().map(|(_, at)| at).collect(),
        paid,
    }
}

/// Whether a filter is empty or has a value.
fn has(filter: &[String], value: &str) -> bool {
    filter.is_empty() || filter.iter().any(|it| it == value)
}

impl Query {
    fn takes(&self, lines: &Lines, line: &Line) -> bool {
        let resource = &line.resource;
        let tags = || line.tags();
        let project = u64::try_from(resource.project.0).unwrap_or_default();
        let is_tagged = |wanted: &String| {
            tags().any(|(key, value)| wanted.split_once(':') == Some((key, value)))
        };
        has(
            &self.tree_node_uniq_keys,
            lines.unit(line).0.unwrap_or_default(),
        ) && has(&self.business_codes, line.product.0)
            && has(&self.owner_uins, &lines.owner(line).to_string())
            && has(&self.operate_uins, &lines.operator().to_string())
            && has(&self.pay_modes, line.charge.pay_mode().code())
            && has(&self.action_types, line.charge.action().0)
            && has(&self.product_codes, line.goods.code)
            && has(&self.region_ids, &resource.region.id.to_string())
            && has(&self.zone_ids, &resource.zone_id().to_string())
            && has(&self.instance_types, line.charge.instance_type())
            && (self.tag.is_empty() || self.tag.iter().any(is_tagged))
            && (self.project_ids.is_empty() || self.project_ids.contains(&project))
            && self.search_key.as_deref().is_none_or(|key| {
                let is_in_tag =
                    |(name, value): (&str, &str)| name.contains(key) || value.contains(key);
                resource.id.contains(key) || resource.name.contains(key) || tags().any(is_in_tag)
            })
    }

    fn takes_component(&self, component: &Component) -> bool {
        has(&self.component_codes, component.item.kind.0)
            && has(&self.item_codes, component.item.item.0)
    }

    fn key(&self, component: &Component) -> i64 {
        let list = component.amounts.list.unwrap_or_default();
        let [cash, vouchers, credits, proceeds] = component.paid;
        match self.sort.as_deref() {
            Some("RiTimeSpan") => component.reserved_hours,
            Some("ExtendPayAmount1") => list.reserved,
            Some("RealCost" | DOCUMENTED_SORT) => component.amounts.real,
            Some("CashPayAmount") => cash,
            Some("VoucherPayAmount") => vouchers,
            Some("IncentivePayAmount") => credits,
            Some("TransferPayAmount") => proceeds,
            Some("Cost") => list.cost,
            _ => 0,
        }
    }
}

/// The fields of a line and of a component that are called the same in a detail.
const SAME: [&str; 43] = [
    "PayerUin",
    "OwnerUin",
    "OperateUin",
    "BusinessCode",
    "BusinessCodeName",
    "PayModeName",
    "ProjectId",
    "ProjectName",
    "RegionName",
    "ZoneName",
    "ResourceId",
    "ResourceName",
    "ProductCode",
    "ProductCodeName",
    "ActionType",
    "ActionTypeName",
    "OrderId",
    "BillId",
    "PayTime",
    "FeeBeginTime",
    "FeeEndTime",
    "RegionType",
    "RegionTypeName",
    "PriceInfo",
    "Formula",
    "FormulaUrl",
    "ReserveDetail",
    "DiscountObject",
    "DiscountType",
    "DiscountContent",
    "InstanceType",
    "ComponentCodeName",
    "ItemCodeName",
    "SinglePrice",
    "ContractPrice",
    "UsedAmountUnit",
    "CashPayAmount",
    "VoucherPayAmount",
    "IncentivePayAmount",
    "TransferPayAmount",
    "RealTotalMeasure",
    "DeductedMeasure",
    "ComponentCode",
];
/// What other fields of a component are called in a detail.
const RENAMED: [(&str, &str); 12] = [
    ("ItemCode", "ItemCode"),
    ("PriceUnit", "SinglePriceUnit"),
    ("TimeUnitName", "TimeUnit"),
    ("Cost", "TotalCost"),
    ("RealCost", "RealTotalCost"),
    ("RiTimeSpan", "RITimeSpan"),
    ("OriginalCostWithRI", "RICost"),
    ("OriginalCostWithSP", "SPCost"),
    ("Discount", "Discount"),
    ("SPDeductionRate", "SPDeductionRate"),
    ("SPDeduction", "SPDeduction"),
    ("BlendedDiscount", "BlendedDiscount"),
];

fn detail(lines: &Lines, line: &Line, number: usize) -> Option<Map<String, Value>> {
    let mut fields = object(&lines.written(line)).ok()?;
    let tags = fields.remove("Tags");
    let orders = associated(fields.remove("AssociatedOrder")?);
    let components = fields.remove("ComponentSet");
    fields.retain(|name, _| SAME.contains(&name.as_str()));
    let Value::Object(component) = components?.get(number)?.clone() else {
        return None;
    };
    for (name, value) in component {
        let renamed = RENAMED.iter().find(|(known, _)| *known == name);
        match renamed {
            Some((_, renamed)) => fields.insert((*renamed).into(), value),
            None if SAME.contains(&name.as_str()) => fields.insert(name, value),
            None => None,
        };
    }
    let amounts = line.components().get(number)?.amounts;
    let (unit, unit_name) = lines.unit(line);
    let (instance, instance_name) = (line.charge.instance_type(), line.charge.instance_name());
    let more = [
        ("TreeNodeUniqKey", json!(unit)),
        ("TreeNodeUniqKeyName", json!(unit_name)),
        ("BillDate", json!(line.day.to_string())),
        ("BillMonth", json!(lines.month_text())),
        ("PayMode", json!(line.charge.pay_mode().code())),
        ("RegionId", json!(line.resource.region.id)),
        ("ZoneId", json!(line.resource.zone_id())),
        ("InstanceType", json!(instance)),
        ("InstanceTypeName", json!(instance_name)),
        ("UsedAmount", json!(eighth(amounts.used))),
        ("TimeSpan", json!(eighth(amounts.time))),
        ("SplitRatio", json!(eighth(0))),
        ("Tag", tags.unwrap_or_default()),
        ("AssociatedOrder", json!(orders)),
        // All of a unit's own costs are gathered.
        ("AllocationType", json!(if unit.is_some() { 1 } else { 2 })),
    ];
    fields.extend(more.map(|(name, value)| (name.to_string(), value)));
    Some(fields)
}

/// The orders that a line is about as JSON in a text, which is empty if there are none.
fn associated(orders: Value) -> String {
    let Value::Object(mut orders) = orders else {
        return String::new();
    };
    orders.retain(|_, order| *order != "");
    if orders.is_empty() {
        return String::new();
    }
    Value::Object(orders).to_string()
}
