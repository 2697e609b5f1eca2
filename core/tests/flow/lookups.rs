//! What holds whatever is found where a session looks for its credentials.

use std::time::Duration;

use proptest::{prelude::*, sample::Index, test_runner::TestCaseResult};
use serde_json::json;
use tc3_core::{
    Action, Attempt, Call, Chain, Error, Flow, Now, Outcome, Session, Settings, Step, UnixTime,
    credential::{Looked, Lookup, Source},
    flow::{DriverStep, Retry},
};

use super::{
    answer,
    chaos::{Came, bills, came},
    credentials::role,
};
use crate::common::{START, credential};

/// What is found.
#[derive(Clone, Debug)]
enum Found {
    Nothing,
    Fitting,
    Bytes(Vec<u8>),
    Unreadable,
}

impl Found {
    fn looked(&self, lookup: &Lookup) -> Looked {
        match self {
            Self::Nothing => Ok(None),
            Self::Fitting => Ok(Some(fitting(lookup).into())),
            Self::Bytes(bytes) => Ok(Some(bytes.clone())),
            Self::Unreadable => Err("permission denied".into()),
        }
    }
}

fn fitting(lookup: &Lookup) -> &'static str {
    match lookup {
        Lookup::Variable("TENCENTCLOUD_SECRET_ID") => "AKIDEXAMPLE",
        Lookup::Variable("TENCENTCLOUD_SECRET_KEY") => "not-a-real-key",
        Lookup::Variable(name) if name.ends_with("ROLE_ARN") => "qcs::cam::uin/1:roleName/a",
        Lookup::Variable(name) if name.ends_with("SESSION_DURATION") => "600",
        // Refused beside a pair, or in its place.
        Lookup::Variable(
            "TENCENTCLOUD_CAM_ROLE_NAME" | "TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN",
        ) => "",
        Lookup::Variable("TENCENTCLOUD_ASSUME_ROLE_WEB_IDENTITY_TOKEN_FILE") => "",
        Lookup::Variable(name) if name.ends_with("_FILE") => "/file",
        Lookup::Variable(name) if name.ends_with("_REGION") => "ap-guangzhou",
        Lookup::HomeFile(path) if path.ends_with(".credential") => {
            r#"{"secretId": "AKIDEXAMPLE", "secretKey": "not-a-real-key"}"#
        }
        Lookup::File(path) if path == "/file" => "not-a-real-token",
        Lookup::File(_) | Lookup::HomeFile(_) => {
            "[default]\nsecret_id = AKIDEXAMPLE\nsecret_key = not-a-real-key"
        }
        Lookup::Variable(name) if name.ends_with("_NAME") || name.ends_with("TOKEN") => "a-name",
        Lookup::Variable("TCCLI_PROFILE" | "TKE_PROVIDER_ID") => "a-name",
        // All other settings of a role: not set.
        Lookup::Variable(_) => "",
    }
}

/// What comes back.
#[derive(Clone, Debug)]
enum Back {
    /// What was asked for, with keys that live until so many seconds after the beginning.
    Fitting(i64),
    Any(Came),
    /// The attempt is abandoned, and so is a lookup.
    Abandoned,
}

impl Back {
    fn outcome(&self, attempt: &Attempt) -> Option<Outcome> {
        let life = match self {
            Self::Fitting(life) => *life,
            Self::Any(came) => return Some(came.outcome()),
            Self::Abandoned => return None,
        };
        let (id, key, token) = ("AKIDTEMPORARY", "not-a-real-key", "not-a-real-token");
        let expiry = after(life);
        let uri = attempt.request.uri();
        if attempt.direct && uri.path().ends_with('/') {
            return Some(Ok(http::Response::new("a-role".into())));
        }
        if attempt.direct {
            let keys = json!({"TmpSecretId": id, "TmpSecretKey": key, "Token": token, "ExpiredTime": expiry,
                "Code": "Success"});
            return Some(Ok(http::Response::new(keys.to_string().into())));
        }
        Some(answer(if uri.host().is_some_and(is_sts) {
            let keys = json!({"TmpSecretId": id, "TmpSecretKey": key, "Token": token});
            json!({"Credentials": keys, "ExpiredTime": expiry})
        } else {
            json!({"Total": 0, "TransactionList": []})
        }))
    }
}

