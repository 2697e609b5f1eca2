//! Flattens JSON into the names and values of a query.

use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use serde::de::Error as _;
use serde_json::value::RawValue;

/// The maximum depth of nested lists and objects, which is that of `serde_json`.
pub(crate) const MAX_DEPTH: usize = 127;

/// Calls `pair` for each text, number and boolean in order. Nested names are joined with dots, and list elements are
/// counted from 0. A number keeps its digits; null is skipped.
pub(crate) fn each(json: &[u8], pair: &mut dyn FnMut(&str, &str)) -> Result<(), serde_json::Error> {
    let json: &RawValue = serde_json::from_slice(json)?;
    value(&mut String::new(), json.get(), MAX_DEPTH, pair)
}

fn value(
    name: &mut String,
    json: &str,
    depth: usize,
    pair: &mut dyn FnMut(&str, &str),
) -> Result<(), serde_json::Error> {
    let members: Vec<(String, &RawValue)> = match json.as_bytes().first() {
        Some(b'{') => {
            let object: BTreeMap<_, &RawValue> = serde_json::from_str(json)?;
            let mut members: Vec<_> = object.into_iter().collect();
            // Each value is a part of the text, so this is their order there.
            members.sort_by_key(|(_, json)| json.get().as_ptr());
            members
        }
        Some(b'[') => {
            let list: Vec<_> = serde_json::from_str(json)?;
            (0_u32..).map(|at| at.to_string()).zip(list).collect()
        }
        first => {
            match first {
                Some(b'"') => pair(name, &serde_json::from_str::<String>(json)?),
                Some(b'n') => {}
                _ => pair(name, json),
            }
            return Ok(());
        }
    };
    if depth == 0 && !members.is_empty() {
        return Err(serde_json::Error::custom("it is nested too deep"));
    }
    let outer = name.len();
    for (inner, json) in members {
        if outer > 0 {
            name.push('.');
        }
        name.push_str(&inner);
        value(name, json.get(), depth.saturating_sub(1), pair)?;
        name.truncate(outer);
    }
    Ok(())
}
