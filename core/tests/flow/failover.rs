use std::time::Duration;

use serde_json::json;
use tc3_core::{
    Attempt, Call, Error, Failure, Flow, Invalid, Outcome, Settings, Step, Untyped, flow::Retry,
    session::Endpoint, tc3,
};

use super::{answer, page, read, refusal, retry::drive, seconds, sent, world::World, write};
use crate::common::{Client, START, credential};

const HOSTS: [&str; 3] = ["a.example", "b.example", "c.example"];

fn host(attempt: &Attempt) -> &str {
    attempt.request.uri().host().unwrap()
}

/// With the first of [`HOSTS`] and so many of the others to fail over to.
fn settings(others: usize) -> Settings {
    let endpoint = |host: &&str| format!("https://{host}").parse::<Endpoint>().unwrap();
    let [first, rest @ ..] = HOSTS.each_ref().map(endpoint);
    Settings::default()
        .with_endpoint(first)
        .with_failover(rest.into_iter().take(others))
}

fn refused() -> Outcome {
    Err(Failure::not_sent("connection refused"))
}

/// Where and when a call sends, while these hosts are down.
fn route(client: Client, action: &Untyped, down: &[&str]) -> (Client, Vec<(String, Duration)>) {
    let mut world = World::new(client);
    let begun = world.now();
    world.begin(Call::new(action), Duration::ZERO);
    let (_, _result) = world
        .next(&mut |_, attempt| match down.contains(&host(attempt)) {
            true => refused(),
            false => answer(json!({})),
        })
        .unwrap();
    let route = world
        .sends
        .iter()
        .map(|sent| (host(&sent.attempt).to_owned(), sent.at - begun))
        .collect();
    (world.client, route)
}

fn hosts(route: &[(String, Duration)]) -> Vec<&str> {
    route.iter().map(|(host, _)| host.as_str()).collect()
}

#[test]
fn without_other_endpoints_a_call_waits_and_tries_the_same_again() {
    let (_, route) = route(Client::with_settings(settings(0)), &read(), &HOSTS);
    assert_eq!(hosts(&route), ["a.example"; 6]);
    assert!(route[1].1 > Duration::ZERO);
    let plain = sent(&mut Call::new(&read()), &mut Client::new());
    assert_eq!(host(&plain), "cvm.tencentcloudapi.com");
}

#[test]
fn a_call_that_finds_no_connection_goes_to_the_next_endpoint_at_once_a_write_too() {
    for action in [read(), write()] {
        let down = &["a.example", "b.example"];
        let client = Client::with_settings(settings(2));
        let (client, first) = route(client, &action, down);
        let expected = HOSTS.map(|host| (host.to_owned(), Duration::ZERO));
        assert_eq!(first, expected);
        // All later calls go there.
        let (_, later) = route(client, &action, down);
        assert_eq!(hosts(&later), ["c.example"]);
    }
}

#[test]
fn when_no_endpoint_can_be_reached_a_call_waits_before_it_goes_round_again() {
    let (_, route) = route(Client::with_settings(settings(2)), &write(), &HOSTS);
    assert_eq!(hosts(&route), [HOSTS, HOSTS].concat());
    assert_eq!(route[2].1, Duration::ZERO);
    assert!(route[3].1 > Duration::ZERO && route[4].1 > route[3].1);
}

#[test]
fn the_first_endpoint_is_tried_again_after_a_minute() {
    let down = &["a.example"];
    let client = Client::with_settings(settings(2));
    let (mut client, _) = route(client, &read(), down);
    for (passed, expected) in [
        (59, &["b.example"][..]),
        (1, &["a.example", "b.example"]),
        (30, &["b.example"]),
        (30, &["a.example", "b.example"]),
    ] {
        client.pass(seconds(passed));
        let (after, route) = route(client, &read(), down);
        assert_eq!(hosts(&route), expected);
        client = after;
    }
    client.pass(seconds(60));
    let (client, route_up) = route(client, &read(), &[]);
    assert_eq!(hosts(&route_up), ["a.example"]);
    let (_, route_up) = route(client, &read(), &[]);
    assert_eq!(hosts(&route_up), ["a.example"]);
}

#[test]
fn only_a_missing_connection_moves_calls_elsewhere() {
    for outcome in [
        || Err(Failure::unknown("connection reset")),
        || refusal("InternalError"),
        || refusal("RequestLimitExceeded"),
        || page(503, ""),
        || page(200, "<html>"),
    ] {
        let mut world = World::new(Client::with_settings(settings(2)));
        world.begin(Call::new(&read()), Duration::ZERO);
        let (_, result) = world.next(&mut |_, _| outcome()).unwrap();
        assert!(result.is_err());
        assert_eq!(world.sends.len(), 6);
        assert!(
            world
                .sends
                .iter()
                .all(|sent| host(&sent.attempt) == "a.example")
        );
    }
}

