//! Which signatures are right at which host.

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};
use tc3_core::{
    Action, Untyped,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    sts::AssumeRole,
    tc3::{CanonicalRequest, Payload, Signer},
    wire::response,
};

use crate::common::{START, credential};

/// A request as a client sends it that signs another host than it sends, or takes the service from it.
struct Client<'a> {
    method: &'a str,
    sent: &'a str,
    signed: &'a str,
    service: &'a str,
}

/// As the vendor's Node SDK, older .NET and PHP do.
fn vendors<'a>(method: &'a str, host: &'a str) -> Client<'a> {
    let port = host.rfind(':').filter(|_| !host.ends_with(']'));
    Client {
        method,
        sent: host,
        signed: &host[..port.unwrap_or(host.len())],
        service: host.split('.').next().unwrap(),
    }
}

impl Client<'_> {
    fn request(&self, target: (&str, &str), input: &Value) -> Request<Bytes> {
        let get = self.method == "GET";
        let (content_type, query, body) = if get {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in input.as_object().unwrap() {
                let text = value.as_str().map(ToString::to_string);
                query.append_pair(name, &text.unwrap_or_else(|| value.to_string()));
            }
            let form = "application/x-www-form-urlencoded";
            (form, query.finish(), String::new())
        } else {
            ("application/json", String::new(), input.to_string())
        };
        let headers = [("content-type", content_type), ("host", self.signed)];
        let payload = Payload::Signed(body.as_bytes());
        let canonical = CanonicalRequest::new(self.method, "/", &query, headers, payload);
        let mut signer = Signer::new(credential());
        let (action, version) = target;
        Request::builder()
            .method(self.method)
            .uri(format!("/{}{query}", if get { "?" } else { "" }))
            .header("content-type", content_type)
            .header("host", self.sent)
            .header(
                "authorization",
                signer.sign(&canonical, self.service, START).unwrap(),
            )
            .header("x-tc-action", action)
            .header("x-tc-version", version)
            .header("x-tc-timestamp", START.seconds())
            .body(Bytes::from(body))
            .unwrap()
    }

    fn code(&self, target: (&str, &str), input: &Value) -> String {
        code(&self.request(target, input))
    }
}

