//! Credentials that are looked for.

use std::{mem, time::Duration};

use http::StatusCode;
use serde_json::json;
use tc3_core::{
    Attempt, Call, Chain, Credential, Error, Failure, Flow, Region, Remedy, Session, Settings,
    Step, UnixTime, Untyped,
    credential::{Lookup, Source},
    emulator::Emulator,
    flow::{DriverStep, Retry},
    sts::AssumeRole,
};

use super::answer;
use crate::common::{Client, START, credential};

pub(crate) const METADATA: &str =
    "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/";

fn client_of(chain: impl Into<Chain>) -> Client {
    Client::with_session(Session::new(chain))
}

/// A client whose requests go where the emulator is.
pub(crate) fn near(chain: impl Into<Chain>, settings: Settings) -> Client {
    let endpoint = "http://127.0.0.1:8080".parse().unwrap();
    Client::with_session(Session::new(chain).with_settings(settings.with_endpoint(endpoint)))
}

pub(crate) fn zones() -> Untyped {
    Untyped::new("cvm", "2017-03-12", "DescribeZones", json!({})).repeatable()
}

pub(crate) fn january() -> tc3_core::billing::DescribeBillList {
    tc3_core::billing::DescribeBillList::new(
        "2024-01-01 00:00:00".parse().unwrap(),
        "2024-01-31 23:59:59".parse().unwrap(),
    )
    .with_limit(1)
}

pub(crate) fn machine() -> Emulator {
    Emulator::new(credential()).with_machine_role("billing-reader")
}

pub(crate) fn role() -> AssumeRole {
    AssumeRole::new(Emulator::ROLE_ARN, "monthly-report")
}

/// Who signed a request, and with which token.
pub(crate) fn signer(attempt: &Attempt) -> (String, Option<String>) {
    let text = |name: &str| {
        let value = attempt.request.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_string())
    };
    let authorization = text("authorization").unwrap();
    let id = authorization.split_once("Credential=").unwrap().1;
    (id.split('/').next().unwrap().into(), text("x-tc-token"))
}

/// The first request that a call in this client sends, after a search that sends nothing; or its error.
pub(crate) fn first_send(client: &mut Client) -> Result<Attempt, Error> {
    let mut call = Call::new(&zones());
    loop {
        match call.step(&mut client.session, client.now) {
            Step::Send(attempt) => return Ok(attempt),
            Step::Wait(delay) => client.wait(delay, &mut |_, attempt| panic!("{attempt:?}")),
            Step::Done(result) => return Err(result.unwrap_err()),
        }
    }
}

fn error(client: &mut Client) -> String {
    first_send(client).unwrap_err().to_string()
}

pub(crate) fn set(client: &mut Client, things: &[(&str, &str)]) {
    for (name, value) in things {
        client.machine.insert((*name).into(), (*value).into());
    }
}

pub(crate) const PAIR: [(&str, &str); 2] = [
    ("TENCENTCLOUD_SECRET_ID", "AKIDENVIRONMENT"),
    ("TENCENTCLOUD_SECRET_KEY", "fake-key"),
];
const PROFILE: &str = "[default]\nsecret_id = AKIDPROFILE\nsecret_key = fake-key\n\
                       [dev]\nsecret_id = AKIDDEV\nsecret_key = fake-key\ntoken = fake-token\n";
const LOGIN: &str = r#"{"secretId": "AKIDTCCLI", "secretKey": "fake-key"}"#;

