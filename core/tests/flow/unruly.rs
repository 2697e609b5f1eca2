//! Services that leave records out of a page, give fewer than were asked for, and change meanwhile: every record
//! comes once, or there is an error.

use proptest::{prelude::*, test_runner::TestCaseResult};
use serde_json::json;
use tc3_core::{Attempt, Error, Outcome, Settings, pagination::Prefetch};

use super::{
    answer, input,
    table::{CURSOR, ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, Table},
    world::World,
};
use crate::common::Client;

#[derive(Clone, Debug)]
struct Row {
    value: u64,
    /// Whether the service shows it, or leaves it out of a page after it has cut that.
    is_shown: bool,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
enum Total {
    True,
    None,
    /// So many fewer.
    Fewer(u64),
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Insert(usize),
    Remove(usize),
}

#[derive(Clone, Debug)]
struct Case {
    kind: usize,
    rows: Vec<Row>,
    /// Whether records may be equal.
    recurs: bool,
    total: Total,
    /// The fewest and the most records that the service gives at once, whatever is asked for.
    least: usize,
    most: usize,
    /// The most bytes, though never fewer than two records.
    bytes: usize,
    /// Whether an index counts pages of the size that the service gives, not of the one asked for.
    counts_own_pages: bool,
    limit: u32,
    width: usize,
    latencies: Vec<(u64, u64)>,
    /// After so many answers each.
    changes: Vec<(usize, Change)>,
    /// Whether what is not shown may go. By pages, nothing tells that it has gone.
    removes_hidden: bool,
}

impl Case {
    fn serve<const KIND: usize>(&mut self, answers: usize, attempt: &Attempt) -> Outcome {
        let (_, mut start, asked) = Table::place::<KIND>(&input(attempt));
        let limit = asked.max(self.least).min(self.most);
        if matches!(KIND, PAGE_INDEX | PAGE_NUMBER) && self.counts_own_pages {
            start = start / asked * limit;
        }
        let mut bytes = 0;
        let rows = self.rows.iter().skip(start).take(limit).enumerate();
        let cut = rows.take_while(|(at, row)| {
            bytes += row.bytes;
            *at < 2 || bytes <= self.bytes
        });
        let cut: Vec<_> = cut.collect();
        let token = (KIND == CURSOR).then(|| format!("before {}", start + cut.len()));
        let shown = cut.iter().filter(|(_, row)| row.is_shown);
        let page: Vec<u64> = shown.map(|(_, row)| row.value).collect();
        let count = self.shown().len() as u64;
        let total = match self.total {
            Total::True => Some(count),
            Total::None => None,
            Total::Fewer(fewer) => Some(count.saturating_sub(fewer)),
        };
        for (number, (after, change)) in self.changes.iter().enumerate() {
            if *after == answers {
                match change {
                    Change::Insert(at) => {
                        let row = Row {
                            value: 1_000 + number as u64,
                            is_shown: true,
                            bytes: 1,
                        };
                        self.rows.insert((*at).min(self.rows.len()), row);
                    }
                    Change::Remove(at) => {
                        let row = self.rows.get(*at);
                        if row.is_some_and(|row| row.is_shown || self.removes_hidden) {
                            self.rows.remove(*at);
                        }
                    }
                }
            }
        }
        answer(json!({"Rows": page, "Total": total, "Token": token}))
    }

