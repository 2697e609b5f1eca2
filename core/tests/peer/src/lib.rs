//! What the clients of both IO crates are tested against: servers on loopback, which misbehave on purpose.
#![allow(
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    reason = "a test that panics has failed, and errors are what it is about"
)]

mod fault;
pub mod machine;
mod peer;
mod proxy;
pub mod recording;
mod stage;
pub mod tls;

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Mutex,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tc3_core::{
    Attempt, Credential, Error, Failure, Outcome, UnixTime,
    billing::DescribeBillList,
    emulator::{Emulator, When},
    session::Endpoint,
};

pub use fault::{Fault, MAX_BODY, Service};
pub use peer::{Connection, Peer, Received};
pub use proxy::Proxy;
pub use stage::Stage;

/// Bounds every wait of a test that should not wait at all.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// How long a call may take where the test is about its not taking longer.
pub const SHORT: Duration = Duration::from_millis(500);

/// A secret key.
pub const KEY: &str = "not-a-real-key";
/// A temporary one's token.
pub const TOKEN: &str = "not-a-real-token";

/// An answer of the API without a record.
pub const ANSWER: &str = r#"{"Response":{"TransactionList":[],"Total":0,"RequestId":"5e1f"}}"#;

/// The credential that servers know.
pub fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", KEY).unwrap()
}

/// A list that every emulator has.
pub fn january() -> DescribeBillList {
    DescribeBillList::new(
        "2024-01-01 00:00:00".parse().unwrap(),
        "2024-01-31 23:59:59".parse().unwrap(),
    )
}

/// The same 42 transactions in pages of 4.
pub fn list() -> DescribeBillList {
    january().with_limit(4)
}

/// A service in which each third request goes wrong, a few times.
pub fn faulty() -> Emulator {
    use tc3_core::emulator::Fault;
    let faults = [
        Fault::Throttle { retry_after: None },
        Fault::Refuse("InternalError".into()),
        Fault::Status {
            status: 502,
            retry_after: None,
        },
        Fault::Cut,
        Fault::Lost,
    ];
    let script = faults.into_iter().zip(1_u64..);
    script.fold(Emulator::new(credential()), |emulator, (fault, at)| {
        emulator.with_fault(When::At(at * 3), fault)
    })
}

/// What comes of an attempt, without a socket.
pub fn emulated(emulator: &Mutex<Emulator>, attempt: &Attempt) -> Outcome {
    let exchange = emulator.lock().unwrap().exchange(now(), &attempt.request);
    exchange.outcome
}

/// The time.
pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixTime::new(since.as_secs().try_into().unwrap())
}

/// An answer as it stands on the wire.
pub fn answer(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// [`ANSWER`], made as long as that by spaces.
pub fn answer_of(length: usize) -> String {
    ANSWER.to_string() + &" ".repeat(length - ANSWER.len())
}

/// A port of loopback that refuses connections: it is the client's end of one, so that nobody else takes it.
#[derive(Debug)]
pub struct Refusing {
    stream: TcpStream,
}

impl Refusing {
    /// A port of its own.
    #[allow(clippy::new_without_default, reason = "it takes a port")]
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self { stream }
    }

    /// Where nobody listens.
    pub fn address(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    /// The same as an endpoint.
    pub fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address()).parse().unwrap()
    }
}

/// An address of loopback that never answers: its backlog is full, so the system drops what would connect. What keeps
/// it so comes with it.
pub fn black_hole() -> (SocketAddr, impl Drop + Send) {
    black_hole_at("127.0.0.1:0".parse().unwrap())
}

/// The same at an address of the caller's choice.
pub fn black_hole_at(address: SocketAddr) -> (SocketAddr, impl Drop + Send) {
    /// Its listener, and who waits to be accepted.
    struct Full(#[allow(dead_code)] TcpListener, Vec<TcpStream>);

    impl Drop for Full {
        fn drop(&mut self) {
            self.1.clear();
        }
    }

    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
        waiting.push(stream);
    }
    (address, Full(listener, waiting))
}

/// The request surely never reached the service.
#[track_caller]
pub fn assert_not_sent<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(
        matches!(error, Error::Transport(Failure::NotSent(_))),
        "{error:?}"
    );
}

/// The request may have taken effect.
#[track_caller]
pub fn assert_unknown<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(
        matches!(error, Error::Transport(Failure::Unknown(_))),
        "{error:?}"
    );
}

/// The deadline was [`SHORT`], and an attempt had come to an end by then.
#[track_caller]
pub fn assert_late<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Deadline {
                after: SHORT,
                source: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
}

/// Returns the reason and the body's beginning.
#[track_caller]
pub fn assert_not_an_answer<T>(result: Result<T, Error>, expected: u16) -> (String, String) {
    match result.map(drop).unwrap_err() {
        Error::NotAnAnswer {
            status,
            reason,
            beginning,
            ..
        } if status == expected => (reason, beginning),
        error => panic!("{error:?}"),
    }
}
