use std::time::Duration;

use serde_json::{Value, json};
use tc3_core::{
    Attempt, Error, Failure, Flow, Month, Outcome, Pages, Paginate, Settings,
    billing::DescribeAllocationSummaryByBusiness,
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use super::{
    answer, done, input,
    list::{ITEM_OFFSET, List, PAGE_INDEX, PAGE_NUMBER, TOKEN, serve},
    refusal, sent,
};
use crate::common::{Client, credential};

/// What a walk came to: each page's records, the error if it ended with one, and each input sent.
pub(crate) struct Walked<T> {
    pub(crate) pages: Vec<Vec<T>>,
    pub(crate) error: Option<Error>,
    pub(crate) inputs: Vec<Value>,
    pub(crate) delivered: u64,
    pub(crate) total: Option<u64>,
}

impl<T> Walked<T> {
    pub(crate) fn offsets(&self) -> Vec<Option<u64>> {
        self.inputs
            .iter()
            .map(|input| input["Offset"].as_u64())
            .collect()
    }

    pub(crate) fn limits(&self) -> Vec<Option<u64>> {
        self.inputs
            .iter()
            .map(|input| input["Limit"].as_u64())
            .collect()
    }

    pub(crate) fn incomplete(&self) -> (u64, u64) {
        match &self.error {
            Some(Error::Incomplete {
                delivered, total, ..
            }) => (*delivered, *total),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn records(self) -> Vec<T> {
        assert!(self.error.is_none(), "{:?}", self.error);
        self.pages.into_iter().flatten().collect()
    }
}

/// Walks to the end and three steps on.
pub(crate) fn walk_with<A: Paginate>(
    client: &mut Client,
    action: A,
    mut service: impl FnMut(&Attempt) -> Outcome,
) -> Walked<A::Item> {
    let mut walk = Pages::new(action);
    let (mut pages, mut error, mut inputs) = (vec![], None, vec![]);
    let mut send = |_, attempt: Attempt| {
        inputs.push(input(&attempt));
        service(&attempt)
    };
    while let Some(page) = client.drive(&mut walk, &mut send) {
        assert!(error.is_none(), "after an error there is nothing");
        match page {
            Ok(page) => pages.push(A::into_items(page.output)),
            Err(it) => error = Some(it),
        }
    }
    for _ in 0..3 {
        walk.handle(answer(json!({})));
        assert!(done(&mut walk, client).is_none());
    }
    Walked {
        pages,
        error,
        inputs,
        delivered: walk.delivered(),
        total: walk.total(),
    }
}

pub(crate) fn walk<A: Paginate>(
    action: A,
    service: impl FnMut(&Attempt) -> Outcome,
) -> Walked<A::Item> {
    walk_with(&mut Client::new(), action, service)
}

#[test]
fn each_kind_of_paging_asks_for_its_pages_and_no_more() {
    fn by<const KIND: usize>(offsets: [u64; 3]) {
        let walked = walk(List::<KIND>::new(None, 4), |attempt| {
            serve::<KIND>(attempt, 10, json!(10))
        });
        assert_eq!(walked.offsets(), offsets.map(Some), "{KIND}");
        assert_eq!(walked.limits(), [Some(4); 3], "{KIND}");
        assert_eq!((walked.delivered, walked.total), (10, Some(10)), "{KIND}");
        assert_eq!(walked.pages[2], [8, 9], "{KIND}");
        assert_eq!(walked.records(), (0..10).collect::<Vec<_>>(), "{KIND}");
    }
    by::<ITEM_OFFSET>([0, 4, 8]);
    by::<PAGE_INDEX>([0, 1, 2]);
    by::<PAGE_NUMBER>([1, 2, 3]);
    by::<TOKEN>([0, 0, 0]);
}

#[test]
fn a_token_leads_from_page_to_page_with_or_without_a_total() {
    for total in [json!(10), Value::Null] {
        let walked = walk(List::<TOKEN>::new(None, 4), |attempt| {
            serve::<TOKEN>(attempt, 10, total.clone())
        });
        let tokens: Vec<_> = walked
            .inputs
            .iter()
            .map(|input| input["Token"].as_str())
            .collect();
        assert_eq!(tokens, [None, Some("4"), Some("8")]);
        assert_eq!(walked.records(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn an_empty_token_is_no_token_and_an_empty_page_with_one_is_not_the_end() {
    let mut answers = [
        json!({"Numbers": [0, 1], "Token": "a"}),
        json!({"Numbers": [], "Token": "b"}),
        json!({"Numbers": [2], "Token": ""}),
    ]
    .into_iter();
    let walked = walk(List::<TOKEN>::new(None, 4), |_| {
        answer(answers.next().unwrap())
    });
    assert_eq!(walked.inputs.len(), 3);
    assert_eq!(walked.records(), [0, 1, 2]);
}

#[test]
fn a_token_that_ends_too_early_leaves_the_walk_incomplete() {
    let walked = walk(List::<TOKEN>::new(None, 4), |attempt| {
        serve::<TOKEN>(attempt, 6, json!(10))
    });
    assert_eq!((walked.inputs.len(), walked.incomplete()), (2, (6, 10)));
}

#[test]
fn a_cursor_goes_along_with_an_offset() {
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        let offset = input(attempt)["Offset"].as_u64().unwrap();
        let numbers: Vec<u64> = (offset..10.min(offset + 4)).collect();
        let token = format!("after {offset}");
        answer(json!({"Numbers": numbers, "Total": 10, "Token": token}))
    });
    let tokens: Vec<_> = walked
        .inputs
        .iter()
        .map(|input| input["Token"].as_str())
        .collect();
    // The short page has a cursor too, so its span is checked, and an empty page ends the list.
    let after = ["after 0", "after 4", "after 4", "after 8"].map(Some);
    assert_eq!(tokens, [&[None], &after[..]].concat());
    assert_eq!(walked.delivered, 10);
}

#[test]
fn a_walk_begins_at_the_actions_own_offset() {
    fn from<const KIND: usize>(offset: u64, offsets: &[u64], first: u64) {
        let walked = walk(List::<KIND>::new(offset, 4), |attempt| {
            serve::<KIND>(attempt, 10, json!(10))
        });
        let expected: Vec<_> = offsets.iter().copied().map(Some).collect();
        assert_eq!(walked.offsets(), expected, "{KIND}");
        let rest = 10_u64.saturating_sub(first);
        assert_eq!(
            (walked.delivered, walked.total),
            (rest, Some(rest)),
            "{KIND}"
        );
        assert_eq!(walked.records(), (first..10).collect::<Vec<_>>(), "{KIND}");
    }
    from::<ITEM_OFFSET>(3, &[3, 7], 3);
    from::<ITEM_OFFSET>(9, &[9], 9);
    from::<ITEM_OFFSET>(10, &[10], 10);
    from::<ITEM_OFFSET>(11, &[11], 11);
    from::<PAGE_INDEX>(1, &[1, 2], 4);
    from::<PAGE_INDEX>(2, &[2], 8);
    from::<PAGE_NUMBER>(1, &[1, 2, 3], 0);
    from::<PAGE_NUMBER>(3, &[3], 8);
}

#[test]
fn the_page_size_is_the_actions_else_the_settings_else_the_default() {
    for (own, set, limit) in [
        (None, None, 5),
        (None, Some(3), 3),
        (None, Some(8), 8),
        (None, Some(9), 8),
        (Some(2), Some(3), 2),
        (Some(9), None, 9),
    ] {
        let settings = Settings::default().with_page_size(set);
        let mut client = Client::with_settings(settings);
        let action = List::<ITEM_OFFSET>::new(None, own);
        let walked = walk_with(&mut client, action, |attempt| {
            serve::<ITEM_OFFSET>(attempt, 10, json!(10))
        });
        assert!(walked.limits().iter().all(|sent| *sent == Some(limit)));
        // After a full page that completes the total, one request more.
        assert_eq!(walked.inputs.len() as u64, 10 / limit + 1);
    }
}

#[test]
fn an_error_ends_a_walk_after_what_came_before() {
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        if input(attempt)["Offset"] == 8 {
            return refusal("UnsupportedOperation");
        }
        serve::<ITEM_OFFSET>(attempt, 100, json!(100))
    });
    assert_eq!(walked.pages, [[0, 1, 2, 3], [4, 5, 6, 7]]);
    assert_eq!(walked.offsets(), [0, 4, 8].map(Some));
    let error = walked.error.unwrap();
    assert_eq!(error.refusal().unwrap().code(), "UnsupportedOperation");

    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |_| {
        Err(Failure::unknown("connection reset"))
    });
    assert!(matches!(
        walked.error,
        Some(Error::Transport(Failure::Unknown(_)))
    ));
    assert_eq!((walked.inputs.len(), walked.pages.len()), (1, 0));
}

#[test]
fn a_wrong_input_ends_a_walk_before_anything_is_sent() {
    fn refused(settings: Settings, action: impl Paginate) -> &'static str {
        let mut client = Client::with_settings(settings);
        let walked = walk_with(&mut client, action, |attempt| panic!("{attempt:?}"));
        assert!(walked.pages.is_empty() && walked.total.is_none());
        match walked.error {
            Some(Error::Input(invalid)) => invalid.field(),
            other => panic!("{other:?}"),
        }
    }
    let (start, end) = ("20240101".parse().unwrap(), "20240131".parse().unwrap());
    let usage = |app| ChannelDescribeBillUsageDetail::new(Agent::new(app), start, end);
    let reversed = ChannelDescribeBillUsageDetail::new(Agent::new("app"), end, start);
    let plain = Settings::default;
    let no_page = || Settings::default().with_page_size(0);
    assert_eq!(refused(plain(), usage("")), "Agent.AppId");
    assert_eq!(refused(plain(), usage("app").with_limit(0)), "Limit");
    assert_eq!(refused(plain(), reversed), "EndTime");
    assert_eq!(refused(plain(), List::<TOKEN>::new(None, 0)), "Limit");
    assert_eq!(refused(no_page(), usage("app")), "page_size");
    assert_eq!(refused(no_page(), usage("app").with_limit(1)), "page_size");
    let page_0 = List::<PAGE_NUMBER>::new(Some(0), 4);
    assert_eq!(refused(plain(), page_0), "Offset");
}

#[test]
fn a_short_page_in_the_middle_of_a_list_by_items_is_told() {
    let walked = walk(List::<ITEM_OFFSET>::new(None, 4), |attempt| {
        let (offset, limit) = (
            input(attempt)["Offset"].as_u64(),
            input(attempt)["Limit"].as_u64(),
        );
        let numbers = (0..10)
            .skip(offset.unwrap() as usize)
            .take(limit.unwrap() as usize);
        let numbers: Vec<u64> = numbers.filter(|number| *number != 2).collect();
        answer(json!({"Numbers": numbers, "Total": 10}))
    });
    // Asked for 3 the service gives 2: the records reach as far as the 4 that were asked for. The last page's end where
    // it does.
    assert_eq!(walked.offsets(), [0, 0, 4, 8, 8, 10].map(Some));
    assert_eq!(walked.pages.concat(), [0, 1, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(walked.incomplete(), (9, 10));
}

#[test]
fn each_page_has_a_deadline_of_its_own() {
    let ten = Duration::from_secs(10);
    let mut client = Client::with_settings(Settings::default().with_deadline(ten));
    let mut walk = Pages::new(List::<PAGE_INDEX>::new(None, 4));
    for page in 0..2 {
        let attempt = sent(&mut walk, &mut client);
        assert_eq!(attempt.timeout, ten, "{page}");
        client.pass(Duration::from_secs(9));
        walk.handle(serve::<PAGE_INDEX>(&attempt, 100, json!(100)));
        assert!(done(&mut walk, &mut client).unwrap().is_ok(), "{page}");
    }
    sent(&mut walk, &mut client);
    client.pass(ten);
    walk.handle(Err(Failure::unknown("timed out")));
    let late = done(&mut walk, &mut client);
    assert!(matches!(
        late,
        Some(Err(Error::Deadline {
            source: Some(_),
            ..
        }))
    ));
    assert!(done(&mut walk, &mut client).is_none());
    assert_eq!((walk.delivered(), walk.total()), (8, Some(100)));
}

#[test]
fn a_step_while_a_page_is_out_abandons_the_walk() {
    let mut client = Client::new();
    let mut walk = Pages::new(List::<PAGE_INDEX>::new(None, 4));
    let attempt = sent(&mut walk, &mut client);
    let abandoned = done(&mut walk, &mut client);
    assert!(matches!(
        abandoned,
        Some(Err(Error::Transport(Failure::Unknown(_))))
    ));
    walk.handle(serve::<PAGE_INDEX>(&attempt, 10, json!(10)));
    assert!(done(&mut walk, &mut client).is_none());
    assert_eq!((walk.delivered(), walk.total()), (0, None));
}

#[test]
fn an_outcome_is_ignored_when_no_page_is_out() {
    let mut client = Client::new();
    let mut walk = Pages::new(List::<PAGE_INDEX>::new(None, 4));
    let stray = || answer(json!({"Numbers": [99], "Total": 1}));
    walk.handle(stray());
    let attempt = sent(&mut walk, &mut client);
    walk.handle(serve::<PAGE_INDEX>(&attempt, 5, json!(5)));
    walk.handle(stray());
    let page = done(&mut walk, &mut client).unwrap().unwrap();
    assert_eq!(List::<PAGE_INDEX>::into_items(page.output), [0, 1, 2, 3]);
    walk.handle(stray());
    assert_eq!((walk.delivered(), walk.total()), (4, Some(5)));
    assert_eq!(input(&sent(&mut walk, &mut client))["Offset"], 1);
}

#[test]
fn a_body_too_large_ends_a_walk() {
    let mut client = Client::with_settings(Settings::default().with_max_body(100));
    let walked = walk_with(&mut client, List::<PAGE_INDEX>::new(None, 4), |attempt| {
        assert_eq!(attempt.max_body, 100);
        answer(json!({"Numbers": [0, 1, 2, 3], "Total": 4, "Remark": "x".repeat(100)}))
    });
    assert!(matches!(
        walked.error,
        Some(Error::TooLarge { limit: 100, .. })
    ));
    assert_eq!(walked.inputs.len(), 1);
}

#[test]
fn the_emulators_lists_are_walked_to_their_end() {
    let mut client = Client::new();
    let mut service = Emulator::new(credential());
    let summary = DescribeAllocationSummaryByBusiness::new(Month::new(2024, 2).unwrap());
    let rows = client.walk(&mut service, summary.with_limit(300)).unwrap();
    assert_eq!(rows.len(), 1_000);
    let (start, end) = ("20240201".parse().unwrap(), "20240229".parse().unwrap());
    let agent = Agent::new(Emulator::APP_ID);
    let usage = ChannelDescribeBillUsageDetail::new(agent, start, end).with_offset(18);
    assert_eq!(client.walk(&mut service, usage).unwrap().len(), 100);
}

#[test]
fn a_page_that_comes_again_ends_the_walk_and_is_not_delivered_again() {
    let walked = walk(List::<TOKEN>::new(None, 4), |_| {
        answer(json!({"Numbers": [1], "Token": "same"}))
    });
    assert_eq!(walked.pages, [[1]]);
    assert!(matches!(
        walked.error,
        Some(Error::Repeated { delivered: 1, .. })
    ));
}

#[test]
fn a_token_that_names_its_own_page_ends_the_walk_with_an_error() {
    let mut numbers = 0..;
    let walked = walk(List::<TOKEN>::new(None, 4), |_| {
        answer(json!({"Numbers": [numbers.next()], "Token": "same"}))
    });
    assert_eq!(walked.pages, [[0], [1]]);
    assert!(matches!(
        walked.error,
        Some(Error::Repeated { delivered: 2, .. })
    ));
}
