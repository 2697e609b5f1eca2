//! What is told of calls and walks through `tracing`: each event, in order, and in which spans.
//!
//! Tests of their own, since all that a process tells is recorded.

use std::{sync::Mutex, time::Duration};

use tc3_core::{
    Attempt, Chain, Credential, Region, Settings,
    credential::Source,
    emulator::{Emulator, Fault, When},
    flow::Retry,
};
use tc3_test_peer::{
    ANSWER, Peer, credential, january, list,
    machine::{Folder, again, is_child},
    recording::{CALL, DENIED, Recording, THROTTLED, attempt, body, strays},
};

use crate::driver::{Builder, Client, answering, wait, walked};

pub(crate) fn settings() -> Settings {
    Settings::default()
        .with_retry(Retry::default().with_base(Duration::ZERO))
        .with_region(Region::new("ap-guangzhou").unwrap())
}

pub(crate) fn builder(credentials: impl Into<Chain>) -> Builder {
    Client::builder()
        .credentials(credentials)
        .settings(settings())
}

#[test]
fn a_call_that_is_throttled_once_is_told_of_step_by_step() {
    let recording = Recording::new();
    let answers = Mutex::new([body(ANSWER), body(THROTTLED)].into_iter().rev());
    let client = answering(builder(credential()), move |_| {
        answers.lock().unwrap().next().unwrap()
    });
    let reply = recording.span().in_scope(|| wait(client.call(&january())));
    assert_eq!(reply.unwrap().request_id, "5e1f");

    let sent = "host=billing.tencentcloudapi.com for_credentials=false bytes_sent=90 status=200";
    let refusal = "outcome=throttled request_id=5e1e code=RequestLimitExceeded";
    let expected = [
        format!(
            "{} {sent} bytes_received={} latency_ms {refusal} \
             error=the service refused: RequestLimitExceeded: slow down (RequestId 5e1e)",
            attempt("tc3.call", 1),
            THROTTLED.len()
        ),
        format!(
            "DEBUG tc3::wait tc3.call: wait wait_ms=1000 why=throttled for_credentials=false next_attempt=2 {refusal}"
        ),
        format!(
            "{} {sent} bytes_received={} latency_ms outcome=ok request_id=5e1f",
            attempt("tc3.call", 2),
            ANSWER.len()
        ),
        format!(
            "DEBUG tc3::call tc3.call: call done {CALL} attempts=2 latency_ms outcome=ok request_id=5e1f"
        ),
        format!("end of tc3.call: {CALL} attempts=2 request_id=5e1f outcome=ok"),
    ];
    assert_eq!(recording.lines(), expected);
}

#[test]
fn a_call_that_fails_is_told_of_with_all_that_support_asks_for() {
    let recording = Recording::new();
    let client = answering(builder(credential()), |_| body(DENIED));
    let result = recording.span().in_scope(|| wait(client.call(&january())));
    result.unwrap_err();
    let (refusal, error) = (
        "outcome=denied request_id=5e20",
        "code=UnauthorizedOperation.CamNoAuth \
         error=the service refused: UnauthorizedOperation.CamNoAuth: no (RequestId 5e20)",
    );
    let lines = recording.lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].starts_with(&attempt("tc3.call", 1)));
    assert!(lines[0].ends_with(&format!("{refusal} {error}")));
    let failed = format!(
        "WARN tc3::call tc3.call: call failed {CALL} attempts=1 latency_ms {refusal} {error}"
    );
    assert_eq!(lines[1], failed);
    let end = format!("end of tc3.call: {CALL} attempts=1 request_id=5e20 outcome=denied");
    assert_eq!(lines[2], end);
}

#[test]
fn what_is_never_sent_is_told_of_all_the_same() {
    let recording = Recording::new();
    let client = answering(builder(Chain::of([])), |_| body(ANSWER));
    let result = recording.span().in_scope(|| wait(client.call(&january())));
    result.unwrap_err();
    let names = "service=billing action=DescribeBillList";
    let error = "error=no credentials: nothing was tried";
    let expected = [
        format!("WARN tc3::credentials tc3.call: credentials not found {error}"),
        format!(
            "WARN tc3::call tc3.call: call failed {names} attempts=0 latency_ms outcome=no_credentials {error}"
        ),
        format!("end of tc3.call: {names} attempts=0 outcome=no_credentials"),
    ];
    assert_eq!(recording.lines(), expected);
}

