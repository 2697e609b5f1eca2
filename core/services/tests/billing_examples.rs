//! The vendor's documented answers of billing, read into their types, and the identities of amounts that hold in them.
//!
//! Texts for people and account numbers are left out or replaced in `examples/`.
#![cfg(feature = "billing")]

#[path = "examples/mod.rs"]
mod examples;

use examples::{read, text};
use tc3_core::{
    Action, Fen, Yuan,
    types::{FenSum, Number, rust_decimal::Decimal},
};
use tc3_services::billing::{
    ActionSummaryOverviewItem, AllocationDetail, BillDetailComponent, BusinessSummaryInfo,
    DescribeAccountBalance, DescribeAllocationBillDetail, DescribeBillDetail,
    DescribeBillDetailForOrganization, DescribeBillResourceSummary, DescribeBillSummary,
    DescribeBillSummaryByPayMode, DescribeBillSummaryByProduct, DescribeBillSummaryByProject,
    DescribeBillSummaryByRegion, DescribeBillSummaryByTag, DescribeCostDetail, DescribeVoucherInfo,
    DescribeVoucherUsageDetails, PayMode, SummaryDetail,
};

/// The documented answer of an action.
fn example<A: Action>() -> A::Output {
    read::<A>(text(A::NAME)).unwrap()
}

/// The documented summaries of all groups.
fn summaries() -> Vec<SummaryDetail> {
    let groups = ["business", "region", "tag", "payMode", "project"].into_iter();
    let names = groups.map(|group| text(&format!("DescribeBillSummary.{group}")));
    let answers = names.map(|text| read::<DescribeBillSummary>(text).unwrap());
    answers.flat_map(|answer| answer.summary_detail).collect()
}

fn yuan(text: &str) -> Option<Yuan> {
    Some(text.parse().unwrap())
}

fn decimal(number: &Option<Number>) -> Decimal {
    number.as_ref().unwrap().to_decimal().unwrap()
}

fn amount(yuan: Option<Yuan>) -> Decimal {
    yuan.unwrap().get()
}

/// Half up at 8 decimals, as the vendor rounds.
fn rounded(amount: Decimal) -> Decimal {
    let half_up = tc3_core::types::rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    amount.round_dp_with_strategy(8, half_up)
}

const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The six amounts of a row of a summary: list price, cost, cash, gifted, voucher and split income.
type Six = [Option<Yuan>; 6];

macro_rules! six {
    ($row:expr) => {{
        let row = $row;
        [
            row.total_cost,
            row.real_total_cost,
            row.cash_pay_amount,
            row.incentive_pay_amount,
            row.voucher_pay_amount,
            row.transfer_pay_amount,
        ]
    }};
}

/// What was paid adds up to the cost, but for as much.
#[track_caller]
fn is_paid(real_cost: Option<Yuan>, payments: [Option<Yuan>; 4], tolerance: Decimal) {
    let paid: Decimal = payments.into_iter().map(amount).sum();
    assert!((amount(real_cost) - paid).abs() <= tolerance);
}

/// The rows add up to a sum in every amount, but for as much.
#[track_caller]
fn adds_up(sum: Six, rows: impl IntoIterator<Item = Six>, tolerance: [Decimal; 6]) {
    let rows: Vec<Six> = rows.into_iter().collect();
    for (place, sum) in sum.into_iter().enumerate() {
        let added: Decimal = rows.iter().map(|row| amount(row[place])).sum();
        assert!((amount(sum) - added).abs() <= tolerance[place], "{place}");
    }
}

