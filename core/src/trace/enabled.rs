use alloc::string::{String, ToString};
use core::{fmt::Display, mem, time::Duration};

use tracing::field::{DisplayValue, Empty, display};
use tracing::{Level, Span, debug, debug_span, enabled, trace, warn};

use crate::{
    Attempt, Error, Outcome, Paginate, Reply, Target,
    credential::{Looked, Lookup, NoCredentials, Tried},
    error::Refusal,
};

/// The span of events.
pub(crate) type Scope = Span;

/// The request id of a reply, or the error.
type ReplyId<'a> = Result<&'a str, &'a Error>;

/// The span and the events of a call, or the events of a search for credentials.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) scope: Scope,
    for_credentials: bool,
    /// Time from the first step to the last one.
    elapsed: Duration,
    attempts: u32,
    region: Option<String>,
    /// Whose key signed the last attempt.
    secret_id: Option<String>,
    /// Whether a walk makes the call, and reports a failure itself.
    in_walk: bool,
    /// The attempt in flight, and when it was sent.
    sent: Option<(Attempt, Duration)>,
    /// Status and size of its answer.
    answer: Option<(u16, usize)>,
    ended: bool,
}

impl Call {
    pub(crate) fn of(target: &Target, in_walk: bool) -> Self {
        let span = debug_span!(
            target: "tc3::call", "tc3.call",
            service = &*target.service, action = &*target.action, region = Empty,
            secret_id = Empty, attempts = Empty, request_id = Empty, outcome = Empty,
        );
        Self::within(span, false, in_walk)
    }

    /// A search for credentials or one of its requests, in the span of the call.
    pub(crate) const fn for_credentials(scope: Scope) -> Self {
        Self::within(scope, true, false)
    }

    const fn within(scope: Scope, for_credentials: bool, in_walk: bool) -> Self {
        Self {
            scope,
            for_credentials,
            elapsed: Duration::ZERO,
            attempts: 0,
            region: None,
            secret_id: None,
            in_walk,
            sent: None,
            answer: None,
            ended: for_credentials,
        }
    }

    /// A step begins.
    pub(crate) const fn step(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    pub(crate) fn send(&mut self, attempt: &Attempt, secret_id: Option<&str>) {
        self.attempts = attempt.number;
        if !self.for_credentials && enabled!(target: "tc3::call", Level::WARN) {
            let fields = [
                ("region", &mut self.region, attempt.region()),
                ("secret_id", &mut self.secret_id, secret_id),
            ];
            for (name, known, value) in fields {
                if value.is_some() && known.as_deref() != value {
                    self.scope.record(name, value);
                    *known = value.map(Into::into);
                }
            }
        }
        let is_enabled = enabled!(target: "tc3::attempt", Level::DEBUG);
        self.sent = is_enabled.then(|| (attempt.clone(), self.elapsed));
        self.answer = None;
    }

    pub(crate) fn answer(&mut self, outcome: &Outcome) {
        let answer = outcome.as_ref().ok();
        self.answer = answer.map(|it| (it.status().as_u16(), it.body().len()));
    }

    /// The attempt in flight has ended; `None` for one to the metadata endpoint, which has no reply.
    pub(crate) fn attempt(&mut self, result: Option<ReplyId<'_>>) {
        let Some((sent, since)) = self.sent.take() else {
            return;
        };
        let _in = self.scope.enter();
        debug!(
            target: "tc3::attempt",
            attempt = sent.number, action = sent.action(), region = sent.region(),
            host = sent.request.uri().host(), for_credentials = self.for_credentials,
            bytes_sent = sent.request.body().len(),
            status = self.answer.map(|(status, _)| status),
            bytes_received = self.answer.map(|(_, size)| size),
            latency_ms = millis(self.elapsed.saturating_sub(since)),
            outcome = result.map(outcome), request_id = result.and_then(request_id),
            code = result.and_then(code), error = result.and_then(error),
            "attempt",
        );
    }

    /// A wait begins.
    pub(crate) fn wait(&self, delay: Duration, why: &str, failed: Option<&Error>) {
        let next = (!self.for_credentials).then(|| self.attempts.saturating_add(1));
        let failed = failed.map(Err);
        let _in = self.scope.enter();
        debug!(
            target: "tc3::wait",
            wait_ms = millis(delay), why, for_credentials = self.for_credentials,
            next_attempt = next, outcome = failed.map(outcome),
            request_id = failed.and_then(request_id), code = failed.and_then(code),
            "wait",
        );
    }

    pub(crate) fn done(&mut self, target: &Target, result: ReplyId<'_>) {
        if mem::replace(&mut self.ended, true) {
            return;
        }
        macro_rules! write_event {
            ($level:ident, $message:literal) => {
                $level!(
                    target: "tc3::call",
                    service = &*target.service, action = &*target.action,
                    region = self.region.as_deref(), secret_id = self.secret_id.as_deref(),
                    attempts = self.attempts,
                    latency_ms = millis(self.elapsed), outcome = outcome(result),
                    request_id = request_id(result), code = code(result), error = error(result),
                    $message,
                )
            };
        }
        self.scope.in_scope(|| match result {
            Ok(_) => write_event!(debug, "call done"),
            Err(_) if self.in_walk => write_event!(debug, "call failed"),
            Err(_) => write_event!(warn, "call failed"),
        });
        self.record(outcome(result), request_id(result));
    }

    fn record(&self, outcome: &str, request_id: Option<&str>) {
        self.scope.record("attempts", self.attempts);
        self.scope.record("request_id", request_id);
        self.scope.record("outcome", outcome);
    }

    pub(crate) fn look(&self, lookup: &Lookup, looked: &Looked) {
        let (_in, found) = (self.scope.enter(), matches!(looked, Ok(Some(_))));
        trace!(target: "tc3::credentials", ?lookup, found, "look");
    }

    /// The search has ended, with the source of the credentials or without any.
    pub(crate) fn searched(&self, result: Result<&str, &NoCredentials>, passed_over: &[Tried]) {
        let _in = self.scope.enter();
        for Tried { source, reason, .. } in passed_over.iter().filter(|_| result.is_ok()) {
            let (source, error) = (&**source, one_line(reason));
            warn!(target: "tc3::credentials", source, %error, "passed over");
        }
        match result.map_err(one_line) {
            Ok(source) => debug!(target: "tc3::credentials", source, "credentials found"),
            Err(error) => warn!(target: "tc3::credentials", %error, "credentials not found"),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            let (_in, latency_ms) = (self.scope.enter(), millis(self.elapsed));
            let (attempts, outcome) = (self.attempts, "abandoned");
            debug!(target: "tc3::call", attempts, latency_ms, outcome, "call abandoned");
            self.record(outcome, None);
        }
    }
}

/// The span and the events of a walk.
#[derive(Debug)]
pub(crate) struct Walk {
    pub(crate) scope: Scope,
    pages: u64,
    delivered: u64,
    ended: bool,
}

impl Walk {
    pub(crate) fn new<A: Paginate>(walk: &crate::Walk<A>) -> Self {
        let target = walk.list().map(|list| list.target());
        let target = target.as_ref();
        Self {
            scope: debug_span!(
                target: "tc3::walk", "tc3.walk",
                service = target.map(|it| &*it.service), action = target.map(|it| &*it.action),
                pages = Empty, delivered = Empty, outcome = Empty,
            ),
            pages: 0,
            delivered: walk.delivered(),
            ended: false,
        }
    }