#[test]
fn a_connection_that_is_refused_is_told_of_with_its_cause() {
    let recording = Recording::new();
    let nobody = tc3_test_peer::Refusing::new();
    let client = builder(credential()).settings(
        settings()
            .with_endpoint(nobody.endpoint())
            .with_retry(Retry::NEVER),
    );
    let result = recording
        .span()
        .in_scope(|| wait(client.build().call(&january())));
    result.unwrap_err();
    let lines = recording.lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let sent = "host=127.0.0.1 for_credentials=false bytes_sent=90 latency_ms outcome=not_sent";
    assert!(lines[0].contains(sent), "{lines:#?}");
    for line in &lines[..2] {
        let reason = "error=no answer from the service: the request was not sent: ";
        let (_, cause) = line.split_once(reason).unwrap();
        assert!(!cause.is_empty());
    }
}

/// The pages of a list of 42 records, walked over sockets.
fn walk(recording: &Recording, width: usize, faults: impl IntoIterator<Item = (u64, Fault)>) {
    let emulator = faults
        .into_iter()
        .fold(Emulator::new(credential()), |emulator, (at, fault)| {
            emulator.with_fault(When::At(at), fault)
        });
    let peer = Peer::emulating(emulator);
    let client = builder(credential()).endpoint(peer.endpoint()).build();
    // The walk is made within the span; whoever reads it may be elsewhere.
    let pages = recording
        .span()
        .in_scope(|| client.pages(list()).width(width));
    assert_eq!(walked(pages).into_iter().map(Result::unwrap).count(), 11);
}

#[test]
fn all_that_a_walk_does_is_told_of_in_its_span_however_wide_it_is() {
    for width in [1, 4] {
        let recording = Recording::new();
        walk(&recording, width, []);
        let lines = recording.lines();
        assert!(
            lines.iter().all(|line| line.contains(" tc3.walk")),
            "{lines:#?}"
        );
        // Each once, and in order.
        let pages = recording.lines_with(": page page=");
        for (page, line) in (1..).zip(&pages) {
            let delivered = (page * 4).min(42);
            let told = format!(
                "DEBUG tc3::walk tc3.walk: page page={page} delivered={delivered} total=42 request_id="
            );
            assert!(line.starts_with(&told), "{line}");
        }
        assert_eq!(pages.len(), 11);
        let in_call = format!("{} host=127.0.0.1", attempt("tc3.walk/tc3.call", 1));
        for word in [&in_call, "call done", "end of tc3.walk/tc3.call"] {
            assert_eq!(recording.lines_with(word).len(), 11, "{word} {lines:#?}");
        }
        let end = "pages=11 delivered=42 outcome=ok";
        let expected = [
            format!("DEBUG tc3::walk tc3.walk: walk done {end}"),
            format!("end of tc3.walk: service=billing action=DescribeBillList {end}"),
        ];
        assert_eq!(lines[lines.len() - 2..], expected);
        assert_eq!(lines.len(), 4 * 11 + 2, "{lines:#?}");
    }
    assert_eq!(strays(), Vec::<String>::new());
}

#[test]
fn what_a_walk_sends_again_is_told_of_as_retries() {
    let recording = Recording::new();
    let lost = || Fault::Status {
        status: 502,
        retry_after: None,
    };
    walk(&recording, 1, [(2, lost()), (5, lost()), (6, lost())]);
    assert_eq!(recording.lines_with("status=502").len(), 3);
    assert_eq!(recording.lines_with(" attempt=2 ").len(), 2);
    assert_eq!(recording.lines_with(" attempt=3 ").len(), 1);
    assert_eq!(recording.lines_with("call done").len(), 11);
}

