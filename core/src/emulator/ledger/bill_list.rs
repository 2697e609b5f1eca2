use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{
    num::NonZeroU64,
    ops::{Range, RangeInclusive},
};

use jiff::Span;
use serde_json::{Map, Value};

use super::{
    Memo, Periodic, first_not_before, half_way,
    new_records::{End, NewRecord},
    random::Random,
    spread,
};
use crate::emulator::{
    Asked, Emulator, Handled, Refused, Served, YEARS, object,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse,
};
use crate::{
    Action, BeijingTime, Fen, UnixTime,
    billing::{
        BillTransactionInfo, DescribeBillList, DescribeBillListResponse, PayType, SubPayType,
    },
    types::BeijingSecond,
};

pub(crate) const SERVED: Served = Served {
    service: DescribeBillList::SERVICE,
    version: DescribeBillList::VERSION,
    action: DescribeBillList::NAME,
    rate: DescribeBillList::RATE,
    total: "Total",
    regional: DescribeBillList::REGIONAL,
    fields: FIELDS,
    handler: answer,
};

const FIELDS: &[Field] = &[
    required("StartTime", ParameterKind::Text),
    required("EndTime", ParameterKind::Text),
    required("Offset", ParameterKind::Integer { signed: false }),
    required("Limit", ParameterKind::Integer { signed: false }),
    optional("PayType", ParameterKind::List(&ParameterKind::Text)),
    optional("SubPayType", ParameterKind::List(&ParameterKind::Text)),
    optional("WithZeroAmount", ParameterKind::Integer { signed: false }),
];

/// The number of transactions between two of 0 yuan.
const BETWEEN_ZEROS: u64 = 32;
const STRIDE: u64 = BETWEEN_ZEROS + 1;

/// The repeated pattern of transactions: kind, mode, number, sign of the amount, description.
const KINDS: [(PayType, SubPayType, u64, i64, &str); 20] = [
    (
        PayType::DEDUCT,
        SubPayType::TRADE,
        8,
        -1,
        "云服务器CVM-广州-预付费支付",
    ),
    (PayType::RECHARGE, SubPayType::ONLINE, 2, 1, "在线充值"),
    (
        PayType::DEDUCT,
        SubPayType::HOUR_H,
        12,
        -1,
        "云硬盘CBS-上海-按量小时结算扣费",
    ),
    (
        PayType::BLOCK,
        SubPayType::HOUR,
        3,
        -1,
        "负载均衡CLB-北京-按量冻结",
    ),
    (
        PayType::UNBLOCK,
        SubPayType::HOUR,
        3,
        1,
        "负载均衡CLB-北京-按量解冻",
    ),
    (
        PayType::DEDUCT,
        SubPayType::HOUR_D,
        8,
        -1,
        "对象存储COS-成都-按量日结算扣费",
    ),
    (
        PayType::RETURN,
        SubPayType::TRADE,
        2,
        1,
        "云服务器CVM-广州-预付费退款",
    ),
    (
        PayType::DEDUCT,
        SubPayType::HOUR_M,
        8,
        -1,
        "OCR文字识别-广州-按月结算扣费",
    ),
    (PayType::AGENTIN, SubPayType::OTHER, 2, 1, "资金转入"),
    (PayType::AGENTOUT, SubPayType::OTHER, 1, -1, "资金转出"),
    (PayType::ADVANCED, SubPayType::ADVANCED, 1, 1, "垫付充值"),
    (PayType::REPAY, SubPayType::PANSHI, 1, -1, "垫付回款"),
    (PayType::CASH, SubPayType::ONLINE, 1, -1, "线上提现"),
    (PayType::DEDUCT, SubPayType::DECOMPENSATE, 2, -1, "调账扣费"),
    (PayType::RETURN, SubPayType::COMPENSATE, 1, 1, "调账补偿"),
    (PayType::BLOCK, SubPayType::OTHER, 1, -1, "第三方冻结"),
    (PayType::UNBLOCK, SubPayType::OTHER, 1, 1, "第三方解冻"),
    (
        PayType::RECHARGE,
        SubPayType::BANK_ENTERPRICE,
        1,
        1,
        "银企直连充值",
    ),
    (
        PayType::DEDUCT,
        SubPayType::OTHER,
        4,
        -1,
        "云市场, 第三方扣费 \"镜像\"",
    ),
    (PayType::CASH, SubPayType::PANSHI, 1, -1, "赠送金清零"),
];

/// The transactions.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    records: u64,
    seed: u64,
    /// Milliseconds.
    span: Range<i64>,
    sums: Memo<Query, Sums>,
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
    if let Some(unknown) = action.sub_pay_type.iter().find(|mode| !mode.is_known()) {
        return refuse(
            "InvalidParameter",
            format!("there is no SubPayType {unknown}"),
        );
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
    emulator
        .bills
        .page(span, filter, &asked, action.offset, limit)
        .ok_or_else(|| Refused::new("InternalError", "the ledger has no such moment"))
        .and_then(|page| object(&page))
}

