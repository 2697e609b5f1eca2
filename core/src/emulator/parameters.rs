use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Refused, refuse};

/// How deep the names of a query are nested at the most; no parameter comes near it.
const MAX_DEPTH: usize = 8;

/// A parameter of an action.
pub(super) struct Field {
    name: &'static str,
    required: bool,
    kind: Kind,
}

/// What a parameter holds.
pub(super) enum Kind {
    Text,
    /// An integer of 64 bits; the second word is whether it may be negative.
    Integer {
        signed: bool,
    },
    TextList,
    Object(&'static [Field]),
}

pub(super) const fn required(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: true,
        kind,
    }
}

pub(super) const fn optional(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        required: false,
        kind,
    }
}

/// The parameters of a POST.
pub(super) fn from_json(body: &[u8], fields: &[Field]) -> Result<Map<String, Value>, Refused> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => check(map, fields, "", false),
        _ => refuse("InvalidParameter", "the body is not a JSON object"),
    }
}

/// The parameters of a GET, in which everything is text.
pub(super) fn from_query(query: &str, fields: &[Field]) -> Result<Map<String, Value>, Refused> {
    let mut root = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let mut path: Vec<&str> = name.split('.').collect();
        if path.len() > MAX_DEPTH {
            return refuse("InvalidParameter", "a parameter is nested too deep");
        }
        let last = path.pop().unwrap_or_default();
        let mut at = &mut root;
        for key in path {
            let inner = at.entry(key).or_insert_with(|| Value::Object(Map::new()));
            at = match inner {
                Value::Object(map) => map,
                _ => {
                    return refuse(
                        "InvalidParameter",
                        format!("{name} is both a value and an object"),
                    );
                }
            };
        }
        if at.insert(last.into(), value.into()).is_some() {
            return refuse("InvalidParameter", format!("{name} is given twice"));
        }
    }
    check(root, fields, "", true)
}

/// The typed input of an action, from parameters that have been checked for names and types.
pub(super) fn typed<A: DeserializeOwned>(
    input: Map<String, Value>,
    code: &'static str,
) -> Result<A, Refused> {
    serde_path_to_error::deserialize(Value::Object(input)).map_err(|located| {
        Refused::new(
            code,
            format!("the parameter `{}`: {}", located.path(), located.inner()),
        )
    })
}

/// Checks names and types, and gives the texts of a query the types of their parameters.
fn check(
    mut given: Map<String, Value>,
    fields: &[Field],
    within: &str,
    texts: bool,
) -> Result<Map<String, Value>, Refused> {
    given.retain(|_, value| !value.is_null());
    if let Some(unknown) = given
        .keys()
        .find(|name| fields.iter().all(|field| field.name != name.as_str()))
    {
        return refuse(
            "UnknownParameter",
            format!("the parameter `{within}{unknown}` is not known"),
        );
    }
    for field in fields {
        let path = format!("{within}{}", field.name);
        match given.remove(field.name) {
            Some(value) => {
                let value = field.kind.check(value, &path, texts)?;
                given.insert(field.name.into(), value);
            }
            None if field.required => {
                return refuse(
                    "MissingParameter",
                    format!("the parameter `{path}` is missing"),
                );
            }
            None => {}
        }
    }
    Ok(given)
}

impl Kind {
    fn check(&self, value: Value, path: &str, texts: bool) -> Result<Value, Refused> {
        let wrong = |expected: &str| {
            refuse(
                "InvalidParameter",
                format!("the parameter `{path}` must be {expected}"),
            )
        };
        match (self, value) {
            (Self::Text, value @ Value::String(_)) => Ok(value),
            (Self::Text, _) => wrong("a text"),
            (Self::Integer { signed }, value) => {
                let number = match &value {
                    Value::Number(number) => number
                        .as_i64()
                        .or_else(|| number.as_u64().map(|_| i64::MAX)),
                    // The canonical form alone: no plus sign, no leading zeros.
                    Value::String(text) if texts => {
                        let number = text.parse().ok();
                        number.filter(|number: &i64| number.to_string() == *text)
                    }
                    _ => None,
                };
                match number {
                    Some(number) if *signed || number >= 0 => Ok(number.into()),
                    _ if *signed => wrong("an integer"),
                    _ => wrong("an integer that is not negative"),
                }
            }
            (Self::TextList, Value::Array(list)) => {
                if list.iter().all(Value::is_string) {
                    Ok(Value::Array(list))
                } else {
                    wrong("a list of texts")
                }
            }
            // A query writes a list as places counted from 0.
            (Self::TextList, Value::Object(mut map)) if texts => {
                let places = 0..map.len();
                let list: Option<Vec<Value>> =
                    places.map(|place| map.remove(&place.to_string())).collect();
                match list {
                    Some(list) if list.iter().all(Value::is_string) => Ok(Value::Array(list)),
                    _ => wrong("a list of texts"),
                }
            }
            (Self::TextList, _) => wrong("a list of texts"),
            (Self::Object(fields), Value::Object(map)) => {
                check(map, fields, &format!("{path}."), texts).map(Value::Object)
            }
            (Self::Object(_), _) => wrong("an object"),
        }
    }
}