#[test]
fn a_walk_that_fails_says_how_far_it_came() {
    let recording = Recording::new();
    let emulator = Mutex::new(Emulator::new(credential()));
    let builder = builder(credential()).settings(settings().with_max_pages(2));
    let client = answering(builder, move |attempt: Attempt| {
        tc3_test_peer::emulated(&emulator, &attempt)
    });
    let pages = recording.span().in_scope(|| client.pages(list()));
    assert_eq!(walked(pages).into_iter().filter(Result::is_err).count(), 1);
    let lines = recording.lines();
    let [.., failed, end] = &lines[..] else {
        panic!("{lines:#?}");
    };
    let (failed, id) = failed.split_once(" request_id=").unwrap();
    let expected = "WARN tc3::walk tc3.walk: walk failed service=billing action=DescribeBillList pages=2 \
         delivered=8 total=42 outcome=too_many_pages";
    assert_eq!(failed, expected);
    // The last answer's.
    let (id, error) = id.split_once(' ').unwrap();
    assert!(recording.lines_with(": page page=2 ")[0].ends_with(id));
    let expected = "error=more than 2 pages (2024-01-01 00:00:00 to 2024-01-31 23:59:59)";
    assert_eq!(error, expected);
    let expected = "end of tc3.walk: service=billing action=DescribeBillList pages=2 delivered=8 outcome=too_many_pages";
    assert_eq!(end, expected);
}

#[test]
fn a_look_for_credentials_is_told_of_by_its_source() {
    let recording = Recording::new();
    let peer = Peer::emulating(Emulator::new(credential()).with_machine_role("billing-reader"));
    let endpoint = peer.endpoint();
    let client = builder(Source::cvm_role_at(endpoint.clone(), None)).endpoint(endpoint);
    let reply = recording
        .span()
        .in_scope(|| wait(client.build().call(&january())));
    reply.unwrap();
    let lines = recording.lines();
    let asked = "DEBUG tc3::attempt tc3.call: attempt attempt=1 host=127.0.0.1 for_credentials=true \
                 bytes_sent=0 status=200 bytes_received=";
    for line in &lines[..2] {
        assert!(
            line.starts_with(asked) && line.ends_with(" latency_ms"),
            "{line}"
        );
    }
    let found = "DEBUG tc3::credentials tc3.call: credentials found source=CVM role";
    assert_eq!(lines[2], found);
    assert!(lines[3].starts_with(&attempt("tc3.call", 1)));
    assert_eq!(lines.len(), 2 + 1 + 3, "{lines:#?}");
}

#[test]
fn what_is_looked_up_is_told_of_by_its_name() {
    let recording = Recording::new();
    let missing = Source::profile_in("/nowhere/credentials", "default");
    let client = answering(builder(missing), |_| body(ANSWER));
    let result = recording.span().in_scope(|| wait(client.call(&january())));
    result.unwrap_err();
    let look =
        r#"TRACE tc3::credentials tc3.call: look lookup=File("/nowhere/credentials") found=false"#;
    assert_eq!(recording.lines()[0], look);
    let warnings =
        recording.lines_with("no credentials: profile file: /nowhere/credentials is not there");
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
}

#[test]
fn a_usual_file_that_cannot_be_read_is_warned_of() {
    if !is_child() {
        let folder = Folder::new();
        let home = folder.write(".tencentcloud/credentials/in-a-folder", "");
        let home = home.split("/.tencentcloud").next().unwrap();
        let test = "told::a_usual_file_that_cannot_be_read_is_warned_of";
        again(test, &[("HOME", home), ("USERPROFILE", home)]);
        return;
    }
    let recording = Recording::new();
    let chain = Chain::of([Source::profile(), credential().into()]);
    let client = answering(builder(chain), |_| body(ANSWER));
    recording
        .span()
        .in_scope(|| wait(client.call(&january())))
        .unwrap();
    let warnings = recording.lines_with("passed over");
    let [warning] = &warnings[..] else {
        panic!("{warnings:#?}");
    };
    let expected = "WARN tc3::credentials tc3.call: passed over source=profile file \
                    error=~/.tencentcloud/credentials can't be read: ";
    assert!(warning.starts_with(expected), "{warning}");
}

#[test]
fn other_credentials_are_no_news() {
    let recording = Recording::new();
    let client = answering(builder(credential()), |_| body(ANSWER));
    client.set_credential(Credential::new("AKIDOTHER", "not-a-real-key").unwrap());
    recording
        .span()
        .in_scope(|| wait(client.call(&january())))
        .unwrap();
    assert_eq!(
        recording.lines_with("tc3::credentials"),
        Vec::<String>::new()
    );
}
