use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use serde_json::{Map, Value};

use super::super::script::PageFaults;

/// The lists to which records were added.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrownLists(Vec<(Key, NewRecords)>);

/// The action, and what the request has for each of [`RANGE`].
type Key = (String, [String; 3]);

/// The parameters that are the range of a list.
const RANGE: [&str; 3] = ["StartTime", "EndTime", "Month"];

/// The records that were added to a list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NewRecords {
    /// The number of the list among those with added records.
    list: u64,
    head: u64,
    tail: u64,
}

/// The end of the list to which a record was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Head,
    Tail,
}

/// A record that was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewRecord {
    /// The number of its list.
    pub(crate) list: u64,
    pub(crate) end: End,
    /// How many records were added to this end before it.
    pub(crate) number: u64,
}

impl GrownLists {
    /// Adds the scripted records to the requested list, and returns all that were added to it so far.
    pub(crate) fn grow(
        &mut self,
        action: &str,
        input: &Map<String, Value>,
        faults: &PageFaults,
    ) -> NewRecords {
        let text = |name| input.get(name).and_then(Value::as_str).unwrap_or_default();
        let range = RANGE.map(text);
        let lists = self.0.len();
        let known = self.0.iter_mut().find(|((of, at), _)| {
            let at = at.each_ref().map(String::as_str);
            (of.as_str(), at) == (action, range)
        });
        let mut added = match &known {
            Some((_, added)) => *added,
            None => NewRecords {
                list: u64::try_from(lists).unwrap_or(u64::MAX),
                ..NewRecords::default()
            },
        };
        added.head = added.head.saturating_add(faults.head);
        added.tail = added.tail.saturating_add(faults.tail);
        match known {
            Some((_, known)) => *known = added,
            None if added.count() > 0 => {
                let range = range.map(|text| text.to_string());
                self.0.push(((action.to_string(), range), added));
            }
            None => {}
        }
        added
    }
}

impl NewRecords {
    /// The number of added records.
    pub(crate) const fn count(self) -> u64 {
        self.head.saturating_add(self.tail)
    }

    /// The list without its first `skipped` records: its head, the ledger's own `count` records and its tail.
    pub(crate) fn page<T, L: Iterator<Item = Option<T>>>(
        self,
        count: u64,
        skipped: u64,
        limit: usize,
        ledger: impl FnOnce(u64) -> L,
        added: impl Fn(NewRecord) -> Option<T>,
    ) -> Option<Vec<T>> {
        let new = |end, number| NewRecord {
            list: self.list,
            end,
            number,
        };
        // The newest record is the outermost.
        let heads = (0..self.head.saturating_sub(skipped)).rev();
        let skipped_tails = skipped.saturating_sub(self.head.saturating_add(count));
        heads
            .map(|number| added(new(End::Head, number)))
            .chain(ledger(skipped.saturating_sub(self.head)))
            .chain((skipped_tails..self.tail).map(|number| added(new(End::Tail, number))))
            .take(limit)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;

    #[test]
    fn every_page_is_a_slice_of_head_ledger_and_tail() {
        let added = NewRecords {
            list: 0,
            head: 2,
            tail: 3,
        };
        let whole = vec![
            "Head1", "Head0", "0", "1", "2", "3", "Tail0", "Tail1", "Tail2",
        ];
        for skipped in 0..11 {
            for limit in 0..11 {
                let page = added.page(
                    4,
                    skipped as u64,
                    limit,
                    |skipped| (skipped..4).map(|index| Some(index.to_string())),
                    |new| Some(format!("{:?}{}", new.end, new.number)),
                );
                let rest = whole.get(skipped..).unwrap_or_default();
                let expected = rest.get(..limit).unwrap_or(rest);
                assert_eq!(page.unwrap(), expected, "{limit} after {skipped}");
            }
        }
    }
}
