//! What serde writes of a role holds its keys, since that is what it is asked for; nothing else shows them.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tc3_core::{
    Reply,
    sts::{AssumeRoleWithWebIdentity, AssumedRole},
};

use super::{
    assert_clean,
    marks::{KEY, TOKEN, Texts},
};

#[test]
fn a_token_that_is_a_number_is_not_shown() {
    let mut number = identity();
    number["WebIdentityToken"] = json!(123_454_321);
    let error = serde_json::from_value::<AssumeRoleWithWebIdentity>(number).unwrap_err();
    assert_eq!(error.to_string(), "a secret must be a text");
}

fn role() -> Value {
    json!({
        "Credentials": {"TmpSecretId": "AKIDEXAMPLE", "TmpSecretKey": KEY, "Token": TOKEN},
        "ExpiredTime": 1_760_000_000,
        "Expiration": null,
    })
}

fn identity() -> Value {
    json!({
        "ProviderId": "provider",
        "WebIdentityToken": TOKEN,
        "RoleArn": "qcs",
        "RoleSessionName": "report",
        "DurationSeconds": 60,
    })
}

/// All that a text says, each name and each value put where another one belongs.
fn misplaced(whole: &Value) -> Vec<Value> {
    let object = whole.as_object().unwrap();
    let values: Vec<Value> = object.values().cloned().collect();
    let mut all = vec![Value::Null, TOKEN.into(), values.clone().into()];
    for name in object.keys() {
        let mut less = object.clone();
        less.remove(name);
        all.push(less.into());
        let others = [json!([TOKEN]), json!({ "Inner": KEY }), Value::Null];
        for value in values.iter().cloned().chain(others) {
            let mut wrong = whole.clone();
            wrong[name] = value;
            all.push(wrong);
        }
        if object[name].is_object() {
            let inner = misplaced(&object[name]).into_iter();
            all.extend(inner.map(|inner| {
                let mut wrong = whole.clone();
                wrong[name] = inner;
                wrong
            }));
        }
    }
    let mut more = whole.clone();
    more["Colour"] = KEY.into();
    all.push(more);
    all
}

/// Takes note of each error in reading what is not whole, and returns how many there were.
fn errors<T: DeserializeOwned>(texts: &mut Texts, whole: &Value) -> usize {
    let before = texts.0.len();
    for wrong in misplaced(whole) {
        let text = wrong.to_string();
        for error in [
            serde_json::from_value::<T>(wrong).err(),
            serde_json::from_str::<T>(&text).err(),
            serde_json::from_str::<T>(&text[..text.len() - 1]).err(),
        ]
        .into_iter()
        .flatten()
        {
            texts.error("an error in reading", &error);
        }
    }
    texts.0.len() - before
}

#[test]
fn what_is_stored_of_a_role_holds_its_keys_and_no_error_in_reading_it_does() {
    let taken: AssumedRole = serde_json::from_value(role()).unwrap();
    assert_eq!(serde_json::to_value(&taken).unwrap(), role());
    let to_take: AssumeRoleWithWebIdentity = serde_json::from_value(identity()).unwrap();
    assert_eq!(serde_json::to_value(&to_take).unwrap(), identity());

    let mut texts = Texts::default();
    texts.debug("AssumedRole", &taken);
    texts.debug("AssumeRoleWithWebIdentity", &to_take);
    assert!(errors::<AssumedRole>(&mut texts, &role()) > 20);
    assert!(errors::<AssumeRoleWithWebIdentity>(&mut texts, &identity()) > 20);
    let mut reply = role();
    reply["RequestId"] = "5e1f".into();
    assert!(errors::<Reply<AssumedRole>>(&mut texts, &reply) > 20);
    assert_clean(&texts);
}
