use alloc::{
    format,
    string::{String, ToString},
};
use core::{num::NonZeroU64, ops::Range};

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{
    Calendar, Periodic,
    calendar::{DAY, midnight},
    first_not_before,
    new_records::{End, NewRecord},
    random::Random,
    spread,
};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served, object,
    parameters::{Field, ParameterKind, optional, required},
    refuse, target,
};
use crate::{
    CompactDate, UnixTime,
    essbasic::{
        ChannelBillUsageDetail, ChannelDescribeBillUsageDetail,
        ChannelDescribeBillUsageDetailResponse, CostType, FlowStatus, QuotaType,
    },
};

pub(crate) const SERVED: Served = Served {
    target: target::<ChannelDescribeBillUsageDetail>(),
    total: &["Total"],
    answer: Answer::Handler(FIELDS, answer),
};

const FIELDS: &[Field] = &[
    required("Agent", ParameterKind::object(AGENT)),
    required("StartTime", ParameterKind::Text),
    required("EndTime", ParameterKind::Text),
    optional("QuotaType", ParameterKind::Text),
    optional("Offset", ParameterKind::Integer { signed: true }),
    optional("Limit", ParameterKind::Integer { signed: true }),
];

const AGENT: &[Field] = &[
    required("AppId", ParameterKind::Text),
    optional("ProxyOrganizationOpenId", ParameterKind::Text),
    optional(
        "ProxyOperator",
        ParameterKind::object(&[optional("OpenId", ParameterKind::Text)]),
    ),
    optional("ProxyAppId", ParameterKind::Text),
];

/// The app's id in the vendor's documented examples.
const DOCUMENTED_APP: &str = "yDwFdUUckpsw******yQ0af8bHosXQtb";
/// From 2026-10-10, Beijing time, both days must lie in one calendar month.
const ONE_MONTH_SINCE: UnixTime = UnixTime::new(1_791_561_600);

const CUSTOMER_COUNT: usize = 5;
const QUOTA_COUNT: usize = QuotaType::KNOWN.len();

pub(crate) const SUB_CUSTOMERS: [&str; CUSTOMER_COUNT] = [
    "org_dianziqian",
    "org_hongqiao",
    "org_nanshan",
    "org_binjiang",
    "org_tianfu",
];
const NAMES: [&str; CUSTOMER_COUNT] = [
    "典子谦示例企业",
    "虹桥示例企业",
    "南山示例企业",
    "滨江示例企业",
    "天府示例企业",
];

/// Up to how many uses a record of each sub-customer counts in the first month. It doubles until the last one.
const USES: [u64; CUSTOMER_COUNT] = [12, 6, 4, 2, 2];

/// The uses.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// In each month.
    records: u64,
    seed: u64,
    calendar: Calendar,
}

