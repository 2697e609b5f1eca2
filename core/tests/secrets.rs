//! No text that core makes shows a key, a token or what is derived from them.
#![cfg(feature = "emulator")]

#[path = "secrets/marks.rs"]
mod marks;
#[cfg(feature = "tracing")]
#[path = "common/trace.rs"]
#[expect(dead_code, reason = "other tests look closer")]
mod recording;
#[path = "secrets/stored.rs"]
mod stored;
#[path = "secrets/types.rs"]
mod types;

use std::{collections::BTreeSet, fmt::Debug, panic, time::Duration};

use bytes::Bytes;
use serde::{Serialize, Serializer, ser::Error as _};
use tc3_core::{
    Action, Call, Chain, Credential, Error, Failure, Flow, Now, Outcome, Pages, Region, Session,
    Settings, Step, UnixTime, Untyped, Walk,
    billing::DescribeBillList,
    credential::{Search, Source},
    emulator::{Emulator, Scripted},
    error::Obstacle,
    flow::{DriverStep, Retry},
    pagination::{Prefetch, Turn},
    proxy::ProxyUrl,
    session::{Endpoint, Language, Wire},
    sts::AssumeRole,
    tc3::{self},
    wire::{request, response},
};

use marks::{KEY, TOKEN, Texts, credential, derived};

/// 2025-10-09 16:53:20 in Beijing.
const START: UnixTime = UnixTime::new(1_760_000_000);

/// The modules whose types are public.
const SOURCES: [&str; 18] = [
    include_str!("../src/lib.rs"),
    include_str!("../src/credential/mod.rs"),
    include_str!("../src/actions/billing/mod.rs"),
    include_str!("../src/actions/essbasic/mod.rs"),
    include_str!("../src/actions/sts/mod.rs"),
    include_str!("../src/tc3/mod.rs"),
    include_str!("../src/emulator/mod.rs"),
    include_str!("../src/error/mod.rs"),
    include_str!("../src/flow/mod.rs"),
    include_str!("../src/pagination/mod.rs"),
    include_str!("../src/proxy/mod.rs"),
    include_str!("../src/session/mod.rs"),
    include_str!("../src/types/mod.rs"),
    include_str!("../src/untyped.rs"),
    include_str!("../src/wire/mod.rs"),
    include_str!("../src/wire/request.rs"),
    include_str!("../src/wire/response.rs"),
    include_str!("../src/types/lenient.rs"),
];

/// Traits and names of other types, which have no text of their own.
const WITHOUT_TEXT: [&str; 6] = [
    "Action", "BoxError", "Flow", "Looked", "Outcome", "Paginate",
];

fn january() -> DescribeBillList {
    let second = |text: &str| text.parse().unwrap();
    DescribeBillList::new(second("2024-01-01 00:00:00"), second("2024-01-31 23:59:59"))
}

/// Drives a flow to its next result, and takes note of all that can be printed on the way.
struct Driver {
    texts: Texts,
    session: Session,
    now: Now,
    #[cfg(feature = "tracing")]
    recording: recording::Recording,
}

impl Driver {
    fn new(settings: Settings) -> Self {
        Self {
            texts: Texts::default(),
            session: Session::new(credential()).with_settings(settings),
            now: Now::new(START, Duration::ZERO, 0),
            #[cfg(feature = "tracing")]
            recording: recording::Recording::new(),
        }
    }

    fn drive<F: Flow<Output: Debug> + Debug>(
        &mut self,
        name: &str,
        flow: &mut F,
        mut send: impl FnMut(UnixTime, &http::Request<Bytes>) -> Outcome,
    ) -> F::Output {
        loop {
            let step = flow.step(&mut self.session, self.now);
            self.texts.debug(name, flow);
            self.texts.debug("Step", &step);
            self.texts.debug("Session", &self.session);
            self.texts.debug("Now", &self.now);
            match step {
                Step::Send(attempt) => {
                    self.texts.debug("Attempt", &attempt);
                    self.texts.debug("Attempt", &attempt.request);
                    flow.handle(send(self.now.unix, &attempt.request));
                    self.texts.debug(name, flow);
                }
                Step::Wait(delay) => match self.session.search(self.now) {
                    Some(search) => self.search(search, &mut send),
                    None => self.now.tick += delay,
                },
                Step::Done(output) => {
                    self.take_note_of_what_was_told();
                    return output;
                }
            }
        }
    }

