//! Requests from bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use tc3_core::{
    Credential, UnixTime,
    tc3::{CanonicalRequest, Payload, Signer, UNSIGNED_PAYLOAD},
};

/// The time of all that is not told another one.
pub(crate) const NOW: UnixTime = UnixTime::new(1_760_000_000);

/// The last second of the year 9999, which is the last that can be signed.
const LAST: i64 = 253_402_300_799;

/// The credential that both sides know.
///
/// # Panics
///
/// Never, as it is a right one.
pub fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", "not-a-real-key").expect("a right credential")
}

/// Reads a request as a server would; `None` for what is none.
pub fn request(message: &[u8]) -> Option<Request<Bytes>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Request::new(&mut headers);
    let Ok(httparse::Status::Complete(len)) = head.parse(message) else {
        return None;
    };
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for header in head.headers {
        request = request.header(header.name, header.value);
    }
    request.body(Bytes::copy_from_slice(&message[len..])).ok()
}

/// Signs all headers of a request that can be signed, at its own time or else at [`NOW`], which is returned
/// with the service. `None` when it cannot be signed.
pub(crate) fn sign(request: &mut Request<Bytes>) -> Option<(UnixTime, String)> {
    let headers = request.headers_mut();
    headers.remove(header::AUTHORIZATION);
    for (name, value) in [
        ("content-type", "application/json"),
        ("host", "billing.tencentcloudapi.com"),
    ] {
        if !headers.contains_key(name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        single(headers, name)?;
    }
    let own = single(headers, "x-tc-timestamp")
        .and_then(|text| Some(text).zip(text.parse().ok()))
        .filter(|(text, time): &(&str, i64)| (0..=LAST).contains(time) && time.to_string() == *text)
        .map(|(_, time)| UnixTime::new(time));
    let time = own.unwrap_or(NOW);
    headers.insert("x-tc-timestamp", time.seconds().into());

    let label = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let service = single(headers, "host")?.split('.').next()?;
    let service = if service.bytes().all(label) {
        service
    } else {
        "billing"
    };
    let service = service.to_owned();
    let payload = match single(headers, "x-tc-content-sha256") {
        Some(UNSIGNED_PAYLOAD) => Payload::Unsigned,
        _ => Payload::Signed(request.body()),
    };
    let headers = request.headers();
    let signed: Vec<_> = headers
        .keys()
        .filter_map(|name| Some((name.as_str(), single(headers, name.as_str())?)))
        .collect();
    let uri = request.uri();
    let canonical = CanonicalRequest::new(
        request.method().as_str(),
        uri.path(),
        uri.query().unwrap_or_default(),
        signed,
        payload,
    );
    let signed = Signer::new(credential()).sign(&canonical, &service, time);
    let authorization = signed.expect("the time can be signed");
    let authorization = authorization.try_into().expect("a header");
    let headers = request.headers_mut();
    headers.insert(header::AUTHORIZATION, authorization);
    Some((time, service))
}

/// The value of a header that stands there exactly once and is text.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    let text = str::from_utf8(value.as_bytes()).ok();
    text.filter(|_| values.next().is_none())
}