fn answer(emulator: &mut Emulator, asked: Asked, mut input: Map<String, Value>) -> Handled {
    // This action has an error code for each parameter, so they are read one by one.
    let mut integer = |name: &str, default: i64| match input.remove(name) {
        Some(value) if value.is_u64() => value.as_i64().unwrap_or(i64::MAX),
        Some(value) => value.as_i64().unwrap_or(i64::MIN),
        None => default,
    };
    let most = i64::from(emulator.usage_limit);
    let (page, limit) = (integer("Offset", 0), integer("Limit", most));
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let agent = |name: &str| {
        let agent = input.get("Agent").and_then(|agent| agent.get(name));
        agent
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let is_app =
        |id| id == Emulator::APP_ID || (emulator.takes_documented_examples && id == DOCUMENTED_APP);
    if !agent("AppId").is_some_and(is_app) {
        return refuse(
            "ResourceNotFound.NotExistApplication",
            "the app does not exist",
        );
    }
    if !(1..=most).contains(&limit) {
        return refuse(
            "InvalidParameter.Limit",
            format!("Limit must be 1 to {most}"),
        );
    }
    let Ok(page) = u64::try_from(page) else {
        return refuse("InvalidParameter", "Offset must not be negative");
    };
    let quota_type = match text("QuotaType") {
        "" => None,
        known => Some(QuotaType::new(known.to_string())).filter(QuotaType::is_known),
    };
    if quota_type.is_none() && !text("QuotaType").is_empty() {
        return refuse(
            "InvalidParameterValue.InvalidQuotaType",
            "there is no such QuotaType",
        );
    }
    let (first, last) = days(text("StartTime"), text("EndTime"), asked.now)
        .map_err(|message| Refused::new("InvalidParameterValue.InvalidTime", message))?;
    let organization = agent("ProxyOrganizationOpenId");

    let ledger = &emulator.account(asked.account).ledgers.usage;
    let range = ledger.range(first, last);
    let periodic = Periodic::new(ROUND, |place| {
        let (sub_customer, quota) = kind(place);
        organization.is_none_or(|wanted| SUB_CUSTOMERS.get(sub_customer) == Some(&wanted))
            && quota_type.as_ref().is_none_or(|wanted| wanted == quota)
    });
    let limit = u64::try_from(limit).unwrap_or_default();
    let count = periodic.count(&range);
    let details = asked.added.page(
        count,
        page.saturating_mul(limit),
        usize::try_from(limit).unwrap_or_default(),
        |skipped| {
            let indices = periodic.indices(&range, skipped);
            indices.map(|index| Some(ledger.detail(index)))
        },
        |new| {
            let time = match new.end {
                End::Head => midnight(first),
                End::Tail => midnight(last).saturating_add(DAY - 1),
            };
            Some(ledger.added(new, time, organization, quota_type.as_ref()))
        },
    );
    let mut output = object(&ChannelDescribeBillUsageDetailResponse {
        total: Some(count.saturating_add(asked.added.count())),
        details,
    })?;
    // The service omits missing fields; it never writes null.
    if let Some(Value::Array(details)) = output.get_mut("Details") {
        for detail in details.iter_mut().filter_map(Value::as_object_mut) {
            detail.retain(|_, value| !value.is_null());
        }
    }
    Ok(output)
}

/// The first and the last day of the request.
fn days(start: &str, end: &str, now: UnixTime) -> Result<(Date, Date), &'static str> {
    let day = |text: &str| text.parse::<CompactDate>().map(CompactDate::date);
    let (Ok(first), Ok(last)) = (day(start), day(end)) else {
        return Err("StartTime and EndTime must be days written yyyyMMdd");
    };
    let days_between = first.until(last).map_or(-1, |span| span.get_days());
    if days_between < 0 {
        return Err("EndTime is before StartTime");
    }
    if days_between >= 31 {
        return Err("StartTime and EndTime span more than 31 days");
    }
    if now >= ONE_MONTH_SINCE && first.first_of_month() != last.first_of_month() {
        return Err("StartTime and EndTime lie in different months");
    }
    Ok((first, last))
}

const MONTHS: u64 = Calendar::MONTHS.unsigned_abs();

/// The period in which sub-customer and package repeat.
const ROUND: NonZeroU64 = NonZeroU64::new((CUSTOMER_COUNT * QUOTA_COUNT) as u64).unwrap();

/// The index of the sub-customer, and the package, of a use.
fn kind(index: u64) -> (usize, &'static QuotaType) {
    let place = usize::try_from(index % ROUND).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "a remainder is within the table")]
    let quota = &QuotaType::KNOWN[(place / CUSTOMER_COUNT) % QUOTA_COUNT];
    (place % CUSTOMER_COUNT, quota)
}

impl Ledger {
    pub(crate) const fn new(records: u64, seed: u64, calendar: Calendar) -> Self {
        Self {
            records,
            seed,
            calendar,
        }
    }

    /// The indices of the uses from the day `first` to the day `last`.
    fn range(&self, first: Date, last: Date) -> Range<u64> {
        let after = match last.tomorrow() {
            Ok(after) => self.first_from(after),
            Err(_) => u64::MAX,
        };
        self.first_from(first)..after.min(self.records.saturating_mul(MONTHS))
    }

