/// What both IO crates write down through `tracing`, in the words of [`report`](crate::report): they have it from
/// here so that both say the same, and core needs no `tracing`.
#[doc(hidden)]
#[macro_export]
macro_rules! tellers {
    () => {
        use ::std::time::{Duration, Instant};

        use ::tracing::{Level, Span, debug, debug_span, enabled, field, trace, warn};
        use $crate::{
            Attempt, Error, Flow, Outcome, Paginate, Reply, Report, Verdict, Walk, Why,
            credential::{Looked, Lookup},
        };

        /// Tells of a call. What it tells while the call is driven is told within its span.
        #[derive(Debug)]
        pub(crate) struct CallTeller {
            span: Span,
            /// When the call began; `None` when nobody listens.
            began: Option<Instant>,
            attempts: u32,
            region: Option<String>,
            ended: bool,
        }

        impl CallTeller {
            pub(crate) fn new<F: Flow>(flow: &F) -> Self {
                let report = flow.report();
                let span = debug_span!(
                    target: "tc3::call",
                    "tc3.call",
                    service = report.as_ref().map(|it| &*it.service),
                    action = report.as_ref().map(|it| &*it.action),
                    region = field::Empty,
                    attempts = field::Empty,
                    request_id = field::Empty,
                    outcome = field::Empty,
                );
                Self {
                    span,
                    began: enabled!(target: "tc3::call", Level::WARN).then(Instant::now),
                    attempts: 0,
                    region: None,
                    ended: false,
                }
            }

            /// The call's span.
            pub(crate) fn span(&self) -> Span {
                self.span.clone()
            }

            /// A search for credentials has ended.
            pub(crate) fn searched(&self, report: &Report<'_>) {
                for passed in report.passed_over {
                    let source = passed.source.as_str();
                    let error = $crate::report::OneLine(&passed.reason);
                    warn!(target: "tc3::credentials", source, %error, "passed over");
                }
                match report.credentials {
                    Some(Ok(source)) => {
                        debug!(target: "tc3::credentials", source, "credentials found");
                    }
                    Some(Err(missing)) => {
                        let error = $crate::report::OneLine(missing);
                        warn!(target: "tc3::credentials", %error, "credentials not found");
                    }
                    None => {}
                }
            }

            /// Something was looked up.
            pub(crate) fn looked(&self, lookup: &Lookup, looked: &Looked) {
                let found = matches!(looked, Ok(Some(_)));
                trace!(target: "tc3::credentials", ?lookup, found, "look");
            }

            /// A wait begins.
            pub(crate) fn waiting(&self, report: Option<Report<'_>>, delay: Duration) {
                let last = report.as_ref().and_then(|it| it.last);
                debug!(
                    target: "tc3::wait",
                    wait_ms = millis(delay),
                    why = report.as_ref().and_then(|it| it.why).map(Why::as_str),
                    for_credentials = report.as_ref().map(|it| it.for_credentials),
                    next_attempt = report
                        .as_ref()
                        .is_some_and(|it| !it.for_credentials)
                        .then_some(self.attempts + 1),
                    outcome = last.map(|it| it.outcome),
                    request_id = last.and_then(|it| it.request_id),
                    code = last.and_then(|it| it.code),
                    "wait",
                );
            }

            /// An attempt begins.
            pub(crate) fn sending(&mut self, attempt: &Attempt) -> AttemptTeller {
                if !attempt.for_credentials {
                    self.attempts = attempt.number;
                    if self.began.is_some()
                        && self.region.is_none()
                        && let Some(region) = attempt.region()
                    {
                        self.span.record("region", region);
                        self.region = Some(region.into());
                    }
                }
                let listening = enabled!(target: "tc3::attempt", Level::DEBUG);
                AttemptTeller(listening.then(|| Sent::new(attempt)))
            }

            /// The flow has ended with this result.
            pub(crate) fn done<F: Flow>(&mut self, flow: &F, output: &F::Output) {
                self.ended = true;
                let Some(verdict) = F::verdict(output) else {
                    return;
                };
                let report = flow.report();
                let service = report.as_ref().map(|it| &*it.service);
                let action = report.as_ref().map(|it| &*it.action);
                match verdict.error {
                    None => debug!(
                        target: "tc3::call",
                        service,
                        action,
                        region = self.region.as_deref(),
                        attempts = self.attempts,
                        latency_ms = self.latency(),
                        outcome = verdict.outcome,
                        request_id = verdict.request_id,
                        "call done",
                    ),
                    Some(_) => warn!(
                        target: "tc3::call",
                        service,
                        action,
                        region = self.region.as_deref(),
                        attempts = self.attempts,
                        latency_ms = self.latency(),
                        outcome = verdict.outcome,
                        request_id = verdict.request_id,
                        code = verdict.code,
                        error = %verdict,
                        "call failed",
                    ),
                }
                self.record(verdict.outcome, verdict.request_id);
            }

            fn latency(&self) -> Option<u64> {
                self.began.map(|began| millis(began.elapsed()))
            }

            fn record(&self, outcome: &str, request_id: Option<&str>) {
                self.span.record("attempts", self.attempts);
                self.span.record("request_id", request_id);
                self.span.record("outcome", outcome);
            }
        }

        impl Drop for CallTeller {
            fn drop(&mut self) {
                if !self.ended {
                    debug!(
                        target: "tc3::call",
                        parent: &self.span,
                        attempts = self.attempts,
                        latency_ms = self.latency(),
                        outcome = "abandoned",
                        "call abandoned",
                    );
                    self.record("abandoned", None);
                }
            }
        }

        /// Tells of an attempt, if anybody listens.
        #[derive(Debug)]
        pub(crate) struct AttemptTeller(Option<Sent>);

        #[derive(Debug)]
        struct Sent {
            number: u32,
            action: Option<String>,
            region: Option<String>,
            host: Option<String>,
            for_credentials: bool,
            bytes: usize,
            since: Instant,
            /// How long it took, and the status and size of the answer, if there is one.
            answered: Option<(Duration, Option<(u16, usize)>)>,
        }

        impl Sent {
            fn new(attempt: &Attempt) -> Self {
                Self {
                    number: attempt.number,
                    action: attempt.action().map(Into::into),
                    region: attempt.region().map(Into::into),
                    host: attempt.request.uri().host().map(Into::into),
                    for_credentials: attempt.for_credentials,
                    bytes: attempt.request.body().len(),
                    since: Instant::now(),
                    answered: None,
                }
            }
        }

        impl AttemptTeller {
            /// Something has come of it.
            pub(crate) fn came(&mut self, outcome: &Outcome) {
                if let Some(sent) = &mut self.0 {
                    let answer = outcome.as_ref().ok();
                    let answer = answer.map(|it| (it.status().as_u16(), it.body().len()));
                    sent.answered = Some((sent.since.elapsed(), answer));
                }
            }

            /// Whoever sent it has seen what it means.
            pub(crate) fn told(self, report: Option<Report<'_>>) {
                let Some((sent, (latency, answer))) =
                    self.0.and_then(|mut sent| sent.answered.take().map(|it| (sent, it)))
                else {
                    return;
                };
                let last = report.and_then(|report| report.last);
                debug!(
                    target: "tc3::attempt",
                    attempt = sent.number,
                    action = sent.action,
                    region = sent.region,
                    host = sent.host,
                    for_credentials = sent.for_credentials,
                    bytes_sent = sent.bytes,
                    status = answer.map(|(status, _)| status),
                    bytes_received = answer.map(|(_, bytes)| bytes),
                    latency_ms = millis(latency),
                    outcome = last.map(|it| it.outcome),
                    request_id = last.and_then(|it| it.request_id),
                    code = last.and_then(|it| it.code),
                    error = last.filter(|it| it.error.is_some()).map(field::display),
                    "attempt",
                );
            }
        }

        /// Tells of a walk.
        #[derive(Debug)]
        pub(crate) struct WalkTeller {
            span: Span,
            pages: u64,
            delivered: u64,
            ended: bool,
        }

        impl WalkTeller {
            pub(crate) fn new<A: Paginate>(walk: &Walk<A>) -> Self {
                let target = walk.list().map(|list| list.target());
                Self {
                    span: debug_span!(
                        target: "tc3::walk",
                        "tc3.walk",
                        service = target.as_ref().map(|it| &*it.service),
                        action = target.as_ref().map(|it| &*it.action),
                        pages = field::Empty,
                        delivered = field::Empty,
                        outcome = field::Empty,
                    ),
                    pages: 0,
                    delivered: walk.delivered(),
                    ended: false,
                }
            }

            /// The walk's span, which its calls belong to.
            pub(crate) fn span(&self) -> Span {
                self.span.clone()
            }

            /// A page is delivered, or an error in its place.
            pub(crate) fn page<A: Paginate>(
                &mut self,
                walk: &Walk<A>,
                page: &Result<Reply<A::Output>, Error>,
            ) {
                let verdict = Verdict::of(page.as_ref().map(|reply| &*reply.request_id));
                let total = walk.total();
                self.delivered = walk.delivered();
                if verdict.error.is_none() {
                    self.pages += 1;
                    debug!(
                        target: "tc3::walk",
                        parent: &self.span,
                        page = self.pages,
                        delivered = self.delivered,
                        total,
                        request_id = verdict.request_id,
                        "page",
                    );
                    return;
                }
                let target = walk.list().map(|list| list.target());
                warn!(
                    target: "tc3::walk",
                    parent: &self.span,
                    service = target.as_ref().map(|it| &*it.service),
                    action = target.as_ref().map(|it| &*it.action),
                    pages = self.pages,
                    delivered = self.delivered,
                    total,
                    outcome = verdict.outcome,
                    request_id = verdict.request_id,
                    code = verdict.code,
                    error = %verdict,
                    "walk failed",
                );
                self.end(verdict.outcome);
            }

            /// All was delivered.
            pub(crate) fn done(&mut self) {
                if !self.ended {
                    debug!(
                        target: "tc3::walk",
                        parent: &self.span,
                        pages = self.pages,
                        delivered = self.delivered,
                        outcome = "ok",
                        "walk done",
                    );
                    self.end("ok");
                }
            }

            fn end(&mut self, outcome: &str) {
                self.ended = true;
                self.span.record("pages", self.pages);
                self.span.record("delivered", self.delivered);
                self.span.record("outcome", outcome);
            }
        }

        impl Drop for WalkTeller {
            fn drop(&mut self) {
                if !self.ended {
                    debug!(
                        target: "tc3::walk",
                        parent: &self.span,
                        pages = self.pages,
                        delivered = self.delivered,
                        outcome = "abandoned",
                        "walk abandoned",
                    );
                    self.end("abandoned");
                }
            }
        }

        fn millis(duration: Duration) -> u64 {
            u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
        }
    };
}