/// The code of the refusal, or "" for none.
fn code(request: &Request<Bytes>) -> String {
    let answer = Emulator::new(credential()).handle(START, request);
    match response::read::<Untyped>(&answer) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

const BILLS: (&str, &str) = (DescribeBillList::NAME, DescribeBillList::VERSION);

fn bills() -> Value {
    json!({"StartTime": "2024-01-01 00:00:00", "EndTime": "2024-01-31 23:59:59", "Offset": 0, "Limit": 3})
}

/// The three lists, as a flat query can hold them too.
fn lists() -> [((&'static str, &'static str), Value); 3] {
    [
        (BILLS, bills()),
        (
            (
                DescribeAllocationSummaryByBusiness::NAME,
                DescribeAllocationSummaryByBusiness::VERSION,
            ),
            json!({"Month": "2024-02", "Offset": 0, "Limit": 3}),
        ),
        (
            (
                ChannelDescribeBillUsageDetail::NAME,
                ChannelDescribeBillUsageDetail::VERSION,
            ),
            json!({"StartTime": "20240101", "EndTime": "20240131"}),
        ),
    ]
}

fn with_agent(method: &str, (target, mut input): ((&'static str, &'static str), Value)) -> Value {
    if target.0 == ChannelDescribeBillUsageDetail::NAME {
        match method {
            "GET" => input["Agent.AppId"] = Emulator::APP_ID.into(),
            _ => input["Agent"] = serde_json::to_value(Agent::new(Emulator::APP_ID)).unwrap(),
        }
    }
    input
}

#[test]
fn the_vendors_way_of_signing_is_right_at_any_host_but_the_vendors() {
    for host in [
        "127.0.0.1:8080",
        "billing.localhost:8080",
        "essbasic.localhost:8080",
        "localhost:8080",
        "LocalHost:8080",
        "[::1]:8080",
        "127.0.0.1",
        "example.com:443",
        "tencentcloudapi.com.example.com:443",
    ] {
        for method in ["GET", "POST"] {
            for (target, input) in lists() {
                let input = with_agent(method, (target, input));
                let found = vendors(method, host).code(target, &input);
                assert_eq!(found, "", "{method} {} at {host}", target.0);
            }
        }
    }
}

#[test]
fn the_vendors_own_hosts_are_taken_to_the_letter() {
    for (sent, signed, service, expected) in [
        (
            "billing.tencentcloudapi.com",
            "billing.tencentcloudapi.com",
            "billing",
            "",
        ),
        (
            "billing.tencentcloudapi.com:443",
            "billing.tencentcloudapi.com:443",
            "billing",
            "",
        ),
        (
            "billing.tencentcloudapi.com:443",
            "billing.tencentcloudapi.com",
            "billing",
            "AuthFailure.SignatureFailure",
        ),
        (
            "BILLING.TencentCloudAPI.com.:443",
            "billing.tencentcloudapi.com.",
            "billing",
            "AuthFailure.SignatureFailure",
        ),
        (
            "essbasic.tencentcloudapi.com",
            "essbasic.tencentcloudapi.com",
            "billing",
            "AuthFailure.SignatureFailure",
        ),
        (
            "essbasic.tencentcloudapi.com",
            "essbasic.tencentcloudapi.com",
            "essbasic",
            "NoSuchVersion",
        ),
    ] {
        let client = Client {
            method: "POST",
            sent,
            signed,
            service,
        };
        assert_eq!(
            client.code(BILLS, &bills()),
            expected,
            "{sent}, {signed}, {service}"
        );
    }
}

#[test]
fn another_service_than_the_first_label_must_be_the_actions_own() {
    let at = |service| Client {
        service,
        ..vendors("POST", "127.0.0.1:8080")
    };
    for (service, expected) in [
        ("billing", ""),
        ("127", ""),
        ("essbasic", "NoSuchVersion"),
        ("cvm", "NoSuchProduct"),
        ("localhost", "NoSuchProduct"),
    ] {
        assert_eq!(at(service).code(BILLS, &bills()), expected, "{service}");
    }
}

#[test]
fn the_case_of_a_host_does_not_count() {
    for (sent, service) in [
        ("localhost:8080", "LocalHost:8080"),
        ("Billing.localhost:8080", "billing"),
        ("BILLING.tencentcloudapi.com", "billing"),
    ] {
        let client = Client {
            service,
            ..vendors("POST", sent)
        };
        assert_eq!(client.code(BILLS, &bills()), "", "{sent}, {service}");
    }
}

#[test]
fn what_nobody_serves_is_refused_though_no_service_is_named() {
    let client = vendors("POST", "127.0.0.1:8080");
    for (target, expected) in [
        (("DescribeBillList", "2018-07-10"), "NoSuchVersion"),
        (("DescribeBillList", "2021-05-26"), "InvalidAction"),
        (("DescribeZones", "2018-07-09"), "InvalidAction"),
        ((AssumeRole::NAME, AssumeRole::VERSION), "MissingParameter"),
    ] {
        assert_eq!(client.code(target, &bills()), expected, "{target:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// At any host that is not the vendor's, one of two hosts is signed, and the request as it was sent.
    #[test]
    fn no_other_host_and_no_other_request_fits_a_signature(
        labels in prop::collection::vec("[a-z][a-z0-9]{0,5}", 1..4),
        port in 1..=u16::MAX,
        (other, other_port) in ("[a-z]{1,9}", 1..=u16::MAX),
        change in 0..5_usize,
    ) {
        let bare = labels.join(".");
        let host = format!("{bare}:{port}");
        let service = &*labels[0];
        let signs = |signed: &str| {
            let client = Client { method: "POST", sent: &host, signed, service };
            client.request(BILLS, &bills())
        };
        prop_assert_eq!(code(&signs(&host)), "");
        prop_assert_eq!(code(&signs(&bare)), "");
        let elsewhere = format!("{other}.invalid");
        let with_other_port = format!("{bare}:{other_port}");
        for wrong in [&*elsewhere, &with_other_port] {
            let expected = if wrong == host { "" } else { "AuthFailure.SignatureFailure" };
            prop_assert_eq!(code(&signs(wrong)), expected, "{} for {}", wrong, host);
        }
        let mut changed = signs(&bare);
        match change {
            0 => *changed.body_mut() = "{}".into(),
            1 => *changed.uri_mut() = "/?Limit=1".parse().unwrap(),
            2 => drop(changed.headers_mut().insert("host", elsewhere.parse().unwrap())),
            3 => drop(changed.headers_mut().insert("content-type", "text/plain".parse().unwrap())),
            _ => drop(changed.headers_mut().insert("x-tc-timestamp", (START.seconds() + 1).into())),
        }
        prop_assert_eq!(code(&changed), "AuthFailure.SignatureFailure");
    }
}
