use alloc::{borrow::Cow, collections::BTreeMap, format, string::String, vec::Vec};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{PageInfo, Paginate};

/// What tells a page and its records from others, the same on every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprint {
    /// Of the whole page; `None` where it holds nothing that could tell.
    pub(crate) page: Option<String>,
    /// Of each record.
    pub(crate) records: Vec<u64>,
    /// Whether each record's is that of its identity.
    pub(crate) identified: bool,
    /// Whether all records have the same fingerprint, so that an equal page may be another one.
    pub(crate) alike: bool,
}

impl Fingerprint {
    /// By the records' [`identity`](Paginate::identity), or else by their JSON in the answer's body.
    pub(crate) fn of<A: Paginate>(output: &mut A::Output, info: &PageInfo, body: &[u8]) -> Self {
        if info.len == 0 {
            // Empty pages differ by the page that they lead to.
            return Self {
                page: info.token.clone(),
                ..Self::default()
            };
        }
        let mut items = 0_usize;
        let mut records = Vec::with_capacity(info.len);
        A::retain(output, &mut |item| {
            items = items.saturating_add(1);
            records.extend(A::identity(item).map(|identity| mark(identity.as_bytes())));
            true
        });
        let identified = items > 0 && records.len() == items;
        if !identified {
            records = marks_of_json(body);
        }
        let alike = records
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a == b));
        let mut all: Vec<u8> = records.iter().flat_map(|it| it.to_le_bytes()).collect();
        if alike && let Some(token) = &info.token {
            // By a token, a page of equal records is another one as long as it leads elsewhere.
            all.extend_from_slice(token.as_bytes());
        }
        Self {
            page: (!records.is_empty()).then(|| text(mark(&all))),
            records,
            identified,
            alike,
        }
    }
}

/// The mark of some bytes: FNV-1a, which is fast, and stays the same in walks that are stored. Nobody gains
/// anything by making two records with the same mark.
pub(crate) fn mark(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A mark as it is stored.
pub(crate) fn text(mark: u64) -> String {
    format!("{mark:016x}")
}

/// The marks of the elements of all lists in `Response`, or else of its objects. What else is there, such as a
/// total or the `RequestId`, says nothing of the records.
fn marks_of_json(body: &[u8]) -> Vec<u64> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow, rename = "Response")]
        response: BTreeMap<Cow<'a, str>, &'a RawValue>,
    }

    let body = String::from_utf8_lossy(body);
    let Ok(Answer { response }) = serde_json::from_str(&body) else {
        return Vec::new();
    };
    let begins_with = |with: char| {
        let values = response.values().map(|value| value.get());
        values.filter(move |value| value.starts_with(with))
    };
    let mut lists = begins_with('[').peekable();
    if lists.peek().is_none() {
        return begins_with('{').map(|it| mark(it.as_bytes())).collect();
    }
    lists
        .filter_map(|list| serde_json::from_str::<Vec<&RawValue>>(list).ok())
        .flatten()
        .map(|record| mark(record.get().as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_fnv_1a() {
        // From the algorithm's own page of test vectors.
        assert_eq!(mark(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(mark(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(text(mark(b"foobar")), "85944171f73967e8");
    }

    #[test]
    fn records_alone_tell_pages_apart() {
        let page = |body: &str| marks_of_json(format!(r#"{{"Response":{body}}}"#).as_bytes());
        let one = page(r#"{"Rows":[{"A":1},{"A":11}],"Total":2,"RequestId":"1"}"#);
        assert_eq!(one.len(), 2);
        assert_ne!(one[0], one[1]);
        // Neither the total, nor the id of the request, wherever its text may occur, nor sums.
        let again = page(r#"{"RequestId":"2","Rows":[{"A":1},{"A":11}],"Total":3,"Sum":{"A":5}}"#);
        assert_eq!(one, again);
        let other = page(r#"{"Rows":[{"A":2},{"A":12}],"Total":2,"RequestId":"1"}"#);
        assert_ne!(one, other);
        // Records may be the fields of an object, and names escaped.
        let object = page(r#"{"Rows":{"a":{"A":1}},"\u0054otal":2,"RequestId":"1"}"#);
        assert_ne!(
            object,
            page(r#"{"Rows":{"a":{"A":2}},"Total":2,"RequestId":"1"}"#)
        );
        assert!(page(r#"{"Total":2,"RequestId":"1"}"#).is_empty());
        assert!(marks_of_json(b"no JSON").is_empty());
    }
}
