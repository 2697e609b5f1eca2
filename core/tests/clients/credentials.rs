//! Credentials from where people keep them, and from services on sockets.

use std::{
    env, thread,
    time::{Duration, Instant},
};

use tc3_core::{
    Chain, Credential, Error, Settings,
    credential::Source,
    emulator::{Emulator, Fault, When},
    session::Endpoint,
    sts::AssumeRole,
};
use tc3_test_peer::{
    KEY, PATIENCE, Peer, Refusing, SHORT, answer, credential, january,
    machine::{Folder, again, is_child, useless_homes},
};

use crate::driver::{Builder, Client, call_at_once, wait};

/// A client of what serves metadata, roles and the API at one address.
fn builder(endpoint: &Endpoint, chain: impl Into<Chain>) -> Builder {
    Client::builder().credentials(chain).settings(
        Settings::default()
            .with_endpoint(endpoint.clone())
            .with_deadline(PATIENCE),
    )
}

fn machine_role(endpoint: &Endpoint) -> Source {
    Source::cvm_role_at(endpoint.clone(), None)
}

fn machine() -> Emulator {
    Emulator::new(credential()).with_machine_role("billing-reader")
}

/// The lines of all requests for metadata.
fn asked(peer: &Peer) -> Vec<String> {
    let received = peer.received().into_iter();
    let lines = received.map(|request| request.line);
    lines
        .filter(|line| line.starts_with("GET /latest/"))
        .collect()
}

const PROFILE: &str = "[default]\r\nsecret_id = AKIDEXAMPLE\r\nsecret_key = not-a-real-key\r\n";

#[test]
fn sixteen_callers_ask_for_a_machines_role_once() {
    let peer = Peer::emulating(machine());
    let client = builder(&peer.endpoint(), machine_role(&peer.endpoint())).build();
    call_at_once(&client, 16);
    let role = "GET /latest/meta-data/cam/security-credentials/";
    let lines = [
        format!("{role} HTTP/1.1"),
        format!("{role}billing-reader HTTP/1.1"),
    ];
    assert_eq!(asked(&peer), lines);
    assert_eq!(peer.received().len(), 2 + 16);
}

#[test]
fn what_expires_is_renewed_in_time() {
    // Four seconds of life, renewed after three; the service refuses what is older.
    let peer = Peer::emulating(machine().with_longest_role(4));
    let client = builder(&peer.endpoint(), machine_role(&peer.endpoint())).build();
    let begun = Instant::now();
    let mut ids = Vec::new();
    while begun.elapsed() < Duration::from_secs(8) {
        wait(client.call(&january())).unwrap();
        let request = peer.received().pop().unwrap();
        ids.push(request.values("authorization").concat());
        thread::sleep(Duration::from_millis(50));
    }
    let id = |text: &String| text.split('/').next().unwrap().to_string();
    ids = ids.iter().map(id).collect();
    ids.dedup();
    assert!(ids.len() >= 3, "{ids:?}");
}

#[test]
fn a_role_is_taken_with_a_profile() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let folder = Folder::new();
    let file = folder.write("credentials", PROFILE);
    let role = AssumeRole::new(Emulator::ROLE_ARN, "monthly-report");
    let chain = Source::role(role, Source::profile_in(file, "default"));
    let client = builder(&peer.endpoint(), chain).build();
    wait(client.call(&january())).unwrap();
    let received = peer.received();
    assert_eq!(received[0].values("x-tc-action"), ["AssumeRole"]);
    assert_eq!(received[1].values("x-tc-action"), ["DescribeBillList"]);
    let authorization = received[1].values("authorization").concat();
    assert!(authorization.contains("Credential=AKIDTEMPORARY"));
}

