//! A ledger looks like an account's, whatever its seed.

use std::{collections::BTreeMap, sync::LazyLock};

use rust_decimal::Decimal;
use tc3_core::{
    Fen, Month, Yuan,
    billing::{AllocationSummaryByBusiness, DescribeBillListResponse, PayType, TrendType},
    emulator::Emulator,
    types::FenSum,
};

use super::{allocations, bills};
use crate::common::{Client, credential};

/// The cost of each product in each month of two years. It asserts that the service's sums are those of the records.
fn costs(records: u64, seed: u64) -> Vec<BTreeMap<String, Decimal>> {
    let mut service = Emulator::new(credential())
        .with_records(records)
        .with_seed(seed);
    let mut client = Client::new();
    let months = (0..24).map(|month| (2024 + month / 12, (month % 12 + 1) as i8));
    months
        .map(|(year, month)| {
            let all = allocations(year, month);
            let rows = client.walk(&mut service, all.clone()).unwrap();
            let total = client
                .call(&mut service, &all.with_limit(1))
                .unwrap()
                .total
                .unwrap();
            let sum = Yuan::checked_sum(rows.iter().map(|row| row.real_total_cost));
            assert_eq!(total.real_total_cost, sum, "{year}-{month}");
            let mut costs = BTreeMap::new();
            for row in rows {
                let cost: &mut Decimal = costs.entry(row.business_code.to_string()).or_default();
                *cost += row.real_total_cost.get();
            }
            costs
        })
        .collect()
}

/// How many percent `part` is of `whole`.
fn percent(part: Decimal, whole: Decimal) -> i64 {
    (part * Decimal::ONE_HUNDRED / whole).try_into().unwrap()
}

fn sum<'a>(months: &'a [BTreeMap<String, Decimal>], code: &'a str) -> Decimal {
    months.iter().filter_map(|month| month.get(code)).sum()
}

fn whole(months: &[BTreeMap<String, Decimal>]) -> Decimal {
    months.iter().flat_map(BTreeMap::values).sum()
}

/// The costs of some seeds.
static SEEDS: LazyLock<[Vec<BTreeMap<String, Decimal>>; 3]> =
    LazyLock::new(|| [0, 7, u64::MAX].map(|seed| costs(1_000, seed)));

#[test]
fn three_products_make_most_of_the_cost() {
    for months in SEEDS.iter() {
        let mut shares: Vec<(i64, &str)> = (months[0].keys())
            .map(|code| (percent(sum(months, code), whole(months)), code.as_str()))
            .collect();
        shares.sort_unstable();
        shares.reverse();
        let largest: i64 = shares[..3].iter().map(|(share, _)| share).sum();
        assert!((55..75).contains(&largest), "{shares:?}");
        assert!(shares[0].0 >= 25 && shares[0].1 == "p_cvm", "{shares:?}");
        assert!(
            shares[6..].iter().all(|(share, _)| *share <= 6),
            "{shares:?}"
        );
    }
}

#[test]
fn the_cost_grows() {
    for months in SEEDS.iter() {
        let growth = percent(whole(&months[21..]), whole(&months[..3]));
        assert!((140..170).contains(&growth), "{growth}");
        let of = |code| percent(sum(&months[21..], code), sum(&months[..3], code));
        let (storage, savings_plans) = (of("p_cos"), of("p_svp"));
        assert!(
            storage > 200 && savings_plans < 110,
            "{storage} {savings_plans}"
        );
        // No month is like another, and none but that of the refund is far below the one before.
        for pair in months.windows(2) {
            let change = percent(whole(&pair[1..]), whole(&pair[..1])) - 100;
            let refund = pair[1]["p_cdb"] < Decimal::ZERO || pair[0]["p_cdb"] < Decimal::ZERO;
            assert!(change.abs() < 10 || refund, "{change}");
        }
    }
}

