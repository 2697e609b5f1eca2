use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use tc3_core::{Attempt, Error, Failure, Outcome, UnixTime, Untyped, error::Kind, wire::response};

use super::weather::Weather;

const CODES: [&str; 10] = [
    "RequestLimitExceeded",
    "RequestLimitExceeded.UinLimitExceeded",
    "AuthFailure.SignatureExpire",
    "InternalError",
    "InternalError.DbReadFailed",
    "ResourceUnavailable",
    "LimitExceeded",
    "FailedOperation.SummaryDataNotReady",
    "InvalidParameter",
    "",
];

const TIMES: [&str; 9] = [
    "Thu, 09 Oct 2025 08:53:20 GMT",
    "Thu, 09 Oct 2025 09:53:20 GMT",
    "Sat, 01 Jan 0000 00:00:00 GMT",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "0",
    "2",
    " 3600 ",
    "18446744073709551615",
    "-1",
];

/// Whether a request surely had no effect, so that even a write may be sent again.
pub(super) fn had_no_effect(outcome: &Outcome) -> bool {
    match outcome {
        Err(failure) => matches!(failure, Failure::NotSent(_)),
        Ok(answer) => match response::read::<Untyped>(answer) {
            Err(Error::Service(refusal)) => {
                matches!(refusal.kind(), Kind::Throttled | Kind::Clock)
            }
            Err(Error::NotAnAnswer { status, .. }) => status == 429,
            _ => false,
        },
    }
}

impl Weather<'_> {
    /// What comes of a send.
    pub(super) fn outcome(&mut self, attempt: &Attempt) -> Outcome {
        let mut answer = match self.chance.below(32) {
            20 => return Err(Failure::not_sent("connection refused")),
            21 => return Err(Failure::unknown("connection reset")),
            22 => {
                self.serve(attempt);
                return Err(Failure::unknown("timed out"));
            }
            23 | 24 => {
                let code = self.chance.pick(&CODES);
                let error = json!({"Code": code, "Message": ""});
                page(
                    200,
                    &json!({"Response": {"Error": error, "RequestId": "1"}}).to_string(),
                )
            }
            25 => {
                let status = self.chance.pick(&[502, 429, 503, 408, 500, 404, 200, 302]);
                page(status, "<html>")
            }
            26 => {
                let len = usize::from(self.chance.byte());
                self.serve(attempt)
                    .map(|body| body.slice(..len.min(body.len() / 2)))
            }
            27 => {
                self.lied = true;
                let (at, bit) = (usize::from(self.chance.byte()), self.chance.below(8));
                self.serve(attempt).map(|body| flipped(&body, at * 7, bit))
            }
            28 | 29 => {
                self.lied = true;
                let lie = self.chance.below(7);
                self.serve(attempt).map(|body| bent(&body, lie))
            }
            30 => {
                self.lied = true;
                let len = self.chance.byte();
                let body = self.chance.bytes(len.into());
                Response::new(Bytes::copy_from_slice(body))
            }
            31 => {
                self.lied = true;
                let fields =
                    self.chance
                        .pick(&["", r#""Total":3,"#, r#""Detail":[],"Total":null,"#]);
                page(
                    200,
                    &format!(r#"{{"Response":{{{fields}"RequestId":"1"}}}}"#),
                )
            }
            _ => self.serve(attempt),
        };
        if self.chance.below(8) == 7 {
            let name = self
                .chance
                .pick(&[header::RETRY_AFTER, header::DATE].each_ref())
                .clone();
            self.put(&mut answer, name);
        }
        Ok(answer)
    }

    fn serve(&mut self, attempt: &Attempt) -> Response<Bytes> {
        let now = self.now.unix.seconds().saturating_add(self.skew);
        self.service.handle(UnixTime::new(now), &attempt.request)
    }

    fn put(&mut self, answer: &mut Response<Bytes>, name: HeaderName) {
        let value = match self.chance.below(TIMES.len() + 1) {
            0 => HeaderValue::from_bytes(self.chance.bytes(29)).ok(),
            place => TIMES
                .get(place - 1)
                .map(|text| HeaderValue::from_static(text)),
        };
        if let Some(value) = value {
            answer.headers_mut().insert(name, value);
        }
    }
}

fn page(status: u16, body: &str) -> Response<Bytes> {
    let mut page = Response::new(Bytes::copy_from_slice(body.as_bytes()));
    *page.status_mut() = StatusCode::from_u16(status).expect("a status");
    page
}

fn flipped(body: &Bytes, at: usize, bit: usize) -> Bytes {
    let mut bytes = body.to_vec();
    let len = bytes.len().max(1);
    if let Some(byte) = bytes.get_mut(at % len) {
        *byte ^= 1 << bit;
    }
    bytes.into()
}

/// The answer to another question, or of a list that has changed.
fn bent(body: &Bytes, lie: usize) -> Bytes {
    let Ok(mut answer) = serde_json::from_slice::<Value>(body) else {
        return body.clone();
    };
    let Some(fields) = answer["Response"].as_object_mut() else {
        return body.clone();
    };
    let total = ["Total", "RecordNum"];
    for (name, value) in fields.iter_mut() {
        match (value, lie) {
            (Value::Array(list), 0) => drop(list.pop()),
            (Value::Array(list), 1) => list.extend(list.first().cloned()),
            (Value::Array(list), 2) => list.clear(),
            (Value::Array(list), 3) => list.reverse(),
            (value @ Value::Number(_), 4) if total.contains(&name.as_str()) => {
                *value = value.as_u64().map(|total| total + 1).into();
            }
            (value @ Value::Number(_), 5) if total.contains(&name.as_str()) => {
                *value = u64::MAX.into();
            }
            (value @ Value::Number(_), 6) if total.contains(&name.as_str()) => *value = Value::Null,
            _ => {}
        }
    }
    answer.to_string().into()
}
