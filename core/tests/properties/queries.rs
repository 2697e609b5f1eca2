//! A GET says what the POST of the same action says, digit for digit.

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde::Serialize;
use serde_json::value::RawValue;
use tc3_core::{Action, Credential, Session, Settings, UnixTime, session::Wire, wire::request};

use super::cases;

/// An input of any JSON.
#[derive(Serialize)]
#[serde(transparent)]
struct Raw(Box<RawValue>);

impl Action for Raw {
    const SERVICE: &'static str = "cvm";
    const VERSION: &'static str = "2017-03-12";
    const NAME: &'static str = "DescribeZones";
    type Output = serde_json::Value;
}

/// JSON as it is written.
#[derive(Clone, Debug)]
enum Json {
    Null,
    /// A number or a truth value.
    Word(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    fn write(&self, json: &mut String) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        match self {
            Self::Null => json.push_str("null"),
            Self::Word(word) => json.push_str(word),
            Self::Text(text) => json.push_str(&quoted(text)),
            Self::List(list) => {
                json.push('[');
                for (place, value) in list.iter().enumerate() {
                    json.push_str(if place > 0 { " ,\n" } else { "" });
                    value.write(json);
                }
                json.push(']');
            }
            Self::Object(fields) => {
                json.push('{');
                for (place, (name, value)) in fields.iter().enumerate() {
                    json.push_str(if place > 0 { ", " } else { "" });
                    json.push_str(&quoted(name));
                    json.push_str(" : ");
                    value.write(json);
                }
                json.push('}');
            }
        }
    }

    fn pairs(&self, path: &[String], pairs: &mut Vec<(String, String)>) {
        let value = match self {
            Self::Null => return,
            Self::Word(text) | Self::Text(text) => text.clone(),
            Self::List(list) => {
                for (place, value) in list.iter().enumerate() {
                    value.pairs(&[path, &[place.to_string()]].concat(), pairs);
                }
                return;
            }
            Self::Object(fields) => {
                for (name, value) in fields {
                    value.pairs(&[path, std::slice::from_ref(name)].concat(), pairs);
                }
                return;
            }
        };
        pairs.push((path.join("."), value));
    }
}

fn json() -> impl Strategy<Value = Json> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u128>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?",
        any::<f64>().prop_map(|number| serde_json::to_string(&number).unwrap()),
        "true|false",
    ];
    let leaf = prop_oneof![
        1 => Just(Json::Null),
        4 => number.prop_map(|word| Json::Word(if word == "null" { "0".into() } else { word })),
        2 => any::<String>().prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            fields(inner).prop_map(Json::Object),
        ]
    })
}

fn fields(values: impl Strategy<Value = Json>) -> impl Strategy<Value = Vec<(String, Json)>> {
    prop::collection::vec(("[A-Za-z]{1,6}|\\PC{1,4}", values), 0..5)
}

fn session(wire: Wire) -> Session {
    let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
    Session::new(credential).with_settings(Settings::default().with_wire(wire))
}

fn query<A: Action>(action: &A) -> Vec<(String, String)> {
    let signed = request::sign(
        action,
        &mut session(Wire::Get),
        UnixTime::new(1_760_000_000),
    );
    let signed = signed.unwrap();
    let query = signed.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

fn same(fields: Vec<(String, Json)>) -> TestCaseResult {
    let input = Json::Object(fields);
    let (mut json, mut pairs) = (String::new(), Vec::new());
    input.write(&mut json);
    input.pairs(&[], &mut pairs);
    let action = Raw(RawValue::from_string(json.clone()).unwrap());
    prop_assert_eq!(query(&action), pairs);
    let posted = request::sign(
        &action,
        &mut session(Wire::Post),
        UnixTime::new(1_760_000_000),
    );
    let posted = posted.unwrap().into_body();
    prop_assert_eq!(&posted[..], json.as_bytes());
    Ok(())
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_query_has_the_digits_and_texts_of_a_body_in_its_order(fields in fields(json())) {
        same(fields)?;
    }
}

#[test]
fn a_number_keeps_its_digits_in_a_query() {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Numbers {
        zone: f64,
        count: u128,
        raw: Box<RawValue>,
        amount: f64,
    }
    impl Action for Numbers {
        const SERVICE: &'static str = Raw::SERVICE;
        const VERSION: &'static str = Raw::VERSION;
        const NAME: &'static str = Raw::NAME;
        type Output = serde_json::Value;
    }

    let raw = "0.123456789012345678901234567890";
    let numbers = Numbers {
        zone: 92.090_000_000_000_03,
        count: u128::MAX,
        raw: RawValue::from_string(raw.into()).unwrap(),
        amount: 1e21,
    };
    let posted = serde_json::to_string(&numbers).unwrap();
    let pairs = query(&numbers);
    for (name, digits) in &pairs {
        assert!(
            posted.contains(&format!("\"{name}\":{digits}")),
            "{name}={digits}: {posted}"
        );
    }
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["Zone", "Count", "Raw", "Amount"]);
    assert_eq!(pairs[0].1, "92.09000000000003");
    assert_eq!(
        (pairs[1].1.as_str(), pairs[2].1.as_str()),
        ("340282366920938463463374607431768211455", raw)
    );
}
