use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::ops::{Range, RangeInclusive};

use jiff::Span;
use serde_json::{Map, Value};

use super::{
    Calendar, Memo, Periodic, first_not_before, half_way,
    kinds::{BETWEEN_ZEROS, KINDS, PERIOD, STRIDE, ZERO, kind, ordinal},
    new_records::{End, NewRecord},
    products::REFUND,
    random::Random,
    spread,
};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served, object,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse, target,
};
use crate::{
    BeijingTime, Fen, UnixTime,
    billing::{
        BillTransactionInfo, DescribeBillList, DescribeBillListResponse, PayType, SubPayType,
    },
    types::BeijingSecond,
};

pub(crate) const SERVED: Served = Served {
    target: target::<DescribeBillList>(),
    total: &["Total"],
    answer: Answer::Handler(FIELDS, answer),
};

const FIELDS: &[Field] = &[
    required("StartTime", ParameterKind::Text),
    required("EndTime", ParameterKind::Text),
    required("Offset", ParameterKind::Integer { signed: false }),
    required("Limit", ParameterKind::Integer { signed: false }),
    optional("PayType", ParameterKind::list(&ParameterKind::Text)),
    optional("SubPayType", ParameterKind::list(&ParameterKind::Text)),
    optional("WithZeroAmount", ParameterKind::Integer { signed: false }),
];

/// The transactions, and sums of them.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    transactions: Transactions,
    sums: Memo<Query, Sums>,
}

#[derive(Clone, Debug)]
struct Transactions {
    records: u64,
    seed: u64,
    /// Milliseconds.
    span: Range<i64>,
    /// The month in which more is refunded than in others, in milliseconds.
    refund: Range<i64>,
}

/// A request without its page.
type Query = (Range<u64>, Filter);

/// The sum of each kind, without signs.
type Sums = Vec<(PayType, Fen)>;

/// The filters of a request.
#[derive(Clone, Debug, PartialEq)]
struct Filter {
    pay_types: Vec<PayType>,
    sub_pay_types: Vec<SubPayType>,
    zeros: bool,
}

fn answer(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let invalid = |message: &str| Refused::new("InvalidParameter", message.to_string());
    // Checked as it is sent: once it is a `SubPayType`, the spelling of responses (`hourh`) is that of requests.
    let modes = input.get("SubPayType").and_then(Value::as_array);
    let mut modes = modes.into_iter().flatten().filter_map(Value::as_str);
    let is_known = |mode: &str| SubPayType::KNOWN.iter().any(|it| it.as_str() == mode);
    if let Some(unknown) = modes.find(|mode| !is_known(mode)) {
        return refuse(
            "InvalidParameter",
            format!("there is no SubPayType {unknown}"),
        );
    }
    let action: DescribeBillList = parameters::typed(input, "InvalidParameter")?;
    let limit = action.limit.filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| invalid("Limit must be at least 1"))?;
    let (start, end) = (action.start_time, action.end_time);
    if end < start {
        return refuse("InvalidParameter", "EndTime is before StartTime");
    }
    let (months, words) = if emulator.takes_documented_examples {
        (12, "a year")
    } else {
        (i64::from(DescribeBillList::MAX_MONTHS), "six months")
    };
    if start
        .datetime()
        .checked_add(Span::new().months(months))
        .is_ok_and(|latest| end.datetime() > latest)
    {
        return refuse(
            "InvalidParameter",
            format!("StartTime and EndTime are more than {words} apart"),
        );
    }
    if let Some(unknown) = action.pay_type.iter().find(|kind| !kind.is_known()) {
        return refuse("InvalidParameter", format!("there is no PayType {unknown}"));
    }
    let filter = Filter {
        pay_types: action.pay_type,
        sub_pay_types: action.sub_pay_type,
        zeros: action.with_zero_amount == Some(true),
    };
    // Unless the end is exact, all milliseconds of EndTime's second are included.
    let milliseconds = |second: BeijingSecond| second.to_unix().seconds().saturating_mul(1_000);
    let included = if emulator.exact_end_time { 0 } else { 999 };
    let span = milliseconds(start)..=milliseconds(end).saturating_add(included);
    let ledger = &mut emulator.account(asked.account).ledgers.bills;
    ledger
        .page(span, filter, &asked, action.offset, limit)
        .ok_or_else(|| Refused::new("InternalError", "the ledger has no such moment"))
        .and_then(|page| object(&page))
}

impl Filter {
    fn lets_through(&self, place: u64) -> bool {
        let Some(ordinal) = ordinal(place) else {
            return self.zeros && self.takes(&ZERO.0, &ZERO.1);
        };
        kind(ordinal).is_some_and(|kind| self.takes(&kind.pay_type, &kind.mode))
    }

