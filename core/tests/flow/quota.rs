use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tc3_core::{
    Call, Error, Failure, Flow, Outcome, Pages, Remedy, Session, Settings, Step, Untyped,
    billing::DescribeBillList,
    pagination::{Fetch, Prefetch},
};

use super::{
    answer, done, input,
    list::{List, PAGE_INDEX, serve},
    page, read, refusal, seconds, sent, with,
    world::{World, most_in_a_second},
};
use crate::common::Client;

/// An hour, so that nothing is late.
fn patient() -> Settings {
    Settings::default().with_deadline(seconds(3_600))
}

fn of(service: &'static str, action: &'static str) -> Untyped {
    Untyped::new(service, "2017-03-12", action, json!({})).repeatable()
}

/// Begins so many calls of an action, so many milliseconds one after the other.
fn begin(world: &mut World<Call<Untyped>>, action: &Untyped, many: u32, apart: u64) {
    for place in 0..many {
        let after = Duration::from_millis(apart) * place;
        world.begin(Call::new(action), after);
    }
}

fn finish(world: &mut World<Call<Untyped>>) {
    while let Some((_, result)) = world.next(&mut |_, _| answer(json!({}))) {
        result.unwrap();
    }
}

#[test]
fn a_thousand_calls_at_once_keep_to_the_rate_and_use_it() {
    for rate in [1, 7, 20, 50] {
        let many = 50 * rate;
        let mut world = World::new(Client::with_settings(patient()));
        world.latencies = vec![(5, 40), (80, 900), (1, 1)];
        begin(&mut world, &read().with_rate(rate), many, 0);
        finish(&mut world);
        let times = world.times();
        assert_eq!(times.len(), many as usize);
        assert_eq!(most_in_a_second(&times), rate as usize);
        let taken = *times.last().unwrap();
        let fastest = seconds((many / rate).into());
        assert!(taken <= fastest * 100 / 95, "{rate}: {taken:?}");
    }
}

#[test]
fn requests_that_arrive_closer_together_than_they_were_sent_keep_to_the_rate() {
    // Quick: there and back in at most 45 ms. Slow: there in at most 45 ms, and any time back.
    let quick = vec![(40, 5), (0, 0), (3, 2), (20, 25), (0, 45)];
    let slow = vec![(45, 300), (0, 900), (10, 40), (0, 0), (44, 1)];
    for latencies in [quick, slow] {
        for rate in [1, 5, 20, 50] {
            let mut world = World::new(Client::with_settings(patient()));
            world.latencies = latencies.clone();
            begin(&mut world, &read().with_rate(rate), 30 * rate, 0);
            finish(&mut world);
            assert_eq!(most_in_a_second(&world.arrivals()), rate as usize);
        }
    }
}

#[test]
fn answers_tell_when_requests_have_arrived() {
    // There and back, and how much of the rate is used at least, in percent.
    for (latencies, used) in [
        (vec![(1, 1)], 99),
        (vec![(40, 0), (0, 0), (3, 2)], 97),
        (vec![(0, 0), (30, 1), (0, 0), (1, 30)], 97),
    ] {
        let mut world: World<Fetch<_>> = World::new(Client::with_settings(patient()));
        world.latencies = latencies;
        let mut planner = Prefetch::new(List::<PAGE_INDEX>::new(None, 1));
        let walked = world.walk(&mut planner, |_, attempt| {
            serve::<PAGE_INDEX>(attempt, 600, json!(600))
        });
        assert_eq!(walked.records().len(), 600);
        assert_eq!(most_in_a_second(&world.arrivals()), 20);
        let taken = *world.times().last().unwrap();
        assert!(taken <= seconds(30) * 100 / used, "{used}: {taken:?}");
    }
}

