use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::Response;
use serde_json::{Value, json};
use tc3_core::{
    Action, Credential, Error, Paginate, Region, Session, Settings, Untyped,
    billing::DescribeBillList,
    emulator::{Account, ActionRequest, Emulator, Fault, When},
    error::Refusal,
    pagination::{PageInfo, Paging, Slot},
    session::{Language, Wire},
    wire::{request, response},
};

use super::bills;
use crate::common::{Client, START, credential};

/// An action of one's own, with pages.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeInstances {
    offset: u64,
    limit: u32,
    filters: Vec<Filter>,
}

#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    name: String,
    values: Vec<String>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Instances {
    total_count: u64,
    instance_set: Vec<Value>,
}

impl Action for DescribeInstances {
    const SERVICE: &'static str = "cvm";
    const VERSION: &'static str = "2017-03-12";
    const NAME: &'static str = "DescribeInstances";
    const REPEATABLE: bool = true;
    const RATE: u32 = 3;
    const REGIONAL: bool = true;
    type Output = Instances;
}

impl Paginate for DescribeInstances {
    type Item = Value;
    const PAGING: Paging = Paging::ItemOffset;
    const PAGE_SIZE: u32 = 20;

    fn turn_to(&mut self, slot: &Slot) {
        (self.offset, self.limit) = (slot.offset, slot.limit);
    }

    fn page_info(output: &Instances) -> PageInfo {
        PageInfo::new(output.instance_set.len()).with_total(output.total_count)
    }

    fn into_items(output: Instances) -> Vec<Value> {
        output.instance_set
    }
}

fn instances() -> DescribeInstances {
    DescribeInstances {
        offset: 0,
        limit: 20,
        filters: Vec::new(),
    }
}

/// 45 instances of the account.
fn answer(request: &ActionRequest) -> Result<Value, Refusal> {
    let number = |name| request.number(name).and_then(|it| usize::try_from(it).ok());
    let (offset, limit) = (number("Offset").unwrap(), number("Limit").unwrap());
    if limit > 100 {
        let message = "at most 100 at once";
        return Err(Refusal::new("InvalidParameterValue.Limit", message, None));
    }
    let all = (0..45).map(|at| json!({"InstanceId": format!("{}-{at}", request.secret_id)}));
    let page: Vec<Value> = all.skip(offset).take(limit).collect();
    Ok(json!({"TotalCount": 45, "InstanceSet": page}))
}

fn service() -> Emulator {
    Emulator::new(credential()).with_action(instances().target(), answer)
}

fn session(credential: Credential, wire: Wire) -> Session {
    let region = Region::new("ap-guangzhou").unwrap();
    let settings = Settings::default().with_region(region).with_wire(wire);
    Session::new(credential).with_settings(settings)
}

fn client() -> Client {
    Client::with_session(session(credential(), Wire::default()))
}

fn signed<A: Action>(action: &A) -> http::Request<bytes::Bytes> {
    request::sign(action, &mut session(credential(), Wire::default()), START).unwrap()
}

fn code<A: Action>(answer: &Response<bytes::Bytes>) -> String {
    let error = response::read::<A>(answer).map(drop).unwrap_err();
    error.refusal().unwrap().code().into()
}

#[test]
fn a_walk_over_an_own_action_gives_all_records_of_its_account() {
    let other = Credential::new("AKIDOTHER", "another-fake-key").unwrap();
    let mut service = service().with_account(Account::new(other.clone()));
    for credential in [credential(), other] {
        let mut client = Client::with_session(session(credential.clone(), Wire::default()));
        let walked = client.walk(&mut service, instances()).unwrap();
        let id = |at| json!({"InstanceId": format!("{}-{at}", credential.secret_id())});
        assert_eq!(walked, (0..45).map(id).collect::<Vec<_>>());
    }
}

