use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{cmp::Ordering, num::NonZeroU64, ops::Range};

use jiff::{Span, civil::Date};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::{
    Answer, Emulator, Refused, Served, YEARS,
    cycle::{Cycle, Memo, spread},
    object,
    parameters::{self, Field, Kind, optional, required},
    random::Random,
    refuse,
};
use crate::{
    Action, AllocationOverviewTotal, AllocationSummaryByBusiness, BeijingSecond, BillDate,
    DescribeAllocationSummaryByBusiness, DescribeAllocationSummaryByBusinessResponse, Month,
    Percent, PeriodType, Sort, SortType, TrendType, UnixTime, Yuan,
};

pub(super) const SERVED: Served = Served {
    service: DescribeAllocationSummaryByBusiness::SERVICE,
    version: DescribeAllocationSummaryByBusiness::VERSION,
    action: DescribeAllocationSummaryByBusiness::NAME,
    fields: FIELDS,
    handler: answer,
};

const FIELDS: &[Field] = &[
    required("Limit", Kind::Integer { signed: false }),
    required("Offset", Kind::Integer { signed: false }),
    optional("Month", Kind::Text),
    optional("PeriodType", Kind::Text),
    optional("TreeNodeUniqKeys", Kind::TextList),
    optional("SortType", Kind::Text),
    optional("Sort", Kind::Text),
    optional("BillDates", Kind::TextList),
    optional("BusinessCodes", Kind::TextList),
];

const MAX_LIMIT: u32 = 1_000;

const PRODUCT_COUNT: usize = 12;
const PRODUCTS: [(&str, &str); PRODUCT_COUNT] = [
    ("p_cvm", "云服务器CVM"),
    ("p_cbs", "云硬盘CBS"),
    ("p_cos", "对象存储COS"),
    ("p_clb", "负载均衡CLB"),
    ("p_cdb", "云数据库MySQL"),
    ("p_redis", "云数据库Redis"),
    ("p_cdn", "内容分发网络CDN"),
    ("p_ci", "数据万象CI"),
    ("p_rav", "实时音视频"),
    ("p_ccc", "云联络中心"),
    ("p_sms", "短信"),
    ("p_ocr", "文字识别OCR"),
];

const UNIT_COUNT: usize = 5;
/// Key and name of each cost-allocation unit; what no rule assigns has no key.
const UNITS: [(Option<&str>, &str); UNIT_COUNT] = [
    (None, "未分配"),
    (Some("unit-research"), "研发中心"),
    (Some("unit-marketing"), "市场部"),
    (Some("unit-finance"), "财务部"),
    (Some("unit-overseas"), "海外业务"),
];

/// The period in which product and unit repeat.
const ROUND: NonZeroU64 = NonZeroU64::new(60).unwrap();

/// Amounts are counted in units of this many decimals of a yuan.
const DECIMALS: u32 = 8;

/// The records of products.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    records: u64,
    seed: u64,
    views: Memo<Query, View>,
}

/// What a request asks for, but for its page.
#[derive(Clone, Debug, PartialEq)]
struct Query {
    /// Months since the ledger's first one.
    month: i64,
    daily: bool,
    units: Vec<String>,
    products: Vec<String>,
    dates: Vec<BillDate>,
    sort: Option<(Sort, bool)>,
}

/// What a query comes to.
#[derive(Clone, Debug)]
struct View {
    cycle: Cycle,
    /// The indices in order, where the order or the filter isn't that of the cycle.
    listed: Option<Vec<u64>>,
    count: u64,
    /// Cash, vouchers, credits, proceeds.
    sums: [i64; 4],
}

fn answer(emulator: &mut Emulator, now: UnixTime, input: Map<String, Value>) -> Answer {
    let invalid = |message: &str| Refused::new("InvalidParameterValue", message.to_string());
    let action: DescribeAllocationSummaryByBusiness =
        parameters::typed(input, "InvalidParameterValue")?;
    let limit = action.limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let limit = limit.ok_or_else(|| invalid("Limit must be 1 to 1000"))?;
    let month = match action.month {
        Some(month) => month,
        None => current_month(now).ok_or_else(|| invalid("there is no current month"))?,
    };
    let daily = match &action.period_type {
        None => false,
        Some(period) if *period == PeriodType::MONTH => false,
        Some(period) if *period == PeriodType::DAY => true,
        Some(_) => return refuse("InvalidParameterValue", "PeriodType must be month or day"),
    };
    if !daily && !action.bill_dates.is_empty() {
        return refuse("InvalidParameterValue", "BillDates go with PeriodType day");
    }
    let descending = match &action.sort_type {
        None => false,
        Some(order) if *order == SortType::ASC => false,
        Some(order) if *order == SortType::DESC => true,
        Some(_) => return refuse("InvalidParameterValue", "SortType must be asc or desc"),
    };
    if action.sort.as_ref().is_some_and(|sort| !sort.is_known()) {
        return refuse("InvalidParameterValue", "Sort is not a field to sort by");
    }
    let query = Query {
        month: i64::from(month.year())
            .saturating_sub(i64::from(*YEARS.start()))
            .saturating_mul(12)
            .saturating_add(i64::from(month.month()))
            .saturating_sub(1),
        daily,
        units: action.tree_node_uniq_keys,
        products: action.business_codes,
        dates: action.bill_dates,
        sort: action.sort.map(|sort| (sort, descending)),
    };
    let page = emulator
        .allocations
        .page(month, &query, action.offset, limit);
    page.ok_or_else(|| Refused::new("InternalError", "the ledger has no such month"))
        .and_then(|page| object(&page))
}