/// A, B, C, D, E: what holds in a component of a bill.
#[track_caller]
fn holds_in_component(component: &BillDetailComponent, units_of_price: u32) {
    let payments = [
        component.cash_pay_amount,
        component.incentive_pay_amount,
        component.voucher_pay_amount,
        component.transfer_pay_amount,
    ];
    is_paid(component.real_cost, payments, Decimal::ZERO);
    let (cost, real_cost) = (amount(component.cost), amount(component.real_cost));
    let (discount, price) = (decimal(&component.discount), amount(component.single_price));
    let covered = amount(component.original_cost_with_ri) + amount(component.original_cost_with_sp);
    assert_eq!(covered, Decimal::ZERO);
    assert_eq!(real_cost, rounded(cost * discount));
    assert_eq!(decimal(&component.blended_discount), discount);
    let quantity = decimal(&component.used_amount) * decimal(&component.time_span);
    assert_eq!(cost, price * quantity / Decimal::from(units_of_price));
    assert_eq!(amount(component.contract_price), rounded(price * discount));
}

#[test]
fn a_refund_is_negative_in_amounts_and_positive_in_quantities() {
    let answer = example::<DescribeBillDetail>();
    assert_eq!(answer.total, Some(14));
    let [line] = &*answer.detail_set else {
        panic!("one line")
    };
    assert_eq!(line.id.as_deref(), Some("1725547686519644160"));
    assert_eq!(line.action_type.as_deref(), Some("pre_to_post"));
    assert_eq!(line.business_code.as_deref(), Some("p_cvm"));
    assert_eq!(line.bill_month.as_deref(), Some("2023-07-01 00:00:00"));
    assert_eq!(line.fee_begin_time, line.fee_end_time);
    assert_eq!((line.project_id, line.tags.len()), (Some(1_002_227), 0));
    let [component] = &*line.component_set else {
        panic!("one component")
    };
    assert_eq!(component.single_price, yuan("-80.89"));
    assert_eq!(component.real_cost, yuan("-80.89"));
    assert_eq!(component.cash_pay_amount, yuan("-80.43264806"));
    assert_eq!(component.incentive_pay_amount, yuan("-0.45735194"));
    assert_eq!(decimal(&component.used_amount), Decimal::ONE);
    assert_eq!(decimal(&component.time_span), Decimal::ONE);
    holds_in_component(component, 1);
}

#[test]
fn a_price_for_a_hundred_is_a_hundredth_for_one() {
    let answer = example::<DescribeBillDetailForOrganization>();
    let line = &answer.detail_set[0];
    assert_eq!(line.owner_uin, line.operate_uin);
    assert_eq!(line.tags[0].tag_key.as_deref(), Some("team"));
    assert_eq!(line.region_id.as_deref(), Some("4"));
    let component = &line.component_set[0];
    assert_eq!(component.price_unit.as_deref(), Some("元/100个/小时"));
    let codes = (
        component.component_code.as_deref(),
        component.item_code.as_deref(),
    );
    assert_eq!(
        codes,
        (
            Some("v_nat_hour_instance"),
            Some("sv_nat_hour_instance_small")
        )
    );
    assert_eq!(component.real_cost, yuan("0.3402025"));
    holds_in_component(component, 100);
}

#[test]
fn an_allocated_line_has_the_amounts_of_its_component() {
    let answer = example::<DescribeAllocationBillDetail>();
    assert_eq!(answer.record_num, Some(33_751));
    assert_eq!(
        answer.total.as_ref().unwrap().real_total_cost,
        yuan("99067.91144815")
    );
    let lines: &[AllocationDetail] = &answer.detail;
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert_eq!(line.pay_mode, Some(PayMode::POST_PAY));
        assert_eq!(line.bill_date.unwrap().to_string(), "2023-02-05");
        let payments = [
            line.cash_pay_amount,
            line.incentive_pay_amount,
            line.voucher_pay_amount,
            line.transfer_pay_amount,
        ];
        is_paid(line.real_total_cost, payments, Decimal::ZERO);
        let (price, discount) = (amount(line.single_price), decimal(&line.discount));
        let quantity = decimal(&line.used_amount) * decimal(&line.time_span);
        assert_eq!(amount(line.total_cost), price * quantity);
        assert_eq!(amount(line.contract_price), rounded(price * discount));
        assert_eq!(decimal(&line.blended_discount), discount);
        // The discount is shown with 6 digits, so the cost is what it says, within these.
        let shown = Decimal::new(5, 7) * amount(line.total_cost);
        let computed = amount(line.total_cost) * discount;
        let rounding = Decimal::new(1, 8);
        assert!((amount(line.real_total_cost) - computed).abs() <= shown + rounding);
    }
}

