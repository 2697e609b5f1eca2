use alloc::{
    format,
    string::{String, ToString},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::emulator::{
    Asked, Emulator, Refused,
    ledger::lines::{ACTION_NAMES, Line, Lines, PayMode, TAG_KEYS, Tags, uin},
    refuse,
};
use crate::{Month, types::BeijingSecond};

/// The code of a refusal of a value.
pub(super) const WRONG: &str = "InvalidParameterValue";

/// Whose bill is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scope {
    /// What an account pays.
    Paid,
    /// What the organisation's first account pays for members.
    PaidByOrganization,
}

/// Who uses a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Owner {
    #[default]
    Any,
    /// Any member but this account.
    Not(u64),
    /// This account.
    Only(u64),
}

/// The lines that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    pub(super) pay_mode: Option<String>,
    pub(super) resource_id: Option<String>,
    pub(super) action_type: Option<String>,
    pub(super) project_id: Option<i64>,
    pub(super) business_code: Option<String>,
    tag_key: Option<String>,
    tag_value: Option<String>,
    /// Who uses the resources.
    #[serde(skip)]
    pub(super) owner: Owner,
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
        let tag_key = self.tag_key.as_deref();
        if tag_key.is_some_and(|it| !TAG_KEYS.contains(&it)) {
            return refuse("FailedOperation.TagKeyNotExist", "there is no such TagKey");
        }
        if tag_key.is_none() && self.tag_value.is_some() {
            return refuse(WRONG, "TagValue goes with TagKey");
        }
        Ok(())
    }

    pub(super) fn passes(&self, lines: &Lines, line: &Line) -> bool {
        is(&self.pay_mode, line.charge.pay_mode().code())
            && is(&self.action_type, line.charge.action().1)
            && is(&self.business_code, line.product.0)
            && is(&self.resource_id, &line.resource.id)
            && self
                .project_id
                .is_none_or(|it| it == line.resource.project.0)
            && self.owner.is(lines.owner(line))
            && self.tag_key.as_deref().is_none_or(|key| {
                let value = tag(&line.resource.tags, key);
                // Without a value, those that the key gives none.
                value == self.tag_value.as_deref().unwrap_or_default()
            })
    }
}

impl Filter {
    /// Gives the fields of a line the values that are asked for.
    pub(super) fn name(&self, fields: &mut Map<String, Value>) {
        let text = |value: &Option<String>| value.as_deref().map(Value::from);
        let mode = self.pay_mode.as_deref();
        let mode = [PayMode::Prepaid, PayMode::Postpaid]
            .into_iter()
            .find(|it| Some(it.code()) == mode);
        let values = [
            ("BusinessCode", text(&self.business_code)),
            ("ResourceId", text(&self.resource_id)),
            ("ActionTypeName", text(&self.action_type)),
            ("PayModeName", mode.map(|mode| mode.name().into())),
            ("ProjectId", self.project_id.map(Value::from)),
        ];
        for (name, value) in values {
            if let Some((field, value)) = fields.get_mut(name).zip(value) {
                *field = value;
            }
        }
    }
}

impl Owner {
    pub(super) fn is(self, account: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Not(other) => account != other,
            Self::Only(this) => account == this,
        }
    }
}

/// Whether a filter has this value, or none.
pub(super) fn is(wanted: &Option<String>, value: &str) -> bool {
    wanted
        .as_deref()
        .is_none_or(|it| it.is_empty() || it == value)
}

/// The value of a tag, or an empty text.
pub(super) fn tag(tags: &Tags, key: &str) -> &'static str {
    let mut pairs = TAG_KEYS.into_iter().zip(tags);
    let value = pairs.find(|(known, _)| *known == key);
    value.and_then(|(_, value)| *value).unwrap_or_default()
}

/// The month of a list, whose range has the whole month.
pub(super) fn month_of(
    month: Option<Month>,
    begin: Option<BeijingSecond>,
    end: Option<BeijingSecond>,
) -> Result<Month, Refused> {
    let of = |time: BeijingSecond| {
        let day = time.datetime();
        Month::new(day.year(), day.month())
            .map_err(|_| Refused::new(WRONG, "there is no such month"))
    };
    match (begin, end) {
        (Some(begin), Some(end)) => {
            if end < begin {
                return refuse(WRONG, "EndTime is before BeginTime");
            }
            if of(begin)? != of(end)? {
                return refuse(WRONG, "BeginTime and EndTime must be in one month");
            }
            of(begin)
        }
        (None, None) => match month {
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

/// The account that pays a bill, and whose resources are asked for.
pub(super) fn payer_and_owner(
    emulator: &Emulator,
    asked: &Asked,
    scope: Scope,
    payer_uin: Option<&str>,
) -> Result<(usize, Owner), Refused> {
    let caller = uin(u64::try_from(asked.account).unwrap_or(u64::MAX));
    match (scope, asked.account) {
        (Scope::Paid, account) => Ok((payer(emulator, account, payer_uin)?, Owner::Any)),
        (Scope::PaidByOrganization, 0) => Ok((0, Owner::Not(caller))),
        (Scope::PaidByOrganization, _) => Ok((0, Owner::Only(caller))),
    }
}

/// The account whose bill an account asks for: its own, or, if it is the organisation's first, that of a member.
fn payer(emulator: &Emulator, account: usize, payer_uin: Option<&str>) -> Result<usize, Refused> {
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
