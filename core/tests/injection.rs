//! Whatever a setting or a field holds, a request has its own headers and no others, and goes to one host.

use std::collections::BTreeSet;

use proptest::prelude::*;
use tc3_core::{
    Credential, Error, Invalid, Region, Session, Settings, UnixTime, Untyped,
    proxy::ProxyUrl,
    session::{Endpoint, Language, Wire},
    wire::request,
};

/// What a request always has.
const ALWAYS: [&str; 8] = [
    "accept-encoding",
    "authorization",
    "content-type",
    "host",
    "x-tc-action",
    "x-tc-requestclient",
    "x-tc-timestamp",
    "x-tc-version",
];

/// Texts that are right, and texts that would be a header of their own, end a line, or lead to another host.
fn texts(right: &'static str) -> impl Strategy<Value = String> {
    let evil = "(\r\n|\n|\r|\u{0}|\t| |: |;|,|/|\\\\|@|#|\\?|%0d%0a|\u{7f}|\u{85}|\u{2028}|é|.evil.example)(X-Evil: y)?";
    prop_oneof![
        4 => right,
        1 => (right, evil, right).prop_map(|(a, b, c)| [a, b, c].concat()),
        1 => any::<String>(),
    ]
}

#[derive(Clone, Debug)]
struct Given {
    credential: [String; 3],
    region: Option<String>,
    language: Option<String>,
    endpoint: String,
    names: [String; 3],
    input: (String, String),
    wire: Wire,
    time: i64,
}

prop_compose! {
    fn given()(
        id in texts("AKID[0-9A-Za-z]{0,9}"),
        key in texts("[!#&*-;=?-Z^_a-z|~]{1,20}"),
        token in texts("[!#&*-;=?-Z^_a-z|~]{1,20}"),
        region in prop::option::of(texts("ap-[a-z]{1,9}")),
        language in prop::option::of(texts("en-US|zh-CN")),
        endpoint in texts("https://[a-z]{1,9}(\\.example)?(:[1-9][0-9]{0,3})?|http://127\\.0\\.0\\.1:80"),
        service in texts("[a-z]{1,9}"),
        version in texts("20[0-9]{2}-0[1-9]-[12][0-9]"),
        action in texts("[A-Z][A-Za-z]{0,9}"),
        input in (texts("[A-Z][a-z]{0,9}"), any::<String>()),
        wire in prop_oneof![Just(Wire::Post), Just(Wire::PostUnsigned), Just(Wire::Get)],
        time in 0..200_000_000_000_i64,
    ) -> Given {
        Given {
            credential: [id, key, token],
            region, language, endpoint,
            names: [service, version, action],
            input, wire, time,
        }
    }
}

impl Given {
    fn sign(&self) -> Result<http::Request<bytes::Bytes>, Error> {
        let [id, key, token] = self.credential.clone();
        let credential = Credential::new(id, key)?.with_token(token)?;
        let region = self.region.clone().map(Region::new).transpose()?;
        let language = self.language.clone().map(Language::new).transpose()?;
        let settings = Settings::default()
            .with_endpoint(self.endpoint.parse()?)
            .with_region(region)
            .with_language(language)
            .with_wire(self.wire);
        let [service, version, action] = self.names.clone();
        let (name, value) = self.input.clone();
        let input = serde_json::json!({name: value});
        let action = Untyped::new(service, version, action, input);
        let mut session = Session::new(credential).with_settings(settings);
        request::sign(&action, &mut session, UnixTime::new(self.time))
    }

    fn expected(&self) -> BTreeSet<&str> {
        let set = |given: bool, name| given.then_some(name);
        let others = [
            Some("x-tc-token"),
            set(self.region.is_some(), "x-tc-region"),
            set(self.language.is_some(), "x-tc-language"),
            set(self.wire == Wire::PostUnsigned, "x-tc-content-sha256"),
        ];
        ALWAYS
            .into_iter()
            .chain(others.into_iter().flatten())
            .collect()
    }
}