fn current_month(now: UnixTime) -> Option<Month> {
    let today = BeijingSecond::from_unix(now).ok()?.datetime();
    Month::new(today.year(), today.month()).ok()
}

impl Ledger {
    pub(super) const fn new(records: u64, seed: u64) -> Self {
        Self {
            records,
            seed,
            views: Memo::new(),
        }
    }

    fn page(
        &mut self,
        month: Month,
        query: &Query,
        offset: u64,
        limit: u32,
    ) -> Option<DescribeAllocationSummaryByBusinessResponse> {
        let rows = Rows {
            seed: self.seed,
            month: query.month,
            range: if YEARS.contains(&month.year()) {
                0..self.records
            } else {
                0..0
            },
            first_day: month.first_day(),
        };
        let view = self.views.get(query.clone(), |query| rows.view(query))?;
        if view.count == 0 {
            // For a month without a bill the service has no figures at all.
            return Some(DescribeAllocationSummaryByBusinessResponse {
                record_num: None,
                total: None,
                detail: None,
            });
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let indices: Vec<u64> = match &view.listed {
            Some(listed) => {
                let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
                listed.iter().skip(skipped).take(limit).copied().collect()
            }
            None => view
                .cycle
                .indices(&rows.range, offset)
                .take(limit)
                .collect(),
        };
        let whole = total(view.sums);
        let detail = indices
            .into_iter()
            .map(|index| rows.row(index, query.daily, whole))
            .collect::<Option<_>>()?;
        let [cash, vouchers, credits, proceeds] = view.sums;
        Some(DescribeAllocationSummaryByBusinessResponse {
            record_num: Some(view.count),
            total: Some(AllocationOverviewTotal {
                real_total_cost: yuan(whole),
                cash_pay_amount: yuan(cash),
                incentive_pay_amount: yuan(credits),
                voucher_pay_amount: yuan(vouchers),
                transfer_pay_amount: yuan(proceeds),
            }),
            detail: Some(detail),
        })
    }
}

/// The records of one month.
struct Rows {
    seed: u64,
    month: i64,
    range: Range<u64>,
    first_day: Date,
}

/// What a record costs: gathered and allocated, each in cash, vouchers, credits, proceeds.
#[derive(Clone, Copy)]
struct Costs {
    gathered: [i64; 4],
    allocated: [i64; 4],
}

impl Costs {
    fn both(&self) -> [i64; 4] {
        add(self.gathered, self.allocated)
    }
}

impl Rows {
    fn costs(&self, month: i64, index: u64) -> Costs {
        // What a product costs a unit changes a little from month to month, around a level of its own.
        let mut level = Random::new(self.seed, "level", index);
        let mut random = Random::new(
            self.seed ^ u64::from_ne_bytes(month.to_ne_bytes()).rotate_left(32),
            "costs",
            index,
        );
        // A refund now and then, and some products that cost nothing.
        let sign = match level.below(16) {
            0 => -1,
            1 => 0,
            _ => 1,
        };
        let base = level
            .amount(200_000)
            .saturating_add(100)
            .saturating_mul(sign);
        // In hundredths of a yuan, but for one in 16 that uses all decimals.
        let mut part = |percent: i64| {
            let varied = random.amount(41).saturating_add(80);
            let fen = base.saturating_mul(percent).saturating_mul(varied) / 10_000;
            let fine = if random.below(16) == 0 {
                random.amount(1_000_000)
            } else {
                0
            };
            let exact = fen.saturating_mul(1_000_000);
            if exact == 0 {
                0
            } else {
                exact.saturating_add(fine)
            }
        };
        Costs {
            gathered: [part(60), part(10), part(5), part(2)],
            allocated: [part(20), part(3), part(1), part(5)],
        }
    }

    /// The day that a record is of.
    fn date(&self, index: u64) -> Option<Date> {
        let days = 0..i64::from(self.first_day.days_in_month());
        let days_before = spread(&days, index, self.range.end);
        self.first_day
            .checked_add(Span::new().days(days_before))
            .ok()
    }