    /// A page was delivered, or the error that ends the walk.
    pub(crate) fn page<A: Paginate>(
        &mut self,
        walk: &crate::Walk<A>,
        page: &Result<Reply<A::Output>, Error>,
    ) {
        self.delivered = walk.delivered();
        let (delivered, total) = (self.delivered, walk.total());
        let result = page.as_ref().map(|reply| &*reply.request_id);
        let request_id = request_id(result);
        if result.is_ok() {
            self.pages = self.pages.saturating_add(1);
            let (_in, page) = (self.scope.enter(), self.pages);
            debug!(target: "tc3::walk", page, delivered, total, request_id, "page");
            return;
        }
        let target = walk.list().map(|list| list.target());
        let target = target.as_ref();
        self.scope.in_scope(|| {
            warn!(
                target: "tc3::walk",
                service = target.map(|it| &*it.service), action = target.map(|it| &*it.action),
                pages = self.pages, delivered, total, outcome = outcome(result), request_id,
                code = code(result), error = error(result),
                "walk failed",
            );
        });
        self.record(outcome(result));
    }

    /// The walk is complete.
    pub(crate) fn end(&mut self) {
        self.end_with("ok", "walk done");
    }

    fn end_with(&mut self, outcome: &str, message: &str) {
        let (pages, delivered) = (self.pages, self.delivered);
        self.scope
            .in_scope(|| debug!(target: "tc3::walk", pages, delivered, outcome, "{message}"));
        self.record(outcome);
    }

    fn record(&mut self, outcome: &str) {
        self.ended = true;
        self.scope.record("pages", self.pages);
        self.scope.record("delivered", self.delivered);
        self.scope.record("outcome", outcome);
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        if !self.ended {
            self.end_with("abandoned", "walk abandoned");
        }
    }
}

fn outcome(result: ReplyId<'_>) -> &'static str {
    result.map_or_else(Error::name, |_| "ok")
}

fn request_id(result: ReplyId<'_>) -> Option<&str> {
    result.map_or_else(Error::request_id, Some)
}

fn code(result: ReplyId<'_>) -> Option<&str> {
    result.err()?.refusal().map(Refusal::code)
}

/// The error and its causes in one line.
fn error(result: ReplyId<'_>) -> Option<DisplayValue<String>> {
    let mut last: &(dyn core::error::Error + 'static) = result.err()?;
    let mut text = last.to_string();
    // `Credentials` displays its causes itself.
    while !matches!(last.downcast_ref(), Some(Error::Credentials(_)))
        && let Some(cause) = last.source()
    {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        last = cause;
    }
    Some(display(one_line(text)))
}

/// Escapes line ends and control characters.
fn one_line(text: impl Display) -> String {
    let escape = |c: char| match c {
        '\u{2028}' | '\u{2029}' => c.escape_unicode().to_string(),
        c if c.is_control() => c.escape_debug().to_string(),
        c => c.into(),
    };
    text.to_string().chars().map(escape).collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
