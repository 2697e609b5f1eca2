//! What a call that failed says is to be done, where that depends on more than one answer.

use std::time::Duration;

use tc3_core::{
    Attempt, Call, Chain, Credential, Error, Failure, Flow, Outcome, Remedy, Settings, Step,
    UnixTime,
    credential::Source,
    error::{Kind, Obstacle},
    flow::DriverStep,
};

use super::{
    answer,
    credentials::{january, near, role},
    done, page, read, refusal, search, seconds, with, write,
};
use crate::common::{Client, START, credential};

/// What a call comes to whose role can't be taken.
fn without_role(outcome: impl Fn() -> Outcome) -> Error {
    let source = Source::role(role(), credential());
    let mut client = near(source, Settings::default());
    let send = |_, attempt: Attempt| {
        assert!(attempt.for_credentials);
        outcome()
    };
    client.drive(&mut Call::new(&january()), send).unwrap_err()
}

#[test]
fn without_credentials_an_error_is_as_transient_as_its_cause() {
    for (outcome, remedy) in [
        (
            (|| refusal("RequestLimitExceeded")) as fn() -> Outcome,
            Remedy::Later,
        ),
        (|| with(page(429, ""), "retry-after", "600"), Remedy::Later),
        (|| refusal("InternalError.SystemError"), Remedy::Resume),
        (|| page(502, "<html>"), Remedy::Resume),
        (|| Err(Failure::not_sent("refused")), Remedy::Resume),
        (|| Err(Failure::unknown("reset")), Remedy::Resume),
        (
            || Err(Failure::not_sent("no name").with_obstacle(Obstacle::NameLookup)),
            Remedy::Resume,
        ),
        (|| refusal("AuthFailure.SecretIdNotFound"), Remedy::Mend),
        (
            || refusal("UnauthorizedOperation.NoPermission"),
            Remedy::Mend,
        ),
        (|| refusal("IpNotInWhitelist"), Remedy::Mend),
        (|| page(403, "<html>"), Remedy::Mend),
        (
            || Err(Failure::not_sent("expired").with_obstacle(Obstacle::Tls)),
            Remedy::Mend,
        ),
        (
            || Err(Failure::not_sent("").with_obstacle(Obstacle::proxy(407))),
            Remedy::Mend,
        ),
    ] {
        let error = without_role(outcome);
        assert!(matches!(error.cause(), Error::Credentials(_)), "{error:?}");
        assert_eq!(error.remedy(), remedy, "{error:?}");
        assert_eq!(error.is_transient(), remedy != Remedy::Mend, "{error:?}");
        assert!(!error.may_have_taken_effect());
    }
    let error = without_role(|| refusal("RequestLimitExceeded"));
    assert_eq!(error.refusal().unwrap().kind(), Kind::Throttled);
}

#[test]
fn a_deadline_says_what_it_waited_for() {
    // The call that looks hears of nothing until the end.
    let source = Source::role(role(), credential());
    let mut client = near(source, Settings::default());
    let mut looks = Call::new(&january());
    let mut search = search(&mut looks, &mut client);
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Send(attempt) if attempt.for_credentials));
    let mut waits = Call::new(&january());
    let Step::Wait(_) = waits.step(&mut client.session, client.now) else {
        panic!("no wait");
    };
    client.pass(seconds(60));
    let error = done(&mut waits, &mut client).unwrap_err();
    let Error::Deadline {
        attempts: 0,
        source: Some(cause),
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    assert_eq!(
        cause.to_string(),
        "no credentials: all: another call is still searching for them"
    );
    assert_eq!(error.remedy(), Remedy::Resume);

    search.handle(Err(Failure::unknown("too late")));
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    let error = done(&mut looks, &mut client).unwrap_err();
    let Error::Deadline {
        attempts: 0,
        source: Some(cause),
        ..
    } = &error
    else {
        panic!("{error:?}");
    };
    let text = cause.to_string();
    assert!(
        text.starts_with("no credentials: ") && text.ends_with("too late"),
        "{text}"
    );
}

