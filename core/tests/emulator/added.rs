use std::{collections::HashSet, fmt::Debug};

use tc3_core::{
    Error, Fen, Paginate, UnixTime, Yuan,
    billing::{
        DescribeAllocationSummaryByBusiness, DescribeBillList, PayType, PeriodType, Sort, SortType,
        SubPayType,
    },
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail, QuotaType},
    types::BillDate,
};

use super::{
    allocations, bills,
    faults::{ask, scripted},
    usage, usage_of,
};
use crate::common::Client;

/// With 300 records in two years this has 75.
fn half_year() -> DescribeBillList {
    bills("2024-01-01 00:00:00", "2024-06-30 23:59:59").with_limit(20)
}

fn february() -> DescribeAllocationSummaryByBusiness {
    allocations(2024, 2).with_limit(40)
}

fn january() -> ChannelDescribeBillUsageDetail {
    usage("20240101", "20240131").with_limit(40)
}

fn walk<A: Paginate>(service: &mut Emulator, action: A) -> Vec<A::Item> {
    Client::new().walk(service, action).unwrap()
}

/// Asserts that a walk sees two new records before and three after those that there were, all different.
fn stand_at_both_ends<A: Paginate + Clone>(action: A)
where
    A::Item: PartialEq + Debug,
{
    let old = walk(&mut scripted(&[]), action.clone());
    let mut service = scripted(&["head=2@1", "tail=1@1", "tail=2@1"]);
    let new = walk(&mut service, action);
    assert_eq!(new.len(), old.len() + 5, "{}", A::NAME);
    assert_eq!(new[2..new.len() - 3], old, "{}", A::NAME);
    for (place, record) in new.iter().enumerate() {
        // The records of products repeat by themselves.
        let added = place < 2 || place >= new.len() - 3;
        let first = new.iter().position(|other| other == record);
        assert!(!added || first == Some(place), "{record:?}");
    }
}

#[test]
fn a_walk_sees_what_was_added_at_both_ends() {
    stand_at_both_ends(half_year());
    stand_at_both_ends(half_year().with_pay_types([PayType::RECHARGE]));
    stand_at_both_ends(february());
    stand_at_both_ends(february().with_sort(Sort::TREND, SortType::DESC));
    stand_at_both_ends(january());
    stand_at_both_ends(january().with_quota_type(QuotaType::SIGN_FACE));
}

#[test]
fn a_record_stays_as_it_is_while_more_are_added() {
    fn newest_outermost<A: Paginate>(action: &A)
    where
        A::Item: PartialEq + Debug,
    {
        let mut service = scripted(&["head=1@/2", "tail=1@/2"]);
        let mut before = ask(&mut service, action).0;
        for request in 2..=7 {
            let now = ask(&mut service, action).0;
            if request % 2 == 0 {
                assert_eq!(now[1..now.len() - 1], before, "{}", A::NAME);
            } else {
                assert_eq!(now, before, "{}", A::NAME);
            }
            before = now;
        }
    }
    newest_outermost(&bills("2024-01-01 00:00:00", "2024-01-31 23:59:59"));
    newest_outermost(&allocations(2024, 2).with_limit(1_000));
    newest_outermost(&usage("20240101", "20240103"));
}

#[test]
fn the_total_counts_what_was_added() {
    let script = ["head=1@2..3", "tail=10@3"];
    let mut service = scripted(&script);
    let totals = [(); 4].map(|()| ask(&mut service, &half_year()).1.unwrap());
    assert_eq!(totals, [75, 76, 87, 87]);
    let mut service = scripted(&script);
    let totals = [(); 4].map(|()| ask(&mut service, &february()).1.unwrap());
    assert_eq!(totals, [300, 301, 312, 312]);
    let mut service = scripted(&script);
    let totals = [(); 4].map(|()| ask(&mut service, &january()).1.unwrap());
    assert_eq!(totals, [300, 301, 312, 312]);
}

#[test]
fn another_range_or_action_has_no_such_records() {
    let mut service = scripted(&["head=1@1", "tail=1@1"]);
    let mut total = |action: &DescribeBillList| ask(&mut service, action).1;
    let start = "2024-01-01 00:00:00";
    assert_eq!(total(&bills(start, "2024-06-30 23:59:59")), Some(77));
    assert_eq!(total(&bills(start, "2024-06-30 23:59:58")), Some(75));
    assert_eq!(total(&bills(start, "2024-06-30 23:59:59")), Some(77));
    assert_eq!(ask(&mut service, &february()).1, Some(300));

    let mut service = scripted(&["head=1@1", "head=1@3"]);
    let mut total = |month| ask(&mut service, &allocations(2024, month)).1;
    assert_eq!([2, 3, 3, 2].map(&mut total), [301, 300, 301, 301].map(Some));
    let mut service = scripted(&["head=1@1", "head=1@3"]);
    let mut total = |day: &str| ask(&mut service, &usage("20240101", day)).1;
    let [first, second] = ["20240131", "20240130"];
    assert_eq!(total(first), Some(301));
    let without = total(second).unwrap();
    assert_eq!(total(second), Some(without + 1));
    assert_eq!(total(first), Some(301));
}

