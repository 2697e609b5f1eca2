//! Fingerprints tell pages and records apart.

use alloc::{borrow::Cow, collections::BTreeMap, format, string::String, vec::Vec};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Paginate,
    pagination::PageInfo,
    wire::response::{self, Halves},
};

/// The hashes of a page and its records, the same on every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprint {
    /// Hash of all records, and of the token of the next page; `None` for an empty page without a token.
    pub(crate) content: Option<String>,
    /// Hash of what never changes in the records: their identities, else their JSON.
    pub(crate) identity: Option<String>,
    /// Hash of each record's identity, else of its JSON; empty if a record has neither.
    pub(crate) records: Vec<u64>,
}

impl Fingerprint {
    pub(crate) fn of<A: Paginate>(output: &mut A::Output, info: &PageInfo, body: &[u8]) -> Self {
        if info.len == 0 {
            // Empty pages differ by the page that they lead to.
            return Self {
                content: info.token.clone(),
                identity: info.token.clone(),
                ..Self::default()
            };
        }
        let text = String::from_utf8_lossy(body);
        let mended;
        let fields = match parse(&text) {
            Some(fields) => Some(fields),
            None => {
                mended = response::mended(&text, Halves::Kept);
                mended.as_deref().and_then(parse)
            }
        };
        let list = fields.as_ref();
        let list = list.and_then(|fields| find_list(fields, info.len, MAX_DEPTH));
        let mut content = match (&list, fields) {
            (Some(records), _) => hash_all(records),
            (None, None) => hash(body),
            // Records that are no list, e.g. an object's fields. Scalars, such as `RequestId` and totals, don't count.
            (None, Some(fields)) => {
                let values = fields.values().map(|value| value.get());
                let nested = values.filter(|json| json.starts_with(['{', '[']));
                hash_all(&nested.map(hash_json).collect::<Vec<_>>())
            }
        };
        let list = list.unwrap_or_default();
        let mut known = Vec::with_capacity(info.len);
        A::retain(output, &mut |item| {
            let identity = A::identity(item).map(|identity| hash(identity.as_bytes()));
            known.push(identity.or_else(|| list.get(known.len()).copied()));
            true
        });
        let known: Option<Vec<u64>> = known.into_iter().collect();
        let records = known.filter(|known| !known.is_empty()).unwrap_or(list);
        let identity = match &*records {
            [] => content,
            records => hash_all(records),
        };
        if let Some(token) = &info.token {
            // Equal pages with different tokens are different pages.
            content ^= hash(token.as_bytes()).rotate_left(1);
        }
        Self {
            content: Some(hex(content)),
            identity: Some(hex(identity)),
            records,
        }
    }

    /// Whether all records are equal, so that an equal page may be another one.
    pub(super) fn all_equal(&self) -> bool {
        let first = self.records.first();
        first.is_some_and(|first| self.records.iter().all(|record| record == first))
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "Response")]
    response: Fields<'a>,
}

/// The fields of `Response`; `None` if they can't be read.
fn parse(json: &str) -> Option<Fields<'_>> {
    let envelope: Envelope<'_> = serde_json::from_str(json).ok()?;
    Some(envelope.response)
}

/// An object's fields, in the order of their names.
type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

/// How deep in an answer its list may be.
const MAX_DEPTH: usize = 4;

/// The hashes of the elements of the first list of length `len`, in the object itself or else in an object within it.
fn find_list(fields: &Fields<'_>, len: usize, depth: usize) -> Option<Vec<u64>> {
    let depth = depth.checked_sub(1)?;
    let list = |json| {
        let records: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let hashes = records.iter().map(|record| hash_json(record.get()));
        (records.len() == len).then(|| hashes.collect())
    };
    let starting_with = |start: char| {
        let values = fields.values().map(|value| value.get());
        values.filter(move |json| json.starts_with(start))
    };
    starting_with('[').find_map(list).or_else(|| {
        starting_with('{').find_map(|object| {
            let fields = serde_json::from_str(object).unwrap_or_default();
            find_list(&fields, len, depth)
        })
    })
}

