//! Flattens JSON into the names and values of a query.

use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use serde::{
    Deserializer as _,
    de::{Error as _, MapAccess, Visitor},
};
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
    let inner: Vec<(String, &RawValue)> = match json.as_bytes().first() {
        Some(b'{') => {
            let mut object = Vec::new();
            members(json, &mut |name, value| {
                object.push((name, value));
                true
            })?;
            object
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
    if depth == 0 && !inner.is_empty() {
        return Err(serde_json::Error::custom("it is nested too deep"));
    }
    let outer = name.len();
    for (member, json) in inner {
        if outer > 0 {
            name.push('.');
        }
        name.push_str(&member);
        value(name, json.get(), depth.saturating_sub(1), pair)?;
        name.truncate(outer);
    }
    Ok(())
}

/// Calls `member` for each name and value of an object, in order. Returns an error if it returns `false`.
pub(crate) fn members<'de>(
    json: &'de str,
    member: &mut dyn FnMut(String, &'de RawValue) -> bool,
) -> Result<(), serde_json::Error> {
    struct Members<'f, 'de>(&'f mut dyn FnMut(String, &'de RawValue) -> bool);

    impl<'de> Visitor<'de> for Members<'_, 'de> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
            while let Some((name, value)) = map.next_entry()? {
                if !(self.0)(name, value) {
                    return Err(M::Error::custom("a member is refused"));
                }
            }
            Ok(())
        }
    }

    let mut json = serde_json::Deserializer::from_str(json);
    json.deserialize_map(Members(member))?;
    json.end()
}