    fn takes(&self, kind: &PayType, mode: &SubPayType) -> bool {
        let all_kinds = self.pay_types.is_empty() || self.pay_types.contains(&PayType::ALL);
        let all_modes =
            self.sub_pay_types.is_empty() || self.sub_pay_types.contains(&SubPayType::ALL);
        (all_kinds || self.pay_types.contains(kind))
            && (all_modes || self.sub_pay_types.contains(mode))
    }

    /// Kind, mode and sign of the first transactions that pass the filter, else those that it names.
    fn first(&self) -> (PayType, SubPayType, i64) {
        let mut kinds = KINDS.iter();
        if let Some(known) = kinds.find(|kind| self.takes(&kind.pay_type, &kind.mode)) {
            let (pay_type, mode) = (known.pay_type.clone(), known.mode.clone());
            return (pay_type, mode, known.most.signum());
        }
        let kind = self.pay_types.iter().find(|kind| **kind != PayType::ALL);
        let mode = self
            .sub_pay_types
            .iter()
            .find(|mode| **mode != SubPayType::ALL);
        let (kind, mode) = (kind.cloned(), mode.cloned());
        (kind.unwrap_or(ZERO.0), mode.unwrap_or(ZERO.1), -1)
    }
}

impl Ledger {
    pub(crate) fn new(records: u64, seed: u64, calendar: Calendar) -> Self {
        Self {
            transactions: Transactions {
                records,
                seed,
                span: calendar.milliseconds(0..Calendar::MONTHS),
                refund: calendar.milliseconds(REFUND..REFUND + 1),
            },
            sums: Memo::new(),
        }
    }

    /// Cash, credits and what is frozen after the newest transaction, in fen.
    pub(crate) fn balance(&self, now: UnixTime) -> [i64; 3] {
        let after = now.seconds().saturating_add(1).saturating_mul(1_000);
        let newest = self.transactions.first_from(after).checked_sub(1);
        let newest = newest.and_then(|index| self.transactions.transaction(index));
        newest.map_or([0; 3], |it| {
            [it.cash, it.incentive, it.freezing].map(|fen| fen.map_or(0, Fen::get))
        })
    }

    fn page(
        &mut self,
        span: RangeInclusive<i64>,
        filter: Filter,
        asked: &Asked,
        offset: u64,
        limit: u32,
    ) -> Option<DescribeBillListResponse> {
        let added = asked.added;
        let transactions = &self.transactions;
        let range = transactions.first_from(*span.start())
            ..transactions.first_from(span.end().saturating_add(1));
        let periodic = Periodic::new(PERIOD, |place| filter.lets_through(place));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let count = periodic.count(&range);
        let first_kind = filter.first();
        let transaction_list = added.page(
            count,
            offset,
            limit,
            |skipped| {
                let indices = periodic.indices(&range, skipped);
                indices.map(|index| transactions.transaction(index))
            },
            |new| added_transaction(&span, new, first_kind.clone()),
        )?;
        let sum_added = i64::try_from(added.count())
            .unwrap_or(i64::MAX)
            .saturating_mul(ADDED);

        let sums = self.sums.get((range, filter), |(range, _)| {
            transactions.sums(range, &periodic)
        })?;
        let sum = |of: PayType| {
            let found = sums.iter().find(|(known, _)| *known == of);
            let sum = found.map_or(0, |(_, sum)| sum.get());
            let sum_added = if of == first_kind.0 { sum_added } else { 0 };
            let sum = sum.saturating_add(sum_added).saturating_add(asked.sums);
            Some(Fen::new(sum).into())
        };
        Some(DescribeBillListResponse {
            transaction_list,
            total: Some(count.saturating_add(added.count())),
            return_amount: sum(PayType::RETURN),
            recharge_amount: sum(PayType::RECHARGE),
            block_amount: sum(PayType::BLOCK),
            unblock_amount: sum(PayType::UNBLOCK),
            deduct_amount: sum(PayType::DEDUCT),
            agent_in_amount: sum(PayType::AGENTIN),
            advance_recharge_amount: sum(PayType::ADVANCED),
            withdraw_amount: sum(PayType::CASH),
            agent_out_amount: sum(PayType::AGENTOUT),
            advance_pay_amount: sum(PayType::REPAY),
        })
    }
}

impl Transactions {
    /// The number of transactions, including those of 0 yuan.
    const fn count(&self) -> u64 {
        self.records.saturating_add(self.records / BETWEEN_ZEROS)
    }

    fn milliseconds(&self, index: u64) -> i64 {
        match ordinal(index) {
            Some(ordinal) => spread(&self.span, ordinal, self.records),
            // Halfway between its neighbours.
            None => {
                let before = index.saturating_sub(index / STRIDE);
                half_way(&self.span, before.saturating_mul(2), self.records)
            }
        }
    }

