//! What a ticket to the vendor's support says of an error, and how an error ends a call.

use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Invalid, Outcome, Pages, Settings, Untyped, Walk,
    credential::Source, flow::Retry,
};

use super::{
    answer,
    credentials::{january, near, role},
    done, page, read, refusal, resume, sent,
    table::{ITEM_OFFSET, Rows, Table},
    write,
};
use crate::common::{Client, credential};

const ZONES: &str = "cvm 2017-03-12 DescribeZones, cvm.tencentcloudapi.com, 2025-10-09T08:53:20Z, ";
const ROWS: &str = "cvm 2017-03-12 DescribeRows, cvm.tencentcloudapi.com, 2025-10-09T08:53:20Z, ";

/// The error of a call that meets only this.
fn error(outcome: impl Fn() -> Outcome, settings: Settings) -> Error {
    let mut client = Client::with_settings(settings);
    let result = client.drive(&mut Call::new(&read()), |_, _| outcome());
    result.unwrap_err()
}

#[test]
fn a_ticket_has_all_that_is_known_of_any_error_of_a_call_that_was_sent() {
    let large = || answer(json!({"Text": "x".repeat(200)}));
    let packed = || super::with(page(200, "packed"), "content-encoding", "gzip");
    for (outcome, ticket) in [
        (
            (|| refusal("UnauthorizedOperation.CamNoAuth")) as fn() -> Outcome,
            "RequestId 5e1f, UnauthorizedOperation.CamNoAuth",
        ),
        (|| page(502, "<html>"), "not_an_answer"),
        (packed, "not_an_answer"),
        (large, "too_large"),
        (
            || page(200, r#"{"Response": {"RequestId": "5e1f", "Error": 1}}"#),
            "RequestId 5e1f, decode",
        ),
        (|| Err(Failure::not_sent("refused")), "not_sent"),
        (|| Err(Failure::unknown("reset")), "no_answer"),
    ] {
        let settings = Settings::default().with_max_body(150);
        let once = error(outcome, settings.clone().with_retry(Retry::NEVER));
        assert_eq!(once.ticket(), format!("{ZONES}{ticket}"));
        assert_eq!(once.attempts(), 1);
        // The time is the last attempt's.
        let twice = settings.with_retry(
            Retry::default()
                .with_attempts(2)
                .with_base(super::seconds(9)),
        );
        let twice = error(outcome, twice);
        let (is_repeated, text) = (twice.attempts() == 2, twice.ticket());
        assert_eq!(
            is_repeated,
            matches!(twice, Error::GaveUp { .. }),
            "{twice:?}"
        );
        assert!(text.ends_with(&format!("Z, {ticket}")), "{text}");
        assert!(text.contains("DescribeZones, cvm.tencentcloudapi.com, 2025-10-09T08:53:2"));
    }
}

#[test]
fn a_ticket_is_one_line_whatever_the_service_says() {
    let refused = || {
        page(
            200,
            r#"{"Response": {"RequestId": "5e\n1f", "Error": {"Code": "A\r\n.B\u0085C"}}}"#,
        )
    };
    let ticket = error(refused, Settings::default()).ticket();
    assert_eq!(ticket, format!("{ZONES}RequestId 5e 1f, A  .B C"));
}

#[test]
fn a_ticket_of_what_was_never_sent_says_no_more_than_that() {
    let invalid = Error::from(Invalid::new("Limit", "must be at least 1"));
    assert_eq!(invalid.ticket(), "invalid");
    assert_eq!((invalid.attempts(), invalid.request_id()), (0, None));
    let settings = Settings::default().with_deadline(super::seconds(0));
    let mut client = Client::with_settings(settings);
    let late = done(&mut Call::new(&read()), &mut client).unwrap_err();
    assert_eq!(late.ticket(), "cvm 2017-03-12 DescribeZones, deadline");
}

#[test]
fn without_a_role_the_ticket_is_that_of_its_request() {
    let mut client = near(Source::role(role(), credential()), Settings::default());
    let mut call = Call::new(&january());
    let send = |_, attempt: Attempt| {
        assert!(attempt.for_credentials);
        refusal("AuthFailure.SecretIdNotFound")
    };
    let error = client.drive(&mut call, send).unwrap_err();
    assert_eq!(
        error.ticket(),
        "sts 2018-08-13 AssumeRole, 127.0.0.1:8080, 2025-10-09T08:53:20Z, RequestId 5e1f, \
         AuthFailure.SecretIdNotFound"
    );
}

#[test]
fn a_confidential_input_is_not_in_a_ticket() {
    let action = read().confidential();
    let marked = Untyped::of(
        tc3_core::Action::target(&action),
        json!({"Plaintext": "MARKED"}),
    );
    for outcome in [
        || page(200, "MARKED"),
        || refusal("InternalError"),
        || {
            page(
                200,
                r#"{"Response": {"Plaintext": "MARKED", "RequestId": ["MARKED"]}}"#,
            )
        },
    ] {
        let mut client = Client::new();
        let result = client.drive(&mut Call::new(&marked), |_, _| outcome());
        let error = result.unwrap_err();
        let shown = format!("{} {error} {error:?}", error.ticket());
        assert!(!shown.contains("MARKED"), "{shown}");
    }
}

#[test]
fn a_walks_own_error_has_the_ticket_of_its_last_answer() {
    let table = Table::new(&[6]);
    let incomplete = |attempt: &Attempt| {
        let mut page = table.page::<ITEM_OFFSET>(&super::input(attempt));
        page["Total"] = json!(7);
        answer(page)
    };
    let (_, error, walk) = resume::finish(Rows::<ITEM_OFFSET>::new(4, 1).into(), incomplete);
    let error = error.unwrap();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    assert_eq!(error.ticket(), format!("{ROWS}RequestId 5e1f, incomplete"));
    // Another process has no answer.
    let (_, error, _) = resume::finish(resume::stored(&walk), |_| panic!("a send"));
    assert_eq!(
        error.unwrap().ticket(),
        "cvm 2017-03-12 DescribeRows, incomplete"
    );

    let mut client = Client::with_settings(Settings::default().with_max_pages(1));
    let mut pages = Pages::new(Walk::from(Rows::<ITEM_OFFSET>::new(4, 1)));
    let attempt = sent(&mut pages, &mut client);
    pages.handle(table.serve::<ITEM_OFFSET>(&attempt));
    assert!(matches!(done(&mut pages, &mut client), Some(Ok(_))));
    let error = done(&mut pages, &mut client).unwrap().unwrap_err();
    assert_eq!(
        error.ticket(),
        format!("{ROWS}RequestId 5e1f, too_many_pages")
    );

    // A call that ends the walk has its own.
    let send = |_: &Attempt| refusal("UnsupportedOperation");
    let (_, error, _) = resume::finish(Rows::<ITEM_OFFSET>::new(4, 1).into(), send);
    let expected = format!("{ROWS}RequestId 5e1f, UnsupportedOperation");
    assert_eq!(error.unwrap().ticket(), expected);
}

#[test]
fn only_what_another_attempt_might_have_mended_was_given_up() {
    let ends = |action: Untyped, outcomes: [fn() -> Outcome; 2]| {
        let settings = Settings::default().with_retry(Retry::default().with_attempts(2));
        let mut client = Client::with_settings(settings);
        let mut outcomes = outcomes.into_iter();
        let mut call = Call::new(&action);
        let result = client.drive(&mut call, |_, _| outcomes.next().unwrap()());
        let error = result.unwrap_err();
        assert_eq!(error.attempts(), 2);
        error.to_string()
    };
    let throttled = || refusal("RequestLimitExceeded");
    let denied = || refusal("UnauthorizedOperation");
    let lost = || Err(Failure::unknown("reset"));
    let refused = "the service refused: UnauthorizedOperation: no (RequestId 5e1f)";
    assert_eq!(ends(read(), [throttled, denied]), refused);
    assert_eq!(ends(read(), [lost, lost]), "gave up after 2 attempts");
    assert_eq!(
        ends(read(), [throttled, throttled]),
        "gave up after 2 attempts"
    );
    // A write whose result is unknown is not sent again.
    assert_eq!(
        ends(write(), [throttled, lost]),
        "no answer from the service"
    );
}

#[test]
fn an_error_is_small() {
    assert!(size_of::<Error>() <= 10 * size_of::<usize>());
}