#[test]
fn ids_are_unique_across_ranges() {
    let mut service = scripted(&["head=3@1..", "tail=3@1.."]);
    let mut bill_ids = HashSet::new();
    for end in ["2024-01-31 23:59:59", "2024-02-29 23:59:59"] {
        let records = ask(&mut service, &bills("2024-01-01 00:00:00", end)).0;
        let added = records[..3].iter().chain(&records[records.len() - 3..]);
        for record in added {
            assert!(bill_ids.insert(record.bill_id.clone()), "{record:?}");
        }
    }
    assert_eq!(bill_ids.len(), 12);
    let whole = ask(&mut service, &half_year().with_limit(1_000)).0;
    assert!(
        whole[3..whole.len() - 3]
            .iter()
            .all(|old| bill_ids.insert(old.bill_id.clone()))
    );

    let mut flow_ids = HashSet::new();
    for end in ["20240101", "20240102"] {
        for record in walk(&mut service, usage("20240101", end)) {
            let of_ledger = record.flow_id.as_ref().is_none_or(|id| !id.contains('x'));
            assert!(of_ledger || flow_ids.insert(record.flow_id.unwrap()));
        }
    }
    assert_eq!(flow_ids.len(), 12);
}

#[test]
fn a_new_record_bears_the_beginning_or_the_end_of_its_range() {
    let ends = ["head=1@1", "tail=1@1"];
    let of_bills = |mut service: Emulator| {
        let records = walk(&mut service, half_year());
        assert!(records.is_sorted_by_key(|record| record.operation_time));
        [&records[0], &records[records.len() - 1]].map(|record| record.operation_time.to_string())
    };
    let expected = ["2024-01-01 00:00:00.000", "2024-06-30 23:59:59.999"];
    assert_eq!(of_bills(scripted(&ends)), expected);
    let expected = ["2024-01-01 00:00:00.000", "2024-06-30 23:59:59.000"];
    assert_eq!(of_bills(scripted(&ends).with_exact_end_time()), expected);

    let uses = walk(&mut scripted(&ends), january());
    assert!(uses.is_sorted_by_key(|record| record.cost_time));
    // 2024-01-01 00:00:00 and 2024-01-31 23:59:59 in Beijing.
    let ends_of_january = [1_704_038_400, 1_706_716_799].map(|time| Some(UnixTime::new(time)));
    assert_eq!([uses[0].cost_time, uses[301].cost_time], ends_of_january);

    let day = |day| BillDate::day(2024, 2, day).ok();
    let daily = february().with_period_type(PeriodType::DAY);
    let asked = daily
        .clone()
        .with_bill_dates([day(9).unwrap(), day(5).unwrap()]);
    for (action, expected) in [(daily, [1, 29]), (asked, [5, 9]), (february(), [1, 1])] {
        let records = walk(&mut scripted(&ends), action);
        let found = [records[0].bill_date, records[records.len() - 1].bill_date];
        assert_eq!(found, expected.map(day));
    }
}

#[test]
fn a_new_record_is_of_a_kind_that_was_asked_for() {
    let add = || scripted(&["head=1@1", "tail=1@1"]);
    for kind in PayType::KNOWN {
        for mode in SubPayType::KNOWN {
            let action = half_year().with_pay_types([kind.clone()]);
            let records = ask(&mut add(), &action.with_sub_pay_types([mode.clone()])).0;
            let found = &records[0];
            let mode_found = found.deduct_mode.as_ref().unwrap();
            assert!(
                *kind == PayType::ALL || found.action_type == *kind,
                "{kind} {mode}"
            );
            assert!(
                *mode == SubPayType::ALL || mode_found == mode,
                "{kind} {mode}"
            );
            assert_ne!(found.amount, Fen::ZERO);
        }
    }
    for quota in QuotaType::KNOWN {
        for id in Emulator::SUB_CUSTOMERS {
            let agent = Agent::new(Emulator::APP_ID).with_proxy_organization_open_id(id);
            let action = usage_of(agent, "20240101", "20240131").with_quota_type(quota.clone());
            let records = ask(&mut add(), &action).0;
            let (new, old) = (&records[0], &records[1]);
            assert_eq!(
                (&new.quota_type, &new.create_organization_name),
                (&old.quota_type, &old.create_organization_name)
            );
            assert_eq!(new.flow_id.is_some(), old.flow_id.is_some());
        }
    }
    let filtered = february()
        .with_business_codes(["p_cos"])
        .with_tree_node_uniq_keys(["unit-finance"]);
    let records = ask(&mut add(), &filtered).0;
    let of = |at: usize| {
        let record = &records[at];
        (
            &record.business_code,
            &record.business_code_name,
            &record.tree_node_uniq_key,
            &record.tree_node_uniq_key_name,
        )
    };
    assert_eq!(of(0), of(1));
    assert_eq!(of(records.len() - 1), of(1));
}