    /// The index of the first use from the beginning of a day on.
    fn first_from(&self, day: Date) -> u64 {
        let month = self.calendar.month_of(day);
        let before = u64::try_from(month.clamp(0, Calendar::MONTHS)).unwrap_or_default();
        let within = if Calendar::contains(month) {
            let span = self.calendar.seconds(month);
            first_not_before(self.records, midnight(day), |index| {
                spread(&span, index, self.records)
            })
        } else {
            0
        };
        before.saturating_mul(self.records).saturating_add(within)
    }

    /// A new use of the first kind that the request asks for.
    fn added(
        &self,
        new: NewRecord,
        time: i64,
        organization: Option<&str>,
        quota_type: Option<&QuotaType>,
    ) -> ChannelBillUsageDetail {
        let place = |found: Option<usize>| u64::try_from(found.unwrap_or_default());
        let sub_customer = SUB_CUSTOMERS
            .iter()
            .position(|id| organization == Some(*id));
        let quota = QuotaType::KNOWN
            .iter()
            .position(|known| quota_type == Some(known));
        let customers = u64::try_from(CUSTOMER_COUNT).unwrap_or(1);
        let like = place(quota)
            .unwrap_or_default()
            .saturating_mul(customers)
            .saturating_add(place(sub_customer).unwrap_or_default());
        let like = self.detail(like);
        let end = match new.end {
            End::Head => 'h',
            End::Tail => 't',
        };
        ChannelBillUsageDetail {
            // The ledger's own ids don't have these letters.
            flow_id: like
                .flow_id
                .map(|_| format!("yDwFdUUckps{end}{:04}x{:015}", new.list, new.number)),
            // The count makes a use without a contract, and so without an id, unique.
            use_count: Some(
                i64::try_from(new.number)
                    .unwrap_or(i64::MAX)
                    .saturating_add(1),
            ),
            create_organization_name: like
                .create_organization_name
                .filter(|_| organization.is_none() || sub_customer.is_some()),
            cost_time: Some(UnixTime::new(time)),
            cost_type: Some(CostType::DEDUCTION),
            remark: Some(String::new()),
            ..like
        }
    }

    fn detail(&self, index: u64) -> ChannelBillUsageDetail {
        let (sub_customer, quota_type) = kind(index);
        let month = index.checked_div(self.records).unwrap_or_default();
        let within = index.checked_rem(self.records).unwrap_or_default();
        let seconds = self
            .calendar
            .seconds(i64::try_from(month).unwrap_or(i64::MAX));
        let time = spread(&seconds, within, self.records);
        let mut random = Random::new(self.seed, "usage", index);
        let returned = random.below(32) == 0;
        let most = USES.get(sub_customer).copied().unwrap_or(1);
        let growth = month.saturating_add(MONTHS);
        let count = random
            .amount(most.saturating_mul(growth) / MONTHS)
            .saturating_add(1);
        // Identity checks belong to no contract.
        let of_contract =
            !quota_type.as_str().ends_with("Auth") && *quota_type != QuotaType::AUTH_SERVICE;
        let statuses = FlowStatus::KNOWN.len();
        let status = usize::try_from(random.below(u64::try_from(statuses).unwrap_or(1)));
        let contract = |text: String| of_contract.then_some(text);
        ChannelBillUsageDetail {
            flow_id: contract(format!(
                "yDwFdUUckps{:016x}{:05}",
                random.next(),
                index % 100_000
            )),
            operator_name: contract("张三;典子谦".into()),
            create_organization_name: NAMES.get(sub_customer).map(|name| (*name).into()),
            flow_name: contract(format!("示例合同{}", random.below(1_000))),
            flow_status: FlowStatus::KNOWN
                .get(status.unwrap_or_default())
                .filter(|_| of_contract)
                .cloned(),
            quota_type: Some(quota_type.clone()),
            use_count: Some(if returned {
                count.saturating_neg()
            } else {
                count
            }),
            cost_time: Some(UnixTime::new(time)),
            quota_name: Some("企业版运营礼包".into()),
            cost_type: Some(if returned {
                CostType::RETURN
            } else {
                CostType::DEDUCTION
            }),
            remark: Some(if returned {
                "撤销返还".into()
            } else {
                String::new()
            }),
        }
    }
}