#[test]
fn parameters_are_the_same_by_post_and_by_get_but_for_numbers() {
    let echo = |request: &ActionRequest| Ok(json!({"Echo": request.parameters}));
    let action = DescribeInstances {
        filters: vec![Filter {
            name: "zone".into(),
            values: (0..11).map(|at| format!("ap-guangzhou-{at}")).collect(),
        }],
        ..instances()
    };
    let mut service = Emulator::new(credential()).with_action(action.target(), echo);
    let mut echoed = |wire| {
        let request = request::sign(&action, &mut session(credential(), wire), START).unwrap();
        let body: Value = serde_json::from_slice(service.handle(START, &request).body()).unwrap();
        body["Response"]["Echo"].clone()
    };
    let sent = serde_json::to_value(&action).unwrap();
    assert_eq!(echoed(Wire::Post), sent);
    let mut texts = sent;
    (texts["Offset"], texts["Limit"]) = (json!("0"), json!("20"));
    assert_eq!(echoed(Wire::Get), texts);
}

#[test]
fn a_number_is_a_number_or_digits() {
    let numbers = |request: &ActionRequest| {
        let names = ["A", "B", "C", "D", "E"];
        Ok(json!({"Numbers": names.map(|name| request.number(name))}))
    };
    let input = json!({"A": 7, "B": "7", "C": -7, "D": [7]});
    let action = Untyped::new("cvm", "2017-03-12", "Count", input);
    let mut service = Emulator::new(credential()).with_action(action.target(), numbers);
    let output = client().call(&mut service, &action).unwrap();
    assert_eq!(output.json("Numbers"), Some("[7,7,null,null,null]"));
}

#[test]
fn an_own_action_is_verified_like_any_other() {
    let mut service = service();
    let right = signed(&instances());
    let mut codes = |header: &'static str, value: Option<&str>| {
        let mut request = right.clone();
        request.headers_mut().remove(header);
        if let Some(value) = value {
            request.headers_mut().insert(header, value.parse().unwrap());
        }
        code::<DescribeInstances>(&service.handle(START, &request))
    };
    assert_eq!(codes("x-tc-version", None), "MissingParameter");
    assert_eq!(codes("x-tc-version", Some("2020-01-01")), "NoSuchVersion");
    assert_eq!(
        codes("x-tc-region", Some("ap-nowhere")),
        "InvalidParameterValue"
    );
    assert_eq!(codes("x-tc-region", None), "MissingParameter");
    assert_eq!(
        codes("authorization", Some("SKIP")),
        "AuthFailure.InvalidAuthorization"
    );
    let mut forger = session(
        Credential::new("AKIDEXAMPLE", "forged").unwrap(),
        Wire::default(),
    );
    let forged = request::sign(&instances(), &mut forger, START).unwrap();
    let found = code::<DescribeInstances>(&service.handle(START, &forged));
    assert_eq!(found, "AuthFailure.SignatureFailure");
    for (service_name, action, expected) in [
        ("cvn", "DescribeInstances", "NoSuchProduct"),
        ("cvm", "StopInstances", "InvalidAction"),
    ] {
        let another = Untyped::new(service_name, "2017-03-12", action, json!({}));
        let answer = service.handle(START, &signed(&another));
        assert_eq!(code::<Untyped>(&answer), expected);
    }
}

#[test]
fn an_own_action_that_is_not_signed_needs_no_key() {
    struct Open;
    impl serde::Serialize for Open {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            json!({}).serialize(serializer)
        }
    }
    impl Action for Open {
        const SERVICE: &'static str = "cvm";
        const VERSION: &'static str = "2017-03-12";
        const NAME: &'static str = "DescribeRegions";
        const SIGNED: bool = false;
        type Output = Value;
    }
    let mut service =
        Emulator::new(credential()).with_action(Open.target(), |_| Ok(json!({"Open": true})));
    let mut request = signed(&Open);
    assert_eq!(request.headers()["authorization"], "SKIP");
    let reply = response::read::<Open>(&service.handle(START, &request)).unwrap();
    assert_eq!(reply.output["Open"], true);
    // An action of that name in another version needs one.
    let same = Untyped::new("cvm", "2018-01-01", Open::NAME, json!({}));
    let mut service = service.with_action(same.target(), |_| Ok(json!({})));
    let version = "2018-01-01".parse().unwrap();
    request.headers_mut().insert("x-tc-version", version);
    let answer = service.handle(START, &request);
    assert_eq!(code::<Open>(&answer), "AuthFailure.InvalidAuthorization");
}