    fn view(&self, query: &Query) -> View {
        let cycle = Cycle::new(ROUND, |place| {
            let (product, unit) = kind(place);
            (query.products.is_empty() || query.products.iter().any(|code| code == product.0))
                && (query.units.is_empty()
                    || query.units.iter().any(|key| Some(key.as_str()) == unit.0))
        });
        let on_asked_day = |index: &u64| {
            let asked = |day| query.dates.iter().any(|date| date.contains(day));
            query.dates.is_empty() || self.date(*index).is_some_and(asked)
        };
        let matching = || cycle.indices(&self.range, 0).filter(on_asked_day);
        let mut listed: Option<Vec<u64>> = None;
        if let Some((sort, descending)) = &query.sort {
            let mut keyed: Vec<_> = matching()
                .map(|index| (self.key(sort, index), index))
                .collect();
            keyed.sort_by(|(a, i), (b, j)| {
                let order = if *descending { b.cmp(a) } else { a.cmp(b) };
                order.then(i.cmp(j))
            });
            listed = Some(keyed.into_iter().map(|(_, index)| index).collect());
        } else if !query.dates.is_empty() {
            listed = Some(matching().collect());
        }
        let (mut sums, mut count) = ([0; 4], 0_u64);
        for index in matching() {
            sums = add(sums, self.costs(self.month, index).both());
            count = count.saturating_add(1);
        }
        View {
            cycle,
            listed,
            count,
            sums,
        }
    }

    /// What a record sorts by: a number, or the product's code.
    fn key(&self, sort: &Sort, index: u64) -> (i64, &'static str) {
        let costs = self.costs(self.month, index);
        let [gathered, allocated, both] = [costs.gathered, costs.allocated, costs.both()];
        let field = sort.as_str();
        let of = |[cash, vouchers, credits, proceeds]: [i64; 4]| {
            if field.contains("Cash") {
                cash
            } else if field.contains("Voucher") {
                vouchers
            } else if field.contains("Incentive") {
                credits
            } else if field.contains("Transfer") {
                proceeds
            } else {
                total([cash, vouchers, credits, proceeds])
            }
        };
        if *sort == Sort::BUSINESS_CODE {
            (0, kind(index).0.0)
        } else if *sort == Sort::TREND {
            (self.trend(index).unwrap_or(i64::MIN), "")
        } else if field.starts_with("Gather") {
            (of(gathered), "")
        } else if field.starts_with("Allocate") {
            (of(allocated), "")
        } else {
            // The part of the whole is in the order of the total cost.
            (of(both), "")
        }
    }

    /// The change against the month before, in hundredths of a percent.
    fn trend(&self, index: u64) -> Option<i64> {
        let before = self.month.checked_sub(1).filter(|before| *before >= 0)?;
        let before = total(self.costs(before, index).both());
        let now = total(self.costs(self.month, index).both());
        hundredths_of_percent(now.saturating_sub(before), before)
    }

    fn row(&self, index: u64, daily: bool, whole: i64) -> Option<AllocationSummaryByBusiness> {
        let ((code, name), (unit, unit_name)) = kind(index);
        let costs = self.costs(self.month, index);
        let [gathered, allocated, both] = [costs.gathered, costs.allocated, costs.both()];
        let real = total(both);
        let trend = self.trend(index);
        let day = if daily {
            self.date(index)?
        } else {
            self.first_day
        };
        // Reserved instances and savings plans cover a part of the list price, which is a quarter higher.
        let list = real.saturating_add(real / 4).max(0);
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

type Named = (
    (&'static str, &'static str),
    (Option<&'static str>, &'static str),
);

/// The product and the unit of a record.
fn kind(index: u64) -> Named {
    let place = usize::try_from(index % ROUND).unwrap_or_default();
    #[expect(clippy::indexing_slicing, reason = "a remainder is within the table")]
    let kind = (
        PRODUCTS[place % PRODUCT_COUNT],
        UNITS[(place / PRODUCT_COUNT) % UNIT_COUNT],
    );
    kind
}

fn total(parts: [i64; 4]) -> i64 {
    parts.into_iter().fold(0, i64::saturating_add)
}

fn add(a: [i64; 4], b: [i64; 4]) -> [i64; 4] {
    let mut sums = a;
    for (sum, part) in sums.iter_mut().zip(b) {
        *sum = sum.saturating_add(part);
    }
    sums
}

fn yuan(amount: i64) -> Option<Yuan> {
    Some(Yuan::new(Decimal::new(amount, DECIMALS)))
}

/// `part / whole` in hundredths of a percent, rounded towards zero.
fn hundredths_of_percent(part: i64, whole: i64) -> Option<i64> {
    i128::from(part)
        .saturating_mul(10_000)
        .checked_div(i128::from(whole).abs())
        .and_then(|hundredths| hundredths.try_into().ok())
}

fn percent(hundredths: i64) -> Percent {
    Percent::new(format!("{}", Decimal::new(hundredths, 2)))
}
