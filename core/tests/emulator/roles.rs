//! Temporary keys: who gets them, and for how long they are good.

use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tc3_core::{
    Action, Credential, Error, Region, Session, Settings, UnixTime, Untyped,
    emulator::{Account, Emulator},
    session::Wire,
    sts::{AssumeRole, AssumeRoleWithWebIdentity, CallerType, GetCallerIdentity},
    wire::{request, response},
};

use super::allocations;
use crate::common::{START, credential};

fn service() -> Emulator {
    Emulator::new(credential())
}

fn later(seconds: i64) -> UnixTime {
    UnixTime::new(START.seconds() + seconds)
}

fn call<A: Action>(
    service: &mut Emulator,
    credential: Credential,
    now: UnixTime,
    action: &A,
) -> Result<A::Output, Error> {
    let signed = request::sign(action, &mut session(credential), now)?;
    response::read::<A>(&service.handle(now, &signed)).map(|reply| reply.output)
}

fn session(credential: Credential) -> Session {
    session_by(credential, Wire::Post)
}

fn session_by(credential: Credential, wire: Wire) -> Session {
    let region = Region::new("ap-guangzhou").unwrap();
    let settings = Settings::default().with_region(region).with_wire(wire);
    Session::new(credential).with_settings(settings)
}

fn code<T>(result: Result<T, Error>) -> String {
    let error = result.map(drop).unwrap_err();
    error.refusal().unwrap().code().into()
}

fn role() -> AssumeRole {
    AssumeRole::new(Emulator::ROLE_ARN, "monthly-report")
}

fn web(token: &str) -> AssumeRoleWithWebIdentity {
    AssumeRoleWithWebIdentity::new("provider", token, Emulator::ROLE_ARN, "monthly-report")
}

#[test]
fn temporary_keys_are_good_with_their_token_until_they_expire() {
    let mut service = service();
    let month = allocations(2024, 2).with_limit(1);
    let by_key = role().with_duration_seconds(600);
    let by_key = call(&mut service, credential(), START, &by_key).unwrap();
    let by_identity = web(Emulator::WEB_IDENTITY_TOKEN).with_duration_seconds(600);
    let by_identity = call(&mut service, credential(), START, &by_identity).unwrap();
    assert_ne!(by_key, by_identity);
    for role in [by_key, by_identity] {
        assert_eq!(role.expired_time, later(600));
        assert_eq!(role.expiration.as_deref(), Some("2025-10-09T09:03:20Z"));
        let temporary = Credential::try_from(role).unwrap();
        for (now, good) in [(START, true), (later(599), true), (later(600), false)] {
            let result = call(&mut service, temporary.clone(), now, &month);
            assert_eq!(result.is_ok(), good, "{now}");
            if !good {
                assert_eq!(code(result), "AuthFailure.TokenFailure");
            }
        }
        let (id, key) = (temporary.secret_id(), temporary.secret_key());
        let bare = Credential::new(id, key).unwrap();
        let other = bare.clone().with_token("another-fake-token").unwrap();
        let forged = Credential::new(id, "another-fake-key").unwrap();
        for (credential, expected) in [
            (bare, "AuthFailure.TokenFailure"),
            (other, "AuthFailure.TokenFailure"),
            (forged, "AuthFailure.SignatureFailure"),
        ] {
            assert_eq!(
                code(call(&mut service, credential, START, &month)),
                expected
            );
        }
    }
}

#[test]
fn a_role_has_its_rules() {
    let mut service = service();
    let mut refused = |action: &AssumeRole| code(call(&mut service, credential(), START, action));
    let stranger = AssumeRole::new("qcs::cam::uin/1:roleName/stranger", "report");
    assert_eq!(refused(&stranger), "ResourceNotFound.RoleNotFound");
    let long = role().with_duration_seconds(AssumeRole::MAX_SECONDS + 1);
    assert_eq!(refused(&long), "InvalidParameter.OverTimeError");
    let result = call(
        &mut service,
        credential(),
        START,
        &web("another-fake-token"),
    );
    assert_eq!(code(result), "InvalidParameter.WebIdentityTokenError");
    let input = json!({"RoleArn": Emulator::ROLE_ARN, "RoleSessionName": "a b"});
    let spaced = Untyped::new("sts", "2018-08-13", "AssumeRole", input);
    let result = call(&mut service, credential(), START, &spaced);
    assert_eq!(code(result), "InvalidParameter.ParamError");
    let forger = Credential::new("AKIDEXAMPLE", "another-fake-key").unwrap();
    let result = call(&mut service, forger, START, &role());
    assert_eq!(code(result), "AuthFailure.SignatureFailure");
}

