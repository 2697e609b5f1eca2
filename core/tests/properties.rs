//! What holds for arbitrary input.

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tc3_core::{
    BeijingSecond, BeijingTime, BillDate, CompactDate, Credential, Fen, Month, UnixTime, Yuan,
    tc3::{CanonicalRequest, Payload, Rejection, Signer, verify},
};

const TIMES: std::ops::Range<i64> = 0..200_000_000_000;

#[derive(Clone, Debug)]
struct Signed {
    credential: Credential,
    time: UnixTime,
    request: http::Request<Vec<u8>>,
}

prop_compose! {
    fn signed()(
        key in "[!-~]{1,100}",
        time in TIMES,
        service in "[a-z]{2,12}",
        get in any::<bool>(),
        query in "([A-Za-z]{1,9}=[A-Za-z0-9%+]{0,9}&?){0,3}",
        host in "[A-Za-z0-9.-]{1,30}(:[0-9]{1,5})?",
        region in " ?[A-Za-z-]{1,12} ?",
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) -> Signed {
        let credential = Credential::new("AKIDEXAMPLE", key).unwrap();
        let time = UnixTime::new(time);
        let method = if get { "GET" } else { "POST" };
        let headers = [("Content-Type", "application/json"), ("Host", &host), ("X-TC-Region", &region)];
        let canonical = CanonicalRequest::new(method, "/", &query, &headers, Payload::Signed(&body));
        let authorization = Signer::new(credential.clone()).sign(&canonical, &service, time).unwrap();
        let mut request = http::Request::builder().method(method).uri(format!("/?{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request
            .header("X-TC-Timestamp", time.seconds())
            .header("Authorization", authorization)
            .body(body)
            .unwrap();
        Signed { credential, time, request }
    }
}

impl Signed {
    fn check(&self) -> Result<(), Rejection> {
        let known = |id: &str| (id == self.credential.secret_id()).then_some(&self.credential);
        verify(&self.request, self.time, known).map(drop)
    }
}

/// A request to be signed, of so few different texts that many are almost alike.
type Parts = (String, String, String, Vec<(String, String)>, Vec<u8>);

fn parts() -> impl Strategy<Value = Parts> {
    (
        "POST|GET|PUT|PO",
        "/|/a|/b|ST/",
        "|a=b",
        prop::collection::vec((" ?[Hh]ost|a|b|A|É|ab", "B ?|b|a|É|ba|"), 0..4),
        prop::collection::vec(any::<u8>(), 0..2),
    )
}

fn canonical((method, path, query, headers, body): &Parts) -> CanonicalRequest<'_> {
    let headers = headers.iter();
    let headers: Vec<_> = headers.map(|(name, value)| (&**name, &**value)).collect();
    CanonicalRequest::new(method, path, query, headers, Payload::Signed(body))
}

/// As the vendor's page describes it, step by step.
fn naive((method, path, query, headers, body): &Parts) -> String {
    let lower = |text: &str| text.trim().to_lowercase();
    let headers = headers.iter();
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (lower(name), lower(value)))
        .collect();
    headers.sort();
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<_> = headers.into_iter().map(|(name, _)| name).collect();
    let hash = Sha256::digest(body);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{method}\n{path}\n{query}\n{lines}\n{}\n{hash}",
        names.join(";")
    )
}

proptest! {
    #[test]
    fn a_canonical_request_is_as_it_is_described(parts in parts()) {
        prop_assert_eq!(canonical(&parts).to_string(), naive(&parts));
        let hash: [u8; 32] = Sha256::digest(naive(&parts)).into();
        prop_assert_eq!(canonical(&parts).hash(), hash);
    }

    #[test]
    fn what_a_signer_has_signed_before_makes_no_difference(
        requests in prop::collection::vec((parts(), 0_i64..3, "a|b|ab"), 1..60),
    ) {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let mut signer = Signer::new(credential.clone());
        for (parts, day, service) in requests {
            let time = UnixTime::new(day * 86_400);
            let signed = signer.sign(&canonical(&parts), &service, time);
            let fresh = Signer::new(credential.clone()).sign(&canonical(&parts), &service, time);
            prop_assert_eq!(signed, fresh);
        }
    }

    #[test]
    fn what_is_signed_is_verified(signed in signed()) {
        prop_assert_eq!(signed.check(), Ok(()));
    }

    #[test]
    fn another_body_key_or_signature_is_not(
        mut signed in signed(),
        place in any::<prop::sample::Index>(),
        bit in 0..8_u8,
    ) {
        let original = signed.clone();
        let body = signed.request.body_mut();
        body.push(0);
        let at = place.index(body.len());
        body[at] ^= 1 << bit;
        prop_assert_eq!(signed.check(), Err(Rejection::WrongSignature));

        let key = format!("{}x", original.credential.secret_key());
        let other = Signed { credential: Credential::new("AKIDEXAMPLE", key).unwrap(), ..original.clone() };
        prop_assert_eq!(other.check(), Err(Rejection::WrongSignature));

        let mut forged = original;
        let header = forged.request.headers()["authorization"].to_str().unwrap().to_owned();
        let digit = header.len() - 1 - place.index(64);
        let changed = if &header[digit..=digit] == "0" { "1" } else { "0" };
        let header = format!("{}{changed}{}", &header[..digit], &header[digit + 1..]);
        forged.request.headers_mut().insert("authorization", header.parse().unwrap());
        prop_assert_eq!(forged.check(), Err(Rejection::WrongSignature));
    }

    #[test]
    fn an_amount_is_printed_as_it_was_written(
        sign in "-?",
        whole in "0|[1-9][0-9]{0,15}",
        decimals in "(\\.[0-9]{1,12})?",
    ) {
        let text = format!("{sign}{whole}{decimals}");
        let amount: Yuan = text.parse().unwrap();
        prop_assert_eq!(amount.to_string(), text.clone());
        for json in [format!("\"{text}\""), text.clone()] {
            prop_assert_eq!(serde_json::from_str::<Yuan>(&json).unwrap().to_string(), text.clone());
        }
        prop_assert_eq!(serde_json::to_string(&amount).unwrap(), format!("\"{text}\""));
    }

    #[test]
    fn fen_and_yuan_convert_without_loss(fen in any::<i64>()) {
        let fen = Fen::new(fen);
        prop_assert_eq!(fen.to_yuan().to_fen(), Some(fen));
        prop_assert_eq!(serde_json::to_string(&fen).unwrap().parse(), Ok(fen));
    }

    #[test]
    fn a_date_is_read_as_it_is_printed(time in -62_135_625_600..253_402_000_000_i64, millis in 0..1_000) {
        let second = BeijingSecond::from_unix(UnixTime::new(time)).unwrap();
        prop_assert_eq!(second.to_unix(), UnixTime::new(time));
        prop_assert_eq!(second.to_string().parse(), Ok(second));

        let text = format!("{second}.{millis:03}");
        let exact: BeijingTime = text.parse().unwrap();
        prop_assert_eq!(exact.to_string(), text);
        prop_assert_eq!(exact.second(), second);

        let (year, month, day) = {
            let shown = second.datetime();
            (shown.year(), shown.month(), shown.day())
        };
        let month_of_year = Month::new(year, month).unwrap();
        prop_assert_eq!(month_of_year.to_string().parse(), Ok(month_of_year));
        let compact = CompactDate::new(year, month, day).unwrap();
        prop_assert_eq!(compact.to_string().parse(), Ok(compact));
        for bill in [BillDate::day(year, month, day).unwrap(), BillDate::month(year, month).unwrap()] {
            prop_assert_eq!(bill.to_string().parse(), Ok(bill));
        }
    }
}
