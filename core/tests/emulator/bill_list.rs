use std::collections::HashSet;

use tc3_core::{
    Fen,
    billing::{
        BillTransactionInfo, DescribeBillList, DescribeBillListResponse, PayType, SubPayType,
    },
    emulator::Emulator,
    types::FenSum,
};

use super::{bills, faults::scripted};
use crate::common::{Client, credential};

const SPAN: (&str, &str) = ("2024-03-01 00:00:00", "2024-08-31 23:59:59");

fn all() -> DescribeBillList {
    bills(SPAN.0, SPAN.1).with_limit(u32::MAX)
}

fn service() -> Emulator {
    Emulator::new(credential()).with_records(1_000)
}

fn ask(action: &DescribeBillList) -> DescribeBillListResponse {
    Client::new().call(&mut service(), action).unwrap()
}

#[test]
fn each_documented_type_of_transactions_has_its_sum_or_none() {
    let answer = ask(&all());
    let mut with_sum = 0;
    for kind in PayType::KNOWN {
        let rows = answer.transaction_list.iter();
        let rows = rows.filter(|row| row.action_type == *kind);
        let amount: Option<Fen> = rows.map(|row| row.amount).sum();
        let amount = amount.unwrap().get().abs();
        match answer.sum_of(kind) {
            Some(sum) => assert_eq!(sum, &FenSum::Whole(Fen::new(amount)), "{kind}"),
            None => assert_eq!(amount, 0, "{kind}"),
        }
        with_sum += usize::from(answer.sum_of(kind).is_some());
    }
    assert_eq!(with_sum, 10);
    assert_eq!(answer.sum_of(&PayType::new("ultraviolet")), None);

    let none: DescribeBillListResponse = serde_json::from_str("{}").unwrap();
    assert!(
        PayType::KNOWN
            .iter()
            .all(|kind| none.sum_of(kind).is_none())
    );
}

/// The ten sums of an answer, and the ten that its rows come to.
fn sums(answer: &DescribeBillListResponse) -> ([Option<Fen>; 10], [Option<Fen>; 10]) {
    let of = |kind: PayType| {
        let rows = answer.transaction_list.iter();
        let amounts = rows
            .filter(|row| row.action_type == kind)
            .map(|row| row.amount);
        Fen::checked_sum(amounts.map(|amount| Fen::new(amount.get().abs())))
    };
    let reported = [
        &answer.return_amount,
        &answer.recharge_amount,
        &answer.block_amount,
        &answer.unblock_amount,
        &answer.deduct_amount,
        &answer.agent_in_amount,
        &answer.advance_recharge_amount,
        &answer.withdraw_amount,
        &answer.agent_out_amount,
        &answer.advance_pay_amount,
    ]
    .map(|sum| sum.as_ref().and_then(FenSum::to_fen));
    let summed = [
        of(PayType::RETURN),
        of(PayType::RECHARGE),
        of(PayType::BLOCK),
        of(PayType::UNBLOCK),
        of(PayType::DEDUCT),
        of(PayType::AGENTIN),
        of(PayType::ADVANCED),
        of(PayType::CASH),
        of(PayType::AGENTOUT),
        of(PayType::REPAY),
    ];
    (reported, summed)
}