const FIELDS: [&str; 9] = [
    "SecretId",
    "SecretKey",
    "Token",
    "region",
    "language",
    "endpoint",
    "service",
    "version",
    "action",
];

proptest! {
    #[test]
    fn a_request_has_its_own_headers_alone_or_a_field_is_refused(given in given()) {
        match given.sign() {
            Ok(request) => {
                let headers = request.headers();
                let names: BTreeSet<_> = headers.keys().map(|name| name.as_str()).collect();
                prop_assert_eq!(&names, &given.expected());
                prop_assert_eq!(headers.len(), names.len(), "none is there twice");
                for (name, value) in headers {
                    let plain = value.as_bytes().iter().all(|b| (b' '..=b'~').contains(b));
                    prop_assert!(plain, "{}", name);
                    let secret = ["authorization", "x-tc-token"].contains(&name.as_str());
                    prop_assert_eq!(value.is_sensitive(), secret, "{}", name);
                }
                prop_assert_eq!(&headers["x-tc-token"], given.credential[2].as_str());
                let uri = request.uri();
                let endpoint: Endpoint = given.endpoint.parse().unwrap();
                prop_assert!(uri.to_string().starts_with(&(endpoint.url("any") + "/")));
                prop_assert_eq!(uri.path(), "/");
                prop_assert_eq!(uri.authority().unwrap().as_str(), headers["host"].to_str().unwrap());
                let query = uri.query().unwrap_or_default();
                prop_assert!(query.bytes().all(|b| b.is_ascii_graphic() && b != b'#'));
                prop_assert_eq!(query.matches('&').count(), 0, "one field is one pair");
            }
            Err(Error::Input(invalid)) => prop_assert!(FIELDS.contains(&invalid.field()), "{invalid}"),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }

    #[test]
    fn a_proxy_is_one_line_or_refused(url in texts("http://([a-z]{1,5}(:[a-z%0]{0,5})?@)?[a-z]{1,9}:[1-9][0-9]{0,3}")) {
        match ProxyUrl::new(&url) {
            Ok(proxy) => prop_assert!(proxy.expose().bytes().all(|b| b.is_ascii_graphic())),
            Err(invalid) => prop_assert_eq!(invalid.field(), "proxy"),
        }
    }

    #[test]
    fn plain_http_goes_to_loopback_alone(host in "[0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9a-f:]{2,9}\\]|[a-z.]{1,15}|localhost|127\\.[0-9.]{5}") {
        let url = format!("http://{host}");
        let parsed: Result<Endpoint, Invalid> = url.parse();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let loopback = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
        prop_assert!(loopback || parsed.is_err(), "{}", url);
    }
}

#[test]
fn the_texts_lead_to_requests_and_to_refusals_of_each_field() {
    // Else the properties might hold for want of cases.
    let right = Given {
        credential: ["AKIDEXAMPLE", "not-a-real-key", "not-a-real-token"].map(Into::into),
        region: Some("ap-guangzhou".into()),
        language: Some("en-US".into()),
        endpoint: "https://example.com".into(),
        names: ["cvm", "2017-03-12", "DescribeZones"].map(Into::into),
        input: ("A".into(), "1\r\nX-Evil: y&B=2".into()),
        wire: Wire::Get,
        time: 1_551_113_065,
    };
    let request = right.sign().unwrap();
    assert_eq!(request.uri().query(), Some("A=1%0D%0AX-Evil%3A+y%26B%3D2"));
    let mut wrong: Vec<Given> = vec![right; FIELDS.len()];
    let evil = |text: &mut String| text.push_str("\r\nX-Evil: y");
    for (place, given) in wrong.iter_mut().enumerate() {
        match place {
            0..3 => evil(&mut given.credential[place]),
            3 => given.region.iter_mut().for_each(evil),
            4 => given.language.iter_mut().for_each(evil),
            5 => evil(&mut given.endpoint),
            _ => evil(&mut given.names[place - 6]),
        }
        let refused = given.sign();
        assert!(matches!(refused, Err(Error::Input(invalid)) if invalid.field() == FIELDS[place]));
    }
}
