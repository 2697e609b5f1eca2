//! What is signed is verified, and what was changed afterwards is not.

use std::ops::Range;

use http::{HeaderName, HeaderValue, Method, Request};
use proptest::{prelude::*, sample::Index};
use tc3_core::{
    Credential, UnixTime,
    tc3::{CanonicalRequest, Payload, Rejection, Signer, UNSIGNED_PAYLOAD, verify},
};

use super::cases;

type Verdict = Result<(), Rejection>;

#[derive(Clone, Debug)]
struct Signed {
    credential: Credential,
    time: UnixTime,
    /// The names of the signed headers.
    names: Vec<HeaderName>,
    request: Request<Vec<u8>>,
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[\t -~]{1,16}", "\\PC{1,8}"]
}

prop_compose! {
    fn signed()(
        (id, key, service) in ("[!#&*+.0-:?-Z^_a-z|~-]{1,20}", "[!#&*-;=?-Z^_a-z|~]{1,100}", "[a-z]{2,12}"),
        time in 0..=253_402_300_799_i64,
        method in prop_oneof!["GET|POST", "[A-Za-z0-9!#$%&'*+.^_`|~-]{1,9}"],
        path in "/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{1,12}",
        query in "[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{1,20}",
        (content_type, host) in (value(), value()),
        more in prop::collection::btree_map("x-[a-z0-9]{1,6}", value(), 0..4),
        with_timestamp in any::<bool>(),
        body in prop::collection::vec(any::<u8>(), 1..300),
        (unsigned, capitals) in (prop::bool::weighted(0.1), any::<bool>()),
    ) -> Signed {
        let (credential, time) = (Credential::new(id, key).unwrap(), UnixTime::new(time));
        let timestamp = time.to_string();
        let mut headers = vec![("content-type", &*content_type), ("host", &host)];
        headers.extend(more.iter().map(|(name, value)| (&**name, &**value)));
        if with_timestamp {
            headers.push(("x-tc-timestamp", &timestamp));
        }
        let mut request = Request::builder().method(&*method).uri(format!("{path}?{query}"));
        for (name, value) in &headers {
            request = request.header(*name, value.as_bytes());
        }
        let names = request.headers_ref().unwrap().keys().cloned().collect();
        let capital = headers.iter().map(|(name, _)| name.to_uppercase()).collect::<Vec<_>>();
        if capitals {
            for ((name, _), capital) in headers.iter_mut().zip(&capital) {
                *name = capital;
            }
        }
        let payload = if unsigned { Payload::Unsigned } else { Payload::Signed(&body) };
        let canonical = CanonicalRequest::new(&method, &path, &query, headers, payload);
        let authorization = Signer::new(credential.clone()).sign(&canonical, &service, time).unwrap();
        if !with_timestamp {
            request = request.header("x-tc-timestamp", timestamp);
        }
        if unsigned {
            request = request.header("x-tc-content-sha256", UNSIGNED_PAYLOAD);
        }
        let request = request.header("authorization", authorization).body(body).unwrap();
        Signed { credential, time, names, request }
    }
}

impl Signed {
    fn check(&self) -> Verdict {
        let known = |id: &str| (id == self.credential.secret_id()).then_some(&self.credential);
        verify(&self.request, self.time, known).map(drop)
    }

    fn is_unsigned(&self) -> bool {
        self.request.headers().contains_key("x-tc-content-sha256")
    }

    fn header(&self, name: &str) -> Vec<u8> {
        self.request.headers()[name].as_bytes().to_vec()
    }

    /// The verdict with another value of a header.
    fn with_header(&self, name: &str, value: &[u8]) -> Verdict {
        let mut other = self.clone();
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        other.request.headers_mut().insert(name, value);
        other.check()
    }

    fn with_uri(&self, path: &str, query: &str) -> Verdict {
        let mut other = self.clone();
        *other.request.uri_mut() = format!("{path}?{query}").parse().unwrap();
        other.check()
    }
}

/// Which byte is changed, and into which of those allowed.
#[derive(Clone, Debug)]
struct Change {
    place: Index,
    other: Index,
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    (index(), index()).prop_map(|(place, other)| Change { place, other })
}

