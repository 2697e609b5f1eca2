use std::fmt::Debug;

use bytes::Bytes;
use serde_json::Value;
use tc3_core::{
    Action, Paginate, Settings,
    billing::{PayType, PeriodType, Sort, SortType, SubPayType},
    emulator::Emulator,
    essbasic::QuotaType,
    session::Wire,
    types::BillDate,
    wire::request,
};

use super::{allocations, bills, usage};
use crate::common::{Client, START, credential};

fn bytes_of<A: Action>(service: &mut Emulator, action: &A) -> Bytes {
    let request = request::sign(action, &mut Client::new().session, START).unwrap();
    service.handle(START, &request).into_body()
}

/// A page of each action, one after the other.
fn all_bytes(mut service: Emulator) -> [Bytes; 3] {
    [
        bytes_of(
            &mut service,
            &bills("2024-01-01 00:00:00", "2024-06-30 23:59:59"),
        ),
        bytes_of(&mut service, &allocations(2025, 12)),
        bytes_of(&mut service, &usage("20250701", "20250731")),
    ]
}

fn without_request_id(bytes: &Bytes) -> Value {
    let mut answer: Value = serde_json::from_slice(bytes).unwrap();
    let fields = answer["Response"].as_object_mut().unwrap();
    assert!(fields.remove("RequestId").is_some());
    answer
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let service = || Emulator::new(credential()).with_seed(7).with_records(500);
    let first = all_bytes(service());
    assert_eq!(first, all_bytes(service()));
    let other_order = Emulator::new(credential()).with_records(500).with_seed(7);
    assert_eq!(first, all_bytes(other_order));
}

#[test]
fn only_the_request_id_differs_from_answer_to_answer() {
    let mut service = Emulator::new(credential());
    let action = usage("20250701", "20250731");
    let answers = [
        bytes_of(&mut service, &action),
        bytes_of(&mut service, &action),
    ];
    assert_ne!(answers[0], answers[1]);
    let [first, second] = answers.each_ref().map(without_request_id);
    assert_eq!(first, second);
}

#[test]
fn another_seed_gives_other_records() {
    let of_seed = |seed| all_bytes(Emulator::new(credential()).with_seed(seed));
    let (zero, one) = (of_seed(0), of_seed(1));
    for (zero, one) in zero.iter().zip(&one) {
        assert_ne!(without_request_id(zero), without_request_id(one));
    }
}

/// Walks by every page size, and asserts that each gives the same records.
fn same_by_every_size<A: Paginate + Clone>(action: A, sizes: &[u32], expected: usize)
where
    A::Item: PartialEq + Debug,
{
    let mut service = Emulator::new(credential()).with_records(130);
    let whole = Client::new().walk(&mut service, action.clone()).unwrap();
    assert_eq!(whole.len(), expected, "{}", A::NAME);
    for size in sizes {
        let settings = Settings::default().with_page_size(*size);
        let mut client = Client::with_settings(settings);
        let walked = client.walk(&mut service, action.clone()).unwrap();
        assert_eq!(walked, whole, "{} by {size}", A::NAME);
    }
}

#[test]
fn a_walk_gives_the_same_records_by_every_page_size() {
    let few = [1, 2, 3, 7, 10, 49, 50];
    let more = [1, 2, 7, 32, 33, 34, 50, 64, 129, 130, 131, 1_000, u32::MAX];
    let six_months = bills("2024-01-01 00:00:00", "2024-06-30 23:59:59");
    same_by_every_size(six_months.with_zero_amount(true), &more, 33);
    same_by_every_size(allocations(2024, 5), &more, 130);
    same_by_every_size(usage("20240501", "20240531"), &few, 130);
}

#[test]
fn every_form_of_request_gives_the_same_records() {
    fn walked<A: Paginate + Clone>(action: A) -> [Vec<A::Item>; 3] {
        [Wire::Post, Wire::PostUnsigned, Wire::Get].map(|wire| {
            let mut service = Emulator::new(credential());
            let mut client = Client::with_settings(Settings::default().with_wire(wire));
            client.walk(&mut service, action.clone()).unwrap()
        })
    }
    let [post, unsigned, get] = walked(
        bills("2024-01-01 00:00:00", "2024-06-30 23:59:59")
            .with_pay_types([PayType::DEDUCT, PayType::RECHARGE])
            .with_sub_pay_types([SubPayType::HOUR_H, SubPayType::ONLINE])
            .with_zero_amount(true),
    );
    assert_eq!(post.len(), 63);
    assert!(post == unsigned && post == get);

    let [post, unsigned, get] = walked(
        allocations(2025, 2)
            .with_period_type(PeriodType::DAY)
            .with_bill_dates((1..=12).map(|day| BillDate::day(2025, 2, day).unwrap()))
            .with_business_codes(["p_cvm", "p_cos", "p_ci"])
            .with_sort(Sort::BUSINESS_CODE, SortType::DESC),
    );
    assert_eq!(post.len(), 108);
    assert!(post == unsigned && post == get);

    let [post, unsigned, get] =
        walked(usage("20240501", "20240531").with_quota_type(QuotaType::SIGN_FLOW));
    assert_eq!(post.len(), 75);
    assert!(post == unsigned && post == get);
}

/// A page in the middle of a long list, and the same records as part of a longer page.
fn in_the_middle<A: Paginate>(service: &mut Emulator, page: &A, longer: &A)
where
    A::Item: PartialEq + Debug,
{
    let mut client = Client::new();
    let page = A::into_items(client.call(service, page).unwrap());
    let longer = A::into_items(client.call(service, longer).unwrap());
    assert_eq!((page.len(), longer.len()), (10, 20), "{}", A::NAME);
    assert_eq!(page, longer[10..], "{}", A::NAME);
}

#[test]
fn a_page_in_the_middle_of_a_million_records_is_served() {
    let mut service = Emulator::new(credential()).with_records(1_000_000);
    let bills = bills("2025-01-01 00:00:00", "2025-06-30 23:59:59");
    in_the_middle(
        &mut service,
        &bills.clone().with_offset(123_410).with_limit(10),
        &bills.with_offset(123_400).with_limit(20),
    );
    let summary = allocations(2024, 6);
    in_the_middle(
        &mut service,
        &summary.clone().with_offset(500_010).with_limit(10),
        &summary.with_offset(500_000).with_limit(20),
    );
    let usage = usage("20240601", "20240630");
    in_the_middle(
        &mut service,
        &usage.clone().with_offset(50_001).with_limit(10),
        &usage.with_offset(25_000).with_limit(20),
    );
}

#[test]
fn a_ledger_without_records_is_empty() {
    let mut service = Emulator::new(credential()).with_records(0);
    let mut client = Client::new();
    let bills = bills("2024-01-01 00:00:00", "2024-06-30 23:59:59").with_zero_amount(true);
    assert_eq!(client.walk(&mut service, bills).unwrap(), []);
    assert_eq!(client.walk(&mut service, allocations(2024, 5)).unwrap(), []);
    let usage = usage("20240501", "20240531");
    assert_eq!(client.walk(&mut service, usage).unwrap(), []);
}
