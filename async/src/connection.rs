//! A connection over HTTP/1.1. Whoever uses it drives it: no task has to, and none has to be woken.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{
    body::{Body, Incoming},
    client::conn::{TrySendError, http1},
};
use tokio::{
    runtime::{self, Handle},
    task::coop,
    time::{Instant, Sleep, sleep_until},
};

use crate::connect::Io;

/// How large the head of an answer may be, and what is read at once: a task may read 128 times before anybody
/// looks at the clock.
const MAX_HEAD: usize = 16 << 10;
/// How much room a body gets at first, at most, however long it says it is.
const MAX_TRUST: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Connection {
    requests: http1::SendRequest<Full<Bytes>>,
    /// Writes and reads, until it has come to its end.
    driver: Option<Box<http1::Connection<Io, Full<Bytes>>>>,
    /// When the time of whoever uses it is up.
    deadline: Instant,
    /// Goes off by then. One for all users, and mostly too early: deadlines move on with each of them, and to
    /// move a timer costs more than to let it go off now and then.
    alarm: Pin<Box<Sleep>>,
    /// Where the connection and its alarm are driven.
    runtime: runtime::Id,
}

impl Connection {
    pub(crate) async fn new(io: Io) -> hyper::Result<Self> {
        let handshake = http1::Builder::new().max_buf_size(MAX_HEAD).handshake(io);
        let (requests, driver) = handshake.await?;
        let now = Instant::now();
        Ok(Self {
            requests,
            driver: Some(Box::new(driver)),
            deadline: now,
            alarm: Box::pin(sleep_until(now)),
            runtime: Handle::current().id(),
        })
    }

    /// Whether it is driven by the runtime that asks: by another it might wait for good.
    pub(crate) fn is_of(&self, runtime: runtime::Id) -> bool {
        self.runtime == runtime
    }

    /// Sets the time by which its next user has to be done.
    pub(crate) fn set_deadline(&mut self, deadline: Instant) {
        self.deadline = deadline;
        if deadline < self.alarm.deadline() {
            self.alarm.as_mut().reset(deadline);
        }
    }

    /// Sends a request and reads the head of the answer, or `None` when the deadline has come. The error has the
    /// request in it where the connection had ended before.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Option<Result<Response<Incoming>, TrySendError<Request<Full<Bytes>>>>> {
        let mut answer = pin!(self.requests.try_send_request(request));
        poll_fn(|context| {
            self.drive(context);
            match answer.as_mut().poll(context) {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                Poll::Pending => self.poll_late(context).map(|()| None),
            }
        })
        .await
    }

    /// Reads the body of an answer, at most one byte more than `max_body`: core sees by it that there is more.
    pub(crate) async fn read(
        &mut self,
        mut body: Incoming,
        max_body: usize,
    ) -> hyper::Result<Bytes> {
        let bound = max_body.saturating_add(1);
        let mut bytes = BytesMut::new();
        while bytes.len() < bound {
            let frame = poll_fn(|context| {
                // It mostly came with the head.
                if let ready @ Poll::Ready(_) = Pin::new(&mut body).poll_frame(context) {
                    return ready;
                }
                self.drive(context);
                Pin::new(&mut body).poll_frame(context)
            });
            let Some(frame) = frame.await.transpose()? else {
                break;
            };
            let Ok(mut data) = frame.into_data() else {
                continue;
            };
            data.truncate(bound - bytes.len());
            if bytes.is_empty() {
                if body.is_end_stream() {
                    return Ok(data);
                }
                let rest = usize::try_from(body.size_hint().lower()).unwrap_or(MAX_TRUST);
                bytes.reserve(data.len() + rest.min(max_body).min(MAX_TRUST));
            }
            bytes.extend_from_slice(&data);
            // Where frames never run out, the timeout has to be looked at all the same.
            coop::consume_budget().await;
        }
        Ok(bytes.freeze())
    }

    /// Whether it may be used again: all of the last answer was read, and nothing came after it. A request
    /// that was answered before it was sent to its end goes on when the connection is used again.
    pub(crate) fn is_ready(&mut self) -> bool {
        // From here on it wakes nobody: its last user has other things to wait for.
        let nobody = &mut Context::from_waker(Waker::noop());
        self.drive(nobody);
        let _ = self.alarm.as_mut().poll(nobody);
        self.driver.is_some() && self.requests.is_ready()
    }

    /// Ready when the deadline has come.
    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // Where there is more to read than a task may read in one go, as of interim answers without an end,
        // neither the alarm nor the runtime's timers have a say.
        if !coop::has_budget_remaining() && self.deadline <= Instant::now() {
            return Poll::Ready(());
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            if self.deadline <= self.alarm.deadline() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(self.deadline);
        }
        Poll::Pending
    }

    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && Pin::new(driver).poll(context).is_ready()
        {
            // A request that it did not begin with comes back when it is dropped.
            self.driver = None;
        }
    }
}