#[test]
fn a_request_that_failed_is_taken_to_be_on_its_way() {
    let settings = patient().with_rate("cvm", "DescribeZones", 1);
    let wait_after = |outcome: Outcome| {
        let mut client = Client::with_settings(settings.clone());
        let mut call = Call::new(&read());
        sent(&mut call, &mut client);
        call.handle(outcome);
        let _ = call.step(&mut client.session, client.now);
        drop(call);
        wait(&mut client.session.clone(), &client, &read())
    };
    assert_eq!(wait_after(answer(json!({}))), Duration::from_millis(1_005));
    for failure in [Failure::unknown("timed out"), Failure::not_sent("refused")] {
        assert_eq!(wait_after(Err(failure)), Duration::from_millis(1_050));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Callers that call again and again for a minute, with the default deadline.
    #[test]
    fn no_caller_waits_longer_than_for_its_turn(
        callers in 1..400_u32,
        latencies in prop::collection::vec((0..60_u64, 0..60_u64), 1..20),
    ) {
        let mut world = World::new(Client::new());
        world.latencies = latencies;
        begin(&mut world, &read(), callers, 0);
        let (mut calls, mut longest) = (0, Duration::ZERO);
        while world.now() < seconds(60) {
            let (id, result) = world.next(&mut |_, _| answer(json!({}))).unwrap();
            prop_assert!(result.is_ok(), "{:?}", result);
            calls += 1;
            longest = longest.max(world.now() - world.begun[id]);
            world.begin(Call::new(&read()), Duration::ZERO);
        }
        // There and back it takes 120 ms.
        let turns = Duration::from_millis(1_050) * (callers / 20 + 1);
        prop_assert!(longest <= turns + Duration::from_millis(120), "{:?}", longest);
        // A minute has 1,200.
        prop_assert!(callers < 40 || calls >= 1_100, "{}", calls);
    }
}

#[test]
fn a_call_that_is_dropped_or_never_driven_again_keeps_nobody_waiting() {
    let settings = patient().with_rate("cvm", "DescribeZones", 1);
    let mut client = Client::with_settings(settings);
    sent(&mut Call::new(&read()), &mut client);
    let mut calls: Vec<_> = (0..4).map(|_| Call::new(&read())).collect();
    let mut delays = Vec::new();
    for call in &mut calls {
        let Step::Wait(delay) = call.step(&mut client.session, client.now) else {
            panic!("no wait")
        };
        delays.push(delay.as_millis());
    }
    assert_eq!(delays, [1_050, 2_100, 3_150, 4_200]);
    // The first is dropped, and the second is not driven any more: its turn is over a second after it came.
    drop(calls.remove(0));
    let mut last = calls.remove(1);
    let mut late = |client: &mut Client, pass: u64| {
        client.pass(Duration::from_millis(pass));
        last.step(&mut client.session, client.now)
    };
    assert!(matches!(late(&mut client, 2_000), Step::Wait(delay) if delay.as_millis() == 1_150));
    assert!(matches!(late(&mut client, 1_100), Step::Send(_)));
}

#[test]
fn calls_that_come_in_their_own_time_keep_to_the_rate() {
    // Slower than the rate: nobody waits. Faster: all do.
    for (apart, waiting) in [(52, false), (51, false), (50, true), (3, true), (1, true)] {
        let mut world = World::new(Client::with_settings(patient()));
        begin(&mut world, &read(), 200, apart);
        finish(&mut world);
        assert!(most_in_a_second(&world.times()) <= 20, "{apart}");
        assert_eq!(world.waits > 0, waiting, "{apart}");
    }
}

#[test]
fn flows_interleaved_by_hand_keep_to_the_rate() {
    let mut client = Client::with_settings(patient());
    let mut calls: Vec<_> = (0..8)
        .map(|_| Call::new(&of("cvm", "DescribeNumbers")))
        .collect();
    let mut walk = Pages::new(List::<PAGE_INDEX>::new(None, 1));
    let mut times = Vec::new();
    let mut paces = [0, 3, 1, 4, 7, 90, 13].into_iter().cycle();
    while times.len() < 400 {
        for call in &mut calls {
            match call.step(&mut client.session, client.now) {
                Step::Send(_) => {
                    times.push(client.now.tick);
                    call.handle(answer(json!({})));
                }
                Step::Wait(_) => {}
                Step::Done(result) => {
                    result.unwrap();
                    *call = Call::new(&of("cvm", "DescribeNumbers"));
                }
            }
            client.pass(Duration::from_millis(paces.next().unwrap()));
        }
        match walk.step(&mut client.session, client.now) {
            Step::Send(attempt) => {
                times.push(client.now.tick);
                walk.handle(serve::<PAGE_INDEX>(&attempt, 1_000, json!(1_000)));
            }
            Step::Wait(_) => {}
            Step::Done(page) => assert!(page.unwrap().is_ok()),
        }
    }
    assert!(walk.delivered() > 10);
    assert_eq!(most_in_a_second(&times), 20);
}

#[test]
fn a_walk_keeps_to_the_rate_and_uses_it() {
    for width in [1, 16] {
        let mut world: World<Fetch<_>> = World::new(Client::with_settings(patient()));
        world.latencies = vec![(10, 20), (1, 2)];
        let list = List::<PAGE_INDEX>::new(None, 1);
        let mut planner = Prefetch::new(list).with_width(width);
        let walked = world.walk(&mut planner, |_, attempt| {
            serve::<PAGE_INDEX>(attempt, 600, json!(600))
        });
        assert_eq!(walked.records(), (0..600).collect::<Vec<_>>());
        assert_eq!(most_in_a_second(&world.times()), 20);
        let taken = *world.times().last().unwrap();
        assert!(taken <= seconds(30) * 100 / 95, "{width}: {taken:?}");
    }
}

#[test]
fn each_action_of_each_service_has_a_rate_of_its_own() {
    let mut world = World::new(Client::with_settings(patient()));
    for action in [of("cvm", "A"), of("cvm", "B"), of("billing", "A")] {
        begin(&mut world, &action, 40, 0);
    }
    finish(&mut world);
    assert_eq!(most_in_a_second(&world.times()), 60);
    for place in 0..3 {
        let of_action = world.sends.iter().filter(|sent| sent.flow / 40 == place);
        let times: Vec<_> = of_action.map(|sent| sent.at).collect();
        assert_eq!((times.len(), most_in_a_second(&times)), (40, 20));
    }
}

#[test]
fn the_settings_may_say_another_rate_for_an_action() {
    let sent_at_once = |settings: Settings, action: &Untyped| {
        let mut world = World::new(Client::with_settings(settings));
        begin(&mut world, action, 100, 0);
        finish(&mut world);
        most_in_a_second(&world.times())
    };
    let (a, b) = (of("cvm", "A"), of("cvm", "B").with_rate(33));
    let five = patient().with_rate("cvm", "A", 5);
    assert_eq!(sent_at_once(five.clone(), &a), 5);
    assert_eq!(sent_at_once(five.clone(), &b), 33);
    assert_eq!(sent_at_once(five.clone(), &of("billing", "A")), 20);
    // The last word counts.
    assert_eq!(sent_at_once(five.clone().with_rate("cvm", "A", 6), &a), 6);
    assert_eq!(sent_at_once(five.with_rate("cvm", "A", None), &a), 100);
}

#[test]
fn a_rate_may_be_set_by_an_actions_type_or_its_name() {
    let by_type = Settings::default().with_rate_of::<DescribeBillList>(7);
    let by_name = Settings::default().with_rate("billing", "DescribeBillList", 7);
    assert_eq!(format!("{by_type:?}"), format!("{by_name:?}"));
}

#[test]
fn processes_that_share_the_rates_keep_to_them_together() {
    for (rate, processes) in [(20, 1), (20, 2), (20, 3), (7, 2), (3, 3), (1, 1)] {
        let mut times = Vec::new();
        for process in 0..processes {
            let settings = patient().with_rate_share(processes);
            let mut world = World::new(Client::with_settings(settings));
            world.latencies = vec![(5, 40), (1, 1)];
            begin(
                &mut world,
                &read().with_rate(rate),
                60,
                3 + 11 * u64::from(process),
            );
            finish(&mut world);
            assert_eq!(
                most_in_a_second(&world.times()),
                (rate / processes) as usize
            );
            times.extend(world.times());
        }
        times.sort();
        assert!(
            most_in_a_second(&times) <= rate as usize,
            "{rate} by {processes}"
        );
    }
}

#[test]
fn a_rate_of_fewer_requests_than_processes_is_kept_on_average() {
    for (rate, processes) in [(1, 2), (1, 5), (2, 3), (19, 20)] {
        let settings = patient().with_rate_share(processes);
        let mut world = World::new(Client::with_settings(settings));
        begin(&mut world, &read().with_rate(rate), 30, 0);
        finish(&mut world);
        let least = seconds(processes.into()) / rate;
        for pair in world.times().windows(2) {
            let apart = pair[1] - pair[0];
            assert!((least..=least * 11 / 10).contains(&apart), "{apart:?}");
        }
    }
}

#[test]
fn a_share_leaves_an_action_without_a_limit_as_it_is() {
    let settings = patient()
        .with_rate("cvm", "DescribeZones", None)
        .with_rate_share(2);
    let mut world = World::new(Client::with_settings(settings));
    begin(&mut world, &read(), 500, 0);
    finish(&mut world);
    assert_eq!(world.waits, 0);
}

#[test]
fn a_rate_of_0_is_refused_before_anything_is_sent() {
    let none = Settings::default().with_rate("cvm", "DescribeZones", 0);
    for (settings, action) in [(none, read()), (patient(), read().with_rate(0))] {
        let mut client = Client::with_settings(settings);
        let error = done(&mut Call::new(&action), &mut client).unwrap_err();
        assert!(matches!(&error, Error::Input(invalid) if invalid.field() == "rate"));
        assert_eq!(error.attempts(), 0);
    }
    let mut client = Client::with_settings(patient().with_rate_share(0));
    let error = done(&mut Call::new(&read()), &mut client).unwrap_err();
    assert!(matches!(&error, Error::Input(invalid) if invalid.field() == "rate"));
}

/// How long a call of an action waits in a session, before its first send.
fn wait(session: &mut Session, client: &Client, action: &Untyped) -> Duration {
    match Call::new(action).step(session, client.now) {
        Step::Wait(delay) => delay,
        Step::Send(_) => Duration::ZERO,
        Step::Done(_) => panic!("an end"),
    }
}

#[test]
fn a_throttle_answer_pauses_its_action_for_every_call_of_the_session_alone() {
    let asking = |retry_after| with(refusal("RequestLimitExceeded"), "retry-after", retry_after);
    let cases: [(Outcome, u64); 6] = [
        (refusal("RequestLimitExceeded"), 1),
        (refusal("RequestLimitExceeded.UinLimitExceeded"), 1),
        (page(429, "<html>"), 1),
        (asking("0"), 1),
        (asking("5"), 5),
        (with(page(429, ""), "retry-after", "30"), 30),
    ];
    for (throttled, pause) in cases {
        let mut client = Client::new();
        let mut earlier = client.session.clone();
        let mut call = Call::new(&read());
        sent(&mut call, &mut client);
        let mut waiting = Call::new(&read());
        call.handle(throttled);
        let Step::Wait(own) = call.step(&mut client.session, client.now) else {
            panic!("no wait")
        };
        assert!(own >= seconds(pause));
        let mut session = client.session.clone();
        assert_eq!(wait(&mut session, &client, &read()), seconds(pause));
        let other = of("cvm", "DescribeRegions");
        assert_eq!(wait(&mut session, &client, &other), Duration::ZERO);
        let other = of("vpc", "DescribeZones");
        assert_eq!(wait(&mut session, &client, &other), Duration::ZERO);
        assert_eq!(wait(&mut earlier, &client, &read()), Duration::ZERO);
        assert_eq!(
            wait(&mut Client::new().session, &client, &read()),
            Duration::ZERO
        );

        // One that had begun waits as well, and both go on afterwards.
        client.pass(seconds(pause) - Duration::from_millis(1));
        let step = waiting.step(&mut client.session, client.now);
        assert!(matches!(step, Step::Wait(delay) if delay == Duration::from_millis(1)));
        client.pass(Duration::from_millis(1));
        sent(&mut waiting, &mut client);
    }
}

#[test]
fn a_pause_is_not_shortened_by_a_later_answer_that_asks_for_less() {
    let mut client = Client::new();
    let mut calls = [Call::new(&read()), Call::new(&read())];
    for call in &mut calls {
        sent(call, &mut client);
    }
    for (call, retry_after) in calls.iter_mut().zip(["9", "2"]) {
        call.handle(with(
            refusal("RequestLimitExceeded"),
            "retry-after",
            retry_after,
        ));
        assert!(matches!(
            call.step(&mut client.session, client.now),
            Step::Wait(_)
        ));
    }
    let mut session = client.session.clone();
    assert_eq!(wait(&mut session, &client, &read()), seconds(9));
}

#[test]
fn a_call_whose_turn_comes_after_its_deadline_ends_at_once() {
    let settings =
        Settings::default()
            .with_deadline(seconds(1))
            .with_rate("cvm", "DescribeZones", 1);
    let mut client = Client::with_settings(settings);
    let mut first = Call::new(&read());
    sent(&mut first, &mut client);
    let error = done(&mut Call::new(&read()), &mut client).unwrap_err();
    assert!(matches!(
        error,
        Error::Deadline {
            attempts: 0,
            source: None,
            ..
        }
    ));
    client.pass(Duration::from_millis(500));
    let mut third = Call::new(&read());
    let Step::Wait(delay) = third.step(&mut client.session, client.now) else {
        panic!("no wait")
    };
    client.pass(delay);
    let attempt = sent(&mut third, &mut client);
    assert_eq!(input(&attempt), json!({}));
    assert_eq!(attempt.timeout, seconds(1) - delay);
}

#[test]
fn a_call_that_can_not_wait_for_a_throttle_to_end_has_it_as_its_cause() {
    let html = || with(page(429, "<html>"), "retry-after", "3600");
    let refused = || with(refusal("RequestLimitExceeded"), "retry-after", "3600");
    for (throttled, status) in [(html as fn() -> Outcome, 429), (refused, 200)] {
        let mut client = Client::new();
        let mut first = Call::new(&read());
        sent(&mut first, &mut client);
        first.handle(throttled());
        let mut begun = Call::new(&read());
        let errors = [
            done(&mut first, &mut client).unwrap_err(),
            done(&mut begun, &mut client).unwrap_err(),
            done(&mut Call::new(&read()), &mut client).unwrap_err(),
        ];
        for (place, error) in errors.iter().enumerate() {
            assert!(
                matches!(
                    error,
                    Error::Deadline {
                        source: Some(_),
                        ..
                    }
                ),
                "{error:?}"
            );
            assert_eq!(error.attempts(), u32::from(place == 0));
            assert_eq!(error.remedy(), Remedy::Later);
            match error.cause() {
                Error::NotAnAnswer { status: seen, .. } => assert_eq!(*seen, status),
                Error::Service(refusal) => {
                    assert!(error.is_throttled());
                    assert_eq!(refusal.request_id(), Some("5e1f"));
                }
                other => panic!("{other:?}"),
            }
        }
        // For as long as it rests, and no longer.
        client.pass(seconds(3_600 - 61));
        let error = done(&mut Call::new(&read()), &mut client).unwrap_err();
        assert_eq!(error.remedy(), Remedy::Later);
        client.pass(seconds(2));
        assert_eq!(
            wait(&mut client.session.clone(), &client, &read()),
            seconds(59)
        );
    }
}

#[test]
fn the_longest_rest_is_a_setting() {
    for (longest, asked, rest) in [
        (None, "3600", 3_600),
        (None, "18446744073709551615", 3_600),
        (None, "Thu, 31 Dec 2099 23:59:59 GMT", 3_600),
        // No such time can be meant.
        (None, "Fri, 31 Dec 9999 23:59:59 GMT", 1),
        (Some(30), "3600", 30),
        (Some(30), "20", 20),
        (Some(0), "20", 1),
        (Some(10_000), "9000", 9_000),
    ] {
        let mut settings = patient().with_deadline(seconds(20_000));
        if let Some(longest) = longest {
            settings = settings.with_longest_rest(seconds(longest));
        }
        let mut client = Client::with_settings(settings);
        let mut call = Call::new(&read());
        sent(&mut call, &mut client);
        call.handle(with(page(429, ""), "retry-after", asked));
        let Step::Wait(own) = call.step(&mut client.session, client.now) else {
            panic!("no wait")
        };
        assert_eq!(own, seconds(rest), "{asked}");
        let mut session = client.session.clone();
        assert_eq!(
            wait(&mut session, &client, &read()),
            seconds(rest),
            "{asked}"
        );
    }
}
