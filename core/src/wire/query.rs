//! Flattens JSON into the names and values of a query.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// The maximum depth of nested lists and objects, which is that of `serde_json`.
pub(crate) const MAX_DEPTH: usize = 127;

/// Calls `pair` for each text, number and boolean in order. Nested names are joined with dots, and list elements are
/// counted from 0. A number keeps its digits; null is skipped.
pub(crate) fn each(json: &str, pair: &mut dyn FnMut(&str, &str)) -> Result<(), serde_json::Error> {
    value(&mut String::new(), json, MAX_DEPTH, pair)
}

fn value(
    name: &mut String,
    json: &str,
    depth: usize,
    pair: &mut dyn FnMut(&str, &str),
) -> Result<(), serde_json::Error> {
    match json.as_bytes().first() {
        Some(b'{' | b'[') => {
            let depth = depth
                .checked_sub(1)
                .ok_or_else(|| serde_json::Error::custom("it is nested too deep"))?;
            let Members(members) = serde_json::from_str(json)?;
            let outer = name.len();
            for (inner, json) in members {
                if outer > 0 {
                    name.push('.');
                }
                name.push_str(&inner);
                value(name, json.get(), depth, pair)?;
                name.truncate(outer);
            }
        }
        Some(b'"') => pair(name, &serde_json::from_str::<String>(json)?),
        Some(b'n') => {}
        _ => pair(name, json),
    }
    Ok(())
}

/// The values of an object or a list, by name or index.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Members<'de>, S::Error> {
                let mut members = Vec::new();
                while let Some(value) = list.next_element()? {
                    members.push((members.len().to_string(), value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_any(All)
    }
}
