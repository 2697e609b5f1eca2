use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::ops::Range;

use jiff::{Span, civil::Date};
use serde_json::{Map, Value};

use super::{
    Calendar, Memo, Periodic,
    new_records::{End, NewRecord},
    products::{
        Costs, FEN, NEW, PRODUCTS, ROUND, Row, UNITS, add, hundredths_of_percent, kind, total, yuan,
    },
    random::Random,
    spread,
};
use crate::emulator::{
    Answer, Asked, Emulator, Handled, Refused, Served, object,
    parameters::{self, Field, ParameterKind, optional, required},
    refuse, target,
};
use crate::{
    Month, UnixTime,
    billing::{
        AllocationOverviewTotal, AllocationSummaryByBusiness, DescribeAllocationSummaryByBusiness,
        DescribeAllocationSummaryByBusinessResponse, PeriodType, Sort, SortType,
    },
    types::{BeijingSecond, BillDate},
};

pub(crate) const SERVED: Served = Served {
    target: target::<DescribeAllocationSummaryByBusiness>(),
    total: &["RecordNum"],
    answer: Answer::Handler(FIELDS, answer),
};

const FIELDS: &[Field] = &[
    required("Limit", ParameterKind::Integer { signed: false }),
    required("Offset", ParameterKind::Integer { signed: false }),
    optional("Month", ParameterKind::Text),
    optional("PeriodType", ParameterKind::Text),
    optional(
        "TreeNodeUniqKeys",
        ParameterKind::list(&ParameterKind::Text),
    ),
    optional("SortType", ParameterKind::Text),
    optional("Sort", ParameterKind::Text),
    optional("BillDates", ParameterKind::list(&ParameterKind::Text)),
    optional("BusinessCodes", ParameterKind::list(&ParameterKind::Text)),
];

const MAX_LIMIT: u32 = 1_000;
/// The example of `Sort` on the vendor's page, which is not a documented value: the total cost.
const DOCUMENTED_SORT: &str = "realCost";

/// The records of products.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    records: u64,
    seed: u64,
    calendar: Calendar,
    views: Memo<Query, View>,
}

/// A request without its page.
#[derive(Clone, Debug, PartialEq)]
struct Query {
    month: Month,
    daily: bool,
    units: Vec<String>,
    products: Vec<String>,
    dates: Vec<BillDate>,
    sort: Option<(Sort, bool)>,
}

/// The records of a query, and their sums.
#[derive(Clone, Debug)]
struct View {
    periodic: Periodic,
    /// The sorted indices, if the order or the filter isn't periodic.
    listed: Option<Vec<u64>>,
    count: u64,
    /// Cash, vouchers, credits, proceeds.
    sums: [i64; 4],
}

