use alloc::format;
use core::{cmp::Ordering, num::NonZeroU64};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{Calendar, Random};
use crate::{
    Yuan,
    billing::{AllocationSummaryByBusiness, TrendType},
    types::{BillDate, Percent},
};

const PRODUCT_COUNT: usize = 12;
/// The products of the first months.
pub(crate) const PRODUCTS: [Product; PRODUCT_COUNT] = [
    Product::new("p_cvm", "云服务器CVM", 4_400, 90),
    Product::new("p_cbs", "云硬盘CBS", 900, 20),
    Product::new("p_cos", "对象存储COS", 900, 60),
    Product::new("p_clb", "负载均衡CLB", 350, 4),
    Product::new(REFUNDED, "云数据库MySQL", 2_200, 40),
    Product::new("p_redis", "云数据库Redis", 700, 10),
    Product::new("p_cdn", "内容分发网络CDN", 1_200, 20),
    Product::new("p_ci", "数据万象CI", 250, 8),
    Product::new("p_rav", "实时音视频", 500, 10),
    Product::new(SAVINGS_PLANS, "节省计划", 250, 0),
    Product::new("p_sms", "短信", 200, 2),
    OLD,
];
/// The product that is replaced by the new one.
const OLD: Product = Product::new("p_ai_image_ocr", "OCR文字识别", 150, 0);
/// The product that begins in a later month. Its size is as if it had existed before.
pub(crate) const NEW: Product = Product::new("p_hunyuan", "腾讯混元大模型", -4_300, 270);
/// The month in which it begins: the sixth to last.
const BEGINS: i64 = Calendar::MONTHS - 6;

/// The product whose costs are refunded in part in one month.
const REFUNDED: &str = "p_cdb";
/// That month: the fourth to last.
pub(crate) const REFUND: i64 = Calendar::MONTHS - 4;

/// Fees for commitments, which are never given back.
const SAVINGS_PLANS: &str = "p_svp";

/// A product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    /// Its size in the first month, in thousandths.
    first: i64,
    /// How much it grows each month.
    growth: i64,
}

impl Product {
    const fn new(code: &'static str, name: &'static str, first: i64, growth: i64) -> Self {
        Self {
            code,
            name,
            first,
            growth,
        }
    }

    /// Whether its costs are fees, all positive.
    pub(crate) fn is_committed(&self) -> bool {
        self.code == SAVINGS_PLANS
    }

    /// By how many thousandths its costs in a month are multiplied: they grow, vary a little, and are refunded once.
    pub(crate) fn size(&self, seed: u64, month: i64) -> i64 {
        let size = self.first.saturating_add(self.growth.saturating_mul(month));
        let mut random = Random::new(seed, self.code, u64::try_from(month).unwrap_or_default());
        let varied = size.saturating_mul(random.amount(141).saturating_add(930)) / 1_000;
        if self.code == REFUNDED && month == REFUND {
            varied.saturating_neg() / 2
        } else {
            varied
        }
    }
}

const UNIT_COUNT: usize = 5;
/// The key and the name of each cost-allocation unit; unassigned costs have no key.
pub(crate) const UNITS: [Unit; UNIT_COUNT] = [
    (None, "未分配"),
    (Some("unit-research"), "研发中心"),
    (Some("unit-marketing"), "市场部"),
    (Some("unit-finance"), "财务部"),
    (Some("unit-overseas"), "海外业务"),
];

/// The period in which product and unit repeat.
pub(crate) const ROUND: NonZeroU64 = NonZeroU64::new(60).unwrap();

/// Amounts are counted in units of this many decimals of a yuan.
const DECIMALS: u32 = 8;

/// A fen in these units.
pub(crate) const FEN: i64 = 1_000_000;

/// The costs of a record: gathered and allocated, each in cash, vouchers, credits and proceeds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Costs {
    pub(crate) gathered: [i64; 4],
    pub(crate) allocated: [i64; 4],
}

impl Costs {
    pub(crate) fn both(&self) -> [i64; 4] {
        add(self.gathered, self.allocated)
    }
}

/// The values of a product's record.
pub(crate) struct Row<'r> {
    pub(crate) product: (&'r str, &'r str),
    pub(crate) unit: (Option<&'r str>, &'r str),
    pub(crate) day: Date,
    pub(crate) costs: Costs,
    pub(crate) list: i64,
    pub(crate) trend: Option<i64>,
}

