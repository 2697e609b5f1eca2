//! Amounts of billing are exact, in the units that the overlay says.
#![cfg(feature = "billing")]

use serde_json::{from_str, to_string};
use tc3_core::{
    Action, Fen, Month, Paginate, Yuan,
    pagination::{End, Paging},
    types::{BeijingSecond, FenSum},
};
use tc3_services::billing::{
    BillDetailComponent, Deal, DescribeAccountBalanceResponse, DescribeAccountWarningResponse,
    DescribeBillDetail, DescribeBillDownloadUrl, DescribeBillSummaryByProduct,
    DescribeCostExplorerSummary, DescribeDealsByCond, DescribeTagList, DescribeTagListResponse,
    DescribeVoucherInfo, FileType, ModifyAccountWarning, PayDeals, PayMode, SummaryDetail,
    VoucherInfos,
};

fn yuan(text: &str) -> Option<Yuan> {
    Some(text.parse().unwrap())
}

#[test]
fn balances_are_fen() {
    let json = r#"{"Balance":9667,"RealBalance":9667.0,"OweAmount":-4512345.000000001}"#;
    let balance: DescribeAccountBalanceResponse = from_str(json).unwrap();
    assert_eq!(balance.balance, Some(Fen::new(9667)));
    assert_eq!(balance.real_balance, Some(FenSum::from(Fen::new(9667))));
    let owed = balance.owe_amount.unwrap();
    assert_eq!(
        (owed.to_fen(), &*owed.to_string()),
        (None, "-4512345.000000001")
    );
}

#[test]
fn a_warning_is_fen_in_both_directions() {
    let warning: DescribeAccountWarningResponse = from_str(r#"{"Threshold":"957656954"}"#).unwrap();
    assert_eq!(warning.threshold, Some(Fen::new(957_656_954)));
    let change = ModifyAccountWarning::new(Fen::new(500), 1);
    assert_eq!(to_string(&change).unwrap(), r#"{"Threshold":500,"Open":1}"#);
}

#[test]
fn costs_are_yuan_and_what_is_not_shown_is_none() {
    let json = r#"{"TotalCost":"-","RealTotalCost":"-48.95000000","CashPayAmount":""}"#;
    let summary: SummaryDetail = from_str(json).unwrap();
    assert_eq!(summary.total_cost, None);
    assert_eq!(summary.real_total_cost, yuan("-48.95"));
    assert_eq!(summary.cash_pay_amount, None);
}

#[test]
fn prices_quantities_and_discounts_keep_their_digits() {
    let json = r#"{"SinglePrice":"0.00001389","PriceUnit":"元/GiB/秒","UsedAmount":"1.00000000",
        "TimeSpan":"3599.00000000","Discount":"0.7"}"#;
    let component: BillDetailComponent = from_str(json).unwrap();
    assert_eq!(component.single_price, yuan("0.00001389"));
    assert_eq!(component.used_amount.unwrap().to_string(), "1.00000000");
    assert_eq!(component.time_span.unwrap().to_string(), "3599.00000000");
    assert_eq!(component.discount.unwrap().as_str(), "0.7");
}

#[test]
fn an_order_has_whole_and_computed_fen() {
    let json = r#"{"RealTotalCost":100,"Price":100.5,"Policy":100.0,"PayMode":"prePay"}"#;
    let deal: Deal = from_str(json).unwrap();
    assert_eq!(deal.real_total_cost, Some(Fen::new(100)));
    assert_eq!(deal.price.unwrap().to_string(), "100.5");
    assert_eq!(deal.pay_mode, Some(PayMode::PRE_PAY));
}

#[test]
fn vouchers_are_counted_in_hundred_millionths() {
    let voucher: VoucherInfos = from_str(r#"{"NominalValue":4895000000}"#).unwrap();
    let value = Yuan::from_units(voucher.nominal_value.unwrap(), 8).ok();
    assert_eq!(value, yuan("48.95"));
}

#[test]
fn months_and_seconds_are_written_as_the_service_reads_them() {
    let month = Month::new(2024, 2).unwrap();
    let lines = DescribeBillDetail::new().with_month(month);
    assert_eq!(
        to_string(&lines).unwrap(),
        r#"{"Offset":0,"Limit":300,"Month":"2024-02"}"#
    );
    let products = DescribeBillSummaryByProduct::new(month, month);
    let json = r#"{"BeginTime":"2024-02","EndTime":"2024-02"}"#;
    assert_eq!(to_string(&products).unwrap(), json);
    let first = BeijingSecond::new(2024, 2, 1, 0, 0, 0).unwrap();
    let orders = DescribeDealsByCond::new(first, month.last_second());
    let json = r#"{"StartTime":"2024-02-01 00:00:00","EndTime":"2024-02-29 23:59:59","Limit":100}"#;
    assert_eq!(to_string(&orders).unwrap(), json);
    let file = DescribeBillDownloadUrl::new(FileType::BILL_PACK, month);
    assert_eq!(
        to_string(&file).unwrap(),
        r#"{"FileType":"billPack","Month":"2024-02"}"#
    );
}

#[test]
fn pages_begin_where_the_service_begins_them() {
    assert_eq!(DescribeBillDetail::PAGING, Paging::ItemOffset);
    assert_eq!(DescribeBillDetail::END, End::ShortPage);
    assert_eq!(DescribeDealsByCond::PAGING, Paging::PageIndex);
    assert_eq!(DescribeVoucherInfo::PAGING, Paging::PageNumber);
    assert_eq!(DescribeCostExplorerSummary::PAGING, Paging::PageNumber);
}

#[test]
fn a_total_that_is_no_count_costs_no_page() {
    for (total, read) in [("2", Some(2)), ("-1", None), ("1.5", None), ("1e30", None)] {
        for total in [total.to_owned(), format!("{total:?}")] {
            let json = format!(r#"{{"RecordNum": {total}, "Data": [{{"TagKey": "a"}}]}}"#);
            let output: DescribeTagListResponse = from_str(&json).unwrap();
            let info = DescribeTagList::page_info(&output);
            assert_eq!((info.len, info.total), (1, read), "{total}");
        }
    }
}

#[test]
fn only_what_reads_is_repeated_and_rates_are_the_vendors() {
    const { assert!(DescribeBillDetail::REPEATABLE && DescribeBillDetail::RATE == 5) };
    const { assert!(!PayDeals::REPEATABLE && !ModifyAccountWarning::REPEATABLE) };
}
