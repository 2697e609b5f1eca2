//! What fails for a setting leaves no trace: resumed with a right one, it is as if nothing had happened.

use std::time::Duration;

use proptest::prelude::*;
use tc3_core::{
    Attempt, Error, Pages, Paginate, Session, Settings, Walk,
    billing::DescribeBillList,
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
    pagination::{Prefetch, Turn},
};

use super::{
    bills::range,
    resume::stored,
    table::{Rows, Table},
};
use crate::common::{Client, credential};

/// Settings of which one is wrong, or too strict.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    PageSize,
    Rate,
    AttemptTimeout,
    Deadline,
    MaxPages,
    MaxBody,
    Width,
}

const ALL: [Wrong; 7] = [
    Wrong::PageSize,
    Wrong::Rate,
    Wrong::AttemptTimeout,
    Wrong::Deadline,
    Wrong::MaxPages,
    Wrong::MaxBody,
    Wrong::Width,
];

impl Wrong {
    fn settings<A: Paginate>(self) -> Settings {
        let right = Settings::default();
        match self {
            Self::PageSize => right.with_page_size(0),
            Self::Rate => right.with_rate_of::<A>(0),
            Self::AttemptTimeout => right.with_attempt_timeout(Duration::ZERO),
            Self::Deadline => right.with_deadline(Duration::ZERO),
            Self::MaxPages => right.with_max_pages(0),
            Self::MaxBody => right.with_max_body(10),
            Self::Width => right,
        }
    }

    /// Takes a page of a walk with it, if it doesn't matter at this place; and stores the walk.
    fn strike<A: Paginate + serde::Serialize + serde::de::DeserializeOwned>(
        self,
        walk: Walk<A>,
        serve: &mut impl FnMut(&Attempt) -> tc3_core::Outcome,
    ) -> (Walk<A>, Vec<A::Item>) {
        let mut client = Client::with_settings(self.settings::<A>());
        if matches!(self, Self::Width) {
            let mut planner = Prefetch::new(walk).with_width(0);
            let turn = planner.turn(client.session.settings());
            assert!(matches!(turn, Turn::Page(Err(Error::Input(_)))));
            return (stored(planner.walk()), Vec::new());
        }
        let mut pages = Pages::new(walk);
        let page = client.drive(&mut pages, |_, attempt| serve(&attempt));
        let records = page
            .and_then(Result::ok)
            .map(|page| A::into_items(page.output));
        (stored(pages.walk()), records.unwrap_or_default())
    }
}

/// Walks with right settings, but for wrong ones before some pages.
fn walked<A: Paginate + serde::Serialize + serde::de::DeserializeOwned>(
    walk: impl Into<Walk<A>>,
    wrong: &[Option<Wrong>],
    mut serve: impl FnMut(&Attempt) -> tc3_core::Outcome,
) -> Vec<A::Item> {
    let (mut walk, mut records) = (stored(&walk.into()), Vec::new());
    let mut wrong = wrong.iter();
    let right = Settings::default().with_rate_of::<A>(None);
    loop {
        if let Some(Some(wrong)) = wrong.next() {
            let (stored, came) = wrong.strike(walk, &mut serve);
            walk = stored;
            records.extend(came);
        }
        let mut client =
            Client::with_session(Session::new(credential()).with_settings(right.clone()));
        let mut pages = Pages::new(walk);
        match client.drive(&mut pages, |_, attempt| serve(&attempt)) {
            Some(page) => records.extend(A::into_items(page.unwrap().output)),
            None => return records,
        }
        walk = stored(pages.walk());
    }
}

#[test]
fn a_walk_that_fails_for_its_page_size_gives_all_when_that_is_mended() {
    let years = || range("2024-01-01 00:00:00", "2025-12-31 23:59:59");
    let serve = || {
        let mut service = Emulator::new(credential());
        move |attempt: &Attempt| {
            let now = crate::common::START;
            Ok(service.handle(now, &attempt.request))
        }
    };
    for wrong in ALL {
        let records = walked::<DescribeBillList>(years(), &[Some(wrong); 3], serve());
        assert_eq!(records.len(), 1_000, "{wrong:?}");
    }
}

#[test]
fn a_page_size_that_the_service_refuses_leaves_no_trace() {
    let (start, end) = ("20240101".parse().unwrap(), "20240331".parse().unwrap());
    let uses = ChannelDescribeBillUsageDetail::new(Agent::new(Emulator::APP_ID), start, end);
    let settings = |size| Settings::default().with_page_size(size);
    let mut service = Emulator::new(credential()).with_usage_limit(50);
    let mut serve = |attempt: &Attempt| Ok(service.handle(crate::common::START, &attempt.request));
    let mut walk = |walk: Walk<ChannelDescribeBillUsageDetail>, size| {
        let mut client = Client::with_settings(settings(size));
        let (mut pages, mut records) = (Pages::new(walk), 0);
        loop {
            match client.drive(&mut pages, |_, attempt| serve(&attempt)) {
                Some(Ok(page)) => {
                    records += ChannelDescribeBillUsageDetail::into_items(page.output).len()
                }
                Some(Err(error)) => break (records, Some(error), stored(pages.walk())),
                None => break (records, None, stored(pages.walk())),
            }
        }
    };
    let (untroubled, error, _) = walk(uses.clone().into(), 50);
    assert!(error.is_none() && untroubled > 50, "{error:?}");
    let (records, error, left) = walk(uses.into(), 100);
    let error = error.unwrap();
    let code = error.refusal().map(|it| it.code());
    assert_eq!((records, code), (0, Some("InvalidParameter.Limit")));
    let (records, error, _) = walk(left, 50);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(records, untroubled);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_walk_that_failed_for_settings_is_an_untroubled_one_when_they_are_right(
        wrong in prop::collection::vec(prop::option::of(prop::sample::select(ALL.to_vec())), 0..12),
        parts in prop::collection::vec(0..12_u64, 1..5),
        limit in 1..5_u32,
        kind in 0..4_usize,
    ) {
        fn run<const KIND: usize>(wrong: &[Option<Wrong>], parts: &[u64], limit: u32) -> (Vec<u64>, Vec<u64>) {
            let table = Table::new(parts);
            let rows = Rows::<KIND>::new(limit, parts.len());
            (walked(rows, wrong, |attempt| table.serve::<KIND>(attempt)), table.all())
        }
        let (records, all) = match kind {
            0 => run::<0>(&wrong, &parts, limit),
            1 => run::<1>(&wrong, &parts, limit),
            2 => run::<2>(&wrong, &parts, limit),
            _ => run::<3>(&wrong, &parts, limit),
        };
        prop_assert_eq!(records, all);
    }
}