fn after(seconds: i64) -> UnixTime {
    UnixTime::new(START.seconds().saturating_add(seconds))
}

fn is_sts(host: &str) -> bool {
    host.starts_with("sts.")
}

/// How a clock goes on.
#[derive(Clone, Debug)]
enum Clock {
    /// As it is waited.
    Right,
    Shows(Vec<Duration>),
}

fn life() -> impl Strategy<Value = i64> {
    prop_oneof![
        2 => Just(7_200),
        3 => -100..100_i64,
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MAX]),
    ]
}

fn chain() -> impl Strategy<Value = Chain> {
    let two = life().prop_map(|life| {
        let first = credential().with_expiry(after(life));
        Chain::of([first.into(), credential().into()])
    });
    let machine = || {
        let all = [Source::environment(), Source::profile(), Source::cvm_role()];
        Chain::of(all)
    };
    let leaf = prop_oneof![
        1 => Just(Chain::of([])),
        2 => two,
        1 => Just(Chain::from(credential())),
        2 => Just(machine()),
        1 => Just(Chain::from(Source::cvm_role())),
        1 => Just(Chain::from(Source::tke())),
        1 => Just(Chain::default()),
    ];
    leaf.prop_recursive(2, 4, 2, |over| {
        prop_oneof![
            over.clone()
                .prop_map(|over| Source::role(role(), over).into()),
            (over, life()).prop_map(|(over, life)| {
                let given = credential().with_expiry(after(life));
                Chain::of([Source::role(role(), over), given.into()])
            }),
        ]
    })
}

fn found() -> impl Strategy<Value = Found> {
    prop_oneof![
        3 => Just(Found::Nothing),
        4 => Just(Found::Fitting),
        1 => prop::collection::vec(any::<u8>(), 0..40).prop_map(Found::Bytes),
        1 => "[ -~\n]{0,20}".prop_map(|text| Found::Bytes(text.into())),
        1 => Just(Found::Unreadable),
    ]
}

fn back() -> impl Strategy<Value = Back> {
    prop_oneof![
        4 => life().prop_map(Back::Fitting),
        4 => came().prop_map(Back::Any),
        1 => Just(Back::Abandoned),
    ]
}

/// A client that looks for its credentials, and all that happens to it.
#[derive(Clone, Debug)]
struct Search {
    chain: Chain,
    clock: Clock,
    unix: Vec<i64>,
    found: Vec<Found>,
    back: Vec<Back>,
    attempts: u32,
    deadline: u64,
    calls: usize,
    picks: Vec<Index>,
}

prop_compose! {
    fn search()(
        chain in chain(),
        clock in prop_oneof![
            2 => Just(Clock::Right),
            1 => any::<u32>().prop_map(|millis| Clock::Shows(vec![Duration::from_millis(millis.into())])),
            2 => prop::collection::vec((0..20_000_u64).prop_map(Duration::from_millis), 1..9)
                .prop_map(Clock::Shows),
            1 => prop::collection::vec(prop::sample::select(EXTREMES), 1..9).prop_map(Clock::Shows),
        ],
        unix in prop::collection::vec(prop_oneof![
            6 => Just(START.seconds()),
            1 => any::<i64>(),
            1 => prop::sample::select(vec![0, -1, i64::MIN, i64::MAX, 253_402_300_799]),
        ], 1..5),
        found in prop::collection::vec(found(), 1..9),
        back in prop::collection::vec(back(), 1..20),
        attempts in 0..9_u32,
        deadline in prop_oneof![3 => 0..4_000_u64, 1 => Just(60_000)],
        calls in 1..4_usize,
        picks in prop::collection::vec(any::<Index>(), 1..9),
    ) -> Search {
        Search { chain, clock, unix, found, back, attempts, deadline, calls, picks }
    }
}