#[test]
fn a_file_that_is_missing_or_a_folder_is_named() {
    let folder = Folder::new();
    let path = folder.path();
    for (file, reason) in [
        (format!("{path}/none"), "is not there"),
        (path.to_string(), "can't be read"),
    ] {
        let chain = Source::profile_in(&*file, "default");
        let error = wait(Client::new(chain).call(&january())).unwrap_err();
        let expected = format!("no credentials: profile file: {file} {reason}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}

#[test]
fn no_proxy_is_used_for_metadata() {
    let peer = Peer::emulating(machine());
    let proxy = Peer::answering(answer("502 Bad Gateway", ""));
    let settings = Settings::default()
        .with_endpoint(peer.endpoint())
        .with_deadline(SHORT);
    let client = Client::builder()
        .credentials(machine_role(&peer.endpoint()))
        .settings(settings)
        .proxy(&format!("http://{}", proxy.address()))
        .unwrap()
        .build();
    wait(client.call(&january())).unwrap_err();
    assert_eq!(asked(&peer).len(), 2);
    assert_eq!(peer.received().len(), 2, "the call goes through the proxy");
    assert!(proxy.accepted() > 0);
}

#[test]
fn a_machine_that_is_none_is_told_at_once() {
    let refusing = Refusing::new();
    let client = builder(&refusing.endpoint(), machine_role(&refusing.endpoint())).build();
    let begun = Instant::now();
    let error = wait(client.call(&january())).unwrap_err();
    let Error::Credentials(missing) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(missing.tried()[0].source, "CVM role");
    assert!(begun.elapsed() < PATIENCE / 2);
}

#[test]
fn a_metadata_endpoint_that_stalls_is_left_soon() {
    let peer = Peer::stalling_after("");
    let client = builder(&peer.endpoint(), machine_role(&peer.endpoint())).build();
    let begun = Instant::now();
    let error = wait(client.call(&january())).unwrap_err();
    assert!(matches!(error, Error::Credentials(_)), "{error:?}");
    assert!(begun.elapsed() < PATIENCE / 2);
}

#[test]
fn trouble_with_metadata_is_waited_out() {
    let trouble = Fault::Status {
        status: 503,
        retry_after: None,
    };
    let peer = Peer::emulating(machine().with_fault(When::At(1), trouble));
    let client = builder(&peer.endpoint(), machine_role(&peer.endpoint())).build();
    wait(client.call(&january())).unwrap();
    assert_eq!(asked(&peer).len(), 3);
}

#[test]
fn a_given_credential_is_not_looked_for() {
    let peer = Peer::emulating(machine());
    let client = builder(&peer.endpoint(), machine_role(&peer.endpoint())).build();
    let given = Credential::new("AKIDEXAMPLE", KEY).unwrap();
    client.set_credential(given);
    wait(client.call(&january())).unwrap();
    assert_eq!(asked(&peer), [""; 0]);
}

fn endpoint_of_parent() -> Endpoint {
    env::var("TC3_TEST_ENDPOINT").unwrap().parse().unwrap()
}

#[test]
fn the_environment_is_read() {
    if is_child() {
        let client = Client::builder().endpoint(endpoint_of_parent()).build();
        wait(client.call(&january())).unwrap();
        return;
    }
    let folder = Folder::new();
    let home = folder.path();
    let temporary = credential().with_token("not-a-real-token").unwrap();
    let peer = Peer::emulating(Emulator::new(temporary));
    let endpoint = peer.endpoint().url("billing");
    let test = "clients::credentials::the_environment_is_read";
    let region = r#"{"_sys_param": {"region": "ap-beijing"}}"#;
    folder.write(".tccli/default.configure", region);
    let common = [
        ("TC3_TEST_ENDPOINT", &*endpoint),
        ("HOME", home),
        ("USERPROFILE", home),
    ];
    let pair = [
        ("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE"),
        ("TENCENTCLOUD_SECRET_KEY", KEY),
        ("TENCENTCLOUD_TOKEN", "not-a-real-token"),
    ];
    again(test, &[&common[..], &pair].concat());
    let guangzhou = [("TENCENTCLOUD_REGION", "ap-guangzhou")];
    again(test, &[&common[..], &pair, &guangzhou].concat());
    // The same from the files of the home.
    let token = "token = not-a-real-token\n";
    folder.write(".tencentcloud/credentials", &format!("{PROFILE}{token}"));
    again(test, &common);
    folder.remove(".tencentcloud");
    let login = r#"{"secretId": "AKIDEXAMPLE", "secretKey": "not-a-real-key", "token": "not-a-real-token"}"#;
    folder.write(".tccli/default.credential", login);
    again(test, &common);

    let regions: Vec<String> = peer
        .received()
        .iter()
        .map(|request| request.values("x-tc-region").concat())
        .collect();
    let expected = ["ap-beijing", "ap-guangzhou", "ap-beijing", "ap-beijing"];
    assert_eq!(regions, expected);
}

#[test]
fn a_service_accounts_role_is_taken() {
    if is_child() {
        let client = Client::builder().endpoint(endpoint_of_parent()).build();
        wait(client.call(&january())).unwrap();
        return;
    }
    let folder = Folder::new();
    let home = folder.path();
    let token = folder.write("token", Emulator::WEB_IDENTITY_TOKEN);
    let peer = Peer::emulating(Emulator::new(credential()));
    let endpoint = peer.endpoint().url("sts");
    again(
        "clients::credentials::a_service_accounts_role_is_taken",
        &[
            ("TC3_TEST_ENDPOINT", &endpoint),
            ("HOME", home),
            ("USERPROFILE", home),
            ("TKE_REGION", "ap-guangzhou"),
            ("TKE_PROVIDER_ID", "provider"),
            ("TKE_WEB_IDENTITY_TOKEN_FILE", &token),
            ("TKE_ROLE_ARN", Emulator::ROLE_ARN),
        ],
    );
    let received = peer.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].values("authorization"), ["SKIP"]);
    assert!(received[0].values("x-tc-token").is_empty());
    assert_eq!(received[1].values("x-tc-token").len(), 1);
}

#[test]
fn an_environment_without_any_is_told_as_it_is() {
    if is_child() {
        let chain = Chain::default().without_cvm_role();
        let error = wait(Client::new(chain).call(&january())).unwrap_err();
        let Error::Credentials(missing) = &error else {
            panic!("{error:?}");
        };
        let tried: Vec<&str> = missing.tried().iter().map(|it| &*it.source).collect();
        assert_eq!(tried, ["environment", "profile file", "tccli", "TKE"]);
        return;
    }
    let folder = Folder::new();
    let home = folder.path();
    let test = "clients::credentials::an_environment_without_any_is_told_as_it_is";
    again(test, &[("HOME", home), ("USERPROFILE", home)]);
}

#[test]
fn from_env_refuses_half_a_pair() {
    if is_child() {
        let error = wait(Client::from_env().call(&january())).unwrap_err();
        let reason = "no credentials: environment: TENCENTCLOUD_SECRET_KEY is missing";
        assert_eq!(error.to_string(), reason);
        return;
    }
    let test = "clients::credentials::from_env_refuses_half_a_pair";
    again(test, &[("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE")]);
}

#[test]
fn a_home_that_is_of_no_use_keeps_neither_keys_nor_a_role_from_being_found() {
    if is_child() {
        let endpoint = endpoint_of_parent();
        let usual = Chain::default().without_cvm_role();
        let sources = usual.sources().iter().cloned();
        let chain = Chain::of(sources.chain([machine_role(&endpoint)]));
        let client = builder(&endpoint, chain).build();
        wait(client.call(&january())).unwrap();
        return;
    }
    let folder = Folder::new();
    let peer = Peer::emulating(machine());
    let endpoint = peer.endpoint().url("billing");
    let test = "clients::credentials::a_home_that_is_of_no_use_keeps_neither_keys_nor_a_role_from_being_found";
    let pair = [
        ("TENCENTCLOUD_SECRET_ID", "AKIDEXAMPLE"),
        ("TENCENTCLOUD_SECRET_KEY", KEY),
        ("TENCENTCLOUD_REGION", "no region"),
    ];
    let homes = useless_homes(&folder);
    for (count, home) in (1..).zip(&homes) {
        let common = [
            ("TC3_TEST_ENDPOINT", &*endpoint),
            ("HOME", home),
            ("USERPROFILE", home),
        ];
        again(test, &[&common[..], &pair].concat());
        again(test, &common);
        // The role, and a call with each.
        assert_eq!(peer.received().len(), count * (1 + 3), "{home}");
    }
    for request in peer.received() {
        assert!(request.values("x-tc-region").is_empty());
    }
}

#[test]
fn a_profile_that_is_replaced_is_read_again() {
    let peer = Peer::emulating(Emulator::new(credential()));
    let folder = Folder::new();
    let old = PROFILE.replace("AKIDEXAMPLE", "AKIDOLD");
    let file = folder.write("credentials", &old);
    let chain = Source::profile_in(file, "default");
    let client = builder(&peer.endpoint(), chain).build();
    let error = wait(client.call(&january())).unwrap_err();
    let code = "AuthFailure.SecretIdNotFound";
    assert_eq!(error.refusal().unwrap().code(), code);
    assert_eq!(peer.received().len(), 1);
    folder.write("credentials", PROFILE);
    for requests in [1 + 2, 1 + 2 + 1] {
        wait(client.call(&january())).unwrap();
        assert_eq!(peer.received().len(), requests);
    }
}