#[test]
fn absurd_dates_of_credentials_and_of_who_gives_them_keep_no_call_from_being_signed() {
    let plain = |expires: &str| {
        let text = format!(
            r#"{{"Response":{{"Credentials":{{"Token":"t","TmpSecretId":"AKIDROLE","TmpSecretKey":"k"}},
            "ExpiredTime":{expires},"RequestId":"r"}}}}"#
        );
        Ok(http::Response::new(text.into()))
    };
    for (expires, date) in [
        (Some("9223372036854775807"), None),
        (Some("253402300799"), None),
        // Milliseconds, as it were.
        (Some("1760007200000"), None),
        (None, Some("Fri, 31 Dec 9999 23:59:59 GMT")),
        (None, Some("Thu, 01 Jan 1970 00:00:00 GMT")),
    ] {
        let mut client = near(Source::role(role(), credential()), Settings::default());
        let mut takes = 0;
        for _ in 0..3 {
            let mut call = Call::new(&read());
            let send = |now: UnixTime, attempt: Attempt| {
                if !attempt.for_credentials {
                    return answer(serde_json::json!({}));
                }
                takes += 1;
                let soon = (now.seconds() + 7_200).to_string();
                let taken = plain(expires.unwrap_or(&soon));
                match date {
                    Some(date) => with(taken, "date", date),
                    None => taken,
                }
            };
            client.drive(&mut call, send).unwrap();
            // No role lives longer, so what says that it does is not believed for longer.
            client.pass(Duration::from_secs(12 * 3_600));
        }
        assert_eq!(takes, 3, "{expires:?} {date:?}");
    }
}

#[test]
fn a_credential_that_expires_in_years_is_good_for_years() {
    let year = 365 * 24 * 3_600;
    let lasting = credential().with_expiry(UnixTime::new(START.seconds() + year));
    let mut client = near(Chain::of([lasting.into()]), Settings::default());
    for _ in 0..11 {
        let send = |_, _: Attempt| answer(serde_json::json!({}));
        client.drive(&mut Call::new(&read()), send).unwrap();
        client.pass(Duration::from_secs(30 * 24 * 3_600));
    }
    assert_eq!(
        client.session.credential().map(Credential::secret_id),
        Some("AKIDEXAMPLE")
    );
}

#[test]
fn what_comes_in_a_content_coding_that_was_not_asked_for_is_named_and_not_asked_for_again() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00";
    let packed = |coding: &str| {
        let response = http::Response::new(GZIP.into());
        with(Ok(response), "content-encoding", coding)
    };
    for coding in ["gzip", "br", " GZIP ", "identity, deflate"] {
        for action in [read(), write()] {
            let mut client = Client::new();
            let mut sends = 0;
            let send = |_, attempt: Attempt| {
                sends += 1;
                assert_eq!(attempt.request.headers()["accept-encoding"], "identity");
                packed(coding)
            };
            let error = client.drive(&mut Call::new(&action), send).unwrap_err();
            assert_eq!(sends, 1, "{error}");
            let text = format!(
                "the answer has the content coding {:?}, though the request accepts none",
                coding.trim()
            );
            assert_eq!(error.to_string(), text);
            assert_eq!(error.remedy(), Remedy::Mend);
            assert!(error.may_have_taken_effect());
        }
    }
    // A gateway's page is that, whatever it is in.
    let mut client = Client::new();
    let mut sends = 0;
    let send = |_, _: Attempt| {
        sends += 1;
        packed("gzip").map(|mut response| {
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            response
        })
    };
    let error = client.drive(&mut Call::new(&read()), send).unwrap_err();
    assert_eq!(sends, 6);
    let text = error.cause().to_string();
    assert!(
        text.contains("502") && text.contains("gzip") && text.ends_with("begins with \"\""),
        "{text}"
    );
}

#[test]
fn what_can_be_read_is_an_answer_whatever_coding_it_claims() {
    for coding in ["identity", "IDENTITY", "", "gzip"] {
        let mut client = Client::new();
        let send = |_, _: Attempt| {
            with(
                answer(serde_json::json!({"Total": 3})),
                "content-encoding",
                coding,
            )
        };
        let reply = client.drive(&mut Call::new(&read()), send).unwrap();
        assert_eq!(reply.output.json("Total"), Some("3"));
    }
}

#[test]
fn what_cannot_be_read_without_a_coding_is_no_answer() {
    for coding in ["identity", "IDENTITY", ""] {
        let mut client = Client::new();
        let packed = http::Response::new("packed".into());
        let send = |_, _: Attempt| with(Ok(packed.clone()), "content-encoding", coding);
        let error = client.drive(&mut Call::new(&write()), send).unwrap_err();
        assert!(
            matches!(error.cause(), Error::NotAnAnswer { .. }),
            "{error}"
        );
    }
}
