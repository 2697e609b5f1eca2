//! Flows side by side on virtual time, against a service that takes its time.

use std::{collections::BTreeMap, time::Duration};

use tc3_core::{
    Attempt, Error, Failure, Flow, Outcome, Paginate, Step,
    credential::Search,
    flow::DriverStep,
    pagination::{Fetch, Prefetch, Turn},
};

use crate::common::Client;

/// What was sent, and when.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) at: Duration,
    pub(crate) arrives: Duration,
    /// Which flow sent it, in the order of their beginning.
    pub(crate) flow: usize,
    pub(crate) attempt: Attempt,
}

/// A client that drives several flows at once.
pub(crate) struct World<F: Flow> {
    pub(crate) client: Client,
    pub(crate) sends: Vec<Sent>,
    /// The milliseconds that requests take there and back, one pair after the other, over and over.
    pub(crate) latencies: Vec<(u64, u64)>,
    /// How many steps said to wait.
    pub(crate) waits: usize,
    /// When each flow began.
    pub(crate) begun: Vec<Duration>,
    flows: Vec<Option<F>>,
    /// The search for credentials that each flow does.
    searches: Vec<Option<Search>>,
    events: BTreeMap<(Duration, usize), (usize, Event)>,
    order: usize,
}

enum Event {
    Step,
    /// The request arrives at the service, whose answer takes a while and may come too late.
    Serve(Box<Attempt>, Duration, Duration),
    Answer(Outcome),
}

impl<F: Flow> World<F> {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            sends: Vec::new(),
            latencies: Vec::new(),
            waits: 0,
            begun: Vec::new(),
            flows: Vec::new(),
            searches: Vec::new(),
            events: BTreeMap::new(),
            order: 0,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.client.now.tick
    }

    /// Begins a flow after a while.
    pub(crate) fn begin(&mut self, flow: F, after: Duration) {
        self.flows.push(Some(flow));
        self.searches.push(None);
        let begins = self.now() + after;
        self.begun.push(begins);
        self.plan(begins, self.flows.len() - 1, Event::Step);
    }

    /// How many flows have not come to their end.
    pub(crate) fn out(&self) -> usize {
        self.flows.iter().flatten().count()
    }

    /// When each send was made.
    pub(crate) fn times(&self) -> Vec<Duration> {
        self.sends.iter().map(|sent| sent.at).collect()
    }

    /// When each send arrived, ascending.
    pub(crate) fn arrivals(&self) -> Vec<Duration> {
        let mut arrivals: Vec<_> = self.sends.iter().map(|sent| sent.arrives).collect();
        arrivals.sort();
        arrivals
    }

    fn plan(&mut self, at: Duration, flow: usize, event: Event) {
        self.order += 1;
        self.events.insert((at, self.order), (flow, event));
    }

    /// Lets time pass until a flow comes to a result; `None` when all have.
    pub(crate) fn next(
        &mut self,
        serve: &mut dyn FnMut(Duration, &Attempt) -> Outcome,
    ) -> Option<(usize, F::Output)> {
        while let Some(((at, _), (id, event))) = self.events.pop_first() {
            self.client.pass(at - self.now());
            match event {
                Event::Step if self.searches[id].is_some() => self.search(id),
                Event::Step => {
                    let Some(flow) = &mut self.flows[id] else {
                        continue;
                    };
                    match flow.step(&mut self.client.session, self.client.now) {
                        Step::Send(attempt) => self.send(id, attempt),
                        Step::Wait(delay) => {
                            assert!(delay > Duration::ZERO, "a wait of nothing");
                            self.searches[id] = self.client.session.search(self.client.now);
                            if self.searches[id].is_some() {
                                self.search(id);
                            } else {
                                self.waits += 1;
                                self.plan(at + delay, id, Event::Step);
                            }
                        }
                        Step::Done(output) => {
                            self.flows[id] = None;
                            return Some((id, output));
                        }
                    }
                }
                Event::Serve(attempt, back, until) => {
                    let outcome = serve(at, &attempt);
                    if at < until {
                        let late = at + back >= until;
                        let outcome = if late { timed_out() } else { outcome };
                        self.plan(until.min(at + back), id, Event::Answer(outcome));
                    }
                }
                Event::Answer(outcome) => {
                    if let Some(search) = &mut self.searches[id] {
                        search.handle(outcome);
                        self.search(id);
                    } else if let Some(flow) = &mut self.flows[id] {
                        flow.handle(outcome);
                        self.plan(at, id, Event::Step);
                    }
                }
            }
        }
        None
    }

    /// Goes on with the search that a flow does.
    fn search(&mut self, id: usize) {
        while let Some(search) = &mut self.searches[id] {
            match search.step(&mut self.client.session, self.client.now) {
                DriverStep::Read(lookup) => search.found(self.client.look(&lookup)),
                DriverStep::Send(attempt) => return self.send(id, attempt),
                DriverStep::Wait(delay) => return self.plan(self.now() + delay, id, Event::Step),
                DriverStep::Done(()) => {
                    self.searches[id] = None;
                    self.plan(self.now(), id, Event::Step);
                }
            }
        }
    }

    fn send(&mut self, id: usize, attempt: Attempt) {
        let latency = match self.latencies.len() {
            0 => (0, 0),
            many => self.latencies[self.sends.len() % many],
        };
        let (there, back) = (
            Duration::from_millis(latency.0),
            Duration::from_millis(latency.1),
        );
        let at = self.now();
        let until = at + attempt.timeout;
        if at + there >= until {
            self.plan(until, id, Event::Answer(timed_out()));
        }
        let arrives = Event::Serve(Box::new(attempt.clone()), back, until);
        self.plan(at + there, id, arrives);
        self.sends.push(Sent {
            at,
            arrives: at + there,
            flow: id,
            attempt,
        });
    }
}