#[test]
fn the_first_source_that_has_some_is_the_one() {
    for (things, signed_by) in [
        (&[("~/.tccli/default.credential", LOGIN)][..], "AKIDTCCLI"),
        (
            &[
                ("~/.tccli/default.credential", LOGIN),
                ("/etc/tencentcloud/credentials", PROFILE),
            ],
            "AKIDPROFILE",
        ),
        (
            &[
                ("/etc/tencentcloud/credentials", "broken"),
                ("~/.tencentcloud/credentials", PROFILE),
            ],
            "AKIDPROFILE",
        ),
        (
            &[
                ("~/.tencentcloud/credentials", "broken"),
                ("TENCENTCLOUD_CREDENTIALS_FILE", "/my/file"),
                ("/my/file", PROFILE),
            ],
            "AKIDPROFILE",
        ),
        (
            &[("~/.tencentcloud/credentials", "broken"), PAIR[0], PAIR[1]],
            "AKIDENVIRONMENT",
        ),
        (
            &[
                ("TCCLI_PROFILE", "dev"),
                ("~/.tccli/dev.credential", LOGIN),
                ("TENCENTCLOUD_SECRET_ID", ""),
            ],
            "AKIDTCCLI",
        ),
        // As Terraform names them.
        (
            &[
                ("TENCENTCLOUD_PROFILE", "dev"),
                ("~/.tccli/default.credential", "broken"),
                ("~/.tccli/dev.credential", LOGIN),
            ],
            "AKIDTCCLI",
        ),
        (
            &[
                ("TENCENTCLOUD_SHARED_CREDENTIALS_DIR", "/my/folder"),
                ("~/.tccli/default.credential", "broken"),
                ("/my/folder/default.credential", LOGIN),
            ],
            "AKIDTCCLI",
        ),
    ] {
        let mut client = client_of(Chain::default());
        set(&mut client, things);
        let attempt = first_send(&mut client).unwrap();
        assert_eq!(signer(&attempt), (signed_by.into(), None), "{things:?}");
        assert_eq!(client.session.credential().unwrap().secret_id(), signed_by);
        // They are looked for once.
        client.looked.clear();
        first_send(&mut client).unwrap();
        assert_eq!(client.looked, [""; 0]);
    }
}

#[test]
fn a_chain_without_any_says_what_was_tried_and_why() {
    let mut client = client_of(Chain::default());
    let mut call = Call::new(&zones());
    let error = client
        .drive(&mut call, |_, attempt| {
            assert_eq!(attempt.request.uri(), METADATA);
            assert!(attempt.direct && attempt.timeout <= Duration::from_secs(2));
            Err(Failure::not_sent("no such host"))
        })
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "no credentials: environment: neither TENCENTCLOUD_SECRET_ID nor TENCENTCLOUD_SECRET_KEY is set; \
             profile file: neither ~/.tencentcloud/credentials nor /etc/tencentcloud/credentials is there, \
             and TENCENTCLOUD_CREDENTIALS_FILE is not set; \
             tccli: ~/.tccli/default.credential is not there; \
             TKE: none of TKE_REGION, TKE_PROVIDER_ID, TKE_WEB_IDENTITY_TOKEN_FILE, TKE_ROLE_ARN is set; \
             CVM role: {METADATA} doesn't answer: the request was not sent: no such host"
        ),
    );
    let Error::Credentials(missing) = error else {
        panic!("{error:?}");
    };
    assert_eq!(missing.tried().len(), 5);
    assert_eq!(client.now.tick, Duration::ZERO, "nobody waits for nothing");
}

#[test]
fn a_machine_that_has_told_its_role_and_not_its_keys_is_asked_again() {
    let chain = Chain::of([
        Source::cvm_role(),
        Credential::new("AKIDOTHER", "not-a-real-key")
            .unwrap()
            .into(),
    ]);
    let (mut client, mut service) = (client_of(chain), machine());
    let mut is_lost = true;
    let mut sent = Vec::new();
    let result = client.drive(&mut Call::new(&january()), |now, attempt| {
        sent.push(attempt.direct);
        if attempt.direct && attempt.request.uri() != METADATA && mem::take(&mut is_lost) {
            return Err(Failure::unknown("timed out"));
        }
        Ok(service.handle(now, &attempt.request))
    });
    assert!(result.is_ok() && client.now.tick > Duration::ZERO);
    // Nobody else signs.
    assert_eq!(sent, [true, true, true, true, false]);
    let id = client.session.credential().unwrap().secret_id();
    assert!(id.starts_with("AKIDTEMPORARY"), "{id}");
}

#[test]
fn each_source_can_be_switched_off() {
    let name = "environment";
    let chain = Chain::default();
    for (chain, off) in [
        (chain.clone().without_environment(), name),
        (chain.clone().without_profile(), "profile file"),
        (chain.clone().without_tccli(), "tccli"),
        (chain.clone().without_tke(), "TKE"),
        (chain.without_cvm_role(), "CVM role"),
    ] {
        let names: Vec<String> = chain.sources().iter().map(Source::to_string).collect();
        assert_eq!(names.len(), 4);
        assert!(!names.contains(&off.to_string()), "{off}");
        let mut client = client_of(chain);
        let result = client.drive(&mut Call::new(&zones()), |_, _| {
            Err(Failure::not_sent("no such host"))
        });
        let Err(Error::Credentials(missing)) = result else {
            panic!("{result:?}");
        };
        let tried: Vec<&str> = missing.tried().iter().map(|it| &*it.source).collect();
        assert_eq!(tried, names);
    }
    let error = error(&mut client_of(Chain::of([])));
    assert_eq!(error, "no credentials: nothing was tried");
}

