//! Stored after any page, a walk goes on as if it had not been: for arbitrary lists, windows and pages.

use std::time::Duration;

use jiff::Span;
use proptest::{prelude::*, test_runner::TestCaseResult};
use tc3_core::{
    Attempt, Month, Paginate, Walk,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::ChannelDescribeBillUsageDetail,
    pagination::{Prefetch, Turn},
};

use super::{
    bills::{Bills, Reading},
    resume::{client, finish, resumed, stored},
    table::{CURSOR, PAGE_INDEX, PAGE_NUMBER, Rows, TOKEN, Table},
    world::World,
};
use crate::common::{START, credential};

#[derive(Clone, Debug)]
struct Lists {
    kind: usize,
    /// How many rows each part has.
    parts: Vec<u64>,
    /// Of each list, how large its pages are and how many parts it has.
    lists: Vec<(u32, usize)>,
    /// Where the first list begins, in items or in pages.
    offset: Option<u64>,
    width: usize,
    pause: usize,
    latencies: Vec<(u64, u64)>,
}

prop_compose! {
    fn lists()(
        kind in 0..7_usize,
        parts in prop::collection::vec(0..12_u64, 1..4),
        lists in prop::collection::vec((1..6_u32, any::<prop::sample::Index>()), 1..4),
        offset in prop::option::of(0..9_u64),
        width in 1..6_usize,
        pause in 0..20_usize,
        latencies in prop::collection::vec((0..50_u64, 0..50_u64), 1..5),
    ) -> Lists {
        let lists = lists.into_iter().map(|(limit, many)| (limit, many.index(parts.len()) + 1));
        let lists = lists.collect();
        // A token and a cursor are the service's own.
        let offset = offset.filter(|_| ![TOKEN, CURSOR].contains(&kind));
        // Beyond the first window it would be an error.
        let lists: Vec<(u32, usize)> = lists;
        let unit = if [PAGE_INDEX, PAGE_NUMBER].contains(&kind) { u64::from(lists[0].0) } else { 1 };
        let offset = offset.map(|offset: u64| offset.min(parts[0] / unit));
        let offset = offset.map(|offset| if kind == PAGE_NUMBER { offset + 1 } else { offset });
        Lists { kind, parts, lists, offset, width, pause, latencies }
    }
}

impl Lists {
    fn walk<const KIND: usize>(&self) -> Walk<Rows<KIND>> {
        let mut offset = self.offset;
        Walk::over(self.lists.iter().map(|(limit, parts)| {
            let rows = Rows::new(*limit, *parts);
            match offset.take() {
                Some(offset) => rows.with_offset(offset),
                None => rows,
            }
        }))
    }

    fn records(&self, table: &Table) -> Vec<u64> {
        let lists = self.lists.iter();
        let mut lists: Vec<_> = lists
            .map(|(_, parts)| table.parts[..*parts].concat())
            .collect();
        let pages = u64::from(self.lists[0].0);
        let skipped = match (self.kind, self.offset) {
            (_, None) => 0,
            (PAGE_INDEX, Some(page)) => page * pages,
            (PAGE_NUMBER, Some(page)) => (page - 1) * pages,
            (_, Some(item)) => item,
        };
        // It is an offset in the first window alone.
        let skipped = skipped.min(self.parts[0]);
        lists[0].drain(..usize::try_from(skipped).unwrap());
        lists.concat()
    }

    fn check<const KIND: usize>(&self) -> TestCaseResult {
        let table = Table::new(&self.parts);
        let records = resumed(self.walk::<KIND>(), |attempt| table.serve::<KIND>(attempt));
        prop_assert_eq!(records, self.records(&table));
        self.check_wide::<KIND>(&table)
    }