    fn search(
        &mut self,
        mut search: Search,
        send: &mut dyn FnMut(UnixTime, &http::Request<Bytes>) -> Outcome,
    ) {
        loop {
            let step = search.step(&mut self.session, self.now);
            self.texts.debug("Search", &search);
            self.texts.debug("DriverStep", &step);
            match step {
                DriverStep::Read(lookup) => {
                    self.texts.debug("Lookup", &lookup);
                    // A key with a space behind it, whatever was asked for.
                    search.found(Ok(Some(format!("{KEY} ").into_bytes())));
                }
                DriverStep::Send(attempt) => {
                    self.texts.debug("Attempt", &attempt);
                    search.handle(send(self.now.unix, &attempt.request));
                }
                DriverStep::Wait(delay) => self.now.tick += delay,
                DriverStep::Done(()) => return,
            }
        }
    }

    fn take_note_of_what_was_told(&mut self) {
        #[cfg(feature = "tracing")]
        for told in self.recording.take() {
            for text in told.fields.values() {
                self.texts.add(told.target, text);
            }
        }
    }

    fn fail(&mut self, result: Result<impl Sized, Error>) {
        let error = result.err().unwrap();
        self.texts.error("Error", &error);
        self.texts.error("Error", error.cause());
        let all = [
            error.refusal().map(|it| it.to_string()),
            error.request_id().map(Into::into),
        ];
        all.into_iter()
            .flatten()
            .for_each(|text: String| self.texts.add("Error", text));
    }

    /// Walks over a list to its end, which is an error or none.
    fn walk(&mut self, script: &[&str]) -> Option<Error> {
        let mut service = script
            .iter()
            .fold(Emulator::new(credential()), |service, text| {
                let Scripted { when, fault, .. } = text.parse().unwrap();
                service.with_fault(when, fault)
            });
        let mut pages = Pages::new(january().with_limit(10));
        let mut end = None;
        while let Some(page) = {
            self.drive("Pages", &mut pages, |now, request| {
                service.exchange(now, request).outcome
            })
        } {
            let stored = serde_json::to_string(pages.walk()).unwrap();
            self.texts.add("Walk", &stored);
            self.texts.debug(
                "Walk",
                &serde_json::from_str::<Walk<DescribeBillList>>(&stored).unwrap(),
            );
            match page {
                Ok(reply) => self.texts.debug("Reply", &reply),
                Err(error) => end = Some(error),
            }
        }
        self.texts.debug("Emulator", &service);
        end
    }
}

/// What can't be written as JSON.
#[derive(Debug)]
struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("by nature"))
    }
}

impl Action for Unwritable {
    const SERVICE: &'static str = "billing";
    const VERSION: &'static str = "2018-07-09";
    const NAME: &'static str = "Unwritable";
    type Output = serde_json::Value;
}

fn answer(status: u16, body: &'static str) -> Outcome {
    let answer = http::Response::builder().status(status);
    Ok(answer.body(Bytes::from_static(body.as_bytes())).unwrap())
}

/// For each service that requests were signed for.
#[track_caller]
fn assert_clean(texts: &Texts) {
    for service in ["billing", "sts"] {
        texts.assert_clean(service, [START]);
    }
}