#[test]
fn a_resource_has_what_was_paid_for_it() {
    let answer = example::<DescribeBillResourceSummary>();
    // The documented total is wrong.
    assert_eq!(answer.total, Some(0));
    let resource = &answer.resource_summary_set[0];
    assert_eq!(resource.region_id, Some(1001));
    assert_eq!(resource.real_total_cost, yuan("4.84660512"));
    let [_, cost, payments @ ..] = six!(resource);
    is_paid(cost, payments, Decimal::ZERO);
}

#[test]
fn summaries_are_paid_and_add_up() {
    let product = example::<DescribeBillSummaryByProduct>();
    let total = product.summary_total.as_ref().unwrap();
    assert_eq!(total.real_total_cost, yuan("1458"));
    assert_eq!(
        product.summary_overview[0].bill_month.unwrap().to_string(),
        "2022-07"
    );
    let rows: Vec<Six> = product
        .summary_overview
        .iter()
        .map(|row| six!(row))
        .collect();
    adds_up(six!(total), rows.clone(), [Decimal::ZERO; 6]);

    let projects = example::<DescribeBillSummaryByProject>().summary_overview;
    let regions = example::<DescribeBillSummaryByRegion>().summary_overview;
    let tags = example::<DescribeBillSummaryByTag>();
    let all = rows.into_iter().chain(projects.iter().map(|row| six!(row)));
    let all = all.chain(regions.iter().map(|row| six!(row)));
    let all = all.chain(tags.summary_overview.iter().map(|row| six!(row)));
    let mut count = 0;
    for [_, cost, payments @ ..] in all {
        is_paid(cost, payments, Decimal::ZERO);
        count += 1;
    }
    assert_eq!(count, 11);

    // Of tags there are only two sums.
    let total = tags.summary_total.as_ref().unwrap();
    let sum = |each: fn(&Six) -> Option<Yuan>| {
        let rows = tags.summary_overview.iter().map(|row| six!(row));
        let amounts: Vec<Yuan> = rows.filter_map(|row| each(&row)).collect();
        Yuan::checked_sum(amounts)
    };
    assert_eq!(total.total_cost, sum(|row| row[0]));
    assert_eq!(total.real_total_cost, sum(|row| row[1]));
    assert_eq!(tags.summary_overview[0].tag_value.as_deref(), Some(""));
    // What is in no region may be negative: the month's rounding is there.
    assert_eq!(regions[3].region_id.as_deref(), Some("0"));
    assert_eq!(regions[3].real_total_cost, yuan("-5.24970039"));
}

#[test]
fn a_way_to_pay_is_the_sum_of_its_kinds_of_charges_with_the_rounding_of_the_month() {
    let modes = example::<DescribeBillSummaryByPayMode>().summary_overview;
    for mode in &modes {
        adds_up(
            six!(mode),
            mode.detail.iter().map(|row| six!(row)),
            [Decimal::ZERO; 6],
        );
    }
    let by_use = &modes[1];
    assert_eq!(by_use.pay_mode, Some(PayMode::POST_PAY));
    assert_eq!(by_use.real_total_cost, yuan("16.44"));
    let rounding: &ActionSummaryOverviewItem = &by_use.detail[3];
    assert_eq!(rounding.action_type.as_deref(), Some("billVirtualId"));
    assert_eq!(rounding.cash_pay_amount, yuan("-3.83470332"));
    assert_eq!(rounding.incentive_pay_amount, yuan("0.14154188"));
    let [_, cost, payments @ ..] = six!(rounding);
    is_paid(cost, payments, Decimal::ZERO);
}

