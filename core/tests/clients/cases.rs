//! Every fault, and what the user of either client sees of it.

use std::{error::Error as _, sync::LazyLock, time::Duration};

use tc3_core::{
    Call, Error, Failure, Flow, Now, Remedy, Session, Step, UnixTime, billing::BillTransactionInfo,
    emulator::Emulator, error::Obstacle,
};

use tc3_test_peer::{
    Fault::{self, *},
    MAX_BODY, credential, january,
    tls::Flaw,
};

/// What comes of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sees {
    /// The records.
    Records,
    /// [`Failure::NotSent`], with these words in a cause.
    NotSent(Obstacle, &'static str),
    /// [`Failure::Unknown`].
    Unknown,
    /// One of the two: it depends on who is faster.
    NotSentOrUnknown,
    /// [`Error::NotAnAnswer`] with this status.
    NotAnAnswer(u16),
    /// [`Error::ContentCoding`], which is this one.
    ContentCoding(&'static str),
    /// [`Error::TooLarge`].
    TooLarge,
}

/// Which calls are retried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Again {
    /// None.
    Never,
    /// Those of actions that may be repeated.
    IfRepeatable,
    /// All.
    Always,
    /// Some, if another may be repeated: it depends on who is faster.
    Either,
}

/// Every fault, what a call that is sent once comes to, and which calls are retried.
pub(super) const CASES: [(Fault, Sees, Again); 50] = [
    (Refused, not_connected("refused"), Again::Always),
    (ClosedAtOnce, Sees::NotSentOrUnknown, Again::Either),
    (Reset, Sees::Unknown, Again::IfRepeatable),
    (ClosedBeforeHead, Sees::Unknown, Again::IfRepeatable),
    (ClosedWithinHead, Sees::Unknown, Again::IfRepeatable),
    (ClosedAfterHead, Sees::Unknown, Again::IfRepeatable),
    (ClosedWithinBody, Sees::Unknown, Again::IfRepeatable),
    (ClosedWithinChunk, Sees::Unknown, Again::IfRepeatable),
    (ClosedBeforeLastChunk, Sees::Unknown, Again::IfRepeatable),
    (StalledBeforeHead, Sees::Unknown, Again::IfRepeatable),
    (StalledWithinHead, Sees::Unknown, Again::IfRepeatable),
    (StalledWithinBody, Sees::Unknown, Again::IfRepeatable),
    (DrippedHead, Sees::Unknown, Again::IfRepeatable),
    (DrippedBody, Sees::Unknown, Again::IfRepeatable),
    (Garbage, Sees::Unknown, Again::IfRepeatable),
    (Page("200 OK"), Sees::NotAnAnswer(200), Again::IfRepeatable),
    (Page("403 Forbidden"), Sees::NotAnAnswer(403), Again::Never),
    (
        Page("502 Bad Gateway"),
        Sees::NotAnAnswer(502),
        Again::IfRepeatable,
    ),
    (
        Page("504 Gateway Timeout"),
        Sees::NotAnAnswer(504),
        Again::IfRepeatable,
    ),
    (Packed, Sees::ContentCoding("gzip"), Again::Never),
    (Empty, Sees::NotAnAnswer(200), Again::IfRepeatable),
    (EndlessHead, Sees::Unknown, Again::IfRepeatable),
    (EndlessBody, Sees::TooLarge, Again::Never),
    (Oversized, Sees::TooLarge, Again::Never),
    (LengthTooLarge, Sees::Unknown, Again::IfRepeatable),
    (LengthTooSmall, Sees::NotAnAnswer(200), Again::IfRepeatable),
    (LengthTwice, Sees::Unknown, Again::IfRepeatable),
    (Continue, Sees::Records, Again::Never),
    (EarlyHints, Sees::Records, Again::Never),
    (EarlyHintsForever, Sees::Unknown, Again::IfRepeatable),
    (
        Redirect("301 Moved Permanently"),
        Sees::NotAnAnswer(301),
        Again::Never,
    ),
    (Redirect("302 Found"), Sees::NotAnAnswer(302), Again::Never),
    (
        Redirect("303 See Other"),
        Sees::NotAnAnswer(303),
        Again::Never,
    ),
    (
        Redirect("307 Temporary Redirect"),
        Sees::NotAnAnswer(307),
        Again::Never,
    ),
    (
        Redirect("308 Permanent Redirect"),
        Sees::NotAnAnswer(308),
        Again::Never,
    ),
    (
        Busy("429 Too Many Requests"),
        Sees::NotAnAnswer(429),
        Again::Always,
    ),
    (
        Busy("503 Service Unavailable"),
        Sees::NotAnAnswer(503),
        Again::IfRepeatable,
    ),
    (ClosedWhileIdle, Sees::Records, Again::Never),
    (ClosedWhileIdleByTls, Sees::Records, Again::Never),
    (Certificate(Flaw::None), Sees::Records, Again::Never),
    (
        Certificate(Flaw::UnknownIssuer),
        refused("UnknownIssuer"),
        Again::Never,
    ),
    (
        Certificate(Flaw::WrongName),
        refused("not valid for name"),
        Again::Never,
    ),
    (Certificate(Flaw::Expired), refused("expired"), Again::Never),
    (PlainText, refused("corrupt message"), Again::Never),
    (Alert(40), refused("HandshakeFailure"), Again::Never),
    (Alert(80), not_connected("InternalError"), Again::Always),
    (ClosedInHandshake, not_connected(""), Again::Always),
    (StalledInHandshake, not_connected(""), Again::Always),
    (NoCloseNotify, Sees::Records, Again::Never),
    (NoCloseNotifyAtEnd, Sees::Unknown, Again::IfRepeatable),
];

