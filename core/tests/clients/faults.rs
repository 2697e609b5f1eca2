//! What goes wrong on the wire, and what is seen of it.

use std::{
    fmt, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use tc3_core::{Action, Error, Failure, Invalid, billing::DescribeBillList};
use tc3_test_peer::{
    Fault::{self, *},
    PATIENCE, SHORT, Service, Stage, assert_late, assert_unknown, credential, january,
    tls::{self, Flaw},
};

use super::{
    cases::{Again, CASES, RECORDS, Sees, stalls},
    settings,
    setup::{LENIENCE, Setup},
};
use crate::driver::{Builder, Client, wait};

/// How long an attempt may take where it is the test that it takes no longer.
const STALL: Duration = Duration::from_secs(1);
/// How many cases are checked at once.
const AT_ONCE: usize = 16;
/// The most attempts of a call that is retried.
const ATTEMPTS: u32 = 3;

fn setup(service: &Service, fault: Fault) -> Setup {
    Setup {
        attempt_timeout: if stalls(fault) { STALL } else { PATIENCE },
        ..Setup::to(service.endpoint())
    }
}

/// Whether this text is taken for the authorities to trust.
fn trusts(pem: &[u8]) -> Result<(), Invalid> {
    let builder = Client::builder().credentials(credential());
    builder.trust_only(pem).map(drop)
}

/// The same list of an action that doesn't say that it may be repeated.
#[derive(Serialize)]
struct Unrepeatable(DescribeBillList);

impl Action for Unrepeatable {
    const SERVICE: &'static str = DescribeBillList::SERVICE;
    const VERSION: &'static str = DescribeBillList::VERSION;
    const NAME: &'static str = DescribeBillList::NAME;
    type Output = <DescribeBillList as Action>::Output;
}

/// Checks many cases, several at once, since most of them wait most of the time. All of those that fail are named.
fn each<T>(cases: impl IntoIterator<Item = T, IntoIter: Send>, check: impl Fn(T) + Sync)
where
    T: fmt::Debug,
{
    let cases = Mutex::new(cases.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || cases.lock().unwrap().next();
    let work = || {
        while let Some(case) = next() {
            let name = format!("{case:?}");
            if catch_unwind(AssertUnwindSafe(|| check(case))).is_err() {
                failed.lock().unwrap().push(name);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Nobody but the service has got a request, and it none that it didn't prove to be the one to get.
#[track_caller]
fn assert_discreet(service: &Service, fault: Fault) {
    assert_eq!(service.elsewhere.accepted(), 0);
    if fault.is_secure() && fault.is_early() {
        assert_eq!(service.peer.received().len(), 0);
    }
}

/// How many times the service was asked.
fn asked(service: &Service, fault: Fault) -> Option<u32> {
    let asked = match fault {
        Refused => return None,
        _ if fault.is_early() => service.peer.accepted(),
        _ => service.peer.received().len(),
    };
    asked.try_into().ok()
}

/// As often as the call was sent; a server that is slow may not have read what was given up.
#[track_caller]
fn assert_asked(service: &Service, fault: Fault, attempts: u32) {
    if let Some(asked) = asked(service, fault) {
        assert!(
            asked == attempts || stalls(fault) && asked < attempts,
            "{asked}"
        );
    }
}

/// A call that is sent once, to a service that always goes wrong: the exact error, or the records, in time, and
/// to nobody else.
#[test]
fn each_fault_is_seen_as_what_it_is() {
    each(CASES, |(fault, sees, _)| {
        let service = Service::new(fault, 1);
        let setup = setup(&service, fault);
        let start = Instant::now();
        let seen = wait(setup.client().call(&january()));
        assert!(start.elapsed() < setup.attempt_timeout + LENIENCE);
        sees.check(
            seen.as_ref()
                .map(|reply| &reply.output.transaction_list[..]),
        );
        assert_asked(&service, fault, 1);
        assert_discreet(&service, fault);
    });
}

/// The same where a call may be sent three times, for an action that only reads and one that may not.
#[test]
fn what_is_safe_to_send_again_is_and_nothing_else() {
    let both = CASES
        .into_iter()
        .flat_map(|case| [(case, true), (case, false)]);
    each(both, |((fault, sees, again), repeatable)| {
        let service = Service::new(fault, 1);
        let setup = setup(&service, fault).with_attempts(ATTEMPTS);
        let client = setup.client();
        let start = Instant::now();
        let seen = if repeatable {
            wait(client.call(&january()))
        } else {
            wait(client.call(&Unrepeatable(january())))
        };
        assert!(start.elapsed() < setup.deadline + LENIENCE);
        let expected = match again {
            Again::Always => ATTEMPTS,
            Again::IfRepeatable | Again::Either if repeatable => ATTEMPTS,
            _ => 1,
        };
        let seen = seen
            .as_ref()
            .map(|reply| &reply.output.transaction_list[..]);
        let attempts = seen.map_or_else(|error| error.attempts(), |_| 1);
        if again == Again::Either && !repeatable {
            assert!((1..=ATTEMPTS).contains(&attempts));
        } else {
            assert_eq!(attempts, expected);
        }
        assert_asked(&service, fault, attempts);
        let gave_up = matches!(seen, Err(Error::GaveUp { .. }));
        // What became unknown at a later attempt is not given up, but final.
        let is_final = again == Again::Either && !repeatable;
        assert!(gave_up == (attempts > 1) || is_final && !gave_up);
        sees.check(seen.map_err(Error::cause));
        assert_discreet(&service, fault);
        if matches!(fault, Busy(_)) {
            let received = service.peer.received();
            let mut waits = received.windows(2).map(|pair| pair[1].at - pair[0].at);
            assert!(waits.all(|wait| wait >= Duration::from_secs(1)));
        }
    });
}

/// What nothing but a timeout ends, ends at the deadline when that comes first.
#[test]
fn a_stall_ends_at_the_deadline() {
    let stalls = CASES.into_iter().filter(|(fault, ..)| stalls(*fault));
    each(stalls, |(fault, ..)| {
        let service = Service::new(fault, 1);
        let setup = Setup {
            deadline: SHORT,
            attempt_timeout: PATIENCE,
            ..setup(&service, fault)
        };
        let start = Instant::now();
        let seen = wait(setup.client().call(&january()));
        // So many heads may be more than is read of one.
        if fault != EarlyHintsForever || matches!(seen, Err(Error::Deadline { .. })) {
            assert_late(seen);
        } else {
            assert_unknown(seen);
        }
        assert!(start.elapsed() < SHORT + LENIENCE);
    });
}

/// A walk in which every k-th request or connection is hit delivers what the emulator has, record by record. Where
/// a fault is final it ends with that, and all that came before is right.
#[test]
fn a_walk_survives_what_may_be_repeated() {
    let walks = CASES
        .into_iter()
        .flat_map(|case| [2, 3, 7].map(|every| (case, every)));
    each(walks, |((fault, sees, again), every)| {
        let service = Service::new(fault, every);
        let setup = setup(&service, fault).with_attempts(50);
        let expected = &*RECORDS;
        // Where each hit takes a second, not many more pages than one is hit.
        let pages = if matches!(fault, Busy(_)) || stalls(fault) {
            every + 1
        } else {
            2 * every + 1
        };
        let limit = u32::try_from(expected.len().div_ceil(pages)).unwrap();
        let mut items = setup.client().items(january().with_limit(limit));
        let seen: Vec<_> = iter::from_fn(|| wait(items.next())).collect();
        let mut delivered: Vec<_> = seen.iter().filter_map(|item| item.as_ref().ok()).collect();
        let is_final = again == Again::Never && !matches!(sees, Sees::Records);
        if is_final {
            // The page that was hit, and none after it.
            let before = (every - 1) * usize::try_from(limit).unwrap();
            assert_eq!(seen.len(), before + 1);
            sees.check(Err(seen[before].as_ref().unwrap_err()));
            delivered.extend(&expected[before..]);
        }
        assert!(
            delivered.iter().copied().eq(expected),
            "{} of {}: {:?}",
            delivered.len(),
            expected.len(),
            seen.last(),
        );
        let asked = asked(&service, fault);
        assert!(asked.is_none_or(|asked| asked as usize >= every));
        assert_eq!(service.elsewhere.accepted(), 0);
    });
}

/// A connection that the server has closed between two calls is not used, whatever the action.
#[test]
fn an_idle_connection_that_was_closed_is_replaced() {
    each(
        [ClosedWhileIdle, ClosedWhileIdleByTls, NoCloseNotify],
        |fault| {
            let service = Service::new(fault, 1);
            let client = setup(&service, fault).client();
            for number in 1..=3 {
                let reply = wait(client.call(&Unrepeatable(january()))).unwrap();
                assert_eq!(reply.output.transaction_list, *RECORDS);
                assert_eq!(service.peer.noted(), "closed");
                assert_eq!(service.peer.received().len(), number);
            }
            assert_eq!(service.peer.accepted(), 3);
        },
    );
}

/// Whom to trust is looked at when it is said, and what is wrong with it named.
#[test]
fn a_root_that_cannot_be_one_is_named() {
    let trusted = tls::trusted();
    assert_eq!(trusts(trusted.as_bytes()), Ok(()));
    let unknown = tls::unknown();
    let (a, b) = (trusted.trim_end(), unknown.trim_end());
    for bundle in [
        format!("# two of them\n{a}\n{b}\n"),
        format!("{a}{b}"),
        format!("\u{feff}{a}\r\n{b}").replace('\n', "\r\n"),
        format!("{a}\n{b}").replace('\n', "\n    "),
    ] {
        assert_eq!(trusts(bundle.as_bytes()), Ok(()), "{bundle}");
        // It is all of it that is trusted.
        for flaw in [Flaw::None, Flaw::UnknownIssuer] {
            let service = Service::new(Certificate(flaw), 1);
            let setup = Setup {
                trusted: bundle.clone(),
                ..setup(&service, Certificate(flaw))
            };
            let seen = wait(setup.client().call(&january()));
            // The one with a flaw is secured, and then has nothing to say.
            let secured = !matches!(seen, Err(Error::Transport(Failure::NotSent(_))));
            assert!(secured, "{flaw:?}: {seen:?}");
        }
    }

    let pem = |label: &str, text: &str| {
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let section = "must be PEM with whole sections of base64";
    let none = "must hold a certificate in PEM";
    let not_a_root = "has a certificate that can't be a root";
    for (text, rule) in [
        ("", none),
        ("/etc/ssl/authority.pem", none),
        (&pem("PRIVATE KEY", "bm90LWEtcmVhbC1rZXk="), none),
        (&trusted[..trusted.len() / 2], section),
        (&(trusted.clone() + &unknown[..unknown.len() / 2]), section),
        (
            &(trusted.clone() + &unknown.replace("-----BEGIN", "BEGIN")),
            section,
        ),
        (
            &(trusted.clone() + &pem("TRUSTED CERTIFICATE", "AA==")),
            "has a section that may hold a certificate in another form, such as TRUSTED CERTIFICATE or PKCS7; \
             convert it",
        ),
        (&pem("CERTIFICATE", "!"), section),
        (&pem("CERTIFICATE", "bm90LWEtY2VydGlmaWNhdGU="), not_a_root),
        (&(trusted.clone() + &pem("CERTIFICATE", "AA==")), not_a_root),
    ] {
        let refused = trusts(text.as_bytes());
        assert_eq!(refused, Err(Invalid::new("pem", rule)), "{text}");
    }
}

/// Another authority beside one that is trusted, in either order.
#[test]
fn authorities_are_trusted_as_well_as_others() {
    let (trusted, unknown) = (tls::trusted(), tls::unknown());
    let (one, other) = (&trusted, &unknown);
    let builder = |endpoint| {
        Client::builder()
            .credentials(credential())
            .endpoint(endpoint)
    };
    for flaw in [Flaw::None, Flaw::UnknownIssuer] {
        let service = Service::new(Certificate(flaw), 1);
        let seen = |builder: Builder| {
            let seen = wait(
                builder
                    .settings(settings(service.endpoint()))
                    .build()
                    .call(&january()),
            );
            !matches!(seen, Err(Error::Transport(Failure::NotSent(_))))
        };
        let both = builder(service.endpoint()).trust_only(one).unwrap();
        assert!(seen(both.clone().trust_also(other).unwrap()), "{flaw:?}");
        // Beside Mozilla's roots, which are none of the two.
        let also = builder(service.endpoint()).trust_also(one).unwrap();
        assert_eq!(seen(also.clone()), flaw == Flaw::None);
        assert!(seen(also.clone().trust_also(other).unwrap()), "{flaw:?}");
        // What is trusted alone replaces what was added.
        let only = also.trust_only(other).unwrap();
        assert_eq!(seen(only), flaw == Flaw::UnknownIssuer);
    }
    let refused = builder("https://127.0.0.1".parse().unwrap()).trust_also("");
    assert_eq!(refused.unwrap_err().field(), "pem");
}

/// The connection is closed with the call, and never used again; the next one is.
#[test]
fn a_call_that_ends_at_its_deadline_leaves_the_client_usable() {
    for (stage, secure) in Stage::ALL {
        let peer = stage.peer(secure);
        let endpoint = if secure {
            peer.https_endpoint()
        } else {
            peer.endpoint()
        };
        let setup = Setup {
            deadline: SHORT,
            ..Setup::to(endpoint)
        };
        let client = setup.client();
        let start = Instant::now();
        assert_late(wait(client.call(&january())));
        assert!(start.elapsed() < SHORT + LENIENCE, "{stage:?}");
        assert_eq!(
            (peer.noted(), peer.noted()),
            ("stalls", "gone"),
            "{stage:?}"
        );
        assert_eq!(peer.accepted(), 1, "{stage:?}");
        for _ in 0..2 {
            let reply = wait(client.call(&january())).unwrap();
            assert_eq!(reply.output.total, Some(42), "{stage:?}");
        }
        assert_eq!(peer.accepted(), 2, "{stage:?}");
    }
}
