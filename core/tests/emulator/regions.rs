//! Who must name a region, and which there are.

use serde_json::json;
use tc3_core::{
    Action, Call, Error, Flow, Region, Settings, Step, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    sts::{AssumeRole, AssumeRoleWithWebIdentity},
    wire::{request, response},
};

use crate::common::{Client, START, credential};

fn role() -> AssumeRole {
    AssumeRole::new(Emulator::ROLE_ARN, "monthly-report")
}

fn web() -> AssumeRoleWithWebIdentity {
    let token = Emulator::WEB_IDENTITY_TOKEN;
    AssumeRoleWithWebIdentity::new("provider", token, Emulator::ROLE_ARN, "monthly-report")
}

/// The same action, of which the client does not know that it needs a region.
fn untyped(action: &impl Action) -> Untyped {
    let mut target = action.target();
    target.regional = false;
    Untyped::of(target, serde_json::to_value(action).unwrap())
}

/// The code of the refusal with this `X-TC-Region`, or "" for none.
fn code(action: &Untyped, region: Option<&str>) -> String {
    let mut request = request::sign(action, &mut Client::new().session, START).unwrap();
    if let Some(region) = region {
        let headers = request.headers_mut();
        headers.insert("x-tc-region", region.parse().unwrap());
    }
    let answer = Emulator::new(credential()).handle(START, &request);
    match response::read::<Untyped>(&answer) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

fn actions() -> [(Untyped, &'static str); 5] {
    let lists = json!({"StartTime": "2024-01-01 00:00:00", "EndTime": "2024-01-02 00:00:00", "Offset": 0, "Limit": 1});
    let costs = json!({"Month": "2024-02", "Offset": 0, "Limit": 1});
    let (agent, day) = (Agent::new(Emulator::APP_ID), "20240101".parse().unwrap());
    let usage = ChannelDescribeBillUsageDetail::new(agent, day, day);
    let billing = |name, input| Untyped::new("billing", DescribeBillList::VERSION, name, input);
    [
        (billing(DescribeBillList::NAME, lists), ""),
        (
            billing(DescribeAllocationSummaryByBusiness::NAME, costs),
            "",
        ),
        (untyped(&usage), ""),
        (untyped(&role()), "MissingParameter"),
        (untyped(&web()), "MissingParameter"),
    ]
}

#[test]
fn only_security_tokens_need_a_region() {
    for (action, expected) in actions() {
        assert_eq!(code(&action, None), expected, "{action:?}");
        assert_eq!(code(&action, Some("ap-guangzhou")), "", "{action:?}");
    }
}

#[test]
fn a_region_that_is_none_is_refused_for_every_action() {
    for (action, _) in actions() {
        for region in [
            "mars-1",
            "",
            "ap",
            "ap-",
            "guangzhou",
            "ap-guangzhou2",
            "AP-GUANGZHOU",
        ] {
            let expected = if region.trim() == "ap-guangzhou" {
                ""
            } else {
                "InvalidParameterValue"
            };
            assert_eq!(
                code(&action, Some(region)),
                expected,
                "{region:?}: {action:?}"
            );
        }
        for region in [
            "ap-beijing",
            "ap-hongkong",
            "ap-shanghai-fsi",
            "na-siliconvalley",
            "eu-frankfurt",
            "sa-saopaulo",
        ] {
            assert_eq!(code(&action, Some(region)), "", "{region}: {action:?}");
        }
    }
}

#[test]
fn a_call_that_needs_a_region_says_so_before_anything_is_sent() {
    fn first<A: Action>(
        action: &A,
        settings: Settings,
    ) -> Step<Result<tc3_core::Reply<A::Output>, Error>> {
        let mut client = Client::with_settings(settings);
        Call::new(action).step(&mut client.session, client.now)
    }
    let refused = |step| match step {
        Step::Done(Err(Error::Input(invalid))) => {
            assert_eq!(invalid.field(), "region");
            assert!(invalid.to_string().contains("ap-guangzhou"), "{invalid}");
        }
        step => panic!("{step:?}"),
    };
    refused(first(&role(), Settings::default()));
    refused(first(&web(), Settings::default()));

    let region = Region::new("ap-guangzhou").unwrap();
    let settings = || Settings::default().with_region(region.clone());
    assert!(matches!(first(&role(), settings()), Step::Send(_)));
    assert!(matches!(first(&web(), settings()), Step::Send(_)));
    // An action of one's own says it in the same way.
    let mut target = untyped(&role()).target();
    target.regional = true;
    let own = Untyped::of(target, json!({}));
    let mut client = Client::new();
    let refused = request::sign(&own, &mut client.session, START).unwrap_err();
    assert!(matches!(refused, Error::Input(invalid) if invalid.field() == "region"));
}

#[test]
fn a_target_that_was_stored_before_regions_were_is_read() {
    let target = untyped(&role()).target();
    let stored = serde_json::to_value(&target).unwrap();
    assert_eq!(stored.get("Regional"), None);
    assert_eq!(
        serde_json::from_value::<tc3_core::Target>(stored).unwrap(),
        target
    );
    let regional = role().target();
    let stored = serde_json::to_value(&regional).unwrap();
    assert_eq!(stored["Regional"], true);
    assert_eq!(
        serde_json::from_value::<tc3_core::Target>(stored).unwrap(),
        regional
    );
}
