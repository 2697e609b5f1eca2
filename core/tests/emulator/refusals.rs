use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use tc3_core::{
    Action, Credential, Error, Month, Settings, UnixTime, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    session::{Endpoint, Wire},
    tc3::{CanonicalRequest, Payload, Signer},
    wire::{request, response},
};

use super::{bills, usage_of};
use crate::common::{Client, START, credential};

fn service() -> Emulator {
    Emulator::new(credential())
}

/// The code of a refusal, or "" for none.
fn code(result: Result<impl Sized, Error>) -> String {
    match result {
        Ok(_) => String::new(),
        Err(Error::Service(refusal)) => {
            assert_ne!(refusal.message(), "");
            assert!(refusal.request_id().is_some_and(|id| id.len() == 36));
            refusal.code().into()
        }
        Err(error) => panic!("{error}"),
    }
}

fn code_at(now: UnixTime, request: &Request<Bytes>) -> String {
    code(response::read::<Untyped>(&service().handle(now, request)))
}

fn code_of(target: (&'static str, &'static str, &'static str), input: Value) -> String {
    let (service_name, version, action) = target;
    let action = Untyped::new(service_name, version, action, input);
    code(Client::new().call(&mut service(), &action))
}

const BILLS: (&str, &str, &str) = ("billing", "2018-07-09", DescribeBillList::NAME);
const ALLOCATIONS: (&str, &str, &str) = (
    "billing",
    "2018-07-09",
    DescribeAllocationSummaryByBusiness::NAME,
);
const USAGE: (&str, &str, &str) = (
    "essbasic",
    "2021-05-26",
    ChannelDescribeBillUsageDetail::NAME,
);

fn january() -> DescribeBillList {
    bills("2024-01-01 00:00:00", "2024-01-31 23:59:59")
}

fn signed() -> Request<Bytes> {
    let action = january();
    request::sign(&action, &mut Client::new().session, START).unwrap()
}

fn set(request: &mut Request<Bytes>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, value.parse().unwrap());
}

fn remove(request: &mut Request<Bytes>, name: &'static str) {
    request.headers_mut().remove(name).unwrap();
}

fn edit(request: &mut Request<Bytes>, from: &str, to: &str) {
    let value = request.headers()["authorization"].to_str().unwrap();
    let edited = value.replacen(from, to, 1);
    assert_ne!(edited, value);
    set(request, "authorization", &edited);
}

fn refuse_each(code: &str, changes: &[fn(&mut Request<Bytes>)]) {
    for (place, change) in changes.iter().enumerate() {
        let mut request = signed();
        assert_eq!(code_at(START, &request), "");
        change(&mut request);
        assert_eq!(code_at(START, &request), code, "change {place}");
    }
}

#[test]
fn what_was_not_signed_is_a_signature_failure() {
    refuse_each(
        "AuthFailure.SignatureFailure",
        &[
            |r| *r.body_mut() = "{}".into(),
            |r| *r.uri_mut() = "/?Limit=1".parse().unwrap(),
            |r| *r.method_mut() = Method::GET,
            |r| set(r, "host", "essbasic.tencentcloudapi.com"),
            |r| set(r, "content-type", "application/json; charset=utf-8"),
            |r| set(r, "x-tc-action", "DescribeCosts"),
            |r| set(r, "x-tc-timestamp", "1760000001"),
            |r| set(r, "x-tc-content-sha256", "UNSIGNED-PAYLOAD"),
            |r| edit(r, "/2025-10-09/", "/2025-10-08/"),
            |r| edit(r, "/billing/", "/cvm/"),
        ],
    );
    let mut forger = Client::new();
    let other_key = Credential::new("AKIDEXAMPLE", "another-fake-key").unwrap();
    forger.session.set_credential(other_key);
    let action = january();
    let forged = code(forger.call(&mut service(), &action));
    assert_eq!(forged, "AuthFailure.SignatureFailure");
}