#[test]
fn no_error_shows_a_secret() {
    let once = || Settings::default().with_retry(Retry::NEVER);
    let mut all = Driver::new(Settings::default());
    let mut seen = BTreeSet::new();
    let mut fail = |driver: Driver, error: Error| {
        let text = format!("{error:?}");
        let end = text
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(text.len());
        seen.insert(text[..end].to_string());
        all.texts.0.extend(driver.texts.0);
        all.fail(Err::<(), _>(error));
    };
    const REFUSED: &str = r#"{"Response":{"Error":{"Code":"AuthFailure.TokenFailure","Message":"no"},"RequestId":"r"}}"#;
    const MISFIT: &str = r#"{"Response":{"Total":"x","TransactionList":[],"RequestId":"r"}}"#;
    type Send = fn() -> Outcome;
    let sends: [(Settings, Send); 9] = [
        (once(), || answer(200, REFUSED)),
        (once(), || answer(502, "<html>")),
        (once(), || answer(200, MISFIT)),
        (once(), || {
            answer(200, "\u{1f}").map(|mut packed| {
                let gzip = http::HeaderValue::from_static("gzip");
                packed.headers_mut().insert("content-encoding", gzip);
                packed
            })
        }),
        (once().with_max_body(4), || answer(200, "{    }")),
        (once(), || Err(Failure::not_sent("no connection"))),
        (once(), || Err(Failure::unknown("no answer"))),
        (once().with_deadline(Duration::ZERO), || answer(200, "")),
        (Settings::default(), || answer(503, "")),
    ];
    for (settings, send) in sends {
        let mut driver = Driver::new(settings);
        let mut call = Call::new(&january());
        let error = driver.drive("Call", &mut call, |_, _| send()).unwrap_err();
        fail(driver, error);
    }
    for (settings, script) in [
        (Settings::default(), &["total=+5@1.."][..]),
        (Settings::default(), &["ignore-offset@2.."]),
        (Settings::default(), &["head=1@3"]),
        (Settings::default().with_max_pages(1), &[]),
    ] {
        let mut driver = Driver::new(settings);
        let error = driver.walk(script).unwrap();
        fail(driver, error);
    }
    fail(Driver::new(once()), Error::Shutdown);
    let mut driver = Driver::new(once());
    driver.session = Session::new(Source::environment());
    let mut call = Call::new(&january());
    let result = driver.drive("Call", &mut call, |_, _| panic!("nothing can be signed"));
    fail(driver, result.unwrap_err());
    let mut driver = Driver::new(once());
    let wrong = Untyped::new("billing", "2018-07-09", "A B", serde_json::json!({}));
    let mut call = Call::new(&wrong);
    let error = driver
        .drive("Call", &mut call, |_, _| answer(200, ""))
        .unwrap_err();
    fail(driver, error);
    let mut driver = Driver::new(once());
    let error = driver
        .drive("Call", &mut call, |_, _| answer(200, ""))
        .unwrap_err();
    fail(driver, error);
    let mut driver = Driver::new(once());
    let error = driver
        .drive("Call", &mut Call::new(&Unwritable), |_, _| answer(200, ""))
        .unwrap_err();
    fail(driver, error);

    assert_clean(&all.texts);
    let source = include_str!("../src/error/mod.rs");
    let variants = source
        .split_once("pub enum Error {")
        .unwrap()
        .1
        .split_once("\n}")
        .unwrap()
        .0;
    let variants = variants
        .lines()
        .filter_map(|line| line.strip_prefix("    "));
    let variants: BTreeSet<_> = variants
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| {
            line.split(|c: char| !c.is_alphanumeric())
                .next()
                .unwrap()
                .to_string()
        })
        .collect();
    assert_eq!(seen, variants, "each variant of Error must be looked at");
}

/// What is wrong about a credential, a signature or a setting does not repeat it.
fn refusals(texts: &mut Texts) {
    let invalid = [
        Credential::new("AKID EXAMPLE", KEY).unwrap_err(),
        Credential::new("AKIDEXAMPLE", format!("{KEY}\n")).unwrap_err(),
        credential()
            .with_token(format!("{TOKEN}\r\nX: y"))
            .unwrap_err(),
        Region::new(format!("{KEY} ")).unwrap_err(),
        Language::new(format!("{KEY}\n")).unwrap_err(),
        format!("https://{KEY}@example.com")
            .parse::<Endpoint>()
            .unwrap_err(),
        ProxyUrl::new(&format!("http://user:{KEY}@proxy")).unwrap_err(),
    ];
    for invalid in invalid {
        texts.error("Invalid", &invalid);
    }
    let mut session = Session::new(credential());
    let other = Credential::new("AKIDEXAMPLE", format!("{KEY}-2")).unwrap();
    let request = request::sign(&january(), &mut session, START).unwrap();
    let rejection = tc3::verify(&request, START, |_| Some(&other)).unwrap_err();
    texts.error("Rejection", &rejection);
    texts.debug(
        "Verified",
        &tc3::verify(&request, START, |_| session.credential()).unwrap(),
    );
    let answer = Emulator::new(other).handle(START, &request);
    texts.debug("Emulator", &answer);
    texts.add("Emulator", String::from_utf8_lossy(answer.body()));
    let refused = response::read::<DescribeBillList>(&answer).unwrap_err();
    texts.error("Error", &refused);
    texts.debug("Refusal", refused.refusal().unwrap());
    texts.error("Failure", &Failure::unknown("lost"));
    let proxy = ProxyUrl::new(&format!("http://user:{KEY}@proxy:1")).unwrap();
    let refused = Failure::not_sent("refused").with_obstacle(Obstacle::proxy(407));
    if let Failure::NotSent(not_sent) = refused.through(&proxy) {
        texts.error("NotSent", &not_sent);
        texts.debug("Obstacle", &not_sent.obstacle());
    }
    if let Failure::Unknown(lost) = Failure::unknown("reset") {
        texts.error("Lost", &lost);
    }
    texts.debug("Remedy", &Error::Shutdown.remedy());
}

