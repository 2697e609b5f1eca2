use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Memo,
    bill_summaries::Groups,
    lines::{ACTION_NAMES, Line, Lines, uin},
    new_records::{End, NewRecord},
};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served,
    ledger::Random,
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
            required("Offset", ParameterKind::Integer { signed: false }),
            required("Limit", ParameterKind::Integer { signed: false }),
            PERIOD[0],
            PERIOD[1],
            PERIOD[2],
            PERIOD[3],
            PERIOD[4],
            FILTERS[0],
            FILTERS[1],
            FILTERS[2],
            FILTERS[3],
            FILTERS[4],
            FILTERS[5],
            optional("ProductCode", ParameterKind::Text),
            optional("PayerUin", ParameterKind::Text),
        ],
        |emulator, asked, input| answer(emulator, asked, input, Scope::Paid),
    ),
};

pub(crate) const FOR_ORGANIZATION: Served = Served {
    target: billing("DescribeBillDetailForOrganization", 20),
    total: &["Total"],
    answer: Answer::Handler(
        &[
            required("Offset", ParameterKind::Integer { signed: false }),
            required("Limit", ParameterKind::Integer { signed: false }),
            PERIOD[0],
            PERIOD[1],
            PERIOD[2],
            PERIOD[3],
            PERIOD[4],
            FILTERS[0],
            FILTERS[1],
            FILTERS[2],
            FILTERS[3],
            FILTERS[4],
            FILTERS[5],
        ],
        |emulator, asked, input| answer(emulator, asked, input, Scope::PaidByOrganization),
    ),
};

const PERIOD: [Field; 5] = [
    optional("PeriodType", ParameterKind::Text),
    optional("Month", ParameterKind::Text),
    optional("BeginTime", ParameterKind::Text),
    optional("EndTime", ParameterKind::Text),
    optional("NeedRecordNum", ParameterKind::Integer { signed: true }),
];
const FILTERS: [Field; 6] = [
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

/// The lines that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    pay_mode: Option<String>,
    resource_id: Option<String>,
    action_type: Option<String>,
    project_id: Option<i64>,
    business_code: Option<String>,
    /// The member that uses the resources.
    #[serde(skip)]
    owner: Owner,
}

/// Whose bill is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scope {
    /// What an account pays.
    Paid,
    /// What the organisation's first account pays for members.
    PaidByOrganization,
}

/// Who uses a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Owner {
    #[default]
    Any,
    /// Any member but this account.
    Not(u64),
    /// This account.
    Only(u64),
}

