//! The emulator as a transport: a program is tested without a socket, a clock or a runtime.

use std::time::Duration;

use tc3_core::{
    Credential, Fen, Flow, Now, Outcome, Pages, Session, Step, UnixTime,
    billing::DescribeBillList,
    emulator::{Emulator, Fault, When},
};

/// The program to be tested: what was paid, by any transport and any clock.
fn paid(
    mut send: impl FnMut(tc3_core::Attempt) -> Outcome,
    mut clock: impl FnMut(Duration) -> Now,
    session: &mut Session,
) -> Result<Fen, Box<dyn std::error::Error>> {
    let (start, end) = (
        "2024-01-01 00:00:00".parse()?,
        "2024-06-30 23:59:59".parse()?,
    );
    let mut walk = Pages::new(DescribeBillList::new(start, end));
    let mut paid = Fen::ZERO;
    let mut now = clock(Duration::ZERO);
    loop {
        match walk.step(session, now) {
            Step::Send(attempt) => walk.handle(send(attempt)),
            Step::Wait(delay) => now = clock(delay),
            Step::Done(None) => return Ok(paid),
            Step::Done(Some(page)) => {
                let amounts = page?.output.transaction_list;
                let amounts = amounts.iter().map(|transaction| transaction.amount);
                let page = Fen::checked_sum(amounts).ok_or("more than can be")?;
                paid = paid.checked_add(page).ok_or("more than can be")?;
            }
        }
    }
}

#[test]
fn a_program_is_tested_offline_through_faults_and_in_no_time() {
    let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
    let sum = |service: Emulator| {
        let mut service = service;
        let mut session = Session::new(credential.clone());
        let mut waited = Duration::ZERO;
        let start = UnixTime::new(1_760_000_000);
        let (mut requests, mut tick) = (0, Duration::ZERO);
        let send = |attempt: tc3_core::Attempt| {
            requests += 1;
            service.exchange(start, &attempt.request).outcome
        };
        let clock = |delay| {
            waited += delay;
            tick += delay;
            Now::new(start, tick, 7)
        };
        let paid = paid(send, clock, &mut session).unwrap();
        (paid, requests, waited)
    };
    let service = || Emulator::new(credential.clone());
    let (expected, requests, _) = sum(service());
    assert_ne!(expected, Fen::ZERO);

    let faulty = service()
        .with_fault(When::At(1), Fault::Refuse("InternalError".into()))
        .with_fault(When::At(3), Fault::Lost);
    let (paid, more, waited) = sum(faulty);
    assert_eq!((paid, more), (expected, requests + 2));
    assert!(waited > Duration::ZERO, "{waited:?}");
}
