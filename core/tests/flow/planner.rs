use std::time::Duration;

use tc3_core::{
    Attempt, Error, Failure, Flow, Outcome, Settings, Step,
    pagination::{Fetched, Prefetch, Turn},
};

use super::{
    input, refusal,
    table::{
        CURSOR, ITEM_OFFSET, PAGE_INDEX, PAGE_NUMBER, Rows, SHORT, TOKEN, Table, UNCOUNTED,
        each_dialect,
    },
    world::{Walked, World},
};
use crate::common::Client;

fn settings() -> Settings {
    Settings::default().with_rate("cvm", "DescribeRows", None)
}

/// Several orders in which pages that are asked for at once come back.
const ORDERS: [&[(u64, u64)]; 4] = [
    &[(0, 0)],
    &[(10, 90), (10, 60), (10, 30), (10, 1)],
    &[(5, 5), (70, 1), (1, 1), (20, 70), (3, 44)],
    &[(0, 1), (2_000, 9), (0, 2)],
];

fn walk<const KIND: usize>(
    rows: Rows<KIND>,
    width: usize,
    order: &[(u64, u64)],
    mut serve: impl FnMut(&Attempt) -> Outcome,
) -> (Walked<u64>, World<tc3_core::pagination::Fetch<Rows<KIND>>>) {
    let mut world = World::new(Client::with_settings(settings()));
    world.latencies = order.to_vec();
    let mut planner = Prefetch::new(rows).with_width(width);
    assert_eq!(planner.width(), width);
    let walked = world.walk(&mut planner, |_, attempt| serve(attempt));
    (walked, world)
}

/// Whether the pages of a dialect can be known before the one before them is there.
const fn may_be_ahead(kind: usize) -> bool {
    matches!(kind, ITEM_OFFSET | PAGE_INDEX | PAGE_NUMBER | SHORT)
}

#[test]
fn pages_are_delivered_in_order_whatever_the_order_they_come_in() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[37, 0, 8, 21]);
        for width in 1..=16 {
            for order in ORDERS {
                let rows = Rows::<KIND>::new(2, 4);
                let (walked, world) =
                    walk(rows, width, order, |attempt| table.serve::<KIND>(attempt));
                assert_eq!(
                    walked.most_out > 1,
                    width > 1 && may_be_ahead(KIND),
                    "{KIND}"
                );
                assert!(walked.most_out <= width, "{KIND} {width}");
                let pages: usize = table.parts.iter().map(|rows| rows.len().div_ceil(2)).sum();
                // Each list may take another request to see that it ends, and without a total two.
                let most = pages + 4 + 2;
                assert!(
                    (pages..=most).contains(&world.sends.len()),
                    "{KIND} {width}"
                );
                assert_eq!(walked.records(), table.all(), "{KIND} {width} {order:?}");
            }
        }
    }
    each_dialect!(run());
}

#[test]
fn as_many_pages_are_out_as_allowed_where_they_are_known() {
    let table = Table::new(&[100]);
    for width in 1..=16 {
        let (walked, world) = walk(
            Rows::<PAGE_INDEX>::new(2, 1),
            width,
            &[(50, 50)],
            |attempt| table.serve::<PAGE_INDEX>(attempt),
        );
        assert_eq!((walked.most_out, world.sends.len()), (width, 51));
        // The first one alone, then as many as there may be at once, then one to see that there are no more.
        let rounds = 1 + 49_usize.div_ceil(width) + 1;
        assert_eq!(world.now(), Duration::from_millis(100) * rounds as u32);
    }
}

#[test]
fn without_a_total_or_with_tokens_pages_are_fetched_one_by_one() {
    fn run<const KIND: usize>() {
        let table = Table::new(&[9]);
        let (walked, world) = walk(Rows::<KIND>::new(2, 1), 8, &[(10, 10)], |attempt| {
            table.serve::<KIND>(attempt)
        });
        assert_eq!(walked.most_out, 1);
        let times = world.times();
        assert!(
            times
                .windows(2)
                .all(|pair| pair[1] - pair[0] == Duration::from_millis(20))
        );
    }
    run::<TOKEN>();
    run::<CURSOR>();
    run::<UNCOUNTED>();
}

type OfIndex = Rows<PAGE_INDEX>;

/// A planner whose fetches are driven by hand.
struct Hand {
    planner: Prefetch<OfIndex>,
    client: Client,
    table: Table,
    out: Vec<tc3_core::pagination::Fetch<OfIndex>>,
}