/// The bill of an account.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    roundings: Memo<Month, [i64; 4]>,
    listed: Memo<(Month, Filter), Vec<u64>>,
    pub(super) groups: Memo<Month, Groups>,
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
    let month = month(&input)?;
    check_month(month, &asked)?;
    check_period_type(input.period_type.as_deref())?;
    let mut filter = input.filter;
    filter.check()?;
    let counted = need_record_num(input.need_record_num)?;
    let caller = u64::try_from(asked.account).unwrap_or(u64::MAX);
    let payer = match scope {
        Scope::Paid => payer(emulator, asked.account, input.payer_uin.as_deref())?,
        Scope::PaidByOrganization => {
            let caller = uin(caller);
            filter.owner = match asked.account {
                0 => Owner::Not(caller),
                _ => Owner::Only(caller),
            };
            0
        }
    };
    let lines = emulator.lines(payer, month);
    let seed = emulator.account(payer).account.seed;
    let context = context(seed, payer, month, &filter);
    if input
        .context
        .is_some_and(|sent| !sent.is_empty() && sent != context)
    {
        return refuse(WRONG, "Context is not that of this list");
    }
    let ledger = &mut emulator.account(payer).ledgers.lines;
    let rounding = ledger.rounding(month, &lines);
    let listed = if filter == Filter::default() {
        None
    } else {
        let list = |(_, filter): &(Month, Filter)| {
            let indices = 0..lines.count();
            let passes = |index: &u64| filter.passes(&lines, &lines.line(*index, rounding));
            indices.filter(passes).collect()
        };
        ledger.listed.get((month, filter.clone()), list)
    };
    let count = match listed {
        Some(listed) => super::length(listed),
        None => lines.count(),
    };
    let index = |place: u64| match listed {
        Some(listed) => listed.get(usize::try_from(place).ok()?).copied(),
        None => Some(place),
    };
    let limit = usize::try_from(input.limit).unwrap_or(usize::MAX);
    let details = asked.added.page(
        count,
        input.offset,
        limit,
        |skipped| {
            (skipped..count)
                .map(|place| written(&lines, &lines.line(index(place)?, rounding), scope))
        },
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

/// The code of a refusal of a value.
pub(super) const WRONG: &str = "InvalidParameterValue";

fn month(input: &Input) -> Result<Month, Refused> {
    let month = |time: BeijingSecond| {
        let day = time.datetime();
        Month::new(day.year(), day.month())
            .map_err(|_| Refused::new(WRONG, "there is no such month"))
    };
    match (input.begin_time, input.end_time) {
        (Some(begin), Some(end)) => {
            if end < begin {
                return refuse(WRONG, "EndTime is before BeginTime");
            }
            if month(begin)? != month(end)? {
                return refuse(WRONG, "BeginTime and EndTime must be in one month");
            }
            month(begin)
        }
        (None, None) => match input.month {
            Some(month) => short(month),
            None => refuse(
                "MissingParameter",
                "Month, or BeginTime and EndTime, is missing",
            ),
        },
        _ => refuse(
            "MissingParameter",
            "BeginTime and EndTime must be sent together",
        ),
    }
}

/// The same month, whatever way it was written.
pub(super) fn short(month: Month) -> Result<Month, Refused> {
    Month::new(month.year(), month.month())
        .map_err(|_| Refused::new(WRONG, "there is no such month"))
}

/// A month that has not begun has no bill.
pub(super) fn check_month(month: Month, asked: &Asked) -> Result<(), Refused> {
    if month.first_second().to_unix() > asked.now {
        return refuse(WRONG, format!("the month {month} has not begun"));
    }
    Ok(())
}

/// The bill is by the time of usage.
pub(super) fn check_period_type(period_type: Option<&str>) -> Result<(), Refused> {
    match period_type {
        None | Some("byUsedTime") => Ok(()),
        Some("byPayTime") => refuse(WRONG, "PeriodType must be byUsedTime, like the bill's"),
        Some(_) => refuse(WRONG, "PeriodType must be byUsedTime or byPayTime"),
    }
}

/// Whether a total is wanted.
pub(super) fn need_record_num(value: Option<i64>) -> Result<bool, Refused> {
    match value {
        None | Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => refuse(WRONG, "NeedRecordNum must be 0 or 1"),
    }
}

/// The account whose bill an account asks for: its own, or, if it is the organisation's first, that of a member.
pub(super) fn payer(
    emulator: &Emulator,
    account: usize,
    payer_uin: Option<&str>,
) -> Result<usize, Refused> {
    let Some(payer) = payer_uin.filter(|uin| !uin.is_empty()) else {
        return Ok(account);
    };
    let of = |account: &usize| {
        let number = u64::try_from(*account).unwrap_or(u64::MAX);
        payer == uin(number).to_string()
    };
    let mut readable = if account == 0 {
        0..emulator.accounts()
    } else {
        account..account.saturating_add(1)
    };
    readable.find(of).ok_or_else(|| {
        Refused::new(
            "AuthFailure.UnauthorizedOperation",
            "PayerUin is no account whose bill this account may read",
        )
    })
}

/// What is sent back for the next page of a list; each list has its own.
fn context(seed: u64, payer: usize, month: Month, filter: &Filter) -> String {
    let list = format!("{payer} {month} {filter:?}");
    let mut random = Random::new(seed, &list, 0);
    (0..4).map(|_| format!("{:016x}", random.next())).collect()
}

impl Filter {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let pay_mode = self.pay_mode.as_deref();
        if pay_mode.is_some_and(|it| !["", "prePay", "postPay"].contains(&it)) {
            return refuse(WRONG, "PayMode must be prePay or postPay");
        }
        let action = self.action_type.as_deref();
        if action.is_some_and(|it| !it.is_empty() && !ACTION_NAMES.contains(&it)) {
            return refuse(WRONG, "ActionType must be the Chinese name of a type");
        }
        Ok(())
    }

    pub(super) fn passes(&self, lines: &Lines, line: &Line) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted
                .as_deref()
                .is_none_or(|it| it.is_empty() || it == value)
        };
        is(&self.pay_mode, line.charge.pay_mode().code())
            && is(&self.action_type, line.charge.action().1)
            && is(&self.business_code, line.product.0)
            && is(&self.resource_id, &line.resource.id)
            && self
                .project_id
                .is_none_or(|it| it == line.resource.project.0)
            && match self.owner {
                Owner::Any => true,
                Owner::Not(account) => lines.owner(line) != account,
                Owner::Only(account) => lines.owner(line) == account,
            }
    }
}

impl Ledger {
    pub(crate) const fn new() -> Self {
        Self {
            roundings: Memo::new(),
            listed: Memo::new(),
            groups: Memo::new(),
        }
    }

    pub(super) fn rounding(&mut self, month: Month, lines: &Lines) -> [i64; 4] {
        let known = self.roundings.get(month, |_| lines.rounding());
        known.copied().unwrap_or_default()
    }
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

/// A new line, which costs nothing, of the first kind that passes the filter as far as it names one.
fn added(lines: &Lines, new: NewRecord, filter: &Filter, scope: Scope) -> Option<Value> {
    let mut line = lines.line(0, [0; 4]);
    line.paid = [0; 4];
    line.index = ADDED
        .checked_add(new.list.checked_mul(1_000_000)?)?
        .checked_add(new.number.checked_mul(2)?)?
        .checked_add(u64::from(new.end == End::Tail))?;
    let Value::Object(mut fields) = written(lines, &line, scope)? else {
        return None;
    };
    let mut named = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.into(), value);
        }
    };
    named(
        "BusinessCode",
        filter.business_code.as_deref().map(Into::into),
    );
    named("ResourceId", filter.resource_id.as_deref().map(Into::into));
    named(
        "ActionTypeName",
        filter.action_type.as_deref().map(Into::into),
    );
    named("ProjectId", filter.project_id.map(|id| json!(id)));
    Some(Value::Object(fields))
}

/// The number of the first line that is added: beyond those of the ledger.
const ADDED: u64 = 9_000_000_000;