    fn shown(&self) -> Vec<u64> {
        let shown = self.rows.iter().filter(|row| row.is_shown);
        shown.map(|row| row.value).collect()
    }
}

prop_compose! {
    fn case()(
        kind in prop_oneof![2 => Just(ITEM_OFFSET), 1 => Just(CURSOR), 1 => Just(PAGE_INDEX), 1 => Just(PAGE_NUMBER)],
        values in prop_oneof![2 => Just(u64::MAX), 1 => 1..5_u64],
        rows in prop::collection::vec((prop::bool::weighted(0.8), 1..6_usize), 0..50),
        filters in any::<bool>(),
        total in prop_oneof![Just(Total::True), Just(Total::None), (1..50_u64).prop_map(Total::Fewer)],
        least in prop_oneof![3 => Just(0), 1 => 2..14_usize],
        most in prop_oneof![Just(usize::MAX), 2..9_usize],
        bytes_at_once in prop_oneof![2 => Just(usize::MAX), 1 => 6..30_usize],
        counts_own_pages in any::<bool>(),
        limit in 2..12_u32,
        width in 1..5_usize,
        latencies in prop::collection::vec((1..40_u64, 1..40_u64), 1..4),
        // What comes and goes at once leaves the total as it is, so that nothing could tell.
        changes in prop_oneof![
            Just(Vec::new()),
            prop::collection::vec((0..12_usize, (0..50_usize).prop_map(Change::Insert)), 1..3),
            prop::collection::vec((0..12_usize, (0..50_usize).prop_map(Change::Remove)), 1..3),
        ],
    ) -> Case {
        let is_whole = most == usize::MAX && bytes_at_once == usize::MAX;
        // By numbers of pages one thing at a time can be told.
        let by_offset = matches!(kind, ITEM_OFFSET | CURSOR);
        let is_free = by_offset || is_whole;
        let recurs = values < u64::MAX && is_free;
        // Nothing tells how far the records of a page reach that leaves some out, and is longer than was asked for.
        let least = if filters || recurs || !is_free { 0 } else { least };
        let mut last = true;
        let rows = (0..).zip(rows).map(|(value, (is_shown, bytes))| {
            // Never two in a row, since an empty page ends a list.
            let filters = filters && is_free;
            last = is_shown || !last || !filters;
            Row { value: if recurs { value % values } else { value }, is_shown: last, bytes }
        });
        let rows = rows.collect();
        // What changes is told by the total alone.
        // By a cursor nobody can tell at all.
        let tells = matches!(total, Total::True) && !recurs && kind != CURSOR;
        let changes = if tells { changes } else { Vec::new() };
        Case { kind, rows, recurs, total, least, most, bytes: bytes_at_once, counts_own_pages, limit, width, latencies, changes, removes_hidden: false }
    }
}

fn holds<const KIND: usize>(case: &Case) -> TestCaseResult {
    let mut service = case.clone();
    let settings = Settings::default().with_rate("cvm", "DescribeRows", None);
    let mut world = World::new(Client::with_settings(settings.with_max_pages(1_000)));
    world.latencies.clone_from(&case.latencies);
    let mut planner = Prefetch::new(Rows::<KIND>::new(case.limit, 1)).with_width(case.width);
    let mut answers = 0;
    let walked = world.walk(&mut planner, |_, attempt| {
        answers += 1;
        service.serve::<KIND>(answers - 1, attempt)
    });
    let came = walked.pages.concat();
    let (before, after) = (case.shown(), service.shown());
    let mut once = came.clone();
    once.sort_unstable();
    once.dedup();
    match walked.error {
        None if case.changes.is_empty() => {
            // A short page that completes a total which lies.
            let agrees = before.starts_with(&came)
                && matches!(case.total, Total::Fewer(fewer) if came.len() as u64 + fewer == before.len() as u64);
            prop_assert!(came == before || agrees, "{came:?} of {before:?}");
        }
        None => {
            prop_assert_eq!(once.len(), came.len(), "{:?}", came);
            let stayed = before.iter().filter(|row| after.contains(row));
            for row in stayed {
                prop_assert!(came.contains(row), "{row} of {before:?}: {came:?}");
            }
        }
        // A page of records that recur may look like one that came before.
        Some(Error::Repeated { .. } | Error::Shifted { .. }) if case.recurs => {
            prop_assert!(before.starts_with(&came), "{came:?} of {before:?}");
        }
        Some(Error::Incomplete { .. } | Error::Shifted { .. }) => {
            if case.changes.is_empty() {
                prop_assert!(
                    !matches!(case.kind, ITEM_OFFSET | CURSOR),
                    "{came:?} of {before:?}"
                );
                prop_assert!(before.starts_with(&came), "{came:?} of {before:?}");
            } else {
                prop_assert_eq!(once.len(), came.len(), "{:?}", came);
            }
        }
        Some(error) => prop_assert!(false, "{error}"),
    }
    Ok(())
}

#[test]
fn a_list_that_moves_between_a_page_and_its_check_loses_and_doubles_nothing() {
    // No total tells: the row that goes was not shown.
    let hidden = [0, 2, 5, 7, 11, 14, 16, 18, 20, 22, 24];
    let rows = (0..26).map(|value| Row {
        value,
        is_shown: !hidden.contains(&value),
        bytes: 1,
    });
    let case = Case {
        kind: ITEM_OFFSET,
        rows: rows.collect(),
        recurs: false,
        total: Total::True,
        least: 0,
        most: usize::MAX,
        bytes: usize::MAX,
        counts_own_pages: false,
        limit: 3,
        width: 2,
        latencies: vec![(1, 1), (2, 1)],
        changes: vec![(11, Change::Remove(2))],
        removes_hidden: true,
    };
    holds::<ITEM_OFFSET>(&case).unwrap();
}

#[test]
fn a_list_that_moves_where_bytes_cut_a_page_loses_and_doubles_nothing() {
    // The list is another one when it is asked for fewer, and begins with the same records.
    let rows = [
        (0, false, 1),
        (1, true, 1),
        (2, true, 3),
        (3, false, 1),
        (4, true, 5),
        (5, true, 4),
        (6, true, 2),
        (7, true, 1),
    ];
    let rows = rows.map(|(value, is_shown, bytes)| Row {
        value,
        is_shown,
        bytes,
    });
    for after in 0..12 {
        for at in 0..8 {
            let case = Case {
                kind: ITEM_OFFSET,
                rows: rows.to_vec(),
                recurs: false,
                total: Total::True,
                least: 0,
                most: usize::MAX,
                bytes: 10,
                counts_own_pages: false,
                limit: 7,
                width: 1,
                latencies: vec![(1, 1)],
                changes: vec![(after, Change::Remove(at))],
                removes_hidden: false,
            };
            holds::<ITEM_OFFSET>(&case).unwrap_or_else(|lost| panic!("{after}, {at}: {lost}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_service_does_to_a_page_every_record_comes_once_or_there_is_an_error(case in case()) {
        match case.kind {
            ITEM_OFFSET => holds::<ITEM_OFFSET>(&case)?,
            CURSOR => holds::<CURSOR>(&case)?,
            PAGE_INDEX => holds::<PAGE_INDEX>(&case)?,
            _ => holds::<PAGE_NUMBER>(&case)?,
        }
    }
}
