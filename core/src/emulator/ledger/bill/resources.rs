use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    groups::{Group, exact},
    request::{
        Filter, Scope, WRONG, check_month, check_period_type, need_record_num, payer_and_owner,
        short,
    },
};
use crate::Month;
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::lines::{Lines, eighth},
    ledger::{length, new_records::NewRecord},
    object,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse,
    served::billing,
};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeBillResourceSummary", 5),
    total: &["Total"],
    answer: Answer::Handler(
        &[
            LIST[0],
            LIST[1],
            LIST[2],
            LIST[3],
            LIST[4],
            LIST[5],
            LIST[6],
            LIST[7],
            LIST[8],
            LIST[9],
            LIST[10],
            optional("PayerUin", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, Scope::Paid),
    ),
};

pub(crate) const FOR_ORGANIZATION: Served = Served {
    target: billing("DescribeBillResourceSummaryForOrganization", 20),
    total: &["Total"],
    answer: Answer::Handler(&LIST, |emulator, asked, input| {
        answer(emulator, asked, input, Scope::PaidByOrganization)
    }),
};

const LIST: [Field; 11] = [
    required("Offset", ParameterKind::Integer { signed: false }),
    required("Limit", ParameterKind::Integer { signed: false }),
    required("Month", ParameterKind::Text),
    optional("PeriodType", ParameterKind::Text),
    optional("NeedRecordNum", ParameterKind::Integer { signed: true }),
    optional("ActionType", ParameterKind::Text),
    optional("ResourceId", ParameterKind::Text),
    optional("PayMode", ParameterKind::Text),
    optional("BusinessCode", ParameterKind::Text),
    optional("TagKey", ParameterKind::Text),
    optional("TagValue", ParameterKind::Text),
];
const MAX_LIMIT: u64 = 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    offset: u64,
    limit: u64,
    month: Month,
    period_type: Option<String>,
    need_record_num: Option<i64>,
    payer_uin: Option<String>,
    #[serde(flatten)]
    filter: Filter,
}

fn answer(
    emulator: &mut Emulator,
    asked: Asked,
    input: Map<String, Value>,
    scope: Scope,
) -> Handled {
    let input: Input = parameters::typed(input, WRONG)?;
    if !(1..=MAX_LIMIT).contains(&input.limit) {
        return refuse(WRONG, format!("Limit must be 1 to {MAX_LIMIT}"));
    }
    let month = short(input.month)?;
    check_month(month, &asked)?;
    check_period_type(input.period_type.as_deref())?;
    input.filter.check()?;
    let counted = need_record_num(input.need_record_num)?;
    let payer_uin = input.payer_uin.as_deref();
    let (payer, owner) = payer_and_owner(emulator, &asked, scope, payer_uin)?;
    let mut filter = input.filter;
    filter.owner = owner;
    let lines = emulator.lines(payer, month);
    let groups: Vec<&Group> = (emulator.groups(payer, month).iter())
        .filter(|group| filter.passes(&lines, &group.first))
        .collect();
    let count = length(&groups);
    let resources = asked.added.page(
        count,
        input.offset,
        usize::try_from(input.limit).unwrap_or(usize::MAX),
        |skipped| {
            let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
            let groups = groups.iter().skip(skipped);
            groups.map(|group| resource(&lines, group, asked.sums))
        },
        |new| added(&lines, new, &filter),
    );
    let Some(mut resources) = resources else {
        return refuse("InternalError", "a resource can't be written");
    };
    if scope == Scope::PaidByOrganization {
        // Members aren't told who pays.
        for fields in &mut resources {
            fields.remove("PayerUin");
        }
    }
    let mut output = Map::from_iter([("ResourceSummarySet".to_string(), json!(resources))]);
    if counted {
        let total = count.saturating_add(asked.added.count());
        output.insert("Total".into(), total.into());
    }
    Ok(output)
}

/// The fields that are those of a line.
const SHARED: [&str; 20] = [
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
    "PayTime",
    "FeeBeginTime",
    "FeeEndTime",
    "Tags",
    "PayerUin",
    "OwnerUin",
    "OperateUin",
    "BillMonth",
];

/// The sums of a resource's lines of one kind.
fn resource(lines: &Lines, group: &Group, off: i64) -> Option<Map<String, Value>> {
    let line = &group.first;
    let mut fields = object(&lines.written(line)).ok()?;
    fields.retain(|name, _| SHARED.contains(&name.as_str()));
    fields.extend(group.sums.fields(exact(off)));
    let [reserved, planned] = group.sums.covered;
    let more = [
        ("RegionId", json!(line.resource.region.id)),
        ("InstanceType", json!(line.charge.instance_type())),
        ("OriginalCostWithRI", json!(eighth(reserved))),
        ("OriginalCostWithSP", json!(eighth(planned))),
        ("SPDeduction", json!(eighth(0))),
        ("Discount", json!(line.discount())),
        ("ReduceType", json!(line.reduce_type())),
        ("ConfigDesc", json!("")),
        ("ExtendField1", json!("-")),
        ("ExtendField2", json!("-")),
        ("ExtendField3", json!("-")),
        ("ExtendField4", json!("-")),
        ("ExtendField5", json!("-")),
    ];
    fields.extend(more.map(|(name, value)| (name.to_string(), value)));
    Some(fields)
}

/// A new resource, which costs nothing.
fn added(lines: &Lines, new: NewRecord, filter: &Filter) -> Option<Map<String, Value>> {
    let group = Group {
        first: lines.added(new)?,
        sums: super::Sums::default(),
    };
    let mut fields = resource(lines, &group, 0)?;
    filter.name(&mut fields);
    let id = format!("ins-{:?}-{}-{}", new.end, new.list, new.number).to_lowercase();
    fields.entry("ResourceId").and_modify(|it| *it = id.into());
    Some(fields)
}