    /// With several pages at once, of which some are on their way when the walk is stored.
    fn check_wide<const KIND: usize>(&self, table: &Table) -> TestCaseResult {
        let mut world = World::new(client::<Rows<KIND>>());
        world.latencies.clone_from(&self.latencies);
        let mut planner = Prefetch::new(self.walk::<KIND>()).with_width(self.width);
        let (mut records, mut pages) = (Vec::new(), 0);
        while pages < self.pause {
            match planner.turn(world.client.session.settings()) {
                Turn::Fetch(fetch) => world.begin(fetch, Duration::ZERO),
                Turn::Page(page) => {
                    records.extend(Rows::<KIND>::into_items(page.unwrap().output));
                    pages += 1;
                }
                Turn::Wait => {
                    let mut serve = |_, attempt: &Attempt| table.serve::<KIND>(attempt);
                    planner.take(world.next(&mut serve).unwrap().1);
                }
                Turn::End => break,
            }
        }
        prop_assert_eq!(planner.walk().delivered(), records.len() as u64);
        let walk = stored(planner.walk());
        let (rest, error, _) = finish(walk, |attempt| table.serve::<KIND>(attempt));
        prop_assert!(error.is_none(), "{error:?}");
        records.extend(rest);
        prop_assert_eq!(records, self.records(table));
        Ok(())
    }
}

#[derive(Clone, Debug)]
struct Range {
    action: DescribeBillList,
    bills: Bills,
}

prop_compose! {
    fn ranges()(
        (month, day, second) in (1..=12_i8, 1..=31_i8, 0..60_i8),
        length in 0..800_i64,
        limit in 1..5_u32,
        // Half-years from the start, and milliseconds around that; or any day of the range.
        times in prop::collection::vec(prop_oneof![
            (0..5_i64, prop::sample::select(&[-1, 0, 1, 999, 1_000][..]))
                .prop_map(|(half_years, millis)| Span::new().months(6 * half_years).milliseconds(millis)),
            (0..800_i64).prop_map(|days| Span::new().days(days)),
        ], 0..12),
        whole_second in any::<bool>(),
    ) -> Range {
        let day = jiff::civil::date(2023, month, 1).days_in_month().min(day);
        let start = jiff::civil::date(2023, month, day).at(12, 0, second, 0);
        let end = start + Span::new().days(length);
        let shown = |time: jiff::civil::DateTime| {
            time.strftime("%Y-%m-%d %H:%M:%S").to_string().parse().unwrap()
        };
        let reading = if whole_second { Reading::WholeSecond } else { Reading::Instant };
        let times = times.into_iter().map(|span| start + span);
        let action = DescribeBillList::new(shown(start), shown(end)).with_limit(limit);
        Range { action, bills: Bills::new(times, reading) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_goes_on_after_every_prefix(lists in lists()) {
        match lists.kind {
            0 => lists.check::<0>()?,
            1 => lists.check::<1>()?,
            2 => lists.check::<2>()?,
            3 => lists.check::<3>()?,
            4 => lists.check::<4>()?,
            5 => lists.check::<5>()?,
            _ => lists.check::<6>()?,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_in_windows_goes_on_after_every_prefix(mut range in ranges()) {
        let (start, end) = (range.action.start_time.to_string(), range.action.end_time.to_string());
        let expected = range.bills.within(&start, &end);
        let records = resumed(range.action, |attempt| range.bills.serve(attempt));
        let ids: Vec<u64> = records.iter().map(|record| record.bill_id.parse().unwrap()).collect();
        prop_assert_eq!(ids, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_over_the_emulator_goes_on_after_every_prefix(
        (day, days) in (1..29_u8, 0..70_i64),
        (limit, many) in (5..50_u32, 0..3_i8),
        seed in any::<u64>(),
    ) {
        let mut service = Emulator::new(credential()).with_records(20).with_seed(seed);
        let mut serve = |attempt: &Attempt| Ok(service.handle(START, &attempt.request));
        let start = jiff::civil::date(2024, 1, i8::try_from(day).unwrap());
        let end = start + Span::new().days(days);
        let shown = |day: jiff::civil::Date| day.strftime("%Y%m%d").to_string().parse().unwrap();
        let agent = tc3_core::essbasic::Agent::new(Emulator::APP_ID);
        let usage = ChannelDescribeBillUsageDetail::new(agent, shown(start), shown(end)).with_limit(limit);
        resumed(usage, &mut serve);
        let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 1).unwrap());
        let months = summary.with_limit(limit).through(Month::new(2024, 1 + many).unwrap());
        let records = resumed(Walk::over(months.unwrap()), &mut serve);
        prop_assert_eq!(records.len(), 20 * (usize::from(many.unsigned_abs()) + 1));
    }
}