impl Row<'_> {
    /// The record's share of the whole.
    pub(crate) fn written(self, whole: i64) -> Option<AllocationSummaryByBusiness> {
        let ((code, name), (unit, unit_name)) = (self.product, self.unit);
        let (day, trend, list) = (self.day, self.trend, self.list);
        let [gathered, allocated, both] =
            [self.costs.gathered, self.costs.allocated, self.costs.both()];
        let real = total(both);
        let (ri, sp) = (list / 20, list / 40);
        Some(AllocationSummaryByBusiness {
            tree_node_uniq_key: unit.map(Into::into),
            tree_node_uniq_key_name: Some(unit_name.into()),
            bill_date: BillDate::day(day.year(), day.month(), day.day()).ok(),
            gather_cash_pay_amount: yuan(gathered[0]),
            gather_voucher_pay_amount: yuan(gathered[1]),
            gather_incentive_pay_amount: yuan(gathered[2]),
            gather_transfer_pay_amount: yuan(gathered[3]),
            allocate_cash_pay_amount: yuan(allocated[0]),
            allocate_voucher_pay_amount: yuan(allocated[1]),
            allocate_incentive_pay_amount: yuan(allocated[2]),
            allocate_transfer_pay_amount: yuan(allocated[3]),
            total_cash_pay_amount: yuan(both[0]),
            total_voucher_pay_amount: yuan(both[1]),
            total_incentive_pay_amount: yuan(both[2]),
            total_transfer_pay_amount: yuan(both[3]),
            gather_real_cost: yuan(total(gathered)),
            allocate_real_cost: yuan(total(allocated)),
            real_total_cost: yuan(real)?,
            ratio: hundredths_of_percent(real, whole).map(percent),
            trend: trend.map(percent),
            trend_type: trend.map(|trend| match trend.cmp(&0) {
                Ordering::Greater => TrendType::UPWARD,
                Ordering::Less => TrendType::DOWNWARD,
                Ordering::Equal => TrendType::NONE,
            }),
            business_code: code.into(),
            business_code_name: Some(name.into()),
            total_cost: yuan(list),
            ri_cost: yuan(ri),
            sp_cost: yuan(sp),
            cash_pay_amount: yuan(both[0]),
            voucher_pay_amount: yuan(both[1]),
            incentive_pay_amount: yuan(both[2]),
            transfer_pay_amount: yuan(both[3]),
            allocation_real_total_cost: yuan(real),
        })
    }
}

/// A cost-allocation unit.
pub(crate) type Unit = (Option<&'static str>, &'static str);

/// The product and the unit of a record of a month.
pub(crate) fn kind(month: i64, index: u64) -> (Product, Unit) {
    let place = usize::try_from(index % ROUND).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "a remainder is within the table")]
    let (product, unit) = (
        PRODUCTS[place % PRODUCT_COUNT],
        UNITS[(place / PRODUCT_COUNT) % UNIT_COUNT],
    );
    if product == OLD && month >= BEGINS {
        (NEW, unit)
    } else {
        (product, unit)
    }
}

pub(crate) fn total(parts: [i64; 4]) -> i64 {
    parts.into_iter().fold(0, i64::saturating_add)
}

pub(crate) fn add(a: [i64; 4], b: [i64; 4]) -> [i64; 4] {
    let mut sums = a;
    for (sum, part) in sums.iter_mut().zip(b) {
        *sum = sum.saturating_add(part);
    }
    sums
}

pub(crate) fn yuan(amount: i64) -> Option<Yuan> {
    Some(Yuan::new(Decimal::new(amount, DECIMALS)))
}

/// `part / whole` in hundredths of a percent, rounded towards zero.
pub(crate) fn hundredths_of_percent(part: i64, whole: i64) -> Option<i64> {
    i128::from(part)
        .saturating_mul(10_000)
        .checked_div(i128::from(whole).abs())
        .and_then(|hundredths| hundredths.try_into().ok())
}

fn percent(hundredths: i64) -> Percent {
    Percent::new(format!("{}", Decimal::new(hundredths, 2)))
}
