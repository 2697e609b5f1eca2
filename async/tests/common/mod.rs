//! Servers of one's own on loopback: each connection is a script in a thread, each answer is bytes.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use tc3_core::{
    Attempt, Credential, DescribeBillList, Emulator, Endpoint, Error, Failure, Fault, Outcome,
    UnixTime, When,
};

/// Bounds every wait of a test that should not wait at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// How long a call may take where the test is about its not taking longer.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

pub(crate) const KEY: &str = "not-a-real-key";
pub(crate) const TOKEN: &str = "not-a-real-token";

/// An answer of the API without a record.
pub(crate) const ANSWER: &str =
    r#"{"Response":{"TransactionList":[],"Total":0,"RequestId":"5e1f"}}"#;

pub(crate) fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", KEY).unwrap()
}

pub(crate) fn january() -> DescribeBillList {
    DescribeBillList::new(
        "2024-01-01 00:00:00".parse().unwrap(),
        "2024-01-31 23:59:59".parse().unwrap(),
    )
}

/// The same 42 transactions in pages of 4.
pub(crate) fn list() -> DescribeBillList {
    january().with_limit(4)
}

/// A service in which each third request goes wrong, a few times.
pub(crate) fn faulty() -> Emulator {
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
pub(crate) fn emulated(emulator: &Mutex<Emulator>, attempt: &Attempt) -> Outcome {
    let exchange = emulator.lock().unwrap().exchange(now(), &attempt.request);
    exchange.outcome
}

pub(crate) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UnixTime::new(since.as_secs().try_into().unwrap())
}

pub(crate) fn answer(status: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// [`ANSWER`], made as long as that by spaces.
pub(crate) fn answer_of(length: usize) -> String {
    ANSWER.to_string() + &" ".repeat(length - ANSWER.len())
}

/// A port of loopback that refuses connections: it is the client's end of one, so that nobody else takes it.
pub(crate) struct Refusing {
    stream: TcpStream,
}

impl Refusing {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        Self { stream }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address()).parse().unwrap()
    }
}

#[track_caller]
pub(crate) fn assert_not_sent<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(
        matches!(error, Error::Transport(Failure::NotSent(_))),
        "{error:?}"
    );
}

#[track_caller]
pub(crate) fn assert_unknown<T>(result: Result<T, Error>) {
    let error = result.map(drop).unwrap_err();
    assert!(
        matches!(error, Error::Transport(Failure::Unknown(_))),
        "{error:?}"
    );
}

#[track_caller]
pub(crate) fn assert_late<T>(result: Result<T, Error>) {
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
pub(crate) fn assert_not_an_answer<T>(result: Result<T, Error>, expected: u16) -> (String, String) {
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

/// A server until the end of the process.
#[derive(Clone)]
pub(crate) struct Peer {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
    notes: Arc<Mutex<mpsc::Receiver<&'static str>>>,
}

impl Peer {
    /// Each connection is served by `serve`, in a thread of its own, and then closed.
    pub(crate) fn new(serve: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (note, notes) = mpsc::channel();
        let peer = Self {
            address,
            accepted: Arc::default(),
            received: Arc::default(),
            notes: Arc::new(Mutex::new(notes)),
        };
        let (accepted, received) = (Arc::clone(&peer.accepted), Arc::clone(&peer.received));
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                stream.set_nodelay(true).unwrap();
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                stream.set_write_timeout(Some(PATIENCE)).unwrap();
                let connection = Connection {
                    number: accepted.fetch_add(1, Ordering::SeqCst),
                    stream: BufReader::new(stream),
                    received: Arc::clone(&received),
                    note: note.clone(),
                };
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(connection));
            }
        });
        peer
    }

    /// Gives every request the same answer.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            while connection.request().is_some() {
                connection.send(&answer);
            }
        })
    }

    /// Reads one request, sends these bytes, and closes the connection.
    pub(crate) fn closing_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            connection.request();
            connection.send(&answer);
        })
    }

    /// Reads requests, sends these bytes and never more.
    pub(crate) fn stalling_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            connection.request();
            connection.send(&answer);
            connection.rest();
        })
    }

    /// Answers as the service does.
    pub(crate) fn emulating(emulator: Emulator) -> Self {
        let emulator = Mutex::new(emulator);
        Self::new(move |mut connection| connection.emulate(&emulator))
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address).parse().unwrap()
    }

    pub(crate) fn https_endpoint(&self) -> Endpoint {
        format!("https://{}", self.address).parse().unwrap()
    }

    /// How many connections there were.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits for a script to note something.
    pub(crate) fn noted(&self) -> &'static str {
        self.notes.lock().unwrap().recv_timeout(PATIENCE).unwrap()
    }
}

/// The server's end of a connection.
pub(crate) struct Connection {
    pub(crate) number: usize,
    stream: BufReader<TcpStream>,
    received: Arc<Mutex<Vec<Received>>>,
    note: mpsc::Sender<&'static str>,
}

impl Connection {
    /// The next request, or `None` when there are no more.
    pub(crate) fn request(&mut self) -> Option<Received> {
        let line = self.line().filter(|line| !line.is_empty())?;
        let mut headers = Vec::new();
        while let Some(header) = self.line().filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(':').unwrap();
            headers.push((name.to_ascii_lowercase(), value.trim().to_string()));
        }
        let mut request = Received {
            line,
            headers,
            body: Vec::new(),
        };
        if let [length] = request.values("content-length")[..] {
            request.body.resize(length.parse().unwrap(), 0);
            self.stream.read_exact(&mut request.body).ok()?;
        }
        self.received.lock().unwrap().push(request.clone());
        Some(request)
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).ok()?;
        Some(line.strip_suffix("\r\n")?.to_string())
    }

    /// Sends bytes; `false` when the client has gone.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// All that comes until the client closes the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
            _ => rest,
        }
    }

    /// Answers as the service does, until there is no answer.
    pub(crate) fn emulate(&mut self, emulator: &Mutex<Emulator>) {
        while let Some(request) = self.request() {
            let exchange = emulator.lock().unwrap().exchange(now(), &request.to_http());
            let Ok(response) = exchange.outcome else {
                return;
            };
            let mut head = format!("HTTP/1.1 {}\r\n", response.status());
            for (name, value) in response.headers() {
                head += &format!("{name}: {}\r\n", value.to_str().unwrap());
            }
            self.send(format!(
                "{head}content-length: {}\r\n\r\n",
                response.body().len()
            ));
            self.send(response.body());
        }
    }

    /// Sends no more, but still reads.
    pub(crate) fn hang_up(&mut self) {
        // A client that has gone needs no telling.
        let _ = self.stream.get_mut().shutdown(Shutdown::Write);
    }

    /// Closes the connection, then tells the test.
    pub(crate) fn close(self, note: &'static str) {
        drop(self.stream);
        // A test that has ended listens to nobody.
        let _ = self.note.send(note);
    }

    /// Tells the test something.
    pub(crate) fn note(&self, note: &'static str) {
        // A test that has ended listens to nobody.
        let _ = self.note.send(note);
    }
}

/// A request as it stood on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// All values of a header, whose name is given in lower case.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(found, _)| found == name);
        of_name.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn to_http(&self) -> http::Request<Bytes> {
        let mut line = self.line.split(' ');
        let mut request = http::Request::builder()
            .method(line.next().unwrap())
            .uri(line.next().unwrap());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(self.body.clone().into()).unwrap()
    }
}