    /// The index of the first transaction from a time on.
    fn first_from(&self, time: i64) -> u64 {
        first_not_before(self.count(), time, |index| self.milliseconds(index))
    }

    fn transaction(&self, index: u64) -> Option<BillTransactionInfo> {
        let operation_time = beijing_time(self.milliseconds(index))?;
        let (action_type, deduct_mode, words) = match ordinal(index).and_then(kind) {
            Some(kind) => (kind.pay_type.clone(), kind.mode.clone(), kind.words),
            None => (ZERO.0, ZERO.1, "云硬盘CBS-上海-按量小时结算扣费"),
        };
        let mut random = Random::new(self.seed, "balance", index);
        let (cash, incentive, freezing) = (
            random.amount(3_000_000_000),
            random.amount(1_000_000),
            random.amount(10_000_000),
        );
        let day = operation_time.datetime().date();
        Some(BillTransactionInfo {
            action_type,
            amount: self.amount(index),
            balance: Some(Fen::new(
                cash.saturating_add(incentive).saturating_sub(freezing),
            )),
            bill_id: format!(
                "{:04}{:02}{:02}{:08}{index:016}",
                day.year(),
                day.month(),
                day.day(),
                random.below(100_000_000)
            ),
            operation_info: Some(format!("{words}-{:02}月", day.month())),
            operation_time,
            cash: Some(Fen::new(cash)),
            incentive: Some(Fen::new(incentive)),
            freezing: Some(Fen::new(freezing)),
            pay_channel: Some("用户余额".into()),
            deduct_mode: Some(deduct_mode),
        })
    }

    /// The amount of a transaction; only those of 0 yuan are 0.
    ///
    /// Amounts grow by the half from the first transaction to the last, and refunds are large in one month.
    fn amount(&self, index: u64) -> Fen {
        let Some((number, kind)) = ordinal(index).and_then(|it| Some((it, kind(it)?))) else {
            return Fen::ZERO;
        };
        let growth = number.saturating_mul(500).checked_div(self.records);
        let mut thousandths = growth.unwrap_or_default().saturating_add(1_000);
        if kind.pay_type == PayType::RETURN && self.refund.contains(&self.milliseconds(index)) {
            thousandths = thousandths.saturating_mul(20);
        }
        let size = Random::new(self.seed, "amount", index).below(kind.most.unsigned_abs());
        let size = size.saturating_mul(thousandths) / 1_000;
        let size = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
        Fen::new(size.saturating_mul(kind.most.signum()))
    }

    /// The sum of each kind, without signs.
    fn sums(&self, range: &Range<u64>, periodic: &Periodic) -> Sums {
        let mut sums = Sums::new();
        for index in periodic.indices(range, 0) {
            let Some(kind) = ordinal(index).and_then(kind) else {
                continue;
            };
            let size = Fen::new(self.amount(index).get().saturating_abs());
            match sums.iter_mut().find(|(known, _)| *known == kind.pay_type) {
                Some((_, sum)) => *sum = sum.checked_add(size).unwrap_or(*sum),
                None => sums.push((kind.pay_type.clone(), size)),
            }
        }
        sums
    }
}

/// The amount of an added transaction, in fen.
const ADDED: i64 = 100;

fn added_transaction(
    span: &RangeInclusive<i64>,
    new: NewRecord,
    (kind, mode, sign): (PayType, SubPayType, i64),
) -> Option<BillTransactionInfo> {
    let (time, end) = match new.end {
        End::Head => (span.start(), 0),
        End::Tail => (span.end(), 1),
    };
    let operation_time = beijing_time(*time)?;
    let day = operation_time.datetime().date();
    Some(BillTransactionInfo {
        amount: Fen::new(sign.saturating_mul(ADDED)),
        action_type: kind,
        balance: Some(Fen::ZERO),
        // Longer than all ids of the ledger, so unique.
        bill_id: format!(
            "{:04}{:02}{:02}{end}{:010}{:020}",
            day.year(),
            day.month(),
            day.day(),
            new.list,
            new.number
        ),
        operation_info: Some("新增交易".into()),
        operation_time,
        cash: Some(Fen::ZERO),
        incentive: Some(Fen::ZERO),
        freezing: Some(Fen::ZERO),
        pay_channel: Some("用户余额".into()),
        deduct_mode: Some(mode),
    })
}

fn beijing_time(milliseconds: i64) -> Option<BeijingTime> {
    let second = BeijingSecond::from_unix(UnixTime::new(milliseconds.div_euclid(1_000))).ok()?;
    let text = format!("{second}.{:03}", milliseconds.rem_euclid(1_000));
    text.parse().ok()
}