#[test]
fn a_signature_for_one_service_is_none_for_anothers_host() {
    let essbasic: Endpoint = "https://essbasic.tencentcloudapi.com".parse().unwrap();
    let local: Endpoint = "http://127.0.0.1:8080".parse().unwrap();
    let action = january();
    for (endpoint, expected) in [
        (essbasic, "AuthFailure.SignatureFailure"),
        (local, ""),
        (Endpoint::INTERNATIONAL, ""),
    ] {
        let mut client = Client::with_settings(Settings::default().with_endpoint(endpoint));
        assert_eq!(code(client.call(&mut service(), &action)), expected);
    }
}

#[test]
fn a_request_300_seconds_off_is_taken_and_one_301_off_has_expired() {
    let request = signed();
    for (skew, expected) in [
        (-300, ""),
        (300, ""),
        (-301, "AuthFailure.SignatureExpire"),
        (301, "AuthFailure.SignatureExpire"),
        (86_400, "AuthFailure.SignatureExpire"),
    ] {
        let now = UnixTime::new(START.seconds() + skew);
        assert_eq!(code_at(now, &request), expected, "{skew}");
    }
}

#[test]
fn an_unknown_id_is_named_as_such() {
    refuse_each(
        "AuthFailure.SecretIdNotFound",
        &[|r| edit(r, "AKIDEXAMPLE", "AKIDNOBODY")],
    );
}

#[test]
fn the_token_must_be_that_of_the_key() {
    let temporary = credential().with_token("not-a-real-token").unwrap();
    let other = credential().with_token("another-fake-token").unwrap();
    let action = january();
    for (known, sent, expected) in [
        (credential(), credential(), ""),
        (temporary.clone(), temporary.clone(), ""),
        (credential(), temporary.clone(), "AuthFailure.TokenFailure"),
        (temporary.clone(), credential(), "AuthFailure.TokenFailure"),
        (temporary, other, "AuthFailure.TokenFailure"),
    ] {
        let mut client = Client::new();
        client.session.set_credential(sent);
        let answer = client.call(&mut Emulator::new(known), &action);
        assert_eq!(code(answer), expected);
    }
}

#[test]
fn a_token_stands_there_once() {
    let temporary = credential().with_token("not-a-real-token").unwrap();
    let mut service = Emulator::new(temporary.clone());
    let mut client = Client::new();
    client.session.set_credential(temporary);
    let mut request = request::sign(&january(), &mut client.session, START).unwrap();
    let again = request.headers()["x-tc-token"].clone();
    request.headers_mut().append("x-tc-token", again);
    let answer = response::read::<DescribeBillList>(&service.handle(START, &request));
    assert_eq!(code(answer), "AuthFailure.TokenFailure");
}

#[test]
fn a_malformed_authorization_is_invalid() {
    refuse_each(
        "AuthFailure.InvalidAuthorization",
        &[
            |r| remove(r, "authorization"),
            |r| set(r, "authorization", "SKIP"),
            |r| set(r, "authorization", ""),
            |r| edit(r, "TC3-HMAC-SHA256", "TC3-HMAC-SHA1"),
            |r| edit(r, "content-type;host", "content-type"),
            |r| edit(r, "content-type;host", "host;content-type"),
            |r| edit(r, "content-type;host", "content-type;host;x-absent"),
            |r| edit(r, "Signature=", "Signature=0"),
        ],
    );
}

#[test]
fn a_missing_header_is_a_missing_parameter() {
    refuse_each(
        "MissingParameter",
        &[
            |r| remove(r, "x-tc-action"),
            |r| remove(r, "x-tc-version"),
            |r| remove(r, "x-tc-timestamp"),
            |r| set(r, "x-tc-version", ""),
        ],
    );
}

#[test]
fn a_timestamp_that_is_no_number_is_an_invalid_parameter() {
    refuse_each(
        "InvalidParameter",
        &[
            |r| set(r, "x-tc-timestamp", "now"),
            |r| set(r, "x-tc-timestamp", "-1760000000"),
        ],
    );
}