#[test]
fn calls_that_fail_at_the_same_endpoint_together_skip_none() {
    let mut client = Client::with_settings(settings(2));
    let mut calls: Vec<_> = (0..4).map(|_| Call::new(&write())).collect();
    for call in &mut calls {
        assert_eq!(host(&sent(call, &mut client)), "a.example");
    }
    for call in &mut calls {
        call.handle(refused());
        assert_eq!(host(&sent(call, &mut client)), "b.example");
    }
    // One goes on to the third; those that learn of the second's failure later follow.
    for call in &mut calls {
        call.handle(refused());
        assert_eq!(host(&sent(call, &mut client)), "c.example");
    }
}

#[test]
fn a_call_that_learns_late_of_a_failure_goes_where_the_others_went() {
    let mut client = Client::with_settings(settings(2));
    let (mut quick, mut slow) = (Call::new(&read()), Call::new(&read()));
    sent(&mut quick, &mut client);
    sent(&mut slow, &mut client);
    for expected in ["b.example", "c.example"] {
        quick.handle(refused());
        assert_eq!(host(&sent(&mut quick, &mut client)), expected);
    }
    slow.handle(refused());
    assert_eq!(host(&sent(&mut slow, &mut client)), "c.example");
    assert_eq!(
        host(&sent(&mut Call::new(&read()), &mut client)),
        "c.example"
    );
}

#[test]
fn a_request_is_signed_for_the_host_it_goes_to() {
    let mut client = Client::with_settings(settings(2));
    let mut call = Call::new(&write());
    let mut signatures = Vec::new();
    for host in HOSTS {
        let attempt = sent(&mut call, &mut client);
        assert_eq!(attempt.request.headers()["host"], host);
        let known = credential();
        assert!(tc3::verify(&attempt.request, START, |_| Some(&known)).is_ok());
        signatures.push(attempt.request.headers()["authorization"].clone());
        call.handle(refused());
    }
    assert!(signatures[0] != signatures[1] && signatures[1] != signatures[2]);
}

#[test]
fn failing_over_keeps_to_attempts_and_deadline() {
    let thrice = settings(2).with_retry(Retry::default().with_attempts(2));
    let mut world = World::new(Client::with_settings(thrice));
    world.begin(Call::new(&write()), Duration::ZERO);
    let (_, result) = world.next(&mut |_, _| refused()).unwrap();
    assert!(matches!(result, Err(Error::GaveUp { attempts: 2, .. })));

    // A connection that takes 4 s to fail leaves time for three.
    let mut world = World::new(Client::with_settings(settings(2).with_deadline(seconds(9))));
    world.latencies = vec![(4_000, 0)];
    world.begin(Call::new(&write()), Duration::ZERO);
    let (_, result) = world.next(&mut |_, _| refused()).unwrap();
    let sent: Vec<_> = world.sends.iter().map(|sent| sent.at.as_secs()).collect();
    assert_eq!(sent, [0, 4, 8]);
    let error = result.unwrap_err();
    assert!(matches!(
        error.cause(),
        Error::Transport(Failure::Unknown(_))
    ));
    assert!(matches!(error, Error::Deadline { attempts: 3, .. }));
}

#[test]
fn settings_with_fewer_endpoints_send_to_one_of_theirs() {
    let (client, _) = route(
        Client::with_settings(settings(2)),
        &read(),
        &["a.example", "b.example"],
    );
    let session = client.session.with_settings(settings(1));
    let mut client = Client { session, ..client };
    let mut call = Call::new(&read());
    assert_eq!(host(&sent(&mut call, &mut client)), "a.example");
    call.handle(refused());
    match call.step(&mut client.session, client.now) {
        Step::Send(attempt) => assert!(HOSTS[..2].contains(&host(&attempt))),
        Step::Wait(_) => {}
        Step::Done(_) => panic!("an end"),
    }
}

#[test]
fn a_setting_that_turns_out_to_be_wrong_is_not_tried_again_or_elsewhere() {
    let invalid = Invalid::new("HTTPS_PROXY", "must begin with http://");
    let (result, sends) = drive(settings(2), &read(), |_| Err(Failure::not_sent(invalid)));
    assert!(matches!(result, Err(Error::Input(it)) if it == invalid));
    assert_eq!(sends.len(), 1);

    // One that another endpoint needs is what comes of a call that has tried both.
    let (result, sends) = drive(settings(2), &read(), |asked| match asked {
        0 => refused(),
        _ => Err(Failure::not_sent(invalid)),
    });
    assert!(matches!(result, Err(Error::Input(it)) if it == invalid));
    assert_eq!(sends.len(), 2);
}