#[test]
fn a_group_is_the_sum_of_its_products_within_a_cent_where_it_is_rounded() {
    let groups = summaries();
    let mut compared = 0;
    for group in &groups {
        let [_, cost, payments @ ..] = six!(group);
        is_paid(cost, payments, CENT);
        let products: &[BusinessSummaryInfo] = &group.business;
        for [_, cost, payments @ ..] in products.iter().map(|row| six!(row)) {
            is_paid(cost, payments, CENT);
        }
        if !products.is_empty() {
            let zero = Decimal::ZERO;
            let tolerance = [CENT, CENT, zero, zero, zero, CENT];
            adds_up(six!(group), products.iter().map(|row| six!(row)), tolerance);
            compared += 1;
        }
    }
    assert!(compared >= 10, "{compared}");
    let product = &groups[0];
    assert_eq!(product.group_key.as_deref(), Some("p_rav"));
    assert_eq!(product.real_total_cost, yuan("5661.16"));
}

#[test]
fn consumption_is_price_times_quantity() {
    let answer = example::<DescribeCostDetail>();
    assert_eq!(answer.total, Some(1));
    let component = &answer.detail_set[0].component_set[0];
    let list_price = amount(component.single_price) * decimal(&component.used_amount);
    assert_eq!(amount(component.cost), list_price);
    assert_eq!(component.real_cost, yuan("0.00104875"));
    let cash = amount(component.cash_pay_amount);
    let others = amount(component.voucher_pay_amount) + amount(component.incentive_pay_amount);
    assert_eq!(amount(component.real_cost), cash + others);
}

#[test]
fn a_balance_is_the_sum_of_its_accounts() {
    let balance = example::<DescribeAccountBalance>();
    let fen = |sum: &Option<FenSum>| sum.as_ref().unwrap().to_fen().unwrap().get();
    let accounts = fen(&balance.cash_account_balance)
        + fen(&balance.income_into_account_balance)
        + fen(&balance.present_account_balance);
    let (frozen, owed) = (fen(&balance.freeze_amount), fen(&balance.owe_amount));
    assert_eq!(fen(&balance.real_balance), accounts - frozen - owed);
    let credit = fen(&balance.credit_amount);
    assert_eq!(fen(&balance.credit_balance), accounts + credit - owed);
    let real_credit = fen(&balance.real_credit_balance);
    assert_eq!(real_credit, fen(&balance.credit_balance) - frozen);
    assert_eq!(balance.balance, Some(Fen::new(fen(&balance.real_balance))));
    assert_eq!(real_credit, 10_000_000_000);
    assert_eq!(balance.temp_amount_info_list.len(), 1);
}

#[test]
fn vouchers_are_in_hundred_millionths_of_a_yuan() {
    let vouchers = example::<DescribeVoucherInfo>();
    assert_eq!(
        (vouchers.total_count, vouchers.unit.as_deref()),
        (Some(1828), Some("micro"))
    );
    let in_yuan = |units: Option<i64>| Yuan::from_units(units.unwrap(), 8).ok();
    assert_eq!(in_yuan(vouchers.total_balance), yuan("2656450.02"));
    let voucher = &vouchers.voucher_infos[0];
    assert_eq!(in_yuan(voucher.nominal_value), yuan("12"));
    assert_eq!(voucher.pay_mode, Some(PayMode::PRE_PAY));

    let uses = example::<DescribeVoucherUsageDetails>();
    assert_eq!(in_yuan(uses.total_used_amount), yuan("0.1"));
    assert_eq!(in_yuan(uses.usage_records[0].used_amount), yuan("0.1"));
    // Written otherwise here than elsewhere.
    let pay_mode = uses.usage_records[0].pay_mode.as_ref();
    assert_eq!(pay_mode.map(PayMode::as_str), Some("postpay"));
}