#[test]
fn an_empty_list_can_grow() {
    let add = || scripted(&["head=1@1", "tail=1@1"]);
    let records = walk(
        &mut add(),
        bills("2023-07-01 00:00:00", "2023-07-31 23:59:59"),
    );
    assert_eq!(records.len(), 2);
    assert_eq!(walk(&mut add(), allocations(2023, 12)).len(), 2);
    assert_eq!(
        walk(&mut add(), february().with_business_codes(["p_none"])).len(),
        2
    );
    assert_eq!(walk(&mut add(), usage("20231201", "20231231")).len(), 2);
    let nobody = Agent::new(Emulator::APP_ID).with_proxy_organization_open_id("org_nobody");
    let uses = walk(
        &mut add().with_records(0),
        usage_of(nobody, "20240101", "20240131"),
    );
    assert_eq!(uses.len(), 2);
    assert_eq!(uses[0].create_organization_name, None);
}

#[test]
fn the_sum_of_a_kind_holds_1_yuan_for_each_new_transaction() {
    let mut service = scripted(&["head=2@2", "tail=3@2"]);
    let action = half_year().with_pay_types([PayType::RECHARGE, PayType::DEDUCT]);
    let mut client = Client::new();
    let before = client.call(&mut service, &action).unwrap();
    let after = client.call(&mut service, &action).unwrap();
    assert_eq!(after.transaction_list[0].action_type, PayType::DEDUCT);
    assert_eq!(after.transaction_list[0].amount, Fen::new(-100));
    let sum = before.deduct_amount.unwrap().to_fen().unwrap().get() + 500;
    assert_eq!(after.deduct_amount, Some(Fen::new(sum).into()));
    assert_eq!(after.recharge_amount, before.recharge_amount);
}

#[test]
fn a_new_record_of_a_product_changes_neither_sums_nor_ratios() {
    let mut service = scripted(&["head=2@2", "tail=3@2"]);
    let action = february().with_limit(1_000);
    let mut client = Client::new();
    let before = client.call(&mut service, &action).unwrap();
    let after = client.call(&mut service, &action).unwrap();
    assert_eq!(after.total, before.total);
    let records = after.detail.unwrap();
    assert_eq!(records[2..302], before.detail.unwrap());
    let costs = records.iter().map(|record| record.real_total_cost);
    assert_eq!(
        Yuan::checked_sum(costs),
        after.total.unwrap().real_total_cost
    );
}

#[test]
fn a_record_added_at_the_head_shifts_the_pages_after_it() {
    let old = walk(&mut scripted(&[]), half_year());
    let mut service = scripted(&["head=1@3"]);
    let mut page = |offset| ask(&mut service, &half_year().with_offset(offset)).0;
    assert_eq!([page(0), page(20)].concat(), old[..40]);
    assert_eq!(page(40), old[39..59]);
    let error = Client::new().walk(&mut scripted(&["head=1@3"]), half_year());
    let Err(Error::Shifted {
        delivered, total, ..
    }) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((delivered, total), (40, 76));
}

#[test]
fn a_record_added_at_the_tail_while_walking_is_seen() {
    let records = walk(&mut scripted(&["tail=1@2"]), half_year());
    assert_eq!(records.len(), 76);
    assert_eq!(records[..75], walk(&mut scripted(&[]), half_year()));
}

#[test]
fn a_walk_notices_a_total_that_is_too_high_and_an_offset_that_is_ignored() {
    let walk = |fault| Client::new().walk(&mut scripted(&[fault]), half_year());
    let error = walk("total=+1@1..").unwrap_err();
    assert!(
        matches!(
            error,
            Error::Incomplete {
                delivered: 75,
                total: 76,
                ..
            }
        ),
        "{error}"
    );
    let error = walk("ignore-offset@1..").unwrap_err();
    assert!(
        matches!(error, Error::Repeated { delivered: 20, .. }),
        "{error}"
    );
}

#[test]
fn no_number_of_new_records_is_too_many() {
    let most = format!("head={}@1..", u64::MAX);
    let tail = format!("tail={}@1..", u64::MAX);
    let mut service = scripted(&[&most, &tail]);
    for _ in 0..2 {
        let (records, total) = ask(&mut service, &half_year());
        assert_eq!((records.len(), total), (20, Some(u64::MAX)));
        let (records, total) = ask(&mut service, &february().with_offset(u64::MAX >> 1));
        assert_eq!((records.len(), total), (40, Some(u64::MAX)));
        let (records, total) = ask(&mut service, &january());
        assert_eq!((records.len(), total), (40, Some(u64::MAX)));
    }
}
