//! Signatures of the first version, HmacSHA1 and HmacSHA256.

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use proptest::prelude::*;
use tc3_core::{
    Action, Credential, Error, UnixTime, Untyped,
    billing::DescribeBillList,
    emulator::Emulator,
    essbasic::{ChannelDescribeBillUsageDetail, ChannelDescribeBillUsageDetailResponse},
    wire::response,
};

use super::usage;
use crate::common::{self, START, credential};

/// A request as an old program makes it.
#[derive(Clone)]
struct Old {
    method: &'static str,
    host: String,
    signed_host: String,
    parameters: Vec<(String, String)>,
    key: &'static str,
}

impl Old {
    fn new(method: &'static str, signature_method: Option<&str>) -> Self {
        let host = "billing.tencentcloudapi.com";
        let mut old = Self {
            method,
            host: host.into(),
            signed_host: host.into(),
            parameters: Vec::new(),
            key: "not-a-real-key",
        };
        for (name, value) in [
            ("Action", DescribeBillList::NAME),
            ("Version", DescribeBillList::VERSION),
            ("Timestamp", "1760000000"),
            ("Nonce", "11886"),
            ("SecretId", "AKIDEXAMPLE"),
            ("StartTime", "2024-01-01 00:00:00"),
            ("EndTime", "2024-01-31 23:59:59"),
            ("Offset", "0"),
            ("Limit", "5"),
            ("PayType.0", "all"),
        ] {
            old = old.with(name, value);
        }
        match signature_method {
            Some(method) => old.with("SignatureMethod", method),
            None => old,
        }
    }

    /// With a parameter, in the place of one of that name.
    fn with(self, name: &str, value: &str) -> Self {
        let mut old = self.without(name);
        old.parameters.push((name.into(), value.into()));
        old
    }

    fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    fn at(self, host: &str, signed_host: &str) -> Self {
        Self {
            host: host.into(),
            signed_host: signed_host.into(),
            ..self
        }
    }

    fn signature(&self) -> String {
        let mut sorted = self.parameters.clone();
        sorted.sort();
        let pairs: Vec<_> = sorted.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let text = format!("{}{}/?{}", self.method, self.signed_host, pairs.join("&"));
        let method = sorted.iter().find(|(name, _)| name == "SignatureMethod");
        let (key, text) = (self.key.as_bytes(), text.as_bytes());
        match method.map(|(_, value)| value.as_str()) {
            Some("HmacSHA256") => {
                let mac = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(key).unwrap();
                BASE64_STANDARD.encode(mac.chain_update(text).finalize().into_bytes())
            }
            _ => {
                let mac = <Hmac<sha1::Sha1> as KeyInit>::new_from_slice(key).unwrap();
                BASE64_STANDARD.encode(mac.chain_update(text).finalize().into_bytes())
            }
        }
    }

    fn signed(&self) -> Request<Bytes> {
        self.clone().with("Signature", &self.signature()).request()
    }

    fn request(&self) -> Request<Bytes> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.extend_pairs(&self.parameters).finish();
        let request = Request::builder()
            .method(self.method)
            .header("host", &self.host);
        if self.method == "GET" {
            return request.uri(format!("/?{form}")).body(Bytes::new()).unwrap();
        }
        let content_type = "application/x-www-form-urlencoded; charset=utf-8";
        let request = request.uri("/").header("content-type", content_type);
        request.body(form.into()).unwrap()
    }

    /// The code of the refusal of the signed request, or "" for none.
    fn code(&self) -> String {
        code(&self.signed())
    }
}

fn answer<A: Action>(service: &mut Emulator, request: &Request<Bytes>) -> Result<A::Output, Error> {
    response::read::<A>(&service.handle(START, request)).map(|reply| reply.output)
}