fn planner(driver: &mut Driver) {
    let mut service = Emulator::new(credential());
    let mut planner = Prefetch::new(january().with_limit(20)).with_width(2);
    let mut out = Vec::new();
    loop {
        let turn = planner.turn(driver.session.settings());
        driver.texts.debug("Prefetch", &planner);
        driver.texts.debug("Turn", &turn);
        match turn {
            Turn::Fetch(fetch) => {
                driver.texts.debug("Fetch", &fetch);
                out.push(fetch);
            }
            Turn::Wait => {
                let mut fetch = out.pop().unwrap();
                let fetched = driver.drive("Fetch", &mut fetch, |now, request| {
                    Ok(service.handle(now, request))
                });
                driver.texts.debug("Fetched", &fetched);
                planner.take(fetched);
            }
            Turn::Page(page) => driver.texts.debug("Turn", &page),
            Turn::End => break,
        }
    }
}

#[test]
fn no_public_type_shows_a_secret() {
    let mut driver = Driver::new(Settings::default());
    assert!(driver.walk(&["throttle@2"]).is_none());
    planner(&mut driver);
    let mut service = Emulator::new(credential()).with_frequency_limits();
    for wire in [Wire::Post, Wire::PostUnsigned, Wire::Get] {
        driver.session = driver
            .session
            .with_settings(Settings::default().with_wire(wire));
        let mut call = Call::new(&january());
        let reply = driver.drive("Call", &mut call, |now, request| {
            Ok(service.handle(now, request))
        });
        driver.texts.debug("Reply", &reply);
    }
    let counted: Vec<_> = service.frequencies().collect();
    assert_eq!(counted.len(), 1);
    driver.texts.debug("Frequency", &counted);
    let role = AssumeRole::new(Emulator::ROLE_ARN, "report");
    driver.session = Session::new(Source::role(role, credential()));
    let mut call = Call::new(&january());
    let reply = driver.drive("Call", &mut call, |now, request| {
        Ok(service.handle(now, request))
    });
    driver.texts.debug("Reply", &reply.unwrap());
    driver.session = Session::new(Source::environment());
    let mut call = Call::new(&january());
    let result = driver.drive("Call", &mut call, |_, _| panic!("nothing can be signed"));
    let no_credentials = result.unwrap_err();
    for chain in [Source::environment().into(), Chain::from(credential())] {
        let mut call = Call::new(&january());
        let mut both = tc3_core::flow::Driver::new(&mut call);
        let step = both.step(&mut Session::new(chain), driver.now);
        driver.texts.debug("DriverStep", &step);
        driver.texts.debug("Driver", &both);
    }
    let late = Settings::default().with_deadline(Duration::ZERO);
    driver.session = Session::new(credential()).with_settings(late);
    let mut call = Call::new(&january());
    let late = driver.drive("Call", &mut call, |_, _| panic!("no time to send"));
    let mut texts = driver.texts;
    let late = late.unwrap_err();
    texts.add("a ticket", late.ticket());
    if let Error::Deadline { context, .. } = &late {
        texts.debug("Context", context.as_ref().unwrap());
    }
    refusals(&mut texts);
    types::values(&mut texts);
    if let Error::Credentials(missing) = &no_credentials {
        texts.error("NoCredentials", missing);
        texts.debug("Tried", &missing.tried()[0]);
    }
    types::data(&mut texts);
    assert_clean(&texts);

    texts.assert_complete(&SOURCES, &WITHOUT_TEXT);
}

/// Whether the search finds what it is to find: in each form that a secret may take.
#[test]
fn a_secret_is_found_in_any_form() {
    let [.., (_, signing)] = derived("cvm", START);
    let hex: String = signing.iter().map(|byte| format!("{byte:02x}")).collect();
    for leak in [
        KEY.to_string(),
        format!("{TOKEN:?}"),
        format!("{:?}", KEY.as_bytes()),
        hex.clone(),
        hex.to_uppercase(),
        format!("{signing:?}"),
        "TC3-HMAC-SHA256 Credential=x, SignedHeaders=y, Signature=0a".into(),
    ] {
        let mut texts = Texts::default();
        texts.add("a leak", &leak);
        let search = panic::catch_unwind(|| texts.assert_clean("cvm", [START]));
        assert!(search.is_err(), "{leak}");
    }
    let mut clean = Texts::default();
    clean.debug("Credential", &credential());
    clean.assert_clean("cvm", [START]);
    assert_eq!(clean.names(), BTreeSet::from(["Credential"]));
}
