//! The balance of an account, and its vouchers.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{super::bills, PAID, ask, components, lines, refused, service, sum, text};
use crate::common::Client;

fn number(value: &Value, name: &str) -> i64 {
    value[name]
        .as_i64()
        .unwrap_or_else(|| panic!("{name}: {value}"))
}

#[test]
fn a_balance_is_that_of_the_newest_transaction() {
    let mut service = service(1_000, 0);
    let balance = ask(&mut service, "DescribeAccountBalance", json!({})).unwrap();
    let of = |name| number(&balance, name);
    let all =
        of("CashAccountBalance") + of("IncomeIntoAccountBalance") + of("PresentAccountBalance");
    assert_eq!(
        of("RealBalance"),
        all - of("FreezeAmount") - of("OweAmount")
    );
    assert_eq!(
        of("CreditBalance"),
        all + of("CreditAmount") - of("OweAmount")
    );
    assert_eq!(
        of("RealCreditBalance"),
        of("CreditBalance") - of("FreezeAmount")
    );
    assert_eq!(of("Balance"), of("RealBalance"));
    assert_eq!(of("Uin"), 100_000_000_001);
    assert_eq!(balance.get("TempCredit"), None);
    let until_now = bills("2025-09-01 00:00:00", "2025-10-09 16:53:20");
    let transactions = Client::new().walk(&mut service, until_now).unwrap();
    let newest = transactions.last().unwrap();
    assert_eq!(newest.balance.unwrap().get(), of("Balance"));

    let input = json!({"TempCredit": true});
    let balance = ask(&mut service, "DescribeAccountBalance", input).unwrap();
    assert_eq!(number(&balance, "TempCredit"), 0);
}

#[test]
fn vouchers_paid_what_the_bill_says() {
    let mut service = service(300, 0);
    let input = json!({"Limit": 1_000, "Offset": 1});
    let vouchers = ask(&mut service, "DescribeVoucherInfo", input).unwrap();
    // Two in each month from 2024-01 to 2025-10.
    assert_eq!(vouchers["TotalCount"], 44);
    let vouchers = vouchers["VoucherInfos"].as_array().unwrap();
    for month in ["2024-02", "2025-06"] {
        let lines = lines(&mut service, month);
        let of_month = vouchers
            .iter()
            .filter(|it| text(it, "BeginTime").starts_with(month));
        let mut used = BTreeMap::new();
        let mut whole = 0;
        for voucher in of_month {
            let mut page = 1;
            loop {
                let input = json!({"VoucherId": voucher["VoucherId"], "Limit": 50, "Offset": page});
                let usage = ask(&mut service, "DescribeVoucherUsageDetails", input).unwrap();
                let records = usage["UsageRecords"].as_array().unwrap();
                for record in records {
                    let id = text(record, "SeqId").to_owned();
                    used.insert(id, number(record, "UsedAmount"));
                }
                if records.len() < 50 {
                    whole += number(&usage, "TotalUsedAmount");
                    let spent = number(voucher, "NominalValue") - number(voucher, "Balance");
                    assert_eq!(number(&usage, "TotalUsedAmount"), spent);
                    break;
                }
                page += 1;
            }
        }
        assert_eq!(used.values().sum::<i64>(), whole);
        assert_eq!(sum(components(&lines), PAID[1]), Decimal::new(whole, 8));
        for line in &lines {
            let paid = sum(components(core::slice::from_ref(line)), PAID[1]);
            let used = used.get(text(line, "BillId")).copied().unwrap_or_default();
            assert_eq!(paid, Decimal::new(used, 8));
        }
    }
}

#[test]
fn vouchers_are_listed_by_pages_from_the_first() {
    let mut service = service(300, 0);
    let mut of = |mut input: Value| {
        input["Limit"] = input.get("Limit").cloned().unwrap_or(json!(1_000));
        input["Offset"] = input.get("Offset").cloned().unwrap_or(json!(1));
        let answer = ask(&mut service, "DescribeVoucherInfo", input).unwrap();
        answer["VoucherInfos"].as_array().unwrap().clone()
    };
    let all = of(json!({}));
    let pages = (1..=5).flat_map(|page| of(json!({"Limit": 10, "Offset": page})));
    assert_eq!(pages.collect::<Vec<Value>>(), all);
    let newest = of(json!({"SortField": "EndTime", "SortOrder": "desc", "Limit": 1}));
    assert_eq!(newest[0]["BeginTime"], "2025-10-01");
    let running = of(json!({"Status": "unUsed"}));
    assert_eq!(running.len(), 2);
    let bought = of(json!({"VoucherMainType": "has_price"}));
    assert_eq!(bought, of(json!({"PayMode": "prePay"})));
    assert_eq!(bought.len(), 22);
    let year = of(json!({"TimeFrom": "2024-01-01", "TimeTo": "2024-12-31"}));
    assert_eq!(year.len(), 24);
    for (name, value, message) in [
        (
            "Offset",
            json!(0),
            "Offset is a page's number and must be at least 1",
        ),
        ("Limit", json!(1_001), "Limit must be 1 to 1000"),
        (
            "SortField",
            json!("Balance"),
            "SortField must be BeginTime, EndTime or CreateTime",
        ),
        ("SortOrder", json!("up"), "SortOrder must be asc or desc"),
    ] {
        let mut input = json!({"Limit": 1, "Offset": 1});
        input[name] = value;
        assert_eq!(
            refused(&mut service, "DescribeVoucherInfo", input).1,
            message
        );
    }
    let input = json!({"Limit": 1, "Offset": 1, "VoucherId": "abc"});
    let refused = refused(&mut service, "DescribeVoucherUsageDetails", input);
    assert_eq!(refused.0, "FailedOperation.InvalidVoucher");
}
