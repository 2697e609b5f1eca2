//! A server whose every connection is a script in a thread, and every answer bytes.

use std::{
    io::{self, BufRead, BufReader, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use bytes::Bytes;
use rustls::{ServerConfig, ServerConnection};
use tc3_core::{emulator::Emulator, session::Endpoint};

use crate::{PATIENCE, answer, now};

/// A server until the end of the process.
#[derive(Clone, Debug)]
pub struct Peer {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
    notes: Arc<Mutex<mpsc::Receiver<&'static str>>>,
}

impl Peer {
    /// Each connection is served by `serve`, in a thread of its own, and then closed.
    pub fn new(serve: impl Fn(Connection) + Send + Sync + 'static) -> Self {
        let serve = Arc::new(serve);
        Self::listening(move |listener, door| {
            loop {
                let connection = door.accept(&listener);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(connection));
            }
        })
    }

    /// Connections are accepted by `run`, in a thread.
    pub(crate) fn listening(run: impl FnOnce(TcpListener, Door) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (note, notes) = mpsc::channel();
        let door = Door {
            accepted: Arc::default(),
            received: Arc::default(),
            note,
        };
        let peer = Self {
            address,
            accepted: Arc::clone(&door.accepted),
            received: Arc::clone(&door.received),
            notes: Arc::new(Mutex::new(notes)),
        };
        thread::spawn(move || run(listener, door));
        peer
    }

    /// Gives every request the same answer.
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            while connection.request().is_some() {
                connection.send(&answer);
            }
        })
    }

    /// Reads one request, sends these bytes, and closes the connection.
    pub fn closing_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            connection.request();
            connection.send(&answer);
        })
    }

    /// Reads requests, sends these bytes and never more.
    pub fn stalling_after(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut connection| {
            connection.request();
            connection.send(&answer);
            connection.rest();
        })
    }

    /// Answers as the service does.
    pub fn emulating(emulator: Emulator) -> Self {
        let emulator = Mutex::new(emulator);
        Self::new(move |mut connection| connection.emulate(&emulator))
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as an endpoint.
    pub fn endpoint(&self) -> Endpoint {
        format!("http://{}", self.address).parse().unwrap()
    }

    /// The same over TLS.
    pub fn https_endpoint(&self) -> Endpoint {
        format!("https://{}", self.address).parse().unwrap()
    }

    /// How many connections there were.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits for a script to note something.
    pub fn noted(&self) -> &'static str {
        self.notes.lock().unwrap().recv_timeout(PATIENCE).unwrap()
    }
}

/// What makes connections of what a listener accepts.
pub(crate) struct Door {
    accepted: Arc<AtomicUsize>,
    received: Arc<Mutex<Vec<Received>>>,
    note: mpsc::Sender<&'static str>,
}

impl Door {
    pub(crate) fn accept(&self, listener: &TcpListener) -> Connection {
        let (tcp, _) = listener.accept().unwrap();
        Connection {
            number: self.accepted.fetch_add(1, Ordering::SeqCst),
            stream: BufReader::new(Stream::new(tcp)),
            received: Arc::clone(&self.received),
            note: self.note.clone(),
        }
    }
}

/// The server's end of a connection.
#[derive(Debug)]
pub struct Connection {
    /// How many there were before.
    pub number: usize,
    stream: BufReader<Stream>,
    received: Arc<Mutex<Vec<Received>>>,
    note: mpsc::Sender<&'static str>,
}

impl Connection {
    /// Speaks TLS from here on.
    pub fn secure(&mut self, config: Arc<ServerConfig>) {
        self.stream.get_mut().tls = Some(ServerConnection::new(config).unwrap());
    }

    /// The next request, or `None` when there are no more.
    pub fn request(&mut self) -> Option<Received> {
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
            at: Instant::now(),
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
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// All that comes until the client closes the connection.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            // A client that gives up may say nothing more, by TLS either.
            Err(error)
                if !matches!(
                    error.kind(),
                    ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof
                ) =>
            {
                panic!("{error}")
            }
            _ => rest,
        }
    }

    /// Answers as the service does, until there is no answer.
    pub fn emulate(&mut self, emulator: &Mutex<Emulator>) {
        while let Some(request) = self.request() {
            let exchange = emulator.lock().unwrap().exchange(now(), &request.to_http());
            let Ok(response) = exchange.outcome else {
                return;
            };
            let mut status = response.status().to_string();
            for (name, value) in response.headers() {
                status += &format!("\r\n{name}: {}", value.to_str().unwrap());
            }
            self.send(answer(&status, response.body()));
        }
    }

    /// The body of what the service would answer to the next request, or `None` when there are no more.
    pub(crate) fn emulated(&mut self, emulator: &Mutex<Emulator>) -> Option<Bytes> {
        let request = self.request()?.to_http();
        let answer = emulator.lock().unwrap().handle(now(), &request);
        Some(answer.into_body())
    }

    /// The same connection, beside what is read and sent here.
    pub(crate) fn tcp(&self) -> TcpStream {
        self.stream.get_ref().tcp.try_clone().unwrap()
    }

    /// Sends no more, but still reads.
    pub fn hang_up(&mut self) {
        // A client that has gone needs no telling.
        let _ = self.stream.get_mut().tcp.shutdown(Shutdown::Write);
    }

    /// Waits for something to come, and does not read it.
    pub fn wait(&mut self) {
        // Whatever comes instead, nobody is owed an answer.
        let _ = self.stream.get_mut().tcp.peek(&mut [0]);
    }

    /// Says that no more will come, as TLS has it.
    pub fn say_goodbye(&mut self) {
        let stream = self.stream.get_mut();
        if let Some(tls) = &mut stream.tls {
            tls.send_close_notify();
        }
        // A client that has gone needs no telling.
        let _ = stream.flush();
    }

    /// Closes the connection, then tells the test.
    pub fn close(self, note: &'static str) {
        drop(self.stream);
        // A test that has ended listens to nobody.
        let _ = self.note.send(note);
    }

    /// Tells the test something.
    pub fn note(&self, note: &'static str) {
        // A test that has ended listens to nobody.
        let _ = self.note.send(note);
    }
}

/// A request as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Received {
    /// The request line.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When it had arrived.
    pub at: Instant,
}

impl Received {
    /// All values of a header, whose name is given in lower case.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let of_name = self.headers.iter().filter(|(found, _)| found == name);
        of_name.map(|(_, value)| value.as_str()).collect()
    }

    /// The same as a value.
    pub fn to_http(&self) -> http::Request<Bytes> {
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

/// Bytes over TCP, or over TLS over that.
#[derive(Debug)]
struct Stream {
    tcp: TcpStream,
    tls: Option<ServerConnection>,
}

impl Stream {
    fn new(tcp: TcpStream) -> Self {
        tcp.set_nodelay(true).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { tcp, tls: None }
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.tcp).read(bytes),
            None => self.tcp.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.tcp).write(bytes),
            None => self.tcp.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.tcp).flush(),
            None => Ok(()),
        }
    }
}