const EXTREMES: &[Duration] = &[
    Duration::ZERO,
    Duration::MAX,
    Duration::from_nanos(1),
    Duration::from_secs(1 << 40),
];

impl Search {
    /// Calls side by side, thrice on one session, of which any may be stepped next.
    fn run<A: Action>(&self, action: &A) -> TestCaseResult {
        let settings = Settings::default()
            .with_deadline(Duration::from_millis(self.deadline))
            .with_retry(Retry::default().with_attempts(self.attempts));
        let mut session = Session::new(self.chain.clone()).with_settings(settings);
        let mut clock = Vec::new();
        if let Clock::Shows(ticks) = &self.clock {
            clock.clone_from(ticks);
        }
        let mut ticks = clock.iter().cycle();
        let mut unix = self.unix.iter().cycle();
        let (mut found, mut back) = (self.found.iter().cycle(), self.back.iter().cycle());
        let mut picks = self.picks.iter().cycle();
        let (mut entropy, mut passed) = (0, Duration::ZERO);
        for _ in 0..3 {
            let mut calls: Vec<_> = (0..self.calls)
                .map(|_| (Call::new(action), 0, None::<tc3_core::credential::Search>))
                .collect();
            for steps in 0.. {
                if calls.is_empty() {
                    break;
                }
                prop_assert!(steps < 100_000, "calls without end");
                let at = picks.next().unwrap().index(calls.len());
                let (call, sends, search) = &mut calls[at];
                entropy += 1;
                let now = Now::new(
                    UnixTime::new(*unix.next().unwrap()),
                    ticks.next().copied().unwrap_or(passed),
                    entropy,
                );
                if let Some(searching) = search {
                    match searching.step(&mut session, now) {
                        DriverStep::Send(attempt) => {
                            prop_assert!(attempt.timeout > Duration::ZERO);
                            // Nothing is looked for.
                            let file = Lookup::File("/file".into());
                            searching.found(found.next().unwrap().looked(&file));
                            if let Some(outcome) = back.next().unwrap().outcome(&attempt) {
                                searching.handle(outcome);
                            }
                        }
                        DriverStep::Read(lookup) => match back.next().unwrap() {
                            Back::Abandoned => {}
                            // Nothing is out.
                            Back::Any(came) => {
                                searching.handle(came.outcome());
                                searching.found(found.next().unwrap().looked(&lookup));
                            }
                            Back::Fitting(_) => {
                                searching.found(found.next().unwrap().looked(&lookup));
                            }
                        },
                        DriverStep::Wait(delay) => {
                            prop_assert!(delay > Duration::ZERO);
                            passed = passed.saturating_add(delay);
                        }
                        DriverStep::Done(()) => {
                            let again = searching.step(&mut session, now);
                            prop_assert!(matches!(again, DriverStep::Done(())));
                            *search = None;
                        }
                    }
                    continue;
                }
                match call.step(&mut session, now) {
                    Step::Send(attempt) => {
                        prop_assert!(attempt.timeout > Duration::ZERO);
                        prop_assert!(!attempt.for_credentials);
                        *sends += 1;
                        prop_assert!(*sends <= self.attempts.max(1));
                        if let Some(outcome) = back.next().unwrap().outcome(&attempt) {
                            call.handle(outcome);
                        }
                    }
                    Step::Wait(delay) => {
                        prop_assert!(delay > Duration::ZERO);
                        *search = session.search(now);
                        if search.is_none() {
                            passed = passed.saturating_add(delay);
                        }
                    }
                    Step::Done(_) => {
                        let (mut call, ..) = calls.swap_remove(at);
                        let again = call.step(&mut session, now);
                        prop_assert!(matches!(again, Step::Done(Err(Error::Ended))));
                    }
                }
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_found_every_call_ends(search in search()) {
        search.run(&super::read())?;
        search.run(&super::write())?;
        search.run(&bills())?;
    }
}
