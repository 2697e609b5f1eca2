//! What tells records apart: several may share an id, and what may change tells nothing.

use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};
use tc3_core::{
    Attempt, Outcome, Paginate,
    billing::DescribeBillList,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use super::{
    answer,
    bills::{range, time},
    input,
    resume::resumed,
    windows::walk,
};

/// Transactions by their `BillId`, time and amount, served as the range and the page say.
#[derive(Clone, Debug)]
struct Transactions {
    rows: Vec<(String, String, i64)>,
    newest_first: bool,
}

impl Transactions {
    fn serve(&self, attempt: &Attempt) -> Outcome {
        let input = input(attempt);
        let bound = |name: &str| time(input[name].as_str().unwrap());
        let end = bound("EndTime") + jiff::Span::new().seconds(1);
        let within =
            |(_, at, _): &&(String, String, i64)| (bound("StartTime")..end).contains(&time(at));
        let mut rows: Vec<_> = self.rows.iter().filter(within).collect();
        rows.sort_by_key(|(_, at, _)| time(at));
        if self.newest_first {
            rows.reverse();
        }
        let row = |(id, time, amount): &(String, String, i64)| {
            json!({
                "ActionType": "deduct", "Amount": amount, "BillId": id, "OperationTime": time,
            })
        };
        let place = |name: &str| usize::try_from(input[name].as_u64().unwrap()).unwrap();
        let page = rows.iter().skip(place("Offset")).take(place("Limit"));
        let page: Vec<_> = page.map(|it| row(it)).collect();
        answer(json!({"TransactionList": page, "Total": rows.len()}))
    }

    /// All that comes, in some order.
    fn walked(&self, limit: u32) -> Vec<(String, String, i64)> {
        let action = range("2024-01-01 00:00:00", "2025-02-01 00:00:00").with_limit(limit);
        let mut all: Vec<_> = walk(action, 2, |attempt| self.serve(attempt))
            .records()
            .into_iter()
            .map(|it| (it.bill_id, it.operation_time.to_string(), it.amount.get()))
            .collect();
        all.sort();
        all
    }

    fn sorted(&self) -> Vec<(String, String, i64)> {
        let mut all = self.rows.clone();
        all.sort();
        all
    }
}

/// The two seams of the range, by the second.
const FIRST: &str = "2024-07-01 00:00:00";
const SECOND: &str = "2025-01-01 00:00:00";

#[test]
fn transactions_may_share_an_id_or_have_none() {
    let rows = |rows: &[(&str, &str, i64)]| {
        let owned =
            |(id, at, amount): &(&str, &str, i64)| ((*id).into(), format!("{at}.000"), *amount);
        rows.iter().map(owned).collect::<Vec<_>>()
    };
    for rows in [
        // Under one id in both seconds that windows share.
        rows(&[("1", FIRST, -5), ("1", SECOND, -5)]),
        // In one of them.
        rows(&[("1", FIRST, -5), ("1", FIRST, 5), ("2", FIRST, -5)]),
        rows(&[
            ("", FIRST, -5),
            ("", FIRST, -6),
            ("", SECOND, -5),
            ("", SECOND, -5),
        ]),
        // Pages of transactions without an id.
        rows(&[
            ("", "2024-02-01 00:00:00", 1),
            ("", "2024-02-01 00:00:01", 2),
            ("", "2024-02-01 00:00:02", 3),
        ]),
    ] {
        for newest_first in [false, true] {
            for limit in [1, 2, 100] {
                let transactions = Transactions {
                    rows: rows.clone(),
                    newest_first,
                };
                assert_eq!(
                    transactions.walked(limit),
                    transactions.sorted(),
                    "{rows:?} {limit}"
                );
            }
        }
    }
}

fn transactions() -> impl Strategy<Value = Transactions> {
    let times = [
        "2024-06-30 23:59:59.999",
        "2024-07-01 00:00:00.000",
        "2024-07-01 00:00:00.500",
        "2024-07-01 00:00:01.000",
        "2024-12-31 23:59:59.000",
        "2025-01-01 00:00:00.000",
        "2025-01-01 00:00:00.999",
        "2025-01-15 12:00:00.000",
    ];
    let id = prop::sample::select(vec!["", "1", "2"]);
    let row = (id, any::<Index>(), -1..2_i64)
        .prop_map(move |(id, at, amount)| (id.into(), at.get(&times).to_string(), amount));
    (prop::collection::vec(row, 0..25), any::<bool>())
        .prop_map(|(rows, newest_first)| Transactions { rows, newest_first })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn transactions_that_are_alike_come_as_often_as_there_are(
        transactions in transactions(),
        limit in prop_oneof![Just(4_u32), Just(7), Just(100)],
    ) {
        // Pages of several records that come again are an error, so each has one that is like no other.
        let mut transactions = transactions;
        let numbered = transactions.rows.len() / limit as usize * 3 + 1;
        for (number, row) in (0..).zip(&mut transactions.rows).step_by(2).take(numbered) {
            row.2 = 1_000 + number;
        }
        prop_assert_eq!(transactions.walked(limit), transactions.sorted());
        let action = range("2024-01-01 00:00:00", "2025-02-01 00:00:00").with_limit(limit);
        let came = resumed(action, |attempt| transactions.serve(attempt));
        prop_assert_eq!(came.len(), transactions.rows.len());
    }
}

fn usage() -> ChannelDescribeBillUsageDetail {
    let (start, end) = ("20240101".parse().unwrap(), "20240131".parse().unwrap());
    ChannelDescribeBillUsageDetail::new(Agent::new("app"), start, end)
}

#[test]
fn a_use_whose_status_changes_is_the_same_use() {
    let row = |at: usize, status: &str| json!({"FlowId": format!("flow {at}"), "FlowStatus": status, "UseCount": 1, "CostTime": 1_704_067_200 + at});
    let mut answers = 0;
    let walked = walk(usage().with_limit(2), 1, |attempt| {
        answers += 1;
        // After the first answer the contract is signed, and another use comes at the end.
        let (many, status) = if answers == 1 {
            (5, "SIGNING")
        } else {
            (6, "SIGNED")
        };
        let start = usize::try_from(input(attempt)["Offset"].as_u64().unwrap()).unwrap() * 2;
        let rows: Vec<Value> = (start..many).take(2).map(|at| row(at, status)).collect();
        answer(json!({"Details": rows, "Total": many}))
    });
    assert_eq!(walked.records().len(), 6);
}

#[test]
fn equal_uses_are_uses() {
    // Text messages of one contract.
    let row =
        json!({"FlowId": "flow", "QuotaType": "Sms", "UseCount": 1, "CostTime": 1_704_067_200});
    let walked = walk(usage(), 1, |attempt| {
        let start = usize::try_from(input(attempt)["Offset"].as_u64().unwrap()).unwrap() * 50;
        let rows: Vec<_> = std::iter::repeat_n(&row, 150)
            .skip(start)
            .take(50)
            .collect();
        answer(json!({"Details": rows, "Total": 150}))
    });
    assert_eq!(walked.records().len(), 150);
}

#[test]
fn an_identity_has_what_does_not_change_and_nothing_else() {
    let bill = json!({
        "ActionType": "deduct", "Amount": -5, "BillId": "1", "OperationTime": "2024-07-01 00:00:00.000",
        "Balance": 7, "OperationInfo": "text", "PayChannel": "balance",
    });
    let use_ = json!({
        "FlowId": "flow", "QuotaType": "Sms", "UseCount": 1, "CostTime": 1_704_067_200,
        "FlowStatus": "SIGNING", "FlowName": "name", "OperatorName": "one", "Remark": "text",
    });
    fn identity<A: Paginate<Item: serde::de::DeserializeOwned>>(record: &Value) -> String {
        A::identity(&serde_json::from_value(record.clone()).unwrap())
            .unwrap()
            .into_owned()
    }
    let changed = |record: &Value, field: &str, value: Value| {
        let mut record = record.clone();
        record[field] = value;
        record
    };
    let of_bill = identity::<DescribeBillList>;
    for (field, value) in [
        ("ActionType", json!("return")),
        ("Amount", json!(-6)),
        ("BillId", json!("2")),
        ("BillId", json!("")),
        ("OperationTime", json!("2024-07-01 00:00:00.001")),
    ] {
        assert_ne!(
            of_bill(&changed(&bill, field, value)),
            of_bill(&bill),
            "{field}"
        );
    }
    for field in ["Balance", "OperationInfo", "PayChannel"] {
        assert_eq!(
            of_bill(&changed(&bill, field, Value::Null)),
            of_bill(&bill),
            "{field}"
        );
    }
    let of_use = identity::<ChannelDescribeBillUsageDetail>;
    for (field, value) in [
        ("FlowId", json!("other")),
        ("QuotaType", json!("CloudProve")),
        ("UseCount", json!(-1)),
        ("CostTime", json!(1_704_067_201)),
    ] {
        assert_ne!(
            of_use(&changed(&use_, field, value)),
            of_use(&use_),
            "{field}"
        );
    }
    for field in ["FlowStatus", "FlowName", "OperatorName", "Remark"] {
        assert_eq!(
            of_use(&changed(&use_, field, Value::Null)),
            of_use(&use_),
            "{field}"
        );
    }
}