#[test]
fn a_header_given_twice_is_an_invalid_parameter() {
    let again = |r: &mut Request<Bytes>, name: &'static str| {
        let value = r.headers()[name].clone();
        r.headers_mut().append(name, value);
    };
    for name in ["x-tc-action", "x-tc-version", "x-tc-timestamp"] {
        let mut request = signed();
        again(&mut request, name);
        assert_eq!(code_at(START, &request), "InvalidParameter", "{name}");
    }
}

#[test]
fn only_get_and_post_are_supported() {
    refuse_each(
        "UnsupportedProtocol",
        &[
            |r| *r.method_mut() = Method::PUT,
            |r| *r.method_mut() = Method::HEAD,
        ],
    );
}

#[test]
fn a_request_too_large_is_refused_by_its_size() {
    refuse_each(
        "RequestSizeLimitExceeded",
        &[
            |r| *r.body_mut() = vec![b' '; request::MAX_POST + 1].into(),
            |r| {
                let query = "x".repeat(request::MAX_GET + 1);
                *r.method_mut() = Method::GET;
                *r.uri_mut() = format!("/?{query}").parse().unwrap();
            },
        ],
    );
    refuse_each(
        "AuthFailure.SignatureFailure",
        &[|r| *r.body_mut() = vec![b' '; request::MAX_POST].into()],
    );
}

#[test]
fn another_path_is_no_answer_of_the_api() {
    let mut request = signed();
    *request.uri_mut() = "https://billing.tencentcloudapi.com/v3".parse().unwrap();
    let answer = response::read::<DescribeBillList>(&service().handle(START, &request));
    assert!(matches!(
        answer,
        Err(Error::NotAnAnswer { status: 404, .. })
    ));
}

#[test]
fn an_answer_carries_the_services_time() {
    let answer = service().handle(START, &signed());
    assert_eq!(answer.headers()["date"], "Thu, 09 Oct 2025 08:53:20 GMT");
}

/// A request for the transactions, signed, whatever its content.
fn sign_post(content_type: &str, body: &'static str) -> Request<Bytes> {
    let headers = [
        ("content-type", content_type),
        ("host", "billing.tencentcloudapi.com"),
    ];
    let payload = Payload::Signed(body.as_bytes());
    let canonical = CanonicalRequest::new("POST", "/", "", headers, payload);
    let mut signer = Signer::new(credential());
    let mut request = Request::post("/")
        .header(
            "authorization",
            signer.sign(&canonical, "billing", START).unwrap(),
        )
        .header("x-tc-action", DescribeBillList::NAME)
        .header("x-tc-version", DescribeBillList::VERSION)
        .header("x-tc-timestamp", START.seconds());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(Bytes::from_static(body.as_bytes())).unwrap()
}

#[test]
fn a_body_is_a_json_object_and_says_so() {
    let valid = r#"{"StartTime": "2024-01-01 00:00:00", "EndTime": "2024-01-02 00:00:00", "Offset": 0, "Limit": 1}"#;
    for (content_type, body, expected) in [
        ("application/json", valid, ""),
        ("application/json; charset=utf-8", valid, ""),
        ("text/plain", valid, "InvalidParameter"),
        (
            "application/x-www-form-urlencoded",
            valid,
            "InvalidParameter",
        ),
        ("application/json", "", "InvalidParameter"),
        ("application/json", "[]", "InvalidParameter"),
        ("application/json", "{", "InvalidParameter"),
        ("application/json", "{}", "MissingParameter"),
    ] {
        let found = code_at(START, &sign_post(content_type, body));
        assert_eq!(found, expected, "{content_type}: {body}");
    }
}