#[test]
fn faults_hit_an_own_action_too() {
    let mut service = service()
        .with_fault(When::At(1), Fault::Throttle { retry_after: None })
        .with_fault(When::At(2), Fault::Cut)
        .with_fault(When::At(3), Fault::Lost)
        .with_fault(When::At(4), Fault::IgnoreOffset)
        .with_fault(When::At(5), Fault::Total(-5));
    let second = DescribeInstances {
        offset: 20,
        ..instances()
    };
    let request = signed(&second);
    let read = |answer: &Response<bytes::Bytes>| {
        response::read::<DescribeInstances>(answer).map(|reply| reply.output)
    };
    let mut send = || service.exchange(START, &request).outcome;
    assert!(read(&send().unwrap()).unwrap_err().is_throttled());
    assert!(read(&send().unwrap()).is_err());
    assert!(send().is_err());
    let first = read(&send().unwrap()).unwrap();
    assert_eq!(first.instance_set[0]["InstanceId"], "AKIDEXAMPLE-0");
    let right = read(&send().unwrap()).unwrap();
    assert_eq!((right.total_count, right.instance_set.len()), (40, 20));
    assert_eq!(right.instance_set[0]["InstanceId"], "AKIDEXAMPLE-20");
    assert_eq!(read(&send().unwrap()).unwrap().total_count, 45);

    // A walk goes through most of them.
    let mut service = self::service()
        .with_fault(When::At(2), Fault::Throttle { retry_after: None })
        .with_fault(When::At(3), Fault::Lost);
    assert_eq!(client().walk(&mut service, instances()).unwrap().len(), 45);
}

#[test]
fn an_own_actions_rate_is_kept() {
    let mut service = service().with_frequency_limits();
    let request = signed(&instances());
    for number in 1..=4 {
        let answer = service.handle(START, &request);
        if number <= 3 {
            assert!(response::read::<DescribeInstances>(&answer).is_ok());
        } else {
            assert_eq!(code::<DescribeInstances>(&answer), "RequestLimitExceeded");
        }
    }
}

#[test]
fn a_refusal_is_the_closures_in_every_language() {
    let mut wrong = instances();
    wrong.limit = 101;
    for language in [None, Some(Language::new("zh-CN").unwrap())] {
        let mut session = session(credential(), Wire::default());
        let settings = session.settings().clone().with_language(language);
        session = session.with_settings(settings);
        let error = Client::with_session(session)
            .call(&mut service(), &wrong)
            .unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.code(), "InvalidParameterValue.Limit");
        assert_eq!(refusal.message(), "at most 100 at once");
        assert!(refusal.request_id().is_some());
    }
}

#[test]
fn an_answer_that_is_no_object_is_refused_for_good() {
    let mut service = service().with_action(instances().target(), |_| Ok(json!([1])));
    assert_eq!(
        code::<DescribeInstances>(&service.handle(START, &signed(&instances()))),
        "FailedOperation"
    );
}

#[test]
fn an_own_action_replaces_one_of_the_emulators() {
    let list = bills("2024-01-01 00:00:00", "2024-01-31 23:59:59");
    let mut service = Emulator::new(credential()).with_action(list.target(), |_| {
        Ok(json!({"Total": 0, "TransactionList": []}))
    });
    assert_eq!(client().call(&mut service, &list).unwrap().total, Some(0));
    let mut service = service.with_action(list.target(), |_| {
        Err(Refusal::new("ResourceNotFound", "gone", None))
    });
    let error: Error = client()
        .call::<DescribeBillList>(&mut service, &list)
        .unwrap_err();
    assert_eq!(error.refusal().unwrap().code(), "ResourceNotFound");
}

#[test]
fn a_closure_sees_when_and_where_and_may_count() {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let answer = move |request: &ActionRequest| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(json!({"Now": request.now, "Region": request.region}))
    };
    let action = Untyped::new("cvm", "2017-03-12", "Look", json!({}));
    let service = Emulator::new(credential()).with_action(action.target(), answer);
    // A clone answers by the same closure.
    for mut service in [service.clone(), service] {
        let output = client().call(&mut service, &action).unwrap();
        assert_eq!(
            output.json("Now"),
            Some(START.seconds().to_string().as_str())
        );
        assert_eq!(output.json("Region"), Some(r#""ap-guangzhou""#));
    }
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[test]
fn an_emulator_with_closures_can_be_shared_and_shown() {
    fn is_shared(_: &(impl Send + Sync + std::fmt::Debug)) {}
    is_shared(&service());
    assert!(format!("{:?}", service()).contains("DescribeInstances"));
}
