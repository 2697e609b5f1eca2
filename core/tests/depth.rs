//! JSON that is nested very deep is an error wherever it comes from, and never a crash.
#![cfg(feature = "emulator")]

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tc3_core::{
    Action, Credential, Error, Reply, Session, Settings, UnixTime, Untyped, Walk,
    billing::DescribeBillList,
    emulator::Emulator,
    session::Wire,
    wire::{request, response},
};

const START: UnixTime = UnixTime::new(1_760_000_000);

fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap()
}

fn lists(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    r#"{"A":"#.repeat(depth) + "1" + &"}".repeat(depth)
}

fn read<A: Action>(body: &str) -> Result<Reply<A::Output>, Error> {
    response::read::<A>(&http::Response::new(Bytes::copy_from_slice(
        body.as_bytes(),
    )))
}

#[test]
fn a_deep_answer_is_an_error() {
    for deep in [lists(100_000), objects(100_000), "[".repeat(100_000)] {
        for body in [
            deep.clone(),
            format!(r#"{{"Response":{deep}}}"#),
            format!(r#"{{"Response":{{"Total":0,"TransactionList":{deep},"RequestId":"r"}}}}"#),
            format!(r#"{{"Response":{{"Total":{deep},"TransactionList":[],"RequestId":"r"}}}}"#),
            format!(r#"{{"Response":{{"Total":0,"TransactionList":[],"RequestId":{deep}}}}}"#),
            format!(
                r#"{{"Response":{{"Error":{{"Code":"A","Message":{deep}}},"RequestId":"r"}}}}"#
            ),
            format!(r#"{{"Response":{{"Error":{deep},"RequestId":"r"}}}}"#),
        ] {
            assert!(read::<DescribeBillList>(&body).is_err());
            let error = read::<Untyped>(&body).unwrap_err();
            assert!(error.to_string().len() < 2_000, "{error}");
        }
    }
}

#[test]
fn a_deep_field_that_nobody_reads_is_left_out_as_any_other() {
    let body = |new: &str| {
        format!(r#"{{"Response":{{"New":{new},"Total":0,"TransactionList":[],"RequestId":"r"}}}}"#)
    };
    let deep = read::<DescribeBillList>(&body(&lists(100_000))).unwrap();
    assert_eq!(deep, read::<DescribeBillList>(&body("1")).unwrap());
}

#[test]
fn an_untyped_field_is_as_deep_as_can_be_read() {
    for nested in [lists, objects] {
        let body = |depth| {
            format!(
                r#"{{"Response":{{"A":{},"RequestId":"r"}}}}"#,
                nested(depth)
            )
        };
        let fields = read::<Untyped>(&body(127)).unwrap().output;
        let value: serde_json::Value = fields.read("A").unwrap();
        assert!(!value.is_null());
        assert_eq!(fields.to_value()["A"], value);
        let error = read::<Untyped>(&body(128)).unwrap_err();
        assert!(matches!(&error, Error::Decode { .. }), "{error}");
        assert_eq!(error.request_id(), Some("r"));
    }
}

/// An input of any JSON, named as an action that the emulator knows.
#[derive(Serialize)]
struct Deep {
    #[serde(rename = "Offset")]
    offset: Box<RawValue>,
}

impl Action for Deep {
    const SERVICE: &'static str = DescribeBillList::SERVICE;
    const VERSION: &'static str = DescribeBillList::VERSION;
    const NAME: &'static str = DescribeBillList::NAME;
    type Output = serde_json::Value;
}

#[test]
fn a_deep_input_is_an_error_on_either_side() {
    for nested in [lists, objects] {
        let deep = Deep {
            offset: RawValue::from_string(nested(100_000)).unwrap(),
        };
        let session =
            |wire| Session::new(credential()).with_settings(Settings::default().with_wire(wire));
        let request = request::sign(&deep, &mut session(Wire::Post), START).unwrap();
        let answer = Emulator::new(credential()).handle(START, &request);
        let refused = response::read::<Deep>(&answer).unwrap_err();
        assert_eq!(refused.refusal().unwrap().code(), "InvalidParameter");

        // A query has to be flattened first, unless it is too long anyhow.
        let flattened = request::sign(&deep, &mut session(Wire::Get), START);
        assert!(matches!(flattened, Err(Error::Input(invalid)) if invalid.field() == "input"));
        let deep = Deep {
            offset: RawValue::from_string(nested(1_000)).unwrap(),
        };
        let flattened = request::sign(&deep, &mut session(Wire::Get), START);
        assert!(matches!(flattened, Err(Error::Encode { .. })));
    }
    let name = "A.".repeat(10_000) + "A";
    let action = Untyped::new(
        "billing",
        "2018-07-09",
        "DescribeBillList",
        serde_json::json!({name: 1}),
    );
    let settings = Settings::default().with_wire(Wire::Get);
    let mut session = Session::new(credential()).with_settings(settings);
    let request = request::sign(&action, &mut session, START).unwrap();
    let answer = Emulator::new(credential()).handle(START, &request);
    let refused = response::read::<Untyped>(&answer).unwrap_err();
    assert_eq!(refused.refusal().unwrap().code(), "InvalidParameter");
}

#[test]
fn a_deep_walk_is_an_error() {
    let walk = Walk::from(DescribeBillList::new(
        "2024-01-01 00:00:00".parse().unwrap(),
        "2024-01-31 23:59:59".parse().unwrap(),
    ));
    let stored = serde_json::to_value(&walk).unwrap();
    for field in stored.as_object().unwrap().keys() {
        let mut stored = stored.clone();
        stored[field] = "here".into();
        for nested in [lists, objects] {
            let deep = stored.to_string().replace(r#""here""#, &nested(100_000));
            assert!(
                serde_json::from_str::<Walk<DescribeBillList>>(&deep).is_err(),
                "{field}"
            );
        }
    }
}