#[test]
fn a_source_that_is_wrong_ends_the_search() {
    for (things, reason) in [
        (
            &[PAIR[0]][..],
            "environment: TENCENTCLOUD_SECRET_KEY is missing",
        ),
        (
            &[("~/.tencentcloud/credentials", "[dev]\n")],
            "profile file: ~/.tencentcloud/credentials: section [default] is missing",
        ),
        (
            &[("TENCENTCLOUD_CREDENTIALS_FILE", "/my/file")],
            "profile file: /my/file is not there",
        ),
        (
            &[("~/.tccli/default.credential", "{\"secretId\": \"fake\"}")],
            "tccli: ~/.tccli/default.credential: secretKey is missing",
        ),
        (
            &[(
                "~/.tccli/default.credential",
                r#"{"secretId": "fake", "secretKey": "fake", "token": "fake", "expiresAt": 1760000000}"#,
            )],
            "tccli: ~/.tccli/default.credential: expired at Unix second 1760000000; log in again",
        ),
        // Nor do they assume a role.
        (
            &[(
                "~/.tccli/default.credential",
                r#"{"secretId": "fake", "secretKey": "fake", "token": "fake", "expiresAt": 1760000000,
                    "role-arn": "qcs::cam::uin/1:roleName/a"}"#,
            )],
            "tccli: ~/.tccli/default.credential: expired at Unix second 1760000000; log in again",
        ),
        (
            &[("TCCLI_PROFILE", "dev")],
            "tccli: ~/.tccli/dev.credential is not there",
        ),
        (
            &[("TCCLI_PROFILE", "dev"), ("TENCENTCLOUD_PROFILE", "prod")],
            "tccli: TENCENTCLOUD_PROFILE must not differ from TCCLI_PROFILE",
        ),
        (
            &[("TENCENTCLOUD_SHARED_CREDENTIALS_DIR", "/my/folder")],
            "tccli: /my/folder/default.credential is not there",
        ),
        (
            &[(
                "~/.tencentcloud/credentials",
                "[DEFAULT]\nrole_arn = fake\n[default]\nsecret_id = AKIDPROFILE\nsecret_key = fake",
            )],
            "profile file: ~/.tencentcloud/credentials: role_arn (line 2) must be in its profile's section",
        ),
        (
            &[("TENCENTCLOUD_SECRET_ID", "\"fake\""), PAIR[1]],
            "environment: TENCENTCLOUD_SECRET_ID must not contain quotes or be in quotes",
        ),
        (
            &[("TENCENTCLOUD_CREDENTIALS_FILE", "'/fake/file'")],
            "profile file: TENCENTCLOUD_CREDENTIALS_FILE must not contain quotes or be in quotes",
        ),
        (
            &[("TCCLI_PROFILE", "\"fake\"")],
            "tccli: TCCLI_PROFILE must not contain quotes or be in quotes",
        ),
        (
            &[
                ("TKE_REGION", "ap-guangzhou"),
                ("TKE_PROVIDER_ID", "p"),
                ("TKE_WEB_IDENTITY_TOKEN_FILE", "\"/token\""),
            ],
            "TKE: TKE_WEB_IDENTITY_TOKEN_FILE must not contain quotes or be in quotes",
        ),
        (
            &[("TKE_REGION", "'ap-guangzhou'")],
            "TKE: TKE_REGION must not contain quotes or be in quotes",
        ),
        (
            &[
                ("TKE_REGION", "ap-guangzhou"),
                ("TKE_PROVIDER_ID", "${PROVIDER}"),
                ("TKE_WEB_IDENTITY_TOKEN_FILE", "/token"),
                ("TKE_ROLE_ARN", "r"),
            ],
            "TKE: TKE_PROVIDER_ID must not contain brackets, $, % or \\; is it an unfilled placeholder?",
        ),
        (
            &[("TCCLI_PROFILE", "../fake")],
            "tccli: the profile's name must not be empty or a path",
        ),
        (
            &[("TKE_REGION", "ap-guangzhou")],
            "TKE: TKE_PROVIDER_ID is missing",
        ),
        (
            &[
                ("TKE_REGION", "ap guangzhou"),
                ("TKE_PROVIDER_ID", "p"),
                ("TKE_WEB_IDENTITY_TOKEN_FILE", "/token"),
                ("TKE_ROLE_ARN", "r"),
            ],
            "TKE: TKE_REGION must be letters, digits and hyphens",
        ),
        (
            &[
                ("TKE_REGION", "ap-guangzhou"),
                ("TKE_PROVIDER_ID", "p"),
                ("TKE_WEB_IDENTITY_TOKEN_FILE", "/token"),
                ("TKE_ROLE_ARN", "r"),
            ],
            "TKE: /token is not there",
        ),
        (
            &[
                ("TKE_REGION", "ap-guangzhou"),
                ("TKE_PROVIDER_ID", "p"),
                ("TKE_WEB_IDENTITY_TOKEN_FILE", "/token"),
                ("/token", "fake token"),
                ("TKE_ROLE_ARN", "r"),
            ],
            "TKE: /token must hold a token of printable ASCII",
        ),
    ] {
        let mut client = client_of(Chain::default());
        set(&mut client, things);
        let error = error(&mut client);
        assert!(error.ends_with(reason), "{error}");
        assert!(!error.contains("fake"), "{error}");
    }
}