const fn not_connected(words: &'static str) -> Sees {
    Sees::NotSent(Obstacle::Connection, words)
}

/// In the handshake of TLS.
const fn refused(words: &'static str) -> Sees {
    Sees::NotSent(Obstacle::Tls, words)
}

/// Whether nothing but a timeout ends it.
pub(super) fn stalls(fault: Fault) -> bool {
    matches!(
        fault,
        StalledBeforeHead
            | StalledWithinHead
            | StalledWithinBody
            | DrippedHead
            | DrippedBody
            | EarlyHintsForever
            | StalledInHandshake
    )
}

impl Sees {
    #[track_caller]
    pub(super) fn check(self, seen: Result<&[BillTransactionInfo], &Error>) {
        let is_so = match (self, seen) {
            (Self::Records, Ok(seen)) => seen == *RECORDS,
            (
                Self::NotSent(obstacle, words),
                Err(error @ Error::Transport(Failure::NotSent(not_sent))),
            ) => {
                let said = causes(error).to_lowercase().contains(&words.to_lowercase());
                let person = error.remedy() == Remedy::Mend;
                said && not_sent.obstacle() == obstacle && person == obstacle.is_final()
            }
            (Self::ContentCoding(coding), Err(Error::ContentCoding { coding: seen, .. })) => {
                seen == coding
            }
            (
                Self::Unknown | Self::NotSentOrUnknown,
                Err(Error::Transport(Failure::Unknown(_))),
            )
            | (Self::NotSentOrUnknown, Err(Error::Transport(Failure::NotSent(_)))) => true,
            (Self::NotAnAnswer(status), Err(Error::NotAnAnswer { status: seen, .. })) => {
                *seen == status
            }
            (Self::TooLarge, Err(Error::TooLarge { limit, .. })) => *limit == MAX_BODY,
            _ => false,
        };
        assert!(is_so, "{self:?}, but saw {seen:?}");
    }
}

/// The texts of an error and of all that is below it.
fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// What the emulator has, asked directly.
pub(super) static RECORDS: LazyLock<Vec<BillTransactionInfo>> = LazyLock::new(|| {
    let mut emulator = Emulator::new(credential());
    let mut session = Session::new(credential());
    let time = UnixTime::new(1_760_000_000);
    let mut call = Call::new(&january());
    loop {
        match call.step(&mut session, Now::new(time, Duration::ZERO, 0)) {
            Step::Send(attempt) => call.handle(Ok(emulator.handle(time, &attempt.request))),
            Step::Wait(delay) => panic!("there is nothing to wait for: {delay:?}"),
            Step::Done(reply) => break reply.unwrap().output.transaction_list,
        }
    }
});
