//! An answer's bytes to a reply or an error.

use std::hint::black_box;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Value, json, value::RawValue};
use tc3_core::{
    Action, Month,
    billing::{DescribeAllocationSummaryByBusiness as Allocation, DescribeBillList as Bill},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail as Usage},
    wire::{request, response},
};

use crate::{Role, Stage, TIME, call, credential, request::session};

/// Pages of 1, 100 and 1,000 rows of each action, a page of nulls, and an error.
pub fn stages() -> Vec<Stage> {
    let pages = [1, 100, 1_000].map(|rows| [allocation(rows), bill(rows), usage(rows)]);
    let others = [nulls(), error()];
    pages.into_iter().flatten().chain(others).collect()
}

/// A page of so many rows of `DescribeAllocationSummaryByBusiness`.
pub fn allocation(rows: usize) -> Stage {
    page_of::<Allocation>("allocation", rows)
}

/// A page of so many rows of `DescribeBillList`.
pub fn bill(rows: usize) -> Stage {
    page_of::<Bill>("bill", rows)
}

/// A page of so many rows of `ChannelDescribeBillUsageDetail`.
pub fn usage(rows: usize) -> Stage {
    page_of::<Usage>("usage", rows)
}

/// An action whose pages are decoded.
trait Listed: Action<Output: DeserializeOwned + 'static> {
    /// The field of the output that has the rows.
    const ROWS: &'static str;

    /// The action that asks the emulator for its first page.
    fn first() -> Self;
}

impl Listed for Allocation {
    const ROWS: &'static str = "Detail";

    fn first() -> Self {
        Self::new(Month::new(2024, 2).expect("a month")).with_limit(100)
    }
}

impl Listed for Bill {
    const ROWS: &'static str = "TransactionList";

    fn first() -> Self {
        let second = |text: &str| text.parse().expect("a second");
        Self::new(second("2024-01-01 00:00:00"), second("2024-06-30 23:59:59"))
    }
}

impl Listed for Usage {
    const ROWS: &'static str = "Details";

    fn first() -> Self {
        let day = |text: &str| text.parse().expect("a day");
        Self::new(
            Agent::new(Emulator::APP_ID),
            day("20240101"),
            day("20240131"),
        )
    }
}

/// What the service would answer: an envelope around an output of so many rows.
fn output<A: Listed>(rows: usize) -> Value {
    let signed = request::sign(&A::first(), &mut session(), TIME).expect("the action is sound");
    let answer = Emulator::new(credential()).handle(TIME, &signed);
    let mut answer: Value = serde_json::from_slice(answer.body()).expect("it is JSON");
    let mut output = answer["Response"].take();
    let list = output[A::ROWS].take();
    let list = list.as_array().expect("the output has rows");
    output[A::ROWS] = list.iter().cycle().take(rows).cloned().collect();
    output
}

fn without_request_id(mut output: Value) -> String {
    let fields = output.as_object_mut().expect("an output is an object");
    fields.remove("RequestId");
    output.to_string()
}

fn page_of<A: Listed>(name: &str, rows: usize) -> Stage {
    page::<A>(format!("decode_{rows}_{name}"), rows, output::<A>(rows))
}

fn page<A: Listed>(name: String, rows: usize, output: Value) -> Stage {
    let envelope = json!({ "Response": output }).to_string();
    let inner = without_request_id(output);
    let answer = call::answer(envelope.clone());
    let [raw, value, scanned, checked] = [(); 4].map(|()| envelope.clone());
    let stage = Stage::new(name, envelope.len(), move || {
        response::read::<A>(black_box(&answer)).expect("the page is sound")
    })
    .with_records(rows as u64)
    .with("floor", Role::Floor, move || {
        serde_json::from_slice::<A::Output>(black_box(inner.as_bytes())).expect("the page is sound")
    })
    .with("RawValue and probe", Role::Reference, move || {
        probed::<A::Output>(black_box(raw.as_bytes()))
    })
    .with("Value", Role::Reference, move || {
        let mut value: Value =
            serde_json::from_slice(black_box(value.as_bytes())).expect("it is JSON");
        serde_json::from_value::<A::Output>(value["Response"].take()).expect("it is sound")
    })
    // Of the work itself, what no decimal, date or string has part in.
    .with("IgnoredAny", Role::Reference, move || {
        serde_json::from_str::<IgnoredAny>(black_box(&scanned)).expect("it is JSON")
    })
    .with("UTF-8 check", Role::Reference, move || {
        str::from_utf8(black_box(checked.as_bytes())).map(str::len)
    });
    #[cfg(feature = "peers")]
    let stage = stage.with(
        "tencentcloud-sdk (whole call)",
        Role::Peer,
        crate::peers::sdk_call::<A::Output>(envelope.into()),
    );
    stage
}

/// The usual way: the envelope's contents as text, a look for an error, then the output.
fn probed<T: DeserializeOwned>(body: &[u8]) -> T {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(rename = "Response", borrow)]
        response: &'a RawValue,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Probe {
        error: Option<Value>,
        request_id: String,
    }

    let envelope: Envelope<'_> = serde_json::from_slice(body).expect("it is an answer");
    let probe: Probe = serde_json::from_str(envelope.response.get()).expect("it is an answer");
    assert!(probe.error.is_none());
    black_box(probe.request_id);
    serde_json::from_str(envelope.response.get()).expect("the page is sound")
}

/// A page of 100 rows whose fields are all null.
pub fn nulls() -> Stage {
    let mut nulls = output::<Usage>(100);
    for row in nulls[Usage::ROWS].as_array_mut().expect("rows") {
        for (_, value) in row.as_object_mut().expect("a row is an object") {
            *value = Value::Null;
        }
    }
    page::<Usage>("decode_100_nulls".into(), 100, nulls)
}

/// A refusal.
pub fn error() -> Stage {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Bare {
        #[expect(dead_code, reason = "it is read for its own sake")]
        error: Refusal,
        #[expect(dead_code, reason = "it is read for its own sake")]
        request_id: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Refusal {
        #[expect(dead_code, reason = "it is read for its own sake")]
        code: String,
        #[expect(dead_code, reason = "it is read for its own sake")]
        message: String,
    }

    let inner = r#"{"Error":{"Code":"InvalidParameterValue","Message":"the value of Limit is not valid"},"RequestId":"3f1c9a52-7d0e-4b8f-9a37-5f2a61c0d4e8"}"#;
    let envelope = format!(r#"{{"Response":{inner}}}"#);
    let answer = call::answer(envelope.clone());
    let stage = Stage::new("decode_error", envelope.len(), move || {
        response::read::<Bill>(black_box(&answer)).expect_err("it is a refusal")
    })
    .with("floor", Role::Floor, move || {
        serde_json::from_slice::<Bare>(black_box(inner.as_bytes())).expect("it is a refusal")
    });
    #[cfg(feature = "peers")]
    let stage = stage.with(
        "tencentcloud-sdk (whole call)",
        Role::Peer,
        crate::peers::sdk_refusal(envelope.into()),
    );
    stage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contender_can_do_every_stage() {
        for mut stage in stages() {
            for contender in &mut stage.contenders {
                (contender.work)();
            }
        }
    }
}
