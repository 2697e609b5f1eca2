use alloc::{borrow::Cow, collections::BTreeMap, format, string::String, vec::Vec};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Paginate, pagination::PageInfo};

/// What tells a page and its records from others, the same on every machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fingerprint {
    /// Of all that the page holds, and of the page that it leads to; `None` where there is nothing that could tell.
    pub(crate) content: Option<String>,
    /// Of what never changes in its records.
    pub(crate) page: Option<String>,
    /// Of each record, by its identity or else its JSON; empty where that can't be told.
    pub(crate) records: Vec<u64>,
    /// Whether all records are equal, so that an equal page may be another one.
    pub(crate) alike: bool,
}

impl Fingerprint {
    /// By the records' [`identity`](Paginate::identity), and by their JSON in the answer's body.
    pub(crate) fn of<A: Paginate>(output: &mut A::Output, info: &PageInfo, body: &[u8]) -> Self {
        if info.len == 0 {
            // Empty pages differ by the page that they lead to.
            return Self {
                content: info.token.clone(),
                page: info.token.clone(),
                ..Self::default()
            };
        }
        let mut identities = Vec::with_capacity(info.len);
        A::retain(output, &mut |item| {
            let identity = A::identity(item);
            identities.push(identity.map(|identity| mark(identity.as_bytes())));
            true
        });
        let body = String::from_utf8_lossy(body);
        let response = serde_json::from_str(&body).map(|Envelope { response }| response.get());
        let response = response.unwrap_or_default();
        let list = list_of(response, info.len, DEPTH);
        let mut content = match &list {
            Some(marks) => all_of(marks),
            // Records that are no list: the id of the request and totals are no part of them.
            None => fields(response)
                .filter(|json| json.starts_with(['{', '[']))
                .fold(0, |content, json| go_on(content, json.as_bytes())),
        };
        let list = list.unwrap_or_default();
        let own = (0..)
            .zip(identities)
            .map(|(at, own)| own.or_else(|| list.get(at).copied()));
        let own: Option<Vec<u64>> = own.collect();
        let records = own.filter(|own| !own.is_empty()).unwrap_or(list);
        let alike = records
            .split_first()
            .is_some_and(|(first, others)| others.iter().all(|other| other == first));
        let page = match &*records {
            [] => content,
            marks => all_of(marks),
        };
        if let Some(token) = &info.token {
            // By a token, an equal page is another one as long as it leads elsewhere.
            content ^= mark(token.as_bytes()).rotate_left(1);
        }
        Self {
            content: Some(text(content)),
            page: Some(text(page)),
            records,
            alike,
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "Response")]
    response: &'a RawValue,
}

/// How deep in an answer its list may be.
const DEPTH: usize = 4;

/// The marks of what the first list holds that is so long in an object, or else in an object within it.
fn list_of(object: &str, len: usize, depth: usize) -> Option<Vec<u64>> {
    let depth = depth.checked_sub(1)?;
    let list = |text| {
        let records: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        let marks = records.iter().map(|record| mark(record.get().as_bytes()));
        (records.len() == len).then(|| marks.collect())
    };
    let beginning_with = |with: char| fields(object).filter(move |text| text.starts_with(with));
    beginning_with('[')
        .find_map(list)
        .or_else(|| beginning_with('{').find_map(|object| list_of(object, len, depth)))
}

/// The values of an object's fields, in the order of their names.
fn fields(object: &str) -> impl Iterator<Item = &str> {
    let fields: BTreeMap<Cow<'_, str>, &RawValue> =
        serde_json::from_str(object).unwrap_or_default();
    fields.into_values().map(RawValue::get)
}

/// The mark of some bytes: FNV-1a, which is fast, and stays the same in walks that are stored. Nobody gains
/// anything by making two records with the same mark.
pub(crate) fn mark(bytes: &[u8]) -> u64 {
    go_on(0xcbf2_9ce4_8422_2325, bytes)
}

/// The mark of what a mark is of and some more bytes.
fn go_on(mark: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(mark, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The mark of all these.
fn all_of(marks: &[u64]) -> u64 {
    marks
        .iter()
        .fold(0, |all, mark| go_on(all, &mark.to_le_bytes()))
}

/// A mark as it is stored.
pub(crate) fn text(mark: u64) -> String {
    format!("{mark:016x}")
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
        assert!(!one.alike && one.content.is_some());
        for again in [
            // Neither the total, nor the id of the request, wherever its text may occur, nor sums, nor other lists.
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
    fn a_page_of_equal_records_may_be_another_one() {
        for (len, response, alike) in [
            (1, r#"{"Rows":[7]}"#, true),
            (3, r#"{"Rows":[7,7,7],"Columns":["a","b"]}"#, true),
            (3, r#"{"Rows":[7,7,8]}"#, false),
            (3, r#"{"Rows":{"a":7}}"#, false),
        ] {
            assert_eq!(fingerprint(len, response).alike, alike, "{response}");
        }
    }

    #[test]
    fn an_equal_page_that_leads_elsewhere_is_another_one() {
        let content = |token: &str| {
            let info = PageInfo::new(1).with_token(Some(token.into()));
            Fingerprint::of::<Rows>(&mut 1, &info, br#"{"Response":{"Rows":[7]}}"#).content
        };
        assert_ne!(content("a"), content("b"));
        // Stored walks hold it, so it stays what it is.
        let both = all_of(&[mark(b"7")]) ^ mark(b"a").rotate_left(1);
        assert_eq!(content("a"), Some(text(both)));
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
                &[mark(b"a"), mark(b"b")][..],
            ),
            (
                alloc::vec![Some("a".into()), None],
                r#"{"Response":{"Names":["a",null]}}"#,
                &[mark(b"a"), mark(b"null")],
            ),
        ] {
            let info = PageInfo::new(2);
            let known = Fingerprint::of::<Named>(&mut names, &info, body.as_bytes());
            assert_eq!(known.records, records);
            assert!(!known.alike, "{body}");
        }
    }
}