impl Change {
    /// The text with one byte of it changed, and where that is.
    fn of(&self, text: &[u8], allowed: impl Fn(u8) -> bool) -> (Vec<u8>, usize) {
        let at = self.place.index(text.len());
        let others = (0..=u8::MAX).filter(|byte| *byte != text[at] && allowed(*byte));
        let others: Vec<u8> = others.collect();
        let mut changed = text.to_vec();
        changed[at] = others[self.other.index(others.len())];
        (changed, at)
    }
}

fn in_header(byte: u8) -> bool {
    HeaderValue::from_bytes(&[byte]).is_ok()
}

fn in_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~!$&'()*+,;=:@%/-".contains(&byte)
}

proptest! {
    #![proptest_config(cases(128))]

    #[test]
    fn what_is_signed_is_verified(signed in signed()) {
        prop_assert_eq!(signed.check(), Ok(()));
    }

    #[test]
    fn another_byte_of_the_body_is_rejected_unless_the_body_is_unsigned(
        mut signed in signed(),
        change in change(),
    ) {
        let (body, _) = change.of(signed.request.body(), |_| true);
        *signed.request.body_mut() = body;
        let expected = if signed.is_unsigned() { Ok(()) } else { Err(Rejection::WrongSignature) };
        prop_assert_eq!(signed.check(), expected);
        signed.request.body_mut().pop();
        prop_assert_eq!(signed.check(), expected);
        // The word that leaves the body out is not signed itself, yet the payload's hash tells.
        if signed.is_unsigned() {
            signed.request.headers_mut().remove("x-tc-content-sha256");
            prop_assert_eq!(signed.check(), Err(Rejection::WrongSignature));
        }
    }

    #[test]
    fn another_byte_of_the_method_is_rejected(mut signed in signed(), change in change()) {
        let method = signed.request.method().as_str().as_bytes();
        let (method, _) = change.of(method, |byte| Method::from_bytes(&[byte]).is_ok());
        *signed.request.method_mut() = Method::from_bytes(&method).unwrap();
        prop_assert_eq!(signed.check(), Err(Rejection::WrongSignature));
    }

    #[test]
    fn another_byte_of_the_path_or_the_query_is_rejected(signed in signed(), change in change()) {
        let (path, query) = (signed.request.uri().path(), signed.request.uri().query().unwrap());
        prop_assert_eq!(signed.with_uri(path, query), Ok(()));
        let (other, _) = change.of(&path.as_bytes()[1..], in_uri);
        let other = format!("/{}", str::from_utf8(&other).unwrap());
        prop_assert_eq!(signed.with_uri(&other, query), Err(Rejection::WrongSignature));
        let (other, _) = change.of(query.as_bytes(), |byte| in_uri(byte) || byte == b'?');
        let other = str::from_utf8(&other).unwrap();
        prop_assert_eq!(signed.with_uri(path, other), Err(Rejection::WrongSignature));
        prop_assert_eq!(signed.with_uri(path, ""), Err(Rejection::WrongSignature));
    }

    #[test]
    fn another_byte_of_a_signed_header_is_rejected(signed in signed(), change in change()) {
        for name in &signed.names {
            let value = signed.header(name.as_str());
            let (other, _) = change.of(&value, in_header);
            let verdict = signed.with_header(name.as_str(), &other);
            let lower = |value: &[u8]| str::from_utf8(value).map(|text| text.trim().to_lowercase());
            // Case and outer spaces are not signed; the timestamp has none, and is read as well.
            if lower(&value) == lower(&other) {
                prop_assert_eq!(verdict, Ok(()), "{}", name);
            } else {
                prop_assert!(verdict.is_err(), "{name}");
            }
        }
    }

    #[test]
    fn case_and_outer_spaces_of_a_signed_header_do_not_matter(signed in signed()) {
        for name in signed.names.iter().filter(|name| *name != "x-tc-timestamp") {
            let value = signed.header(name.as_str());
            for other in [value.to_ascii_uppercase(), value.to_ascii_lowercase(), [b"\t ", &*value, b" "].concat()] {
                prop_assert_eq!(signed.with_header(name.as_str(), &other), Ok(()), "{}", name);
            }
        }
    }

    #[test]
    fn another_byte_of_a_signed_headers_name_is_rejected(signed in signed(), change in change()) {
        for name in &signed.names {
            let mut other = signed.clone();
            let value = other.request.headers_mut().remove(name).unwrap();
            let renamed = |byte: u8| {
                // Names have no case in HTTP.
                !byte.is_ascii_uppercase() && HeaderName::from_bytes(&[byte]).is_ok()
            };
            let (renamed, _) = change.of(name.as_str().as_bytes(), renamed);
            other.request.headers_mut().append(HeaderName::from_bytes(&renamed).unwrap(), value);
            let rejected = matches!(other.check(), Err(Rejection::Malformed(_) | Rejection::NoTimestamp));
            prop_assert!(rejected, "{name}");
        }
    }

    #[test]
    fn another_byte_of_the_timestamp_is_rejected_at_its_own_time_as_well(
        mut signed in signed(),
        change in change(),
    ) {
        let (other, _) = change.of(&signed.header("x-tc-timestamp"), |byte| byte.is_ascii_digit());
        let rejected = signed.with_header("x-tc-timestamp", &other);
        prop_assert!(rejected.is_err());
        let other = str::from_utf8(&other).unwrap();
        signed.time = UnixTime::new(other.parse().unwrap());
        let at_its_time = signed.with_header("x-tc-timestamp", other.as_bytes());
        let expected = matches!(
            at_its_time,
            Err(Rejection::WrongSignature | Rejection::WrongDate | Rejection::InvalidTimestamp)
        );
        prop_assert!(expected, "{at_its_time:?}");
    }

    #[test]
    fn another_byte_of_each_part_of_the_authorization_is_rejected(signed in signed(), change in change()) {
        let header = signed.header("authorization");
        for (name, part, rejections) in parts(&header) {
            let (other, _) = change.of(&header[part.clone()], in_header);
            let other = [&header[..part.start], &*other, &header[part.end..]].concat();
            match signed.with_header("authorization", &other) {
                Err(Rejection::Malformed(_)) => {}
                Err(rejection) => prop_assert!(rejections.contains(&rejection), "{name}: {rejection}"),
                Ok(()) => prop_assert!(false, "{name}"),
            }
        }
    }

    #[test]
    fn a_byte_more_or_less_of_the_authorization_is_rejected(signed in signed(), change in change()) {
        let header = signed.header("authorization");
        let (_, at) = change.of(&header, in_header);
        let mut less = header.clone();
        less.remove(at);
        prop_assert!(signed.with_header("authorization", &less).is_err());
        let mut more = header.clone();
        let (inserted, at) = change.of(&[&*header, b"?"].concat(), in_header);
        more.insert(at, inserted[at]);
        prop_assert!(signed.with_header("authorization", &more).is_err());
    }

    #[test]
    fn another_key_is_rejected(mut signed in signed(), change in change()) {
        let key = signed.credential.secret_key().as_bytes();
        let (other, _) = change.of(key, in_key);
        let other = String::from_utf8(other).unwrap();
        signed.credential = Credential::new(signed.credential.secret_id(), other).unwrap();
        prop_assert_eq!(signed.check(), Err(Rejection::WrongSignature));
    }
}

/// Whether a key may hold it.
fn in_key(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`<>()[]{}$%\\".contains(&byte)
}

/// The parts of an `Authorization` header, and what a change of each comes to if not [`Rejection::Malformed`].
fn parts(header: &[u8]) -> Vec<(&'static str, Range<usize>, &'static [Rejection])> {
    let text = str::from_utf8(header).unwrap();
    let mut at = 0;
    let mut until = |end: &str| {
        let start = at;
        let len = text[start..].find(end).unwrap();
        at = start + len + end.len();
        start..start + len
    };
    let algorithm = until(" Credential=");
    let (id, date, service) = (until("/"), until("/"), until("/"));
    let (terminator, names) = (until(", SignedHeaders="), until(", Signature="));
    vec![
        ("algorithm", algorithm, &[]),
        ("id", id, &[Rejection::UnknownSecretId]),
        ("date", date, &[Rejection::WrongDate]),
        ("service", service, &[Rejection::WrongSignature]),
        ("terminator", terminator, &[]),
        ("signed headers", names, &[]),
        // In capitals it is malformed.
        ("signature", at..text.len(), &[Rejection::WrongSignature]),
    ]
}