fn timed_out() -> Outcome {
    Err(Failure::unknown("timed out"))
}

/// What a walk came to: each page's records, and the error if it ended with one.
#[derive(Debug)]
pub(crate) struct Walked<T> {
    pub(crate) pages: Vec<Vec<T>>,
    pub(crate) error: Option<Error>,
    /// The most fetches that were out at once.
    pub(crate) most_out: usize,
}

impl<T> Walked<T> {
    pub(crate) fn records(self) -> Vec<T> {
        assert!(self.error.is_none(), "{:?}", self.error);
        self.pages.into_iter().flatten().collect()
    }
}

impl<A: Paginate> World<Fetch<A>> {
    /// Walks to the end, with as many fetches at once as the planner likes.
    pub(crate) fn walk(
        &mut self,
        planner: &mut Prefetch<A>,
        mut serve: impl FnMut(Duration, &Attempt) -> Outcome,
    ) -> Walked<A::Item> {
        let (mut pages, mut error, mut most_out) = (vec![], None, 0);
        loop {
            match planner.turn(self.client.session.settings()) {
                Turn::Fetch(fetch) => {
                    assert!(error.is_none(), "a fetch after an error");
                    self.begin(fetch, Duration::ZERO);
                    most_out = most_out.max(self.out());
                }
                Turn::Wait => {
                    let (_, fetched) = self.next(&mut serve).expect("something is out");
                    planner.take(fetched);
                }
                Turn::Page(page) => {
                    assert!(error.is_none(), "a page after an error");
                    match page {
                        Ok(page) => pages.push(A::into_items(page.output)),
                        Err(it) => error = Some(it),
                    }
                }
                Turn::End => break,
            }
        }
        assert!(matches!(
            planner.turn(self.client.session.settings()),
            Turn::End
        ));
        Walked {
            pages,
            error,
            most_out,
        }
    }
}

/// The most sends in any second, both its ends included.
pub(crate) fn most_in_a_second(times: &[Duration]) -> usize {
    assert!(times.is_sorted());
    let within = |first: usize| {
        let last = times[first] + Duration::from_secs(1);
        times.partition_point(|time| *time <= last) - first
    };
    (0..times.len()).map(within).max().unwrap_or(0)
}