/// What becomes of the right parameters with these instead, where null removes one.
fn code_with(name: &'static str, change: &Value) -> String {
    let mut input = json!({"RoleArn": Emulator::ROLE_ARN, "RoleSessionName": "report"});
    if name == "AssumeRoleWithWebIdentity" {
        input["ProviderId"] = json!("provider");
        input["WebIdentityToken"] = json!(Emulator::WEB_IDENTITY_TOKEN);
    }
    for (name, value) in change.as_object().unwrap() {
        input[name] = value.clone();
    }
    let action = Untyped::new("sts", "2018-08-13", name, input);
    match call(&mut service(), credential(), START, &action) {
        Ok(_) => String::new(),
        Err(error) => error.refusal().unwrap().code().into(),
    }
}

#[test]
fn each_parameter_of_a_role_has_its_rule() {
    let wrong = "InvalidParameter.ParamError";
    let no_json = "InvalidParameter.StrategyFormatError";
    let tags = |count: usize| -> Value {
        let tags = (0..count).map(|at| json!({"Key": format!("k{at}"), "Value": ""}));
        tags.collect()
    };
    let tag = |key: &str, value: &str| json!({"Tags": [{"Key": key, "Value": value}]});
    let policy = |text: &str| json!({"Policy": text});
    let code_by = |device: &str, code: &str| json!({"SerialNumber": device, "TokenCode": code});
    let device = "qcs::cam:uin/100000000001::mfa/softToken";
    for (change, expected) in [
        (json!({}), ""),
        (json!({"RoleArn": Emulator::ROLE_ARN_BY_ID}), ""),
        (
            json!({"RoleArn": "qcs::cam::uin/100000000001:role/1"}),
            "ResourceNotFound.RoleNotFound",
        ),
        (
            json!({"RoleArn": "qcs::cam::uin/1:roleName/tc3"}),
            "ResourceNotFound.RoleNotFound",
        ),
        (json!({"RoleArn": ""}), wrong),
        (json!({"RoleArn": null}), "MissingParameter"),
        (json!({"RoleSessionName": "x"}), wrong),
        (json!({"RoleSessionName": "x".repeat(129)}), wrong),
        (json!({"DurationSeconds": 1}), ""),
        (json!({"DurationSeconds": 43_200}), ""),
        (
            json!({"DurationSeconds": 43_201}),
            "InvalidParameter.OverTimeError",
        ),
        (
            json!({"DurationSeconds": 0}),
            "InvalidParameter.OverTimeError",
        ),
        (
            json!({"DurationSeconds": u64::MAX}),
            "InvalidParameter.OverTimeError",
        ),
        (json!({"DurationSeconds": -1}), "InvalidParameter"),
        (json!({"ExternalId": "ab"}), ""),
        (json!({"ExternalId": "a".repeat(128)}), ""),
        (json!({"ExternalId": "a"}), wrong),
        (json!({"ExternalId": ""}), wrong),
        (json!({"ExternalId": "a".repeat(129)}), wrong),
        (json!({"ExternalId": "a b"}), wrong),
        (json!({"Tags": tags(50)}), ""),
        (json!({"Tags": tags(51)}), wrong),
        (
            json!({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}),
            wrong,
        ),
        (
            json!({"Tags": [{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "1"}]}),
            "",
        ),
        (json!({"Tags": [{"Key": "k"}]}), "MissingParameter"),
        (tag("", "v"), wrong),
        (tag(&"k".repeat(129), "v"), wrong),
        (tag("k", &"v".repeat(257)), wrong),
        (
            policy("%7B%22version%22%3A%222.0%22%2C+%22statement%22%3A%5B%5D%7D"),
            "",
        ),
        (
            policy(r#"{"version":"2.0","statement":{"effect":"allow"}}"#),
            "",
        ),
        (policy("not json"), no_json),
        (policy("%7B"), no_json),
        (policy("%FF%7B%7D"), no_json),
        (policy("%5B%5D"), no_json),
        (policy(""), no_json),
        (
            policy(r#"{"statement":[{},{"principal":{}}]}"#),
            "InvalidParameter.StrategyInvalid",
        ),
        (code_by(device, "482724"), ""),
        (code_by(device, "48272"), "FailedOperation.CheckMFAError"),
        (code_by(device, "48272a"), "FailedOperation.CheckMFAError"),
        (
            code_by("qcs::cam:uin/1::mfa/u2f", "482724"),
            "FailedOperation.MFATypeNotSupported",
        ),
        (code_by("softToken", "482724"), wrong),
        (json!({"SerialNumber": device}), wrong),
        (json!({"TokenCode": "482724"}), wrong),
        (json!({"Mfa": "482724"}), "UnknownParameter"),
    ] {
        assert_eq!(code_with("AssumeRole", &change), expected, "{change}");
    }
    for (change, expected) in [
        (json!({}), ""),
        (json!({"RoleArn": Emulator::ROLE_ARN_BY_ID}), ""),
        (json!({"ProviderId": ""}), wrong),
        (json!({"RoleSessionName": "a b"}), wrong),
        (
            json!({"DurationSeconds": -1}),
            "InvalidParameter.OverTimeError",
        ),
        (
            json!({"WebIdentityToken": ""}),
            "InvalidParameter.WebIdentityTokenError",
        ),
        (json!({"Policy": "{}"}), "UnknownParameter"),
    ] {
        assert_eq!(
            code_with("AssumeRoleWithWebIdentity", &change),
            expected,
            "{change}"
        );
    }
}

#[test]
fn only_a_web_identity_needs_no_signature() {
    let mut service = service();
    let mut session = session(credential());
    let mut skipped = request::sign(&role(), &mut session, START).unwrap();
    let skip = "SKIP".parse().unwrap();
    skipped.headers_mut().insert("authorization", skip);
    let answer = service.handle(START, &skipped);
    let result = response::read::<AssumeRole>(&answer);
    assert_eq!(code(result), "AuthFailure.InvalidAuthorization");
}

/// The code of a refusal, or "" for none, for a request that is not signed.
fn code_unsigned(now: UnixTime, request: &Request<Bytes>) -> String {
    let answer = service().handle(now, request);
    let result = response::read::<AssumeRoleWithWebIdentity>(&answer);
    result.map_or_else(|error| code(Err::<(), _>(error)), |_| String::new())
}

fn unsigned() -> Request<Bytes> {
    let action = web(Emulator::WEB_IDENTITY_TOKEN);
    request::sign(&action, &mut session(credential()), START).unwrap()
}

#[test]
fn what_is_not_signed_has_a_time_that_is_at_most_300_seconds_off() {
    let request = unsigned();
    for (seconds, expected) in [
        (300, ""),
        (-300, ""),
        (301, "AuthFailure.SignatureExpire"),
        (-301, "AuthFailure.SignatureExpire"),
        (86_400, "AuthFailure.SignatureExpire"),
    ] {
        let found = code_unsigned(later(seconds), &request);
        assert_eq!(found, expected, "{seconds}");
    }
    let mut changed = request.clone();
    for time in ["yesterday", "-1760000000", ""] {
        let time = time.parse().unwrap();
        changed.headers_mut().insert("x-tc-timestamp", time);
        assert_eq!(code_unsigned(START, &changed), "InvalidParameter");
    }
    changed.headers_mut().remove("x-tc-timestamp");
    assert_eq!(code_unsigned(START, &changed), "MissingParameter");
}

#[test]
fn what_is_not_signed_is_for_the_service_of_the_vendors_host_too() {
    let request = unsigned();
    assert_eq!(request.headers()["authorization"], "SKIP");
    for (host, expected) in [
        ("sts.tencentcloudapi.com", ""),
        ("STS.TencentCloudAPI.com:443", ""),
        ("sts.ap-guangzhou.tencentcloudapi.com", ""),
        ("sts.localhost:8080", ""),
        ("billing.localhost", ""),
        ("127.0.0.1:8080", ""),
        ("billing.tencentcloudapi.com", "NoSuchVersion"),
        ("Billing.tencentcloudapi.com.:443", "NoSuchVersion"),
        ("cvm.ap-guangzhou.tencentcloudapi.com", "NoSuchProduct"),
        ("127.sts.tencentcloudapi.com", "NoSuchProduct"),
    ] {
        let mut request = request.clone();
        request.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(code_unsigned(START, &request), expected, "{host}");
    }
}

#[test]
fn metadata_is_there_for_a_machine_with_a_role() {
    let get = |service: &mut Emulator, path: &str| {
        let url = format!("http://metadata.tencentyun.com/latest/meta-data/{path}");
        service.handle(START, &Request::get(url).body(Bytes::new()).unwrap())
    };
    let roles = "cam/security-credentials/";
    assert_eq!(get(&mut service(), roles).status(), StatusCode::NOT_FOUND);
    let mut machine = service().with_machine_role("reader").with_longest_role(60);
    assert_eq!(&get(&mut machine, roles).body()[..], b"reader");
    let others = [
        format!("{roles}other"),
        format!("{roles}reader/x"),
        "x".into(),
    ];
    for path in others {
        assert_eq!(get(&mut machine, &path).status(), StatusCode::NOT_FOUND);
    }
    let answer = get(&mut machine, &format!("{roles}reader"));
    assert!(answer.headers().contains_key("date"));
    let temporary = Credential::from_metadata(answer.body()).unwrap();
    assert_eq!(temporary.expires_at(), Some(later(60)));
    let month = allocations(2024, 2).with_limit(1);
    assert!(call(&mut machine, temporary, START, &month).is_ok());
    let url = format!("http://metadata.tencentyun.com/latest/meta-data/{roles}reader");
    let post = Request::post(url).body(Bytes::new()).unwrap();
    let status = machine.handle(START, &post).status();
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn a_key_is_told_whose_it_is() {
    let other = Credential::new("AKIDOTHER", "another-fake-key").unwrap();
    let mut service = service()
        .with_account(Account::new(other.clone()))
        .with_machine_role("reader");
    let assumed = |service: &mut Emulator, by| {
        let role = call(service, by, START, &role()).unwrap();
        Credential::try_from(role).unwrap()
    };
    let by_first = assumed(&mut service, credential());
    let by_other = assumed(&mut service, other.clone());
    let by_identity = web(Emulator::WEB_IDENTITY_TOKEN);
    let by_identity = call(&mut service, credential(), START, &by_identity).unwrap();
    let by_identity = Credential::try_from(by_identity).unwrap();
    let path = "http://127.0.0.1/latest/meta-data/cam/security-credentials/reader";
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let of_machine = Credential::from_metadata(service.handle(START, &request).body()).unwrap();

    for (credential, number, session) in [
        (credential(), 1, None),
        (other, 2, None),
        (by_first, 1, Some("monthly-report")),
        (by_other, 2, Some("monthly-report")),
        (by_identity, 1, Some("monthly-report")),
        (of_machine, 1, Some("reader")),
    ] {
        for wire in [Wire::Post, Wire::PostUnsigned, Wire::Get] {
            let mut client = session_by(credential.clone(), wire);
            let signed = request::sign(&GetCallerIdentity::new(), &mut client, START).unwrap();
            let answer = service.handle(START, &signed);
            let caller = response::read::<GetCallerIdentity>(&answer).unwrap().output;
            assert_eq!(caller.account_id, format!("10000000000{number}"));
            assert_eq!(caller.principal_id, format!("20000000000{number}"));
            let (kind, user, arn) = match session {
                None => (
                    CallerType::CAM_USER,
                    format!("20000000000{number}"),
                    format!("qcs::cam:10000000000{number}:uin/20000000000{number}"),
                ),
                Some(session) => (
                    CallerType::CAM_ROLE,
                    format!("4611686018427397919:{session}"),
                    format!("qcs::sts:10000000000{number}:assumed-role/4611686018427397919"),
                ),
            };
            assert_eq!(
                (caller.r#type, caller.user_id, caller.arn),
                (kind, user, arn)
            );
        }
    }
}

#[test]
fn whose_a_key_is_takes_a_region_a_known_key_and_no_parameters() {
    let mut service = service();
    let identity = GetCallerIdentity::new();
    let nowhere = request::sign(&identity, &mut Session::new(credential()), START);
    assert!(matches!(nowhere, Err(Error::Input(invalid)) if invalid.field() == "region"));
    let stranger = Credential::new("AKIDSTRANGER", "not-a-real-key").unwrap();
    let result = call(&mut service, stranger, START, &identity);
    assert_eq!(code(result), "AuthFailure.SecretIdNotFound");
    let more = Untyped::of(identity.target(), json!({"Uin": "1"}));
    let result = call(&mut service, credential(), START, &more);
    assert_eq!(code(result), "UnknownParameter");
}
