//! The server's side of a signature.

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use tc3_core::{
    UnixTime,
    tc3::{self, MAX_CLOCK_SKEW, Rejection, UNSIGNED_PAYLOAD, Verified},
};

use crate::message::{self, NOW, credential, single};

/// A request, or what is none as the `Authorization` of one, is verified or rejected for a reason. It is
/// accepted when it is signed, for 300 seconds either way, and rejected when it is changed after that.
///
/// # Panics
///
/// When that does not hold.
pub fn verify(data: &[u8]) {
    let (request, place) = (message::request(data), checksum(data));
    let is_message = request.is_some();
    let Some(mut request) = request.or_else(|| with_authorization(data)) else {
        return;
    };
    match check(&request, NOW) {
        Ok(verified) => {
            assert_eq!(verified.secret_id, credential().secret_id());
            assert!(NOW.seconds_since(verified.time).abs() <= MAX_CLOCK_SKEW);
            changes(&request, NOW, place);
        }
        Err(rejection) => {
            assert!(!rejection.code().is_empty() && !rejection.to_string().is_empty());
        }
    }
    if !is_message {
        return;
    }
    let Some((time, service)) = message::sign(&mut request) else {
        return;
    };
    let at = |skew| check(&request, UnixTime::new(time.seconds() + skew));
    for skew in [-MAX_CLOCK_SKEW, 0, MAX_CLOCK_SKEW] {
        let verified = at(skew).expect("what is signed is accepted");
        assert_eq!((verified.service, verified.time), (service.clone(), time));
    }
    for skew in [-MAX_CLOCK_SKEW - 1, MAX_CLOCK_SKEW + 1] {
        assert_eq!(at(skew), Err(Rejection::Expired));
    }
    changes(&request, time, place);
}

/// Whatever is changed in a signed request, it is rejected then.
fn changes(request: &Request<Bytes>, time: UnixTime, place: usize) {
    let rejected = |change: &dyn Fn(&mut Request<Bytes>)| {
        let mut changed = request.clone();
        change(&mut changed);
        let rejection = check(&changed, time);
        assert!(rejection.is_err(), "{changed:?}");
    };
    let bit = 1 << (place % 8);
    let forged = |old: &HeaderValue| {
        let mut bytes = old.as_bytes().to_vec();
        let at = place % bytes.len();
        bytes[at] ^= bit;
        HeaderValue::from_bytes(&bytes)
    };
    if let Ok(forged) = forged(&request.headers()[header::AUTHORIZATION]) {
        rejected(&|request| {
            let headers = request.headers_mut();
            headers.insert(header::AUTHORIZATION, forged.clone());
        });
    }

    let mut body = request.body().to_vec();
    body.insert(place % (body.len() + 1), bit);
    let unsigned = single(request.headers(), "x-tc-content-sha256") == Some(UNSIGNED_PAYLOAD);
    if unsigned {
        let mut changed = request.clone();
        *changed.body_mut() = body.into();
        assert!(check(&changed, time).is_ok(), "its body is not signed");
    } else {
        rejected(&|request| *request.body_mut() = body.clone().into());
    }

    let other = if request.method() == Method::PUT {
        Method::GET
    } else {
        Method::PUT
    };
    rejected(&|request| *request.method_mut() = other.clone());
    let query = format!("/?{}&", request.uri().query().unwrap_or_default());
    if let Ok(uri) = query.parse() {
        rejected(&|request| *request.uri_mut() = http::Uri::clone(&uri));
    }

    let authorization = single(request.headers(), "authorization").unwrap_or_default();
    let (_, signed) = authorization.split_once("SignedHeaders=").expect("names");
    let (signed, _) = signed.split_once(',').expect("and a signature");
    let names: Vec<&str> = signed.split(';').collect();
    let name: http::HeaderName = names[place % names.len()].parse().expect("a header's name");
    let mut longer = request.headers()[&name].as_bytes().to_vec();
    longer.push(b'x');
    let longer = HeaderValue::from_bytes(&longer).expect("a header's value");
    rejected(&|request| drop(request.headers_mut().insert(&name, longer.clone())));
    rejected(&|request| drop(request.headers_mut().remove(&name)));
    rejected(&|request| assert!(request.headers_mut().append(&name, longer.clone())));
}

fn check(request: &Request<Bytes>, now: UnixTime) -> Result<Verified, Rejection> {
    let known = credential();
    tc3::verify(request, now, |id| {
        (id == known.secret_id()).then_some(&known)
    })
}

/// A right request but for its `Authorization`.
fn with_authorization(value: &[u8]) -> Option<Request<Bytes>> {
    Request::post("/")
        .header("host", "billing.tencentcloudapi.com")
        .header("content-type", "application/json")
        .header("x-tc-timestamp", NOW.seconds())
        .header("authorization", value)
        .body(Bytes::from_static(b"{}"))
        .ok()
}

/// Where to change a request: as good as any place, and the same for the same data.
fn checksum(data: &[u8]) -> usize {
    let add = |sum: usize, byte: &u8| sum.wrapping_mul(31).wrapping_add(usize::from(*byte));
    data.iter().fold(0, add)
}
