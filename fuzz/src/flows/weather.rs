use std::time::Duration;

use tc3_core::{
    Attempt, Error, Flow, Now, Session, Settings, Step, UnixTime,
    emulator::Emulator,
    flow::Retry,
    session::{Endpoint, Wire},
    tc3::{self, Rejection},
};

use super::outcome::had_no_effect;
use crate::{
    chance::Chance,
    message::{NOW, credential, single},
};

/// How many steps anything may take when all bytes are used up.
const MOST_STEPS: usize = 50_000;

/// The clocks, the service and the network, as the bytes would have them.
pub(super) struct Weather<'a> {
    pub(super) chance: Chance<'a>,
    pub(super) session: Session,
    pub(super) service: Emulator,
    pub(super) records: u64,
    pub(super) now: Now,
    /// By how many seconds the service's clock is ahead.
    pub(super) skew: i64,
    /// Whether an answer may have said what is not so.
    pub(super) lied: bool,
    /// Whether the clock stands still, whatever is waited for.
    stuck: bool,
    sane: bool,
    steps: usize,
}

/// A flow that is driven, and what it has sent.
#[derive(Debug)]
pub(super) struct Out<F> {
    pub(super) flow: F,
    pub(super) sends: u32,
    sent: Option<Attempt>,
    /// How many calls it may make before it is done.
    calls: u32,
    is_write: bool,
    may_have_had_effect: bool,
}

impl<F> Out<F> {
    pub(super) const fn new(flow: F) -> Self {
        Self {
            flow,
            sends: 0,
            sent: None,
            calls: 1,
            is_write: false,
            may_have_had_effect: false,
        }
    }

    pub(super) fn of_a_write(self) -> Self {
        Self {
            is_write: true,
            ..self
        }
    }

    /// A page, and what is checked before it is delivered: the two before it, how far its records reach (by halves), and
    /// what follows it.
    pub(super) fn of_a_walk(self) -> Self {
        Self {
            calls: 1 + 2 + 33 + 2,
            ..self
        }
    }

    /// Its next result is another one's.
    pub(super) fn rest(&mut self) {
        self.sends = 0;
    }
}

impl<'a> Weather<'a> {
    pub(super) fn new(mut chance: Chance<'a>) -> Self {
        let seconds = Duration::from_secs;
        let stuck = chance.below(16) == 15;
        let deadlines = [60, 3_600, 5, 0, u64::MAX].map(seconds);
        let deadline = if stuck {
            seconds(5)
        } else {
            chance.pick(&deadlines)
        };
        let timeout = chance.pick(&[seconds(30), seconds(90), Duration::ZERO, Duration::MAX]);
        let retry = Retry::default()
            .with_attempts(chance.pick(&[6, 1, 0, 2, u32::MAX]))
            .with_base(chance.pick(&[Duration::from_millis(250), Duration::ZERO, Duration::MAX]))
            .with_cap(chance.pick(&[seconds(10), Duration::ZERO, Duration::MAX]));
        let max_body = chance.pick(&[32 << 20, 32 << 20, 1_000, 0]);
        let page_size = chance.pick(&[None, Some(7), Some(2), Some(u32::MAX), Some(0)]);
        let max_pages = chance.pick(&[100_000, 100_000, 2, 0]);
        let mut settings = Settings::default()
            .with_wire(chance.pick(&[Wire::Post, Wire::PostUnsigned, Wire::Get]))
            .with_deadline(deadline)
            .with_attempt_timeout(timeout)
            .with_retry(retry)
            .with_max_body(max_body)
            .with_page_size(page_size)
            .with_max_pages(max_pages)
            .with_failover(
                chance
                    .pick(&[
                        &[] as &[_],
                        &[Endpoint::PUBLIC; 1],
                        &[Endpoint::INTERNAL; 2],
                    ])
                    .to_vec(),
            );
        let rate = chance.pick(&[Some(20), Some(2), None, Some(u32::MAX), Some(0)]);
        for action in ["DescribeBillList", "DescribeAllocationSummaryByBusiness"] {
            settings = settings.with_rate("billing", action, rate);
        }
        settings = settings.with_rate("essbasic", "ChannelDescribeBillUsageDetail", rate);
        let sane = !stuck
            && deadline >= seconds(60)
            && !timeout.is_zero()
            && max_body > 1_000
            && page_size != Some(0)
            && max_pages > 2
            && rate != Some(0);
        let records = chance.pick(&[9, 0, 1, 17]);
        Self {
            chance,
            session: Session::new(credential()).with_settings(settings),
            service: Emulator::new(credential()).with_records(records),
            records,
            now: Now::new(NOW, Duration::ZERO, 0),
            skew: 0,
            lied: false,
            stuck,
            sane,
            steps: 0,
        }
    }

    /// Whether a walk comes to its end at last.
    pub(super) const fn is_sane(&self) -> bool {
        self.sane
    }

