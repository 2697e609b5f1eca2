//! Roles that files and the environment name.

use proptest::prelude::*;
use tc3_core::{
    Attempt, Call, Chain, Credential, Error, Failure, Session, Settings, emulator::Emulator,
};

use super::credentials::{METADATA, january, near, set, signer};
use crate::common::{Client, credential};

const ARN: &str = Emulator::ROLE_ARN;
const BASE: &str = "AKIDEXAMPLE";
const KEYS: [(&str, &str); 2] = [
    ("TENCENTCLOUD_SECRET_ID", BASE),
    ("TENCENTCLOUD_SECRET_KEY", "not-a-real-key"),
];
const PROFILE: &str = "~/.tencentcloud/credentials";
const LOGIN: &str = "~/.tccli/default.credential";

fn profile(more: &str) -> String {
    format!("[default]\nsecret_id = {BASE}\nsecret_key = not-a-real-key\n{more}\n")
}

fn login(more: &str) -> String {
    format!(r#"{{"secretId": "{BASE}", "secretKey": "not-a-real-key"{more}}}"#)
}

/// What a call sends, one attempt after the other, to a service with one role and a machine with another.
fn sends(client: &mut Client) -> (Vec<Attempt>, Result<(), Error>) {
    let mut service = Emulator::new(credential()).with_machine_role("billing-reader");
    let mut sent = Vec::new();
    let result = client.drive(&mut Call::new(&january()), |now, attempt| {
        sent.push(attempt.clone());
        Ok(service.handle(now, &attempt.request))
    });
    (sent, result.map(drop))
}

fn client(things: &[(&str, &str)]) -> Client {
    let mut client = near(Chain::default(), Settings::default());
    set(&mut client, things);
    client
}

#[test]
fn a_role_that_is_named_is_taken_with_the_keys_beside_it() {
    let named = |name: &str| format!(r#", "role-arn": "{ARN}", "role-session-name": "{name}""#);
    for (things, session) in [
        (vec![(LOGIN, login(&named("report")))], "report"),
        (
            vec![(LOGIN, login(&format!(r#", "role-arn": "{ARN}""#)))],
            "tc3-rust",
        ),
        (
            vec![(PROFILE, profile(&format!("role_arn = {ARN}")))],
            "tc3-rust",
        ),
        (
            vec![(
                PROFILE,
                profile(&format!("role_arn = {ARN}\nrole_session_name = report")),
            )],
            "report",
        ),
        (
            vec![
                ("TENCENTCLOUD_ROLE_ARN", ARN.into()),
                ("TENCENTCLOUD_ROLE_SESSION_NAME", "report".into()),
                (KEYS[0].0, KEYS[0].1.into()),
                (KEYS[1].0, KEYS[1].1.into()),
            ],
            "report",
        ),
        (
            vec![
                ("TENCENTCLOUD_ASSUME_ROLE_ARN", ARN.into()),
                ("TENCENTCLOUD_ASSUME_ROLE_SESSION_NAME", "report".into()),
                ("TENCENTCLOUD_ASSUME_ROLE_SESSION_DURATION", "600".into()),
                (KEYS[0].0, KEYS[0].1.into()),
                (KEYS[1].0, KEYS[1].1.into()),
            ],
            "report",
        ),
        (
            vec![
                ("TENCENTCLOUD_ASSUME_ROLE_ARN", ARN.into()),
                (KEYS[0].0, KEYS[0].1.into()),
                (KEYS[1].0, KEYS[1].1.into()),
            ],
            "tc3-rust",
        ),
    ] {
        let things: Vec<_> = things.iter().map(|(name, text)| (*name, &**text)).collect();
        let mut client = client(&things);
        let (sent, result) = sends(&mut client);
        result.unwrap();
        let [assume, call] = &sent[..] else {
            panic!("{sent:?}");
        };
        assert_eq!(assume.action(), Some("AssumeRole"));
        assert_eq!(
            (signer(assume).0.as_str(), assume.region()),
            (BASE, Some("ap-guangzhou"))
        );
        let body: serde_json::Value = serde_json::from_slice(assume.request.body()).unwrap();
        assert_eq!(
            (&body["RoleArn"], &body["RoleSessionName"]),
            (&ARN.into(), &session.into())
        );
        let (id, token) = signer(call);
        assert!(id.starts_with("AKIDTEMPORARY") && token.is_some());
        // What expires is taken again.
        let expires_at = client.session.credential().and_then(Credential::expires_at);
        let left = expires_at.unwrap().seconds_since(client.now.unix);
        let asked = body["DurationSeconds"].as_i64().unwrap_or(7_200);
        assert_eq!(left, asked);
    }
}

#[test]
fn a_machines_role_that_is_named_signs_whatever_keys_stand_beside_it() {
    for things in [
        vec![(LOGIN, login(r#", "type": "cvm-role""#))],
        vec![(LOGIN, r#"{"type": "cvm-role"}"#.into())],
        vec![("TENCENTCLOUD_CAM_ROLE_NAME", "billing-reader".into())],
        vec![
            ("TENCENTCLOUD_CAM_ROLE_NAME", "billing-reader".into()),
            (KEYS[0].0, KEYS[0].1.into()),
            (KEYS[1].0, KEYS[1].1.into()),
        ],
    ] {
        let things: Vec<_> = things.iter().map(|(name, text)| (*name, &**text)).collect();
        let (sent, result) = sends(&mut client(&things));
        result.unwrap();
        let last = sent.len() - 1;
        assert!(sent[..last].iter().all(|attempt| attempt.direct));
        assert!(signer(&sent[last]).0.starts_with("AKIDTEMPORARY"));

        // Where there is no such machine, nobody else signs.
        let usual = Chain::default().without_cvm_role();
        let given = Credential::new("AKIDGIVEN", "not-a-real-key").unwrap();
        let chain = usual.sources().iter().cloned().chain([given.into()]);
        let mut client = near(Chain::of(chain), Settings::default());
        set(&mut client, &things);
        let error = client.drive(&mut Call::new(&january()), |_, attempt| {
            assert!(attempt.direct, "{attempt:?}");
            Err(Failure::not_sent("no such host"))
        });
        let error = error.unwrap_err().to_string();
        let (place, _) = things[0];
        assert!(
            error.contains(place) && error.contains("doesn't answer"),
            "{error}"
        );
    }
    let (sent, result) = sends(&mut client(&[("TENCENTCLOUD_CAM_ROLE_NAME", "another")]));
    assert_eq!(sent.len(), 1);
    let reason = "environment: TENCENTCLOUD_CAM_ROLE_NAME: the machine has no role another";
    assert!(result.unwrap_err().to_string().ends_with(reason));
}

#[test]
fn a_role_that_cannot_be_taken_is_an_error_that_says_where_it_is_named() {
    let other = "qcs::cam::uin/1:roleName/other";
    for (things, reason) in [
        (
            vec![(LOGIN, login(&format!(r#", "role-arn": "{other}""#)))],
            "tccli: ~/.tccli/default.credential: role-arn: the service refused: ResourceNotFound.RoleNotFound",
        ),
        (
            vec![(PROFILE, profile(&format!("role_arn = {other}")))],
            "profile file: ~/.tencentcloud/credentials: role_arn (line 4): the service refused",
        ),
        (
            vec![
                ("TENCENTCLOUD_ROLE_ARN", other.into()),
                (KEYS[0].0, KEYS[0].1.into()),
                (KEYS[1].0, KEYS[1].1.into()),
            ],
            "environment: TENCENTCLOUD_ROLE_ARN: the service refused",
        ),
    ] {
        let things: Vec<_> = things.iter().map(|(name, text)| (*name, &**text)).collect();
        let (sent, result) = sends(&mut client(&things));
        let error = result.unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert!(error.request_id().is_some() && error.refusal().is_some());
        let cause = std::error::Error::source(&error).and_then(|it| it.downcast_ref());
        assert!(matches!(cause, Some(Error::Service(_))), "{error:?}");
        assert_eq!(sent.len(), 1);
    }
}

#[test]
fn half_of_a_role_is_an_error_and_nobody_signs() {
    for (things, reason) in [
        (
            vec![(LOGIN, login(r#", "role-session-name": "report""#))],
            "tccli: ~/.tccli/default.credential: role-arn is missing",
        ),
        (
            vec![(LOGIN, login(r#", "type": "saml""#))],
            "tccli: ~/.tccli/default.credential: type must be oauth, sso, cvm-role, default or missing",
        ),
        (
            vec![(PROFILE, profile("role_session_name = report"))],
            "profile file: ~/.tencentcloud/credentials: role_arn in section [default] is missing",
        ),
        (
            vec![("TENCENTCLOUD_ROLE_ARN", ARN.into())],
            "environment: TENCENTCLOUD_SECRET_ID is missing",
        ),
        (
            vec![
                ("TENCENTCLOUD_ROLE_SESSION_NAME", "report".into()),
                (KEYS[0].0, KEYS[0].1.into()),
                (KEYS[1].0, KEYS[1].1.into()),
            ],
            "environment: TENCENTCLOUD_ROLE_ARN is missing",
        ),
    ] {
        let things: Vec<_> = things.iter().map(|(name, text)| (*name, &**text)).collect();
        let (sent, result) = sends(&mut client(&things));
        let error = result.unwrap_err().to_string();
        assert!(error.ends_with(reason), "{error}");
        assert_eq!(sent.len(), 0);
    }
}

#[derive(Clone, Debug)]
struct Setting {
    /// Where it stands: in the environment, a profile or a file of tccli.
    place: usize,
    role: Option<&'static str>,
    session: Option<&'static str>,
    kind: Option<&'static str>,
}

fn settings() -> impl Strategy<Value = Setting> {
    let texts = |texts: &'static [&'static str]| prop::option::of(prop::sample::select(texts));
    (
        0..4_usize,
        texts(&[ARN, "qcs::cam::uin/1:roleName/other", "'x'", "a b", "x"]),
        texts(&["report", "a", "a b", "$NAME"]),
        texts(&["cvm-role", "saml", "x"]),
    )
        .prop_map(|(place, role, session, kind)| Setting {
            place,
            role,
            session,
            kind,
        })
        .prop_filter("names a role", |it| {
            let kind = it.kind.is_some() && it.place == 3;
            it.role.is_some() || it.session.is_some() || kind
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_role_is_named_the_base_key_signs_no_call(it in settings()) {
        let mut client = near(Chain::default(), Settings::default());
        let machine = &mut client.machine;
        let Setting { place, role, session, kind } = it;
        match place {
            0 | 1 => {
                let name = ["TENCENTCLOUD_", "TENCENTCLOUD_ASSUME_"][place];
                for (name, text) in [(format!("{name}ROLE_ARN"), role), (format!("{name}ROLE_SESSION_NAME"), session)] {
                    machine.extend(text.map(|text| (name, text.to_string())));
                }
                machine.extend(KEYS.map(|(name, text)| (name.to_string(), text.to_string())));
            }
            2 => {
                let line = |name: &str, text: Option<&str>| text.map_or_else(String::new, |it| format!("{name} = {it}\n"));
                let more = line("role_arn", role) + &line("role_session_name", session);
                machine.insert(PROFILE.into(), profile(&more));
            }
            _ => {
                let part = |name: &str, text: Option<&str>| text.map_or_else(String::new, |it| format!(r#", "{name}": "{it}""#));
                let more = part("role-arn", role) + &part("role-session-name", session) + &part("type", kind);
                machine.insert(LOGIN.into(), login(&more));
            }
        }
        let (sent, result) = sends(&mut client);
        for attempt in sent.iter().filter(|attempt| !attempt.direct) {
            let taken = attempt.action() == Some("AssumeRole");
            prop_assert_eq!(signer(attempt).0 == BASE, taken);
        }
        if let Err(error) = result {
            prop_assert!(matches!(error, Error::Credentials(_)), "{:?}", error);
        }
    }
}

#[test]
fn keys_that_no_role_stands_beside_sign_themselves() {
    for (name, text) in [
        (LOGIN, login("")),
        (
            LOGIN,
            login(r#", "type": "default", "role-arn": "", "role-session-name": null"#),
        ),
        (LOGIN, login(r#", "type": "oauth""#)),
        (PROFILE, profile("role_arn =\n[other]\nrole_arn = x")),
    ] {
        let (sent, result) = sends(&mut client(&[(name, &text)]));
        result.unwrap();
        assert_eq!((sent.len(), signer(&sent[0]).0.as_str()), (1, BASE));
    }
    // What is in the environment is nothing to a chain without it.
    let chain = Chain::default().without_environment();
    let mut client = Client::with_session(Session::new(chain));
    set(
        &mut client,
        &[("TENCENTCLOUD_ROLE_ARN", ARN), (PROFILE, &profile(""))],
    );
    let sent = super::credentials::first_send(&mut client).unwrap();
    assert_eq!(signer(&sent).0, BASE);
    assert_ne!(sent.request.uri(), METADATA);
}