#[test]
fn what_is_not_served_is_refused_by_service_version_and_action() {
    for (target, expected) in [
        (("cvm", "2017-03-12", "DescribeZones"), "NoSuchProduct"),
        (("billing", "2017-03-12", BILLS.2), "NoSuchVersion"),
        (("essbasic", "2018-07-09", BILLS.2), "NoSuchVersion"),
        (("billing", "2018-07-09", "DescribeDeals"), "InvalidAction"),
        (("billing", "2018-07-09", USAGE.2), "InvalidAction"),
        (("essbasic", "2021-05-26", BILLS.2), "InvalidAction"),
    ] {
        assert_eq!(code_of(target, json!({})), expected, "{target:?}");
    }
}

/// Asserts what becomes of `base` when the fields of `change` replace those it has, and null removes them.
fn refuse_changes(
    target: (&'static str, &'static str, &'static str),
    base: &Value,
    cases: &[(Value, &str)],
) {
    assert_eq!(code_of(target, base.clone()), "");
    for (change, expected) in cases {
        let mut input = base.clone();
        for (name, value) in change.as_object().unwrap() {
            input[name] = value.clone();
        }
        assert_eq!(code_of(target, input), *expected, "{change}");
    }
}

#[test]
fn each_wrong_parameter_of_the_bill_list_is_refused() {
    let base = json!({
        "StartTime": "2024-01-01 00:00:00", "EndTime": "2024-01-31 23:59:59",
        "Offset": 0, "Limit": 10,
    });
    let cases = [
        (json!({"StartTime": null}), "MissingParameter"),
        (json!({"EndTime": null}), "MissingParameter"),
        (json!({"Offset": null}), "MissingParameter"),
        (json!({"Limit": null}), "MissingParameter"),
        (json!({"Region": "ap-guangzhou"}), "UnknownParameter"),
        (json!({"limit": 10}), "UnknownParameter"),
        (json!({"Limit": 0}), "InvalidParameter"),
        (json!({"Limit": -1}), "InvalidParameter"),
        (json!({"Limit": "10"}), "InvalidParameter"),
        (json!({"Limit": 1.5}), "InvalidParameter"),
        (json!({"Offset": -1}), "InvalidParameter"),
        (json!({"StartTime": "2024-01-01"}), "InvalidParameter"),
        (json!({"StartTime": 20240101}), "InvalidParameter"),
        (
            json!({"StartTime": "2024-02-01 00:00:00"}),
            "InvalidParameter",
        ),
        (
            json!({"EndTime": "2024-07-01 00:00:01"}),
            "InvalidParameter",
        ),
        (json!({"PayType": "deduct"}), "InvalidParameter"),
        (json!({"PayType": [1]}), "InvalidParameter"),
        (json!({"PayType": ["deduct", "steal"]}), "InvalidParameter"),
        (json!({"SubPayType": ["hour_x"]}), "InvalidParameter"),
        (json!({"SubPayType": ["hour_h", "hour_d", "hour_m"]}), ""),
        // The spelling of responses.
        (json!({"SubPayType": ["hourh"]}), "InvalidParameter"),
        (
            json!({"SubPayType": ["trade", "hourd"]}),
            "InvalidParameter",
        ),
        (json!({"SubPayType": ["hourm"]}), "InvalidParameter"),
        (json!({"WithZeroAmount": 2}), "InvalidParameter"),
        (json!({"WithZeroAmount": true}), "InvalidParameter"),
    ];
    refuse_changes(BILLS, &base, &cases);
}

#[test]
fn each_wrong_parameter_of_the_allocation_is_refused() {
    let base = json!({"Month": "2024-02", "Offset": 0, "Limit": 1000});
    let cases = [
        (json!({"Offset": null}), "MissingParameter"),
        (json!({"Limit": null}), "MissingParameter"),
        (json!({"Months": "2024-02"}), "UnknownParameter"),
        (json!({"Month": 202402}), "InvalidParameter"),
        (json!({"BusinessCodes": "p_cvm"}), "InvalidParameter"),
        (json!({"Limit": 0}), "InvalidParameterValue"),
        (json!({"Limit": 1001}), "InvalidParameterValue"),
        (json!({"Month": "2024-13"}), "InvalidParameterValue"),
        (json!({"Month": "202402"}), "InvalidParameterValue"),
        (json!({"PeriodType": "week"}), "InvalidParameterValue"),
        (json!({"SortType": "up"}), "InvalidParameterValue"),
        (json!({"Sort": "Price"}), "InvalidParameterValue"),
        (
            json!({"BillDates": ["2024-02-01"]}),
            "InvalidParameterValue",
        ),
        (
            json!({"PeriodType": "month", "BillDates": ["2024-02-01"]}),
            "InvalidParameterValue",
        ),
        (
            json!({"PeriodType": "day", "BillDates": ["2024-02-30"]}),
            "InvalidParameterValue",
        ),
    ];
    refuse_changes(ALLOCATIONS, &base, &cases);
}

#[test]
fn each_wrong_parameter_of_the_usage_is_refused() {
    let base = json!({
        "Agent": {"AppId": Emulator::APP_ID}, "StartTime": "20240101", "EndTime": "20240131",
    });
    let app = |id: &str| json!({"Agent": {"AppId": id}});
    let cases = [
        (json!({"Agent": null}), "MissingParameter"),
        (json!({"Agent": {}}), "MissingParameter"),
        (json!({"StartTime": null}), "MissingParameter"),
        (json!({"EndTime": null}), "MissingParameter"),
        (json!({"PageSize": 10}), "UnknownParameter"),
        (
            json!({"Agent": {"AppId": Emulator::APP_ID, "Proxy": "x"}}),
            "UnknownParameter",
        ),
        (json!({"Agent": Emulator::APP_ID}), "InvalidParameter"),
        (json!({"Offset": -1}), "InvalidParameter"),
        (json!({"Offset": "0"}), "InvalidParameter"),
        (app("another-app"), "ResourceNotFound.NotExistApplication"),
        (app(""), "ResourceNotFound.NotExistApplication"),
        (json!({"Limit": 0}), "InvalidParameter.Limit"),
        (json!({"Limit": -1}), "InvalidParameter.Limit"),
        (json!({"Limit": 101}), "InvalidParameter.Limit"),
        (json!({"Limit": 500}), "InvalidParameter.Limit"),
        (
            json!({"QuotaType": "SignSmoke"}),
            "InvalidParameterValue.InvalidQuotaType",
        ),
        (
            json!({"StartTime": "2024-01-01"}),
            "InvalidParameterValue.InvalidTime",
        ),
        (
            json!({"EndTime": "20231231"}),
            "InvalidParameterValue.InvalidTime",
        ),
        (
            json!({"EndTime": "20240201"}),
            "InvalidParameterValue.InvalidTime",
        ),
    ];
    refuse_changes(USAGE, &base, &cases);
}

#[test]
fn a_query_that_contradicts_itself_is_refused() {
    for input in [
        json!({"Agent": "x", "Agent.AppId": Emulator::APP_ID}),
        json!({"Agent": {"AppId": Emulator::APP_ID}, "Agent.AppId": Emulator::APP_ID}),
        json!({"StartTime": "20240101", "StartTime.0": "20240101"}),
    ] {
        let action = Untyped::new(USAGE.0, USAGE.1, USAGE.2, input);
        let mut client = Client::with_settings(Settings::default().with_wire(Wire::Get));
        let found = code(client.call(&mut service(), &action));
        assert_eq!(found, "InvalidParameter");
    }
}

#[test]
fn a_typed_action_is_refused_by_the_same_codes() {
    let other_app = usage_of(Agent::new("another-app"), "20240101", "20240131");
    let mut client = Client::new();
    let found = code(client.call(&mut service(), &other_app));
    assert_eq!(found, "ResourceNotFound.NotExistApplication");
    let month = Month::new(2024, 2).unwrap();
    let too_many = DescribeAllocationSummaryByBusiness::new(month).with_limit(1_001);
    let found = code(client.call(&mut service(), &too_many));
    assert_eq!(found, "InvalidParameterValue");
}