fn answer(emulator: &mut Emulator, asked: Asked, input: Map<String, Value>) -> Handled {
    let invalid = |message: &str| Refused::new("InvalidParameterValue", message.to_string());
    let action: DescribeAllocationSummaryByBusiness =
        parameters::typed(input, "InvalidParameterValue")?;
    let limit = action.limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
    let limit = limit.ok_or_else(|| invalid("Limit must be 1 to 1000"))?;
    let month = match action.month {
        Some(month) => month,
        None => current_month(asked.now).ok_or_else(|| invalid("there is no current month"))?,
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
    let documented =
        |sort: &Sort| emulator.takes_documented_examples && sort.as_str() == DOCUMENTED_SORT;
    if (action.sort.as_ref()).is_some_and(|sort| !sort.is_known() && !documented(sort)) {
        return refuse("InvalidParameterValue", "Sort is not a field to sort by");
    }
    let query = Query {
        month,
        daily,
        units: action.tree_node_uniq_keys,
        products: action.business_codes,
        dates: action.bill_dates,
        sort: action.sort.map(|sort| (sort, descending)),
    };
    let ledger = &mut emulator.account(asked.account).ledgers.allocations;
    let page = ledger.page(&query, &asked, action.offset, limit);
    page.ok_or_else(|| Refused::new("InternalError", "the ledger has no such month"))
        .and_then(|page| object(&page))
}

pub(crate) fn current_month(now: UnixTime) -> Option<Month> {
    let today = BeijingSecond::from_unix(now).ok()?.datetime();
    Month::new(today.year(), today.month()).ok()
}

impl Ledger {
    pub(crate) const fn new(records: u64, seed: u64, calendar: Calendar) -> Self {
        Self {
            records,
            seed,
            calendar,
            views: Memo::new(),
        }
    }

    fn page(
        &mut self,
        query: &Query,
        asked: &Asked,
        offset: u64,
        limit: u32,
    ) -> Option<DescribeAllocationSummaryByBusinessResponse> {
        let added = asked.added;
        let first_day = query.month.first_day();
        let rows = Rows::new(self.seed, self.records, self.calendar, first_day);
        let view = self.views.get(query.clone(), |query| rows.view(query))?;
        let count = view.count.saturating_add(added.count());
        if count == 0 {
            // The service returns no sums for a month without a bill.
            return Some(DescribeAllocationSummaryByBusinessResponse {
                record_num: None,
                total: None,
                detail: None,
            });
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let range = rows.range();
        let indices = |skipped| -> Vec<u64> {
            match &view.listed {
                Some(listed) => {
                    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
                    listed.iter().skip(skipped).take(limit).copied().collect()
                }
                None => {
                    let indices = view.periodic.indices(&range, skipped);
                    indices.take(limit).collect()
                }
            }
        };
        let whole = total(view.sums);
        let detail = added.page(
            view.count,
            offset,
            limit,
            |skipped| {
                let indices = indices(skipped).into_iter();
                indices.map(|index| rows.row(index, query.daily, whole))
            },
            |new| rows.added(query, new, whole),
        )?;
        let off = asked.sums.saturating_mul(FEN);
        let sum = |exact: i64| yuan(exact.saturating_add(off));
        let [cash, vouchers, credits, proceeds] = view.sums;
        Some(DescribeAllocationSummaryByBusinessResponse {
            record_num: Some(count),
            total: Some(AllocationOverviewTotal {
                real_total_cost: sum(whole),
                cash_pay_amount: sum(cash),
                incentive_pay_amount: sum(credits),
                voucher_pay_amount: sum(vouchers),
                transfer_pay_amount: sum(proceeds),
            }),
            detail: Some(detail),
        })
    }
}

/// The records of one month.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows {
    pub(crate) seed: u64,
    calendar: Calendar,
    /// The number of the month.
    pub(crate) month: i64,
    count: u64,
    pub(crate) first_day: Date,
}

impl Rows {
    /// The records of the month with this first day: none outside the calendar.
    pub(crate) fn new(seed: u64, records: u64, calendar: Calendar, first_day: Date) -> Self {
        let month = calendar.month_of(first_day);
        Self {
            seed,
            calendar,
            month,
            count: if Calendar::contains(month) {
                records
            } else {
                0
            },
            first_day,
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    const fn range(&self) -> Range<u64> {
        0..self.count
    }

    /// What is paid for a record: in cash, vouchers, credits and proceeds.
    pub(crate) fn paid(&self, index: u64) -> [i64; 4] {
        self.costs(self.month, index).both()
    }

    /// The seconds of the month that have records.
    pub(crate) fn seconds(&self) -> Range<i64> {
        self.calendar.seconds(self.month)
    }

    /// The time of a record.
    pub(crate) fn time(&self, index: u64) -> i64 {
        spread(&self.seconds(), index, self.count)
    }

    /// The day of a record.
    pub(crate) fn day(&self, index: u64) -> Date {
        self.date(index).unwrap_or(self.first_day)
    }

    /// The last day that has records.
    pub(crate) fn last_day(&self) -> Date {
        self.day(self.count.saturating_sub(1))
    }

    fn costs(&self, month: i64, index: u64) -> Costs {
        // A product's cost for a unit varies a little from month to month.
        let mut level = Random::new(self.seed, "level", index);
        let mut random = Random::new(
            self.seed ^ u64::from_ne_bytes(month.to_ne_bytes()).rotate_left(32),
            "costs",
            index,
        );
        let (product, _) = kind(month, index);
        let size = product.size(self.seed, month);
        let size = self.calendar.billed(month, size);
        // Some records are refunds, and some products cost nothing.
        let sign = match level.below(16) {
            _ if product.is_committed() => 1,
            0 => -1,
            1 => 0,
            _ => 1,
        };
        let base = level
            .amount(200_000)
            .saturating_add(100)
            .saturating_mul(sign);
        // One cost in 16 uses all decimals; the others are whole fen.
        let mut part = |percent: i64| {
            let varied = random.amount(41).saturating_add(80);
            let fen = base.saturating_mul(percent).saturating_mul(varied) / 10_000;
            let fen = fen.saturating_mul(size) / 1_000;
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

    /// The day of a record.
    fn date(&self, index: u64) -> Option<Date> {
        let days = 0..i64::from(self.calendar.days(self.month));
        let days_before = spread(&days, index, self.count);
        self.first_day
            .checked_add(Span::new().days(days_before))
            .ok()
    }

    fn view(&self, query: &Query) -> View {
        let periodic = Periodic::new(ROUND, |place| {
            let (product, unit) = kind(self.month, place);
            (query.products.is_empty() || query.products.iter().any(|code| code == product.code))
                && (query.units.is_empty()
                    || query.units.iter().any(|key| Some(key.as_str()) == unit.0))
        });
        let on_asked_day = |index: &u64| {
            let asked = |day| query.dates.iter().any(|date| date.contains(day));
            query.dates.is_empty() || self.date(*index).is_some_and(asked)
        };
        let range = self.range();
        let matching = || periodic.indices(&range, 0).filter(on_asked_day);
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
            periodic,
            listed,
            count,
            sums,
        }
    }

    /// The sort key of a record: a number, or the product's code.
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
            (0, kind(self.month, index).0.code)
        } else if *sort == Sort::TREND {
            (self.trend(index).unwrap_or(i64::MIN), "")
        } else if field.starts_with("Gather") {
            (of(gathered), "")
        } else if field.starts_with("Allocate") {
            (of(allocated), "")
        } else {
            // The ratio sorts like the total cost.
            (of(both), "")
        }
    }

    /// The change against the month before, in hundredths of a percent.
    fn trend(&self, index: u64) -> Option<i64> {
        let before = self.month.checked_sub(1).filter(|before| *before >= 0)?;
        if kind(before, index) != kind(self.month, index) {
            return None;
        }
        let before = total(self.costs(before, index).both());
        let now = total(self.costs(self.month, index).both());
        hundredths_of_percent(now.saturating_sub(before), before)
    }

    fn row(&self, index: u64, daily: bool, whole: i64) -> Option<AllocationSummaryByBusiness> {
        let (product, unit) = kind(self.month, index);
        let costs = self.costs(self.month, index);
        let day = if daily {
            self.date(index)?
        } else {
            self.first_day
        };
        let real = total(costs.both());
        let row = Row {
            product: (product.code, product.name),
            unit,
            day,
            costs,
            // The list price is a quarter higher. Reserved instances and savings plans cover a part of it.
            list: real.saturating_add(real / 4).max(0),
            trend: self.trend(index),
        };
        row.written(whole)
    }

    /// A new record of the first kind that the request asks for. It costs nothing, and its list price is unique.
    fn added(
        &self,
        query: &Query,
        new: NewRecord,
        whole: i64,
    ) -> Option<AllocationSummaryByBusiness> {
        let asked = |day: &Date| {
            query.dates.is_empty() || query.dates.iter().any(|date| date.contains(*day))
        };
        let mut days = (0..self.first_day.days_in_month())
            .filter_map(|days| self.first_day.checked_add(Span::new().days(days)).ok())
            .filter(asked);
        let (day, end) = match new.end {
            End::Head => (days.next(), 1),
            End::Tail => (days.next_back(), 2),
        };
        let product = query.products.first().map(|code| {
            let mut products = PRODUCTS.iter().chain([&NEW]);
            let known = products.find(|known| known.code == code);
            (
                code.as_str(),
                known.map_or(code.as_str(), |known| known.name),
            )
        });
        let unit = query.units.first().map(|key| {
            let known = UNITS
                .into_iter()
                .find(|(known, _)| *known == Some(key.as_str()));
            known.unwrap_or((Some(key), key))
        });
        let (first_product, first_unit) = kind(self.month, 0);
        let row = Row {
            product: product.unwrap_or((first_product.code, first_product.name)),
            unit: unit.unwrap_or(first_unit),
            day: day.filter(|_| query.daily).unwrap_or(self.first_day),
            costs: Costs::default(),
            list: i64::try_from(new.number)
                .unwrap_or(i64::MAX)
                .saturating_mul(2)
                .saturating_add(end)
                .saturating_mul(FEN),
            trend: None,
        };
        row.written(whole)
    }
}