#[test]
fn in_one_month_a_product_is_refunded() {
    for months in SEEDS.iter() {
        for (at, month) in months.iter().enumerate() {
            assert_eq!(month["p_cdb"] < Decimal::ZERO, at == 20, "{at}");
        }
        let (before, refund, after) = (&months[19..20], &months[20..21], &months[21..22]);
        let usual = percent(months[20]["p_cdb"], months[19]["p_cdb"]);
        assert!((-65..-40).contains(&usual), "{usual}");
        assert!(percent(whole(refund), whole(before)) < 90);
        assert!(percent(whole(after), whole(refund)) > 112);
    }
}

#[test]
fn a_new_product_takes_the_place_of_another_and_grows() {
    for months in SEEDS.iter() {
        for (at, month) in months.iter().enumerate() {
            assert_eq!(month.len(), 12);
            assert_eq!(month.contains_key("p_hunyuan"), at >= 18, "{at}");
            assert_eq!(month.contains_key("p_ai_image_ocr"), at < 18, "{at}");
        }
        let new: Vec<Decimal> = months[18..]
            .iter()
            .map(|month| month["p_hunyuan"])
            .collect();
        assert!(new.is_sorted(), "{new:?}");
        assert!(percent(new[5], new[0]) > 250, "{new:?}");
    }
}

#[test]
fn a_new_product_has_no_trend_in_its_first_month_and_can_be_asked_for() {
    let mut service = Emulator::new(credential());
    let of = |month| allocations(2025, month).with_business_codes(["p_hunyuan"]);
    let mut rows = |month| Client::new().walk(&mut service, of(month)).unwrap();
    assert_eq!(rows(6), []);
    let (first, second) = (rows(7), rows(8));
    assert_eq!((first.len(), second.len()), (83, 83));
    assert!(
        first
            .iter()
            .all(|row| row.trend.is_none() && row.trend_type.is_none())
    );
    let up = |row: &&AllocationSummaryByBusiness| row.trend_type == Some(TrendType::UPWARD);
    assert!(second.iter().filter(up).count() > 60);
    assert_eq!(
        second[0].business_code_name.as_deref(),
        Some("腾讯混元大模型")
    );
}

/// A month's transactions, with their sums.
fn month(service: &mut Emulator, month: Month) -> DescribeBillListResponse {
    let last = month.first_day().last_of_month();
    let list = bills(&format!("{month}-01 00:00:00"), &format!("{last} 23:59:59"));
    Client::new()
        .call(service, &list.with_limit(u32::MAX))
        .unwrap()
}

#[test]
fn transactions_grow_and_one_month_has_large_returns() {
    let mut service = Emulator::new(credential()).with_records(10_000);
    let months: Vec<_> = (0..24)
        .map(|at| Month::new(2024 + at / 12, (at % 12 + 1) as i8).unwrap())
        .collect();
    let mut sums = Vec::new();
    for at in months {
        let answer = month(&mut service, at);
        let of = |kind: PayType| {
            let rows = answer
                .transaction_list
                .iter()
                .filter(|row| row.action_type == kind);
            Fen::checked_sum(rows.map(|row| Fen::new(row.amount.get().abs()))).unwrap()
        };
        let reported = |sum: &Option<FenSum>| sum.as_ref().and_then(FenSum::to_fen).unwrap();
        let (spent, returned) = (of(PayType::DEDUCT), of(PayType::RETURN));
        assert_eq!(reported(&answer.deduct_amount), spent);
        assert_eq!(reported(&answer.return_amount), returned);
        sums.push((spent.get(), returned.get()));
    }
    let of = |at: std::ops::Range<usize>| -> i64 { sums[at].iter().map(|(spent, _)| spent).sum() };
    let growth = of(18..24) * 100 / of(0..6);
    assert!((120..150).contains(&growth), "{growth}");
    let usual = sums.iter().map(|(_, returned)| returned).sum::<i64>() / 24;
    for (at, (_, returned)) in sums.iter().enumerate() {
        assert_eq!(
            *returned > 5 * usual,
            at == 20,
            "{at}: {returned} of {usual}"
        );
    }
}
