use core::num::NonZeroU64;

use crate::billing::{PayType, SubPayType};

/// The number of transactions between two of 0 yuan.
pub(crate) const BETWEEN_ZEROS: u64 = 32;
pub(crate) const STRIDE: u64 = BETWEEN_ZEROS + 1;

/// The repeated pattern of transactions.
pub(crate) static KINDS: [Kind; 20] = [
    Kind::new(
        PayType::DEDUCT,
        SubPayType::TRADE,
        8,
        -10_000_000,
        "云服务器CVM-广州-预付费支付",
    ),
    Kind::new(
        PayType::RECHARGE,
        SubPayType::ONLINE,
        2,
        40_000_000,
        "在线充值",
    ),
    Kind::new(
        PayType::DEDUCT,
        SubPayType::HOUR_H,
        12,
        -1_500_000,
        "云硬盘CBS-上海-按量小时结算扣费",
    ),
    Kind::new(
        PayType::BLOCK,
        SubPayType::HOUR,
        3,
        -1_000_000,
        "负载均衡CLB-北京-按量冻结",
    ),
    Kind::new(
        PayType::UNBLOCK,
        SubPayType::HOUR,
        3,
        1_000_000,
        "负载均衡CLB-北京-按量解冻",
    ),
    Kind::new(
        PayType::DEDUCT,
        SubPayType::HOUR_D,
        8,
        -3_000_000,
        "对象存储COS-成都-按量日结算扣费",
    ),
    Kind::new(
        PayType::RETURN,
        SubPayType::TRADE,
        2,
        1_500_000,
        "云服务器CVM-广州-预付费退款",
    ),
    Kind::new(
        PayType::DEDUCT,
        SubPayType::HOUR_M,
        8,
        -2_000_000,
        "OCR文字识别-广州-按月结算扣费",
    ),
    Kind::new(
        PayType::AGENTIN,
        SubPayType::OTHER,
        2,
        8_000_000,
        "资金转入",
    ),
    Kind::new(
        PayType::AGENTOUT,
        SubPayType::OTHER,
        1,
        -4_000_000,
        "资金转出",
    ),
    Kind::new(
        PayType::ADVANCED,
        SubPayType::ADVANCED,
        1,
        5_000_000,
        "垫付充值",
    ),
    Kind::new(
        PayType::REPAY,
        SubPayType::PANSHI,
        1,
        -5_000_000,
        "垫付回款",
    ),
    Kind::new(PayType::CASH, SubPayType::ONLINE, 1, -2_000_000, "线上提现"),
    Kind::new(
        PayType::DEDUCT,
        SubPayType::DECOMPENSATE,
        2,
        -500_000,
        "调账扣费",
    ),
    Kind::new(
        PayType::RETURN,
        SubPayType::COMPENSATE,
        1,
        500_000,
        "调账补偿",
    ),
    Kind::new(PayType::BLOCK, SubPayType::OTHER, 1, -500_000, "第三方冻结"),
    Kind::new(
        PayType::UNBLOCK,
        SubPayType::OTHER,
        1,
        500_000,
        "第三方解冻",
    ),
    Kind::new(
        PayType::RECHARGE,
        SubPayType::BANK_ENTERPRICE,
        1,
        60_000_000,
        "银企直连充值",
    ),
    Kind::new(
        PayType::DEDUCT,
        SubPayType::OTHER,
        4,
        -600_000,
        "云市场, 第三方扣费 \"镜像\"",
    ),
    Kind::new(PayType::CASH, SubPayType::PANSHI, 1, -100_000, "赠送金清零"),
];

/// A kind of transactions.
pub(crate) struct Kind {
    pub(crate) pay_type: PayType,
    pub(crate) mode: SubPayType,
    /// How many of a round are of this kind.
    many: u64,
    /// The largest amount in the beginning, in fen. It is negative for money that goes out.
    pub(crate) most: i64,
    pub(crate) words: &'static str,
}

impl Kind {
    const fn new(
        pay_type: PayType,
        mode: SubPayType,
        many: u64,
        most: i64,
        words: &'static str,
    ) -> Self {
        Self {
            pay_type,
            mode,
            many,
            most,
            words,
        }
    }
}

/// The kind of a transaction of 0 yuan.
pub(crate) const ZERO: (PayType, SubPayType) = (PayType::DEDUCT, SubPayType::HOUR_H);

/// The period of [`KINDS`].
#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const ROUND: u64 = {
    let (mut round, mut at) = (0, 0);
    while at < KINDS.len() {
        round += KINDS[at].many;
        at += 1;
    }
    round
};

/// The period in which kinds and zeros together repeat.
pub(crate) const PERIOD: NonZeroU64 = NonZeroU64::new(ROUND * STRIDE).unwrap();

/// The number of a transaction among those that aren't of 0 yuan, or `None` for one that is.
pub(crate) fn ordinal(index: u64) -> Option<u64> {
    (index % STRIDE < BETWEEN_ZEROS).then(|| index.saturating_sub(index / STRIDE))
}

pub(crate) fn kind(ordinal: u64) -> Option<&'static Kind> {
    // A stride without a common factor with the period spreads each kind over all of it.
    let mut place = ordinal.wrapping_mul(29) % ROUND;
    KINDS
        .iter()
        .find(|kind| match place.checked_sub(kind.many) {
            Some(rest) => {
                place = rest;
                false
            }
            None => true,
        })
}