impl Hand {
    fn new(width: usize) -> Self {
        Self {
            planner: Prefetch::new(Rows::new(1, 1)).with_width(width),
            client: Client::with_settings(settings()),
            table: Table::new(&[12]),
            out: Vec::new(),
        }
    }

    /// Takes fetches and pages until there is nothing to do; `None` is the end.
    fn turns(&mut self) -> Option<Vec<Result<u64, Error>>> {
        let mut pages = Vec::new();
        loop {
            match self.planner.turn(self.client.session.settings()) {
                Turn::Fetch(fetch) => self.out.push(fetch),
                Turn::Page(page) => pages.push(page.map(|page| {
                    let rows = <OfIndex as tc3_core::Paginate>::into_items(page.output);
                    rows[0] - 1_000
                })),
                Turn::Wait => return Some(pages),
                Turn::End => return (!pages.is_empty()).then_some(pages),
            }
        }
    }

    /// What the fetch at a place among those out comes to.
    fn finish(&mut self, place: usize, outcome: Option<fn() -> Outcome>) -> Fetched<OfIndex> {
        let mut fetch = self.out.remove(place);
        loop {
            match fetch.step(&mut self.client.session, self.client.now) {
                Step::Send(attempt) => fetch.handle(match outcome {
                    Some(outcome) => outcome(),
                    None => self.table.serve::<PAGE_INDEX>(&attempt),
                }),
                Step::Wait(delay) => self.client.pass(delay),
                Step::Done(fetched) => return fetched,
            }
        }
    }

    fn take(&mut self, place: usize, outcome: Option<fn() -> Outcome>) {
        let fetched = self.finish(place, outcome);
        self.planner.take(fetched);
    }

    /// Turns that deliver these pages and no error.
    fn delivers(&mut self, expected: &[u64]) {
        let pages = self.turns().unwrap();
        let pages: Vec<_> = pages.into_iter().map(Result::unwrap).collect();
        assert_eq!(pages, expected);
    }
}

#[test]
fn what_is_out_and_what_is_held_are_together_no_more_than_allowed() {
    let mut hand = Hand::new(4);
    hand.delivers(&[]);
    assert_eq!(hand.out.len(), 1);
    hand.take(0, None);
    hand.delivers(&[0]);
    assert_eq!(hand.out.len(), 4);
    // Pages 2, 3 and 4 wait for page 1; nothing more is fetched meanwhile.
    for left in (1..4).rev() {
        hand.take(left, None);
        hand.delivers(&[]);
        assert_eq!(hand.out.len(), left);
    }
    hand.take(0, None);
    hand.delivers(&[1, 2, 3, 4]);
    assert_eq!(hand.out.len(), 4);
    hand.take(0, None);
    hand.delivers(&[5]);
    assert_eq!(hand.out.len(), 4);
}

#[test]
fn a_list_that_has_changed_is_fetched_page_by_page_until_its_total_is_stable() {
    let mut hand = Hand::new(3);
    hand.delivers(&[]);
    hand.take(0, None);
    hand.delivers(&[0]);
    assert_eq!(hand.out.len(), 3);
    hand.table.parts[0].push(1_012);
    // Page 1 has another total, so page 0 is fetched once more.
    hand.take(0, None);
    hand.delivers(&[]);
    hand.take(2, None);
    for (page, out) in [(1, 2), (2, 1), (3, 1), (4, 3)] {
        hand.delivers(&[page]);
        assert_eq!(hand.out.len(), out, "after page {page}");
        hand.take(0, None);
    }
}

#[test]
fn an_error_waits_for_what_is_in_front_of_it_and_nothing_more_is_fetched() {
    let mut hand = Hand::new(4);
    hand.delivers(&[]);
    hand.take(0, None);
    hand.delivers(&[0]);
    // Pages 1 to 4 are out: page 3 fails, page 4 comes, then 2, then 1.
    hand.take(2, Some(|| refusal("UnsupportedOperation")));
    hand.delivers(&[]);
    hand.take(2, None);
    hand.delivers(&[]);
    hand.take(1, None);
    hand.delivers(&[]);
    assert_eq!(hand.out.len(), 1);
    hand.take(0, None);
    let pages = hand.turns().unwrap();
    assert!(matches!(&pages[..], [Ok(1), Ok(2), Err(Error::Service(_))]));
    assert!(hand.out.is_empty());
    assert!(hand.turns().is_none() && hand.turns().is_none());
    assert_eq!(hand.planner.walk().delivered(), 3);
}