/// Hashes JSON eight bytes at a time, as FxHash does: a page may have a megabyte.
fn hash_json(json: &str) -> u64 {
    let (words, rest) = json.as_bytes().as_chunks();
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let length = u64::try_from(json.len()).unwrap_or(u64::MAX);
    words.iter().chain([&last]).fold(length, |hash, word| {
        (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}

/// FNV-1a: fast, and stable, as stored walks contain hashes. Nobody gains anything by a collision.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    extend(0xcbf2_9ce4_8422_2325, bytes)
}

/// Hashes more bytes into a hash.
fn extend(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn hash_all(hashes: &[u64]) -> u64 {
    hashes
        .iter()
        .fold(0, |all, hash| extend(all, &hash.to_le_bytes()))
}

/// The form in which walks store a hash.
pub(super) fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hash_is_fnv_1a() {
        // From the algorithm's own page of test vectors.
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hex(hash(b"foobar")), "85944171f73967e8");
    }

    #[test]
    fn json_that_differs_in_a_byte_or_its_length_has_another_hash() {
        let json = "0123456789abcdefghij";
        let mut hashes: Vec<u64> = (0..=json.len())
            .map(|end| hash_json(&json[..end]))
            .collect();
        for at in 0..json.len() {
            let mut other = String::from(json);
            other.replace_range(at..=at, "\0");
            hashes.push(hash_json(&other));
        }
        let all = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
        // Stored walks hold it, so it stays what it is.
        assert_eq!(hex(hash_json(json)), "ce40a94c8789ee2b");
    }

    #[derive(serde::Serialize)]
    struct Rows;

    impl crate::Action for Rows {
        const SERVICE: &'static str = "cvm";
        const VERSION: &'static str = "2017-03-12";
        const NAME: &'static str = "DescribeRows";
        type Output = usize;
    }

    impl Paginate for Rows {
        type Item = ();
        const PAGING: crate::pagination::Paging = crate::pagination::Paging::ItemOffset;
        const PAGE_SIZE: u32 = 2;

        fn turn_to(&mut self, _: &crate::pagination::Slot) {}

        fn page_info(len: &usize) -> PageInfo {
            PageInfo::new(*len)
        }

        fn into_items(_: usize) -> Vec<()> {
            Vec::new()
        }
    }

    fn fingerprint(mut len: usize, response: &str) -> Fingerprint {
        let body = format!(r#"{{"Response":{response}}}"#);
        let info = PageInfo::new(len);
        Fingerprint::of::<Rows>(&mut len, &info, body.as_bytes())
    }

    #[test]
    fn records_alone_tell_pages_apart() {
        let one = fingerprint(
            2,
            r#"{"Rows":[{"A":1},{"A":11}],"Total":2,"RequestId":"1"}"#,
        );
        assert!(!one.all_equal() && one.content.is_some());
        for again in [
            // The total, the RequestId (even if its text occurs elsewhere), sums and other lists don't count.
            r#"{"RequestId":"2","Rows":[{"A":1},{"A":11}],"Total":3,"Sum":{"A":5}}"#,
            r#"{"Rows":[{"A":1},{"A":11}],"\u0054otal":2,"Columns":["A"],"RequestId":"11"}"#,
            r#"{"Data":{"Total":7,"Rows":[{"A":1},{"A":11}]},"RequestId":"1"}"#,
        ] {
            assert_eq!(fingerprint(2, again).content, one.content, "{again}");
        }
        let other = fingerprint(
            2,
            r#"{"Rows":[{"A":2},{"A":12}],"Total":2,"RequestId":"1"}"#,
        );
        assert_ne!(other.content, one.content);
        // Records may be the fields of an object.
        let object = |value: u8| {
            let response =
                format!(r#"{{"Rows":{{"a":{{"A":{value}}}}},"Total":2,"RequestId":"1"}}"#);
            fingerprint(1, &response).content
        };
        assert_ne!(object(1), object(2));
    }

    #[test]
    fn a_body_that_cannot_be_read_is_known_by_its_bytes() {
        let body = |text: &str| fingerprint(1, text).content;
        assert_eq!(body("[1]"), body("[1]"));
        assert_ne!(body("[1]"), body("[2]"));
    }

    proptest! {
        #[test]
        fn a_page_that_is_not_quite_json_is_known_by_its_records(
            note in r"[\x00-\x1fa ]{0,3}(\\[dDx]|\x01)[\x00-\x1fa ]{0,3}",
            row in r"[a-c\t\x02]{1,4}",
            others in prop::collection::vec("[a-c\t]{1,4}", 1..4),
        ) {
            let page = |note: &str, rows: &[String]| {
                let response = format!(r#"{{"Note":"{note}","Rows":["{}"]}}"#, rows.join(r#"",""#));
                fingerprint(rows.len(), &response)
            };
            let mut rows = others;
            rows.push(row);
            // As it should have been written.
            let mended = page("", &rows.iter().map(|row| {
                row.replace('\t', r"\u0009").replace('\x02', r"\u0002")
            }).collect::<Vec<_>>());
            let known = page(&note, &rows);
            prop_assert_eq!(&known.content, &mended.content);
            prop_assert_eq!(&known.records, &mended.records);
            rows.push("another".into());
            prop_assert_ne!(known.content, page(&note, &rows).content);
        }
    }

    #[test]
    fn a_page_of_equal_records_may_be_another_one() {
        for (len, response, all_equal) in [
            (1, r#"{"Rows":[7]}"#, true),
            (3, r#"{"Rows":[7,7,7],"Columns":["a","b"]}"#, true),
            (3, r#"{"Rows":[7,7,8]}"#, false),
            (3, r#"{"Rows":{"a":7}}"#, false),
        ] {
            assert_eq!(
                fingerprint(len, response).all_equal(),
                all_equal,
                "{response}"
            );
        }
    }

    #[test]
    fn an_equal_page_that_leads_elsewhere_is_another_one() {
        let content = |token: &str| {
            let info = PageInfo::new(1).with_token(Some(token.into()));
            Fingerprint::of::<Rows>(&mut 1, &info, br#"{"Response":{"Rows":[7]}}"#).content
        };
        assert_ne!(content("a"), content("b"));
        // Stored walks contain it, so it must not change.
        let both = hash_all(&[hash_json("7")]) ^ hash(b"a").rotate_left(1);
        assert_eq!(content("a"), Some(hex(both)));
    }

    #[derive(serde::Serialize)]
    struct Named;

    impl crate::Action for Named {
        const SERVICE: &'static str = "cvm";
        const VERSION: &'static str = "2017-03-12";
        const NAME: &'static str = "DescribeNames";
        type Output = Vec<Option<String>>;
    }

    impl Paginate for Named {
        type Item = Option<String>;
        const PAGING: crate::pagination::Paging = crate::pagination::Paging::ItemOffset;
        const PAGE_SIZE: u32 = 2;

        fn turn_to(&mut self, _: &crate::pagination::Slot) {}

        fn page_info(names: &Vec<Option<String>>) -> PageInfo {
            PageInfo::new(names.len())
        }

        fn into_items(names: Vec<Option<String>>) -> Vec<Option<String>> {
            names
        }

        fn retain(names: &mut Vec<Option<String>>, keep: &mut dyn FnMut(&Option<String>) -> bool) {
            names.retain(keep);
        }

        fn identity(name: &Option<String>) -> Option<Cow<'_, str>> {
            name.as_deref().map(Cow::Borrowed)
        }
    }

    #[test]
    fn each_record_is_known_by_its_identity_or_else_by_its_json() {
        for (mut names, body, records) in [
            (
                alloc::vec![Some("a".into()), Some("b".into())],
                r#"{"Response":{"Names":["a","b"]}}"#,
                &[hash(b"a"), hash(b"b")][..],
            ),
            (
                alloc::vec![Some("a".into()), None],
                r#"{"Response":{"Names":["a",null]}}"#,
                &[hash(b"a"), hash_json("null")],
            ),
        ] {
            let info = PageInfo::new(2);
            let known = Fingerprint::of::<Named>(&mut names, &info, body.as_bytes());
            assert_eq!(known.records, records);
            assert!(!known.all_equal(), "{body}");
        }
    }
}