#[test]
fn every_filter_returns_its_rows_and_their_sums() {
    let (mut client, mut service) = (Client::new(), service());
    let everything = client.call(&mut service, &all().with_zero_amount(true));
    let everything = everything.unwrap().transaction_list;
    assert_eq!(everything.len(), 260);

    let mut kinds: Vec<Vec<PayType>> = vec![vec![], vec![PayType::DEDUCT, PayType::RECHARGE]];
    kinds.extend(PayType::KNOWN.iter().map(|kind| vec![kind.clone()]));
    let mut modes: Vec<Vec<SubPayType>> = vec![vec![], vec![SubPayType::TRADE, SubPayType::HOUR_H]];
    modes.extend(SubPayType::KNOWN.iter().map(|mode| vec![mode.clone()]));
    let mut found = 0;
    for kinds in &kinds {
        for modes in &modes {
            for zeros in [false, true] {
                let action = all()
                    .with_pay_types(kinds.clone())
                    .with_sub_pay_types(modes.clone())
                    .with_zero_amount(zeros);
                let answer = client.call(&mut service, &action).unwrap();

                let asked = |row: &&BillTransactionInfo| {
                    let mode = row.deduct_mode.as_ref().unwrap();
                    (kinds.is_empty()
                        || kinds == &[PayType::ALL]
                        || kinds.contains(&row.action_type))
                        && (modes.is_empty() || modes == &[SubPayType::ALL] || modes.contains(mode))
                        && (zeros || row.amount != Fen::ZERO)
                };
                let expected: Vec<_> = everything.iter().filter(asked).cloned().collect();
                let name = format!("{kinds:?} {modes:?} {zeros}");
                assert_eq!(answer.transaction_list, expected, "{name}");
                assert_eq!(answer.total, Some(expected.len() as u64), "{name}");
                let (reported, summed) = sums(&answer);
                assert_eq!(reported, summed, "{name}");
                found += expected.len();
            }
        }
    }
    assert!(found > 10 * everything.len());
}

#[test]
fn none_of_the_ten_sums_is_idle_and_they_do_not_depend_on_the_page() {
    let answer = ask(&all());
    assert_eq!(answer.total, Some(252));
    let (whole, _) = sums(&answer);
    assert!(whole.iter().all(|sum| *sum > Some(Fen::ZERO)), "{whole:?}");
    let page = ask(&all().with_limit(1).with_offset(7));
    assert_eq!(page.transaction_list, answer.transaction_list[7..8]);
    assert_eq!(sums(&page).0, whole);
}

#[test]
fn money_in_is_positive_and_money_out_negative() {
    for row in ask(&all()).transaction_list {
        let paid_in = [
            PayType::RECHARGE,
            PayType::RETURN,
            PayType::UNBLOCK,
            PayType::AGENTIN,
            PayType::ADVANCED,
        ];
        let expected = if paid_in.contains(&row.action_type) {
            1
        } else {
            -1
        };
        assert_eq!(row.amount.get().signum(), expected, "{row:?}");
    }
}

#[test]
fn transactions_of_0_yuan_come_only_when_asked_for() {
    let zeros = |answer: DescribeBillListResponse| {
        let rows = answer.transaction_list.into_iter();
        rows.filter(|row| row.amount == Fen::ZERO).count()
    };
    assert_eq!(zeros(ask(&all())), 0);
    assert_eq!(zeros(ask(&all().with_zero_amount(false))), 0);
    assert_eq!(zeros(ask(&all().with_zero_amount(true))), 8);
}

#[test]
fn two_years_hold_all_records() {
    let halves = [
        ("2024-01-01 00:00:00", "2024-06-30 23:59:59"),
        ("2024-07-01 00:00:00", "2024-12-31 23:59:59"),
        ("2025-01-01 00:00:00", "2025-06-30 23:59:59"),
        ("2025-07-01 00:00:00", "2025-12-31 23:59:59"),
    ];
    let total = |zeros: bool| -> u64 {
        let action = |(start, end)| bills(start, end).with_zero_amount(zeros);
        halves
            .map(|half| ask(&action(half)).total.unwrap())
            .iter()
            .sum()
    };
    assert_eq!(total(false), 1_000);
    assert_eq!(total(true), 1_031);
    assert_eq!(
        ask(&bills("2023-07-01 00:00:00", "2023-12-31 23:59:59")).total,
        Some(0)
    );
    assert_eq!(
        ask(&bills("2026-01-01 00:00:00", "2026-06-30 23:59:59")).total,
        Some(0)
    );
}

