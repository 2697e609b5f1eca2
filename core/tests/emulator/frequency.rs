use tc3_core::{Action, UnixTime, billing::DescribeBillList, emulator::Emulator};

use super::{
    allocations, bills,
    faults::{action, kind, kinds, service, signed},
    usage,
};
use crate::common::START;

/// How many of 100 requests in one second are answered, and whether one in the next second is.
fn admitted<A: Action>(service: &mut Emulator, action: &A, second: i64) -> (usize, bool) {
    let request = signed(action);
    let at = |second| UnixTime::new(START.seconds() + second);
    let kinds: Vec<String> = (0..100)
        .map(|_| kind::<A>(&service.handle(at(second), &request)))
        .collect();
    let answered = kinds.iter().take_while(|kind| kind.is_empty()).count();
    let refused = |kind: &String| kind == "RequestLimitExceeded";
    assert!(kinds[answered..].iter().all(refused), "{kinds:?}");
    let next = service.handle(at(second + 1), &request);
    (answered, kind::<A>(&next).is_empty())
}

#[test]
fn each_action_is_limited_to_its_rate_in_a_second() {
    let mut service = service().with_frequency_limits();
    let (summary, usage) = (
        allocations(2024, 2).with_limit(1),
        usage("20240101", "20240131").with_limit(1),
    );
    // 20 again in the second after the next one, which had one.
    for second in [0, 2] {
        assert_eq!(admitted(&mut service, &action(), second), (20, true));
        assert_eq!(admitted(&mut service, &summary, second), (50, true));
        assert_eq!(admitted(&mut service, &usage, second), (20, true));
    }
}

#[test]
fn without_frequency_limits_there_are_none() {
    assert_eq!(admitted(&mut service(), &action(), 0), (100, true));
}

#[test]
fn what_is_not_verified_does_not_count_and_what_is_refused_does() {
    let mut service = service().with_frequency_limits();
    let mut forged = signed(&action());
    forged
        .headers_mut()
        .insert("x-tc-action", "DescribeCosts".parse().unwrap());
    for _ in 0..100 {
        let refused = service.handle(START, &forged);
        assert_eq!(
            kind::<DescribeBillList>(&refused),
            "AuthFailure.SignatureFailure"
        );
    }
    let wrong = signed(&bills("2024-02-01 00:00:00", "2025-01-01 00:00:00"));
    for _ in 0..19 {
        let refused = service.handle(START, &wrong);
        assert_eq!(kind::<DescribeBillList>(&refused), "InvalidParameter");
    }
    assert_eq!(kinds(&mut service), ["", "RequestLimitExceeded"]);
}

#[test]
fn a_request_with_an_unknown_region_counts() {
    let mut service = service().with_frequency_limits();
    let mut nowhere = signed(&action());
    let region = "ap-nowhere".parse().unwrap();
    nowhere.headers_mut().insert("x-tc-region", region);
    let codes: Vec<_> = (0..21)
        .map(|_| kind::<DescribeBillList>(&service.handle(START, &nowhere)))
        .collect();
    assert_eq!(
        codes[19..],
        ["InvalidParameterValue", "RequestLimitExceeded"]
    );
}