#[test]
fn what_comes_after_the_error_was_delivered_is_ignored() {
    let mut hand = Hand::new(3);
    hand.delivers(&[]);
    hand.take(0, None);
    hand.delivers(&[0]);
    hand.take(0, Some(|| Err(Failure::unknown("connection reset"))));
    assert!(matches!(
        &hand.turns().unwrap()[..],
        [Err(Error::GaveUp { .. })]
    ));
    for _ in 0..2 {
        hand.take(0, None);
        assert!(hand.turns().is_none());
    }
    assert_eq!(hand.planner.walk().delivered(), 1);
}

#[test]
fn what_another_planner_asked_for_is_ignored() {
    let (mut one, mut other) = (Hand::new(3), Hand::new(3));
    other.table.parts[0].iter_mut().for_each(|row| *row += 500);
    one.delivers(&[]);
    other.delivers(&[]);
    let foreign = other.finish(0, None);
    one.planner.take(foreign);
    one.delivers(&[]);
    one.take(0, None);
    one.delivers(&[0]);
    assert_eq!(one.out.len(), 3);
}

#[test]
fn a_stored_walk_goes_on_while_what_was_out_is_ignored() {
    let mut hand = Hand::new(3);
    hand.delivers(&[]);
    hand.take(0, None);
    hand.delivers(&[0]);
    hand.take(0, None);
    hand.delivers(&[1]);
    // Pages 2 to 4 are out and belong to nobody any more.
    let walk = hand.planner.walk().clone();
    hand.planner = Prefetch::new(walk).with_width(2);
    let stale: Vec<_> = (0..3).map(|_| hand.finish(0, None)).collect();
    hand.delivers(&[]);
    // Two are known at once, as the total is.
    assert_eq!(hand.out.len(), 2);
    stale
        .into_iter()
        .for_each(|fetched| hand.planner.take(fetched));
    hand.delivers(&[]);
    hand.take(1, None);
    hand.delivers(&[]);
    hand.take(0, None);
    hand.delivers(&[2, 3]);
}

#[test]
fn a_width_of_0_is_refused() {
    let mut planner = Prefetch::new(OfIndex::new(1, 1)).with_width(0);
    let refused = planner.turn(&settings());
    assert!(
        matches!(refused, Turn::Page(Err(Error::Input(invalid))) if invalid.field() == "width")
    );
    assert!(matches!(planner.turn(&settings()), Turn::End));
}

#[test]
fn no_more_fetches_are_out_than_allowed_when_a_window_ends_early() {
    fn run<const KIND: usize>() {
        for width in 1..6 {
            for order in ORDERS {
                let mut table = Table::new(&[20, 20, 20]);
                let mut answers = 0;
                let (walked, _) = walk(Rows::<KIND>::new(2, 3), width, order, |attempt| {
                    let answer = table.serve::<KIND>(attempt);
                    answers += 1;
                    if answers == 2 {
                        table.parts[0].truncate(9);
                    }
                    answer
                });
                assert!(
                    walked.most_out <= width,
                    "{KIND} {width} {}",
                    walked.most_out
                );
                let records = walked.records();
                assert!(
                    records.ends_with(&table.parts[1..].concat()),
                    "{KIND} {width}"
                );
                assert!(records.starts_with(&table.parts[0]), "{KIND} {width}");
            }
        }
    }
    run::<ITEM_OFFSET>();
    run::<PAGE_INDEX>();
    run::<PAGE_NUMBER>();
}

#[test]
fn a_failure_beyond_the_end_is_no_failure_of_the_walk() {
    for order in ORDERS {
        let mut table = Table::new(&[20]);
        let (walked, _) = walk(Rows::<ITEM_OFFSET>::new(4, 1), 8, order, |attempt| {
            if input(attempt)["Offset"].as_u64() >= Some(12) {
                return refusal("InvalidParameter.Offset");
            }
            let answer = table.serve::<ITEM_OFFSET>(attempt);
            table.parts[0].truncate(12);
            answer
        });
        assert_eq!(walked.records(), table.all());
    }
}

#[test]
fn a_fetch_ends_when_its_prefetch_is_dropped() {
    let mut client = Client::new();
    let mut prefetch = Prefetch::new(Rows::<ITEM_OFFSET>::new(2, 1));
    let Turn::Fetch(mut fetch) = prefetch.turn(client.session.settings()) else {
        panic!("no fetch");
    };
    drop(prefetch);
    let step = fetch.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Done(_)));
}