#[test]
fn what_cannot_be_read_is_not_taken_as_absent() {
    let looked = [
        Err("permission denied".into()),
        Ok(Some(vec![b'#'; Lookup::MAX_SIZE + 1])),
        Ok(Some(vec![0xff])),
    ];
    let reasons = [
        "can't be read: permission denied",
        "is too large",
        "is not UTF-8",
    ];
    for (looked, reason) in looked.into_iter().zip(reasons) {
        let mut client = client_of(Source::profile_in("/my/file", "default"));
        let mut call = Call::new(&zones());
        let mut search = super::search(&mut call, &mut client);
        let DriverStep::Read(lookup) = search.step(&mut client.session, client.now) else {
            panic!("no lookup");
        };
        assert_eq!(lookup, Lookup::File("/my/file".into()));
        search.found(looked);
        let step = search.step(&mut client.session, client.now);
        assert!(matches!(step, DriverStep::Done(())));
        let Step::Done(Err(error)) = call.step(&mut client.session, client.now) else {
            panic!("no error");
        };
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_file_of_the_largest_size_is_read() {
    let mut file = PROFILE.to_string();
    file.push_str(&"#".repeat(Lookup::MAX_SIZE - file.len()));
    let mut client = client_of(Source::profile());
    set(&mut client, &[("~/.tencentcloud/credentials", &file)]);
    assert_eq!(signer(&first_send(&mut client).unwrap()).0, "AKIDPROFILE");
}

#[test]
fn the_region_is_kept_beside() {
    let configuration = r#"{"_sys_param": {"region": "ap-beijing"}}"#;
    let shanghai = Region::new("ap-shanghai").unwrap();
    for (things, set_by_hand, region) in [
        (&[][..], None, None),
        (
            &[("TENCENTCLOUD_REGION", "ap-guangzhou")],
            None,
            Some("ap-guangzhou"),
        ),
        (
            &[("~/.tccli/default.configure", configuration)],
            None,
            Some("ap-beijing"),
        ),
        (
            &[
                ("TENCENTCLOUD_REGION", "ap-guangzhou"),
                ("~/.tccli/default.configure", "broken"),
            ],
            None,
            Some("ap-guangzhou"),
        ),
        (
            &[("TENCENTCLOUD_REGION", "ap-guangzhou")],
            Some(shanghai),
            Some("ap-shanghai"),
        ),
    ] {
        let settings = Settings::default().with_region(set_by_hand);
        let mut client =
            Client::with_session(Session::new(Chain::default()).with_settings(settings));
        set(&mut client, &PAIR);
        set(&mut client, things);
        let attempt = first_send(&mut client).unwrap();
        let sent = attempt.request.headers().get("x-tc-region");
        assert_eq!(sent.map(|value| value.to_str().unwrap()), region);
    }
    // The sources of a role's keys name it too.
    let mut client = client_of(Source::role(role(), Source::environment()));
    set(&mut client, &PAIR);
    set(&mut client, &[("TENCENTCLOUD_REGION", "ap-guangzhou")]);
    let mut service = Emulator::new(Credential::new(PAIR[0].1, PAIR[1].1).unwrap());
    client.call(&mut service, &january()).unwrap();
    let region = client.session.settings().region().map(Region::as_str);
    assert_eq!(region, Some("ap-guangzhou"));
    // A credential at hand names no region.
    let mut client = client_of(credential());
    set(&mut client, &[("TENCENTCLOUD_REGION", "ap-guangzhou")]);
    let attempt = first_send(&mut client).unwrap();
    assert!(!attempt.request.headers().contains_key("x-tc-region"));
    assert_eq!(client.looked, [""; 0]);
}

#[test]
fn an_answer_of_the_metadata_endpoint_that_is_none_shows_no_key() {
    let answers = [
        (StatusCode::NOT_FOUND, "", "the machine has no role"),
        (StatusCode::OK, "<html>", "the role's name must be"),
        (StatusCode::FORBIDDEN, "fake", "answers with status 403"),
        (StatusCode::FOUND, "fake", "answers with status 302"),
    ];
    for (status, body, reason) in answers {
        let mut client = client_of(Source::cvm_role());
        let error = client
            .drive(&mut Call::new(&zones()), |_, _| {
                let mut response = http::Response::new(body.into());
                *response.status_mut() = status;
                Ok(response)
            })
            .unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.to_string().contains("fake"), "{error}");
    }
    let known = Source::cvm_role_at("http://127.0.0.1:1".parse().unwrap(), "reader".to_string());
    let mut client = client_of(known);
    let error = client
        .drive(&mut Call::new(&zones()), |_, attempt| {
            let path = "http://127.0.0.1:1/latest/meta-data/cam/security-credentials/reader";
            assert_eq!(attempt.request.uri(), path);
            assert_eq!(attempt.request.headers()["host"], "127.0.0.1:1");
            let body =
                r#"{"Code":"Success","TmpSecretId":"fake","TmpSecretKey":"fake","Token":"fake""#;
            Ok(http::Response::new(body.into()))
        })
        .unwrap_err();
    assert!(
        error.to_string().ends_with("reader: line 1 is not JSON"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains("fake"));
}

#[test]
fn a_credential_that_is_expired_when_it_comes_is_none() {
    let old = START.seconds() - 1;
    let body = format!(
        r#"{{"Code":"Success","TmpSecretId":"AKIDOLD","TmpSecretKey":"fake","Token":"fake","ExpiredTime":{old}}}"#
    );
    let known = Source::cvm_role_at("http://127.0.0.1:1".parse().unwrap(), "reader".to_string());
    let settings = Settings::default().with_retry(Retry::NEVER);
    let mut client = near(known, settings);
    let error = client
        .drive(&mut Call::new(&zones()), |_, _| {
            Ok(http::Response::new(body.clone().into()))
        })
        .unwrap_err();
    let reason = "no credentials: CVM role: its credentials have expired already";
    assert_eq!(error.to_string(), reason);
}

#[test]
fn a_given_credential_that_has_expired_is_not_waited_for() {
    let given = Credential::new("AKIDOLD", "fake").unwrap();
    let given = given.with_expiry(UnixTime::new(START.seconds() - 1));
    let mut client = client_of(Chain::of([Source::from(given), Source::environment()]));
    let start = client.now.tick;
    let error = client
        .drive(&mut Call::new(&zones()), |_, _| panic!("nothing is sent"))
        .unwrap_err();
    let reason = "no credentials: given credential: its credentials have expired already";
    assert_eq!(error.to_string(), reason);
    assert_eq!((error.remedy(), client.now.tick), (Remedy::Mend, start));
}

#[test]
fn an_abandoned_look_is_told_from_an_answer() {
    let mut client = client_of(Source::environment());
    let mut call = Call::new(&zones());
    let mut search = super::search(&mut call, &mut client);
    while let DriverStep::Read(_) = search.step(&mut client.session, client.now) {
        // No answer, and one to nothing.
        search.handle(answer(json!({})));
        call.handle(answer(json!({})));
    }
    let Step::Done(Err(error)) = call.step(&mut client.session, client.now) else {
        panic!("no end");
    };
    assert!(
        error
            .to_string()
            .ends_with("can't be read: the lookup was abandoned")
    );
    search.found(Ok(None));
    let step = search.step(&mut client.session, client.now);
    assert!(matches!(step, DriverStep::Done(())));
    let step = call.step(&mut client.session, client.now);
    assert!(matches!(step, Step::Done(Err(Error::Ended))));
}

#[test]
fn a_credential_given_later_is_not_looked_for() {
    let mut client = client_of(Source::environment());
    assert!(client.session.credential().is_none());
    let given = Credential::new("AKIDGIVEN", "fake-key").unwrap();
    client.session.set_credential(given);
    let attempt = first_send(&mut client).unwrap();
    assert_eq!(signer(&attempt).0, "AKIDGIVEN");
    assert_eq!(client.looked, [""; 0]);
}