impl Filter {
    fn lets_through(&self, place: u64) -> bool {
        let Some(ordinal) = ordinal(place) else {
            return self.zeros && self.takes(&ZERO.0, &ZERO.1);
        };
        kind(ordinal).is_some_and(|(kind, mode, ..)| self.takes(kind, mode))
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
        let known = KINDS
            .into_iter()
            .find(|(kind, mode, ..)| self.takes(kind, mode));
        if let Some((kind, mode, _, sign, _)) = known {
            return (kind, mode, sign);
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

/// The kind of a transaction of 0 yuan.
const ZERO: (PayType, SubPayType) = (PayType::DEDUCT, SubPayType::HOUR_H);

/// The period of [`KINDS`].
#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const ROUND: u64 = {
    let (mut round, mut at) = (0, 0);
    while at < KINDS.len() {
        round += KINDS[at].2;
        at += 1;
    }
    round
};

/// The period in which kinds and zeros together repeat.
const PERIOD: NonZeroU64 = NonZeroU64::new(ROUND * STRIDE).unwrap();

/// The number of a transaction among those that aren't of 0 yuan, or `None` for one that is.
fn ordinal(index: u64) -> Option<u64> {
    (index % STRIDE < BETWEEN_ZEROS).then(|| index.saturating_sub(index / STRIDE))
}

fn kind(ordinal: u64) -> Option<&'static (PayType, SubPayType, u64, i64, &'static str)> {
    const TABLE: &[(PayType, SubPayType, u64, i64, &str)] = &KINDS;
    // A stride without a common factor with the period spreads each kind over all of it.
    let mut place = ordinal.wrapping_mul(29) % ROUND;
    TABLE
        .iter()
        .find(|(_, _, many, ..)| match place.checked_sub(*many) {
            Some(rest) => {
                place = rest;
                false
            }
            None => true,
        })
}

impl Ledger {
    pub(crate) fn new(records: u64, seed: u64) -> Self {
        let midnight = |year| BeijingSecond::new(year, 1, 1, 0, 0, 0);
        let span = midnight(*YEARS.start())
            .and_then(|start| {
                Ok(start.to_unix()..midnight(YEARS.end().saturating_add(1))?.to_unix())
            })
            .map(|span| {
                span.start.seconds().saturating_mul(1_000)..span.end.seconds().saturating_mul(1_000)
            });
        Self {
            records,
            seed,
            span: span.unwrap_or_default(),
            sums: Memo::new(),
        }
    }

    pub(crate) const fn records(&self) -> u64 {
        self.records
    }

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

    fn page(
        &mut self,
        span: RangeInclusive<i64>,
        filter: Filter,
        asked: &Asked,
        offset: u64,
        limit: u32,
    ) -> Option<DescribeBillListResponse> {
        let added = asked.added;
        let first =
            |time: i64| first_not_before(self.count(), time, |index| self.milliseconds(index));
        let range = first(*span.start())..first(span.end().saturating_add(1));
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
                indices.map(|index| self.transaction(index))
            },
            |new| added_transaction(&span, new, first_kind.clone()),
        )?;
        let sum_added = i64::try_from(added.count())
            .unwrap_or(i64::MAX)
            .saturating_mul(ADDED);

        let seed = self.seed;
        let sums = self
            .sums
            .get((range, filter), |(range, _)| sums(seed, range, &periodic))?;
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

    fn transaction(&self, index: u64) -> Option<BillTransactionInfo> {
        let operation_time = beijing_time(self.milliseconds(index))?;
        let (action_type, deduct_mode, words) = match ordinal(index).and_then(kind) {
            Some((kind, mode, _, _, words)) => (kind.clone(), mode.clone(), *words),
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
            amount: amount(self.seed, index),
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

/// The amount of a transaction; only those of 0 yuan are 0.
fn amount(seed: u64, index: u64) -> Fen {
    let Some((.., sign, _)) = ordinal(index).and_then(kind) else {
        return Fen::ZERO;
    };
    let size = Random::new(seed, "amount", index)
        .amount(5_000_000)
        .saturating_add(1);
    Fen::new(size.saturating_mul(*sign))
}

fn sums(seed: u64, range: &Range<u64>, periodic: &Periodic) -> Sums {
    let mut sums = Sums::new();
    for index in periodic.indices(range, 0) {
        let Some((kind, ..)) = ordinal(index).and_then(kind) else {
            continue;
        };
        let size = Fen::new(amount(seed, index).get().saturating_abs());
        match sums.iter_mut().find(|(known, _)| known == kind) {
            Some((_, sum)) => *sum = sum.checked_add(size).unwrap_or(*sum),
            None => sums.push((kind.clone(), size)),
        }
    }
    sums
}