fn code(request: &Request<Bytes>) -> String {
    match answer::<Untyped>(&mut Emulator::new(credential()), request) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

const FORMS: [(&str, Option<&str>); 6] = [
    ("GET", None),
    ("GET", Some("HmacSHA1")),
    ("GET", Some("HmacSHA256")),
    ("POST", None),
    ("POST", Some("HmacSHA1")),
    ("POST", Some("HmacSHA256")),
];

#[test]
fn the_published_example_is_verified() {
    let known = Credential::new(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
    );
    let mut service = Emulator::new(known.unwrap());
    let mut ask = |signature| {
        let url = format!(
            "/?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886&Offset=0&Region=ap-guangzhou\
             &SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE&Signature={signature}&Timestamp=1465185768\
             &Version=2017-03-12"
        );
        let request = Request::get(url).header("host", "cvm.tencentcloudapi.com");
        let request = request.body(Bytes::new()).unwrap();
        let answer = service.handle(UnixTime::new(1_465_185_768), &request);
        let error = response::read::<Untyped>(&answer).unwrap_err();
        error.refusal().unwrap().code().to_string()
    };
    // It is verified, but there are no machines here.
    assert_eq!(ask("EliP9YW3pW28FpsEdkXt%2F%2BWcGeI%3D"), "NoSuchProduct");
    assert_eq!(
        ask("EliP9YW3pW28FpsEdkXt%2F%2BWcGeJ%3D"),
        "AuthFailure.SignatureFailure"
    );
}

#[test]
fn get_and_form_give_the_records_that_json_gives() {
    let mut expected = DescribeBillList::new(
        "2024-01-01 00:00:00".parse().unwrap(),
        "2024-01-31 23:59:59".parse().unwrap(),
    );
    expected.limit = Some(5);
    let mut service = Emulator::new(credential());
    let expected = common::Client::new().call(&mut service, &expected).unwrap();
    for (method, signature_method) in FORMS {
        let request = Old::new(method, signature_method).signed();
        let given = answer::<DescribeBillList>(&mut service, &request).unwrap();
        assert_eq!(given, expected, "{method} {signature_method:?}");
    }
    let request = Old::new("POST", None)
        .at("127.0.0.1:8080", "127.0.0.1")
        .with("Action", ChannelDescribeBillUsageDetail::NAME)
        .with("Version", ChannelDescribeBillUsageDetail::VERSION)
        .with("Agent.AppId", Emulator::APP_ID)
        .with("StartTime", "20240101")
        .with("EndTime", "20240131")
        .without("PayType.0");
    let given: ChannelDescribeBillUsageDetailResponse =
        answer::<ChannelDescribeBillUsageDetail>(&mut service, &request.signed()).unwrap();
    let action = usage("20240101", "20240131").with_limit(5);
    let expected = common::Client::new().call(&mut service, &action).unwrap();
    assert_eq!(given, expected);
}

#[test]
fn what_every_request_has_is_checked() {
    for (method, signature_method) in FORMS {
        let old = || Old::new(method, signature_method);
        let cases = [
            (old(), ""),
            (old().with("Region", "ap-guangzhou"), ""),
            (
                old()
                    .with("Language", "en-US")
                    .with("RequestClient", "SDK_NODEJS_4.1"),
                "",
            ),
            (old().without("Version"), "MissingParameter"),
            (old().without("Nonce"), "MissingParameter"),
            (old().without("Timestamp"), "MissingParameter"),
            (old().without("SecretId"), "MissingParameter"),
            (old().without("Limit"), "MissingParameter"),
            (old().with("Timestamp", "now"), "InvalidParameter"),
            (old().with("Timestamp", "-1"), "InvalidParameter"),
            (
                old().with("Timestamp", "1759999699"),
                "AuthFailure.SignatureExpire",
            ),
            (
                old().with("Timestamp", "1760000301"),
                "AuthFailure.SignatureExpire",
            ),
            (old().with("Timestamp", "1760000300"), ""),
            (old().with("SignatureMethod", "HmacMD5"), "InvalidParameter"),
            (
                old().with("SecretId", "AKIDNOBODY"),
                "AuthFailure.SecretIdNotFound",
            ),
            (
                old().with("Token", "another-fake-token"),
                "AuthFailure.TokenFailure",
            ),
            (old().with("Region", "mars-1"), "InvalidParameterValue"),
            (old().with("Region", ""), "InvalidParameterValue"),
            (old().with("Version", "2017-03-12"), "NoSuchVersion"),
            (old().with("Action", "DescribeDeals"), "InvalidAction"),
            (old().with("Limit", "many"), "InvalidParameter"),
            (old().with("Page", "1"), "UnknownParameter"),
            (
                Old {
                    key: "another-fake-key",
                    ..old()
                },
                "AuthFailure.SignatureFailure",
            ),
        ];
        for (place, (old, expected)) in cases.into_iter().enumerate() {
            assert_eq!(
                old.code(),
                expected,
                "{method} {signature_method:?}, case {place}"
            );
        }
        let unsigned = old().request();
        assert_eq!(code(&unsigned), "MissingParameter", "the signature");
    }
}

#[test]
fn a_token_goes_with_its_key() {
    let temporary = credential().with_token("not-a-real-token").unwrap();
    let mut service = Emulator::new(temporary);
    let old = Old::new("GET", None);
    assert!(answer::<DescribeBillList>(&mut service, &old.signed()).is_err());
    let old = old.with("Token", "not-a-real-token");
    assert!(answer::<DescribeBillList>(&mut service, &old.signed()).is_ok());
}

#[test]
fn the_host_counts_with_its_port_and_elsewhere_without() {
    let vendors = "billing.tencentcloudapi.com";
    for (sent, signed, expected) in [
        (vendors, vendors, ""),
        (
            vendors,
            "cvm.tencentcloudapi.com",
            "AuthFailure.SignatureFailure",
        ),
        (
            "billing.tencentcloudapi.com:443",
            vendors,
            "AuthFailure.SignatureFailure",
        ),
        (
            "essbasic.tencentcloudapi.com",
            "essbasic.tencentcloudapi.com",
            "NoSuchVersion",
        ),
        ("127.0.0.1:8080", "127.0.0.1:8080", ""),
        ("127.0.0.1:8080", "127.0.0.1", ""),
        (
            "127.0.0.1:8080",
            "127.0.0.2",
            "AuthFailure.SignatureFailure",
        ),
        (
            "127.0.0.1:8080",
            "127.0.0.1:80",
            "AuthFailure.SignatureFailure",
        ),
    ] {
        let old = Old::new("POST", None).at(sent, signed);
        assert_eq!(old.code(), expected, "{sent}, {signed}");
    }
}

#[test]
fn a_form_is_at_most_one_mebibyte() {
    let padded = |pad: usize| {
        Old::new("POST", None)
            .with("Pad", &"x".repeat(pad))
            .signed()
    };
    let rest = padded(0).body().len();
    for (size, expected) in [
        (1 << 20, "UnknownParameter"),
        ((1 << 20) + 1, "RequestSizeLimitExceeded"),
    ] {
        // A signature is longer or shorter by its percent-encoding.
        let mut requests = (0..25).map(|more| padded(size - rest - 12 + more));
        let request = requests.find(|request| request.body().len() == size);
        assert_eq!(code(&request.unwrap()), expected, "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_other_parameters_fit_a_signature(
        form in 0..FORMS.len(),
        at in any::<prop::sample::Index>(),
        (name, value) in ("[A-Za-z.0-9]{1,9}", "\\PC{0,9}"),
        change in 0..4_usize,
    ) {
        let (method, signature_method) = FORMS[form];
        prop_assume!(name != "Signature");
        let old = Old::new(method, signature_method).with("OperatorName", &value);
        // Nothing in a value is mistaken for anything else.
        prop_assert_eq!(old.code(), "UnknownParameter");
        let signature = old.signature();
        let mut changed = old.clone();
        let index = at.index(changed.parameters.len());
        match change {
            0 => drop(changed.parameters.remove(index)),
            1 => changed.parameters[index].1.push('1'),
            2 => changed.parameters[index].0.push('1'),
            _ => changed.parameters.push((name, value)),
        }
        let code = code(&changed.with("Signature", &signature).request());
        prop_assert!(!["", "UnknownParameter"].contains(&&*code), "{}", code);
    }
}