    /// Anything that happens; what never ends, is seen by it.
    pub(super) fn count(&mut self) {
        self.steps += 1;
        assert!(self.steps < MOST_STEPS, "it does not end");
    }

    /// One thing that happens to a flow; its result, if it has come to one.
    pub(super) fn go_on<F: Flow>(&mut self, out: &mut Out<F>) -> Option<F::Output> {
        self.count();
        if let Some(attempt) = out.sent.take() {
            let order = self.chance.below(16);
            if order == 15 {
                // Abandoned.
                out.may_have_had_effect = true;
            } else {
                let outcome = self.outcome(&attempt);
                out.may_have_had_effect |= !had_no_effect(&outcome);
                out.flow.handle(outcome);
                if order == 14 {
                    self.answer_unasked(&attempt, out);
                }
                return None;
            }
        }
        self.tremble();
        match out.flow.step(&mut self.session, self.now) {
            Step::Send(attempt) => {
                self.check(&attempt);
                let attempts = self.session.settings().retry().attempts().max(1);
                out.sends += 1;
                assert!(
                    out.sends <= attempts.saturating_mul(out.calls),
                    "{} sends",
                    out.sends
                );
                assert!(!(out.is_write && out.may_have_had_effect), "a write again");
                out.sent = Some(attempt);
            }
            Step::Wait(delay) => {
                assert!(!delay.is_zero(), "a wait of nothing");
                self.wait(delay);
            }
            Step::Done(output) => return Some(output),
        }
        None
    }

    /// A second answer, which nobody waits for.
    fn answer_unasked<F: Flow>(&mut self, attempt: &Attempt, out: &mut Out<F>) {
        let lied = self.lied;
        let outcome = self.outcome(attempt);
        out.flow.handle(outcome);
        self.lied = lied;
    }

    /// Whether a walk says that it has ended, and keeps to it.
    pub(super) fn is_over<T>(&mut self, flow: &mut impl Flow<Output = Option<T>>) -> bool {
        (0..2).all(|_| {
            self.tremble();
            matches!(flow.step(&mut self.session, self.now), Step::Done(None))
        })
    }

    /// What the error was about is over: another process, some hours later.
    pub(super) fn clear_up(&mut self, error: &Error) {
        assert!(!format!("{error} {error:?}").is_empty());
        let settings = self.session.settings().clone();
        self.session = Session::new(credential()).with_settings(settings);
        self.now = Now::new(NOW, Duration::from_secs(86_400), self.now.entropy);
        self.skew = 0;
    }

    fn check(&self, attempt: &Attempt) {
        let settings = self.session.settings();
        assert!(!attempt.timeout.is_zero());
        assert!(attempt.timeout <= settings.attempt_timeout().min(Attempt::MAX_TIMEOUT));
        assert_eq!(attempt.max_body, settings.max_body());
        let time = single(attempt.request.headers(), "x-tc-timestamp");
        let time: i64 = time.expect("a time").parse().expect("a number");
        let known = credential();
        let verified = tc3::verify(&attempt.request, UnixTime::new(time), |_| Some(&known));
        // A clock that stands before 1970 is the service's to refuse.
        let expected = if time < 0 {
            Some(Rejection::InvalidTimestamp)
        } else {
            None
        };
        assert_eq!(verified.err(), expected);
    }

    fn wait(&mut self, delay: Duration) {
        let passed = match self.chance.below(8) {
            _ if self.stuck => Duration::ZERO,
            5 => delay / 2,
            6 => Duration::ZERO,
            7 => delay.saturating_mul(100),
            _ => delay,
        };
        self.pass(passed);
    }

    fn pass(&mut self, time: Duration) {
        self.now.tick = self.now.tick.saturating_add(time);
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        self.now.unix = UnixTime::new(self.now.unix.seconds().saturating_add(seconds));
    }

    /// The clocks may do anything, and the entropy is never the same.
    fn tremble(&mut self) {
        self.now.entropy = self.now.entropy.wrapping_mul(31).wrapping_add(7);
        let unix = self.now.unix.seconds();
        let many = self.chance.byte();
        match many % 32 {
            22 => self.pass(Duration::from_millis(many.into())),
            23 => self.pass(Duration::from_secs(many.into())),
            24 => self.now.unix = UnixTime::new(unix.saturating_add(86_400)),
            25 => self.now.unix = UnixTime::new(unix.saturating_sub(301)),
            26 => {
                let (first, last) = (i64::MIN, i64::MAX);
                let end = 253_402_300_799;
                let unix = self.chance.pick(&[0, first, last, end, end + 1, -1]);
                self.now.unix = UnixTime::new(unix);
            }
            27 => self.now.tick /= 2,
            28 => self.now.tick = self.chance.pick(&[Duration::ZERO, Duration::MAX]),
            29 => self.skew = self.chance.pick(&[0, 301, -3_600, 1 << 40, i64::MIN]),
            30 => self.now.entropy = self.chance.pick(&[0, u64::MAX]),
            31 => self.session.set_credential(credential()),
            _ => {}
        }
    }
}
