use alloc::{
    format,
    string::{String, ToString},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::{
    Filter, Scope, WRONG, check_month, check_period_type, month_of, need_record_num,
    payer_and_owner,
};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Served,
    ledger::{
        Random, length,
        lines::{Line, Lines},
        new_records::NewRecord,
    },
    object,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse,
    served::billing,
};
use crate::{Month, types::BeijingSecond};

pub(crate) const SERVED: Served = Served {
    target: billing("DescribeBillDetail", 5),
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
            LIST[11],
            LIST[12],
            optional("ProductCode", ParameterKind::Text),
            optional("PayerUin", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, Scope::Paid),
    ),
};

pub(crate) const FOR_ORGANIZATION: Served = Served {
    target: billing("DescribeBillDetailForOrganization", 20),
    total: &["Total"],
    answer: Answer::Handler(&LIST, |emulator, asked, input| {
        answer(emulator, asked, input, Scope::PaidByOrganization)
    }),
};

const LIST: [Field; 13] = [
    required("Offset", ParameterKind::Integer { signed: false }),
    required("Limit", ParameterKind::Integer { signed: false }),
    optional("PeriodType", ParameterKind::Text),
    optional("Month", ParameterKind::Text),
    optional("BeginTime", ParameterKind::Text),
    optional("EndTime", ParameterKind::Text),
    optional("NeedRecordNum", ParameterKind::Integer { signed: true }),
    optional("PayMode", ParameterKind::Text),
    optional("ResourceId", ParameterKind::Text),
    optional("ActionType", ParameterKind::Text),
    optional("ProjectId", ParameterKind::Integer { signed: true }),
    optional("BusinessCode", ParameterKind::Text),
    optional("Context", ParameterKind::Text),
];

/// The parameters of both actions.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    offset: u64,
    limit: u64,
    period_type: Option<String>,
    month: Option<Month>,
    begin_time: Option<BeijingSecond>,
    end_time: Option<BeijingSecond>,
    need_record_num: Option<i64>,
    context: Option<String>,
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
    let most = match scope {
        Scope::Paid => 300,
        Scope::PaidByOrganization => 100,
    };
    if !(1..=most).contains(&input.limit) {
        return refuse(WRONG, format!("Limit must be 1 to {most}"));
    }
    let month = month_of(input.month, input.begin_time, input.end_time)?;
    check_month(month, &asked)?;
    check_period_type(input.period_type.as_deref())?;
    let mut filter = input.filter;
    filter.check()?;
    let counted = need_record_num(input.need_record_num)?;
    let payer_uin = input.payer_uin.as_deref();
    let (payer, owner) = payer_and_owner(emulator, &asked, scope, payer_uin)?;
    filter.owner = owner;
    let lines = emulator.lines(payer, month);
    let seed = emulator.account(payer).account.seed;
    let context = context(seed, payer, month, &filter);
    if (input.context).is_some_and(|sent| !sent.is_empty() && sent != context) {
        return refuse(WRONG, "Context is not that of this list");
    }
    let ledger = &mut emulator.account(payer).ledgers.bill;
    let rounding = ledger.rounding(month, &lines);
    let listed = ledger.listed(month, &filter, &lines);
    let count = listed.map_or_else(|| lines.count(), |listed| length(listed));
    let line = |place: u64| {
        let index = match listed {
            Some(listed) => *listed.get(usize::try_from(place).ok()?)?,
            None => place,
        };
        written(&lines, &lines.line(index, rounding), scope)
    };
    let details = asked.added.page(
        count,
        input.offset,
        usize::try_from(input.limit).unwrap_or(usize::MAX),
        |skipped| (skipped..count).map(line),
        |new| added(&lines, new, &filter, scope),
    );
    let Some(details) = details else {
        return refuse("InternalError", "a line can't be written");
    };
    let mut output = Map::from_iter([
        ("DetailSet".to_string(), Value::Array(details)),
        ("Context".to_string(), context.into()),
    ]);
    if counted {
        let total = count.saturating_add(asked.added.count());
        output.insert("Total".into(), total.into());
    }
    Ok(output)
}

/// What is sent back for the next page of a list; each list has its own.
fn context(seed: u64, payer: usize, month: Month, filter: &Filter) -> String {
    let list = format!("{payer} {month} {filter:?}");
    let mut random = Random::new(seed, &list, 0);
    (0..4).map(|_| format!("{:016x}", random.next())).collect()
}

/// The fields that lines of other payers don't have.
const OWN: [&str; 9] = [
    "Id",
    "PayerUin",
    "RegionType",
    "RegionTypeName",
    "ReserveDetail",
    "DiscountObject",
    "DiscountType",
    "DiscountContent",
    "ExtendField",
];

fn written(lines: &Lines, line: &Line, scope: Scope) -> Option<Value> {
    let mut fields = object(&lines.written(line)).ok()?;
    if scope == Scope::PaidByOrganization {
        fields.retain(|name, _| !OWN.contains(&name.as_str()));
    }
    Some(Value::Object(fields))
}

/// A new line of the first kind that passes the filter, as far as it names one.
fn added(lines: &Lines, new: NewRecord, filter: &Filter, scope: Scope) -> Option<Value> {
    let Value::Object(mut fields) = written(lines, &lines.added(new)?, scope)? else {
        return None;
    };
    filter.name(&mut fields);
    Some(Value::Object(fields))
}