#[test]
fn records_ascend_in_time_and_lie_within_the_range() {
    let action = all().with_zero_amount(true);
    let rows = ask(&action).transaction_list;
    assert!(rows.is_sorted_by(|a, b| a.operation_time < b.operation_time));
    assert!(rows[0].operation_time.second() >= action.start_time);
    assert!(rows.last().unwrap().operation_time.second() <= action.end_time);
}

#[test]
fn bill_ids_are_unique() {
    let rows = ask(&all().with_zero_amount(true)).transaction_list;
    let ids: HashSet<&str> = rows.iter().map(|row| row.bill_id.as_str()).collect();
    assert_eq!(ids.len(), rows.len());
}

#[test]
fn both_ends_of_the_range_are_included_to_the_second() {
    let rows = ask(&all()).transaction_list;
    for row in [&rows[0], &rows[250]] {
        let second = row.operation_time.second();
        let answer = ask(&DescribeBillList::new(second, second));
        assert_eq!(answer.transaction_list, std::slice::from_ref(row));
        assert_eq!(answer.total, Some(1));
    }
}

#[test]
fn an_exact_end_time_leaves_out_the_rest_of_its_second() {
    let rows = ask(&all()).transaction_list;
    let at = |exact: bool| {
        let at = |row: &&BillTransactionInfo| row.operation_time.datetime().millisecond() == 0;
        rows.iter().find(|row| at(row) == exact).unwrap()
    };
    for (row, expected) in [(at(true), 1), (at(false), 0)] {
        let second = row.operation_time.second();
        let mut exact = service().with_exact_end_time();
        let mut ask = |start| {
            let action = DescribeBillList::new(start, second);
            let answer = Client::new().call(&mut exact, &action).unwrap();
            let total = answer.total.unwrap();
            assert_eq!(total, answer.transaction_list.len() as u64);
            total
        };
        assert_eq!(ask(second), expected);
        let before = rows.partition_point(|other| other.operation_time < row.operation_time);
        let start = rows[0].operation_time.second();
        assert_eq!(ask(start), before as u64 + expected);
    }
}

#[test]
fn six_months_are_taken_and_a_second_more_is_not() {
    for (start, latest, too_late) in [
        (
            "2024-01-01 00:00:00",
            "2024-07-01 00:00:00",
            "2024-07-01 00:00:01",
        ),
        (
            "2024-08-31 12:00:00",
            "2025-02-28 12:00:00",
            "2025-02-28 12:00:01",
        ),
        (
            "2023-08-31 12:00:00",
            "2024-02-29 12:00:00",
            "2024-03-01 00:00:00",
        ),
        (
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00",
            "2025-01-01 00:00:00",
        ),
    ] {
        let (mut client, mut service) = (Client::new(), service());
        assert!(client.call(&mut service, &bills(start, latest)).is_ok());
        let error = client.call(&mut service, &bills(start, too_late));
        let refusal = error.unwrap_err().refusal().cloned().unwrap();
        assert_eq!(refusal.code(), "InvalidParameter", "{start}");
        assert!(refusal.message().contains("six months"), "{start}");
    }
}

#[test]
fn a_page_beyond_the_end_is_empty_and_still_has_the_total() {
    let total = ask(&all()).total.unwrap();
    for offset in [total, total + 1, i64::MAX as u64] {
        let page = ask(&all().with_offset(offset));
        assert_eq!((page.transaction_list.len(), page.total), (0, Some(total)));
    }
}

#[test]
fn sums_are_off_by_script_and_the_records_are_not() {
    let ask = |service: &mut Emulator| Client::new().call(service, &all()).unwrap();
    let right = ask(&mut scripted(&[]));
    let mut service = scripted(&["sums=+3@1", "sums=-1@1", "sums=-250@2"]);
    for off in [2, -250, 0] {
        let answer = ask(&mut service);
        assert_eq!(answer.transaction_list, right.transaction_list);
        let moved = |sum: Option<Fen>| Some(Fen::new(sum?.get() + off));
        assert_eq!(sums(&answer).0, sums(&right).0.map(moved));
    }
}
