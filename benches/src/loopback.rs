//! Calls and walks over a socket of this machine, beside bare HTTP clients that send the same bytes and
//! read the same answers.
//!
//! What counts is the CPU time of this process, see [`clock`](crate::clock). The server is another process,
//! so that its own does not count: it knows the answer to each body, and neither verifies nor computes.

use std::{
    collections::HashMap,
    env,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, Command, Stdio},
    rc::Rc,
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::TokioExecutor,
};
use tc3_core::{
    Call, Session, Settings, billing::DescribeBillList as List, session::Endpoint, wire::request,
};
use tokio::runtime::{Builder, Runtime};

use crate::{
    Role, Stage, TIME, call, credential,
    request::{DescribeBillDetail, session},
    walk,
};

/// The argument that makes a program the server.
const SERVE: &str = "--serve-loopback";
/// How many records the emulator has that the answers are from.
const RECORDS: u64 = 4_000;

/// A quarter of them, in one window.
fn list() -> List {
    let second = |text: &str| text.parse().expect("a second");
    List::new(second("2024-01-01 00:00:00"), second("2024-06-30 23:59:59"))
}

/// The server, for as long as this is held.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// It ends when its input does.
    stdin: Option<ChildStdin>,
    endpoint: Endpoint,
}

impl Server {
    /// Starts this program again, as the server.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn start() -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().expect("it is piped");
        let mut address = String::new();
        BufReader::new(stdout).read_line(&mut address)?;
        let endpoint = format!("http://{}", address.trim());
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            endpoint: endpoint.parse().expect("the server says where it listens"),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It has ended or will.
        let _ = self.child.wait();
    }
}

/// Becomes the server if that is what this program was started for.
#[expect(clippy::print_stdout, reason = "whoever started it reads the address")]
pub fn serve_if_asked() {
    if env::args().nth(1).as_deref() != Some(SERVE) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    println!("{}", listener.local_addr().expect("it listens"));
    let answers = Arc::new(answers());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answers = Arc::clone(&answers);
            // A connection that breaks is the client's matter.
            thread::spawn(move || serve(stream, &answers));
        }
    });
    let _ = io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

/// The whole answer, head and body, to each body of a request.
type Answers = HashMap<Vec<u8>, Vec<u8>>;

fn answers() -> Answers {
    let written = |response: &Response<Bytes>| {
        let body = response.body();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 25 Feb 2019 16:44:25 GMT\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: keep-alive\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let call = (
        DescribeBillDetail::new().json().into_bytes(),
        written(&call::answer(call::ANSWER)),
    );
    let pages = walk::exchanges(list(), RECORDS, Settings::default());
    let pages = pages
        .iter()
        .map(|(request, response)| (request.body().to_vec(), written(response)));
    pages.chain([call]).collect()
}

fn serve(stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let header = line.trim_end().to_ascii_lowercase();
            if let Some(text) = header.strip_prefix("content-length:") {
                length = text.trim().parse().map_err(io::Error::other)?;
            }
            if header.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let unknown = || io::Error::other("nobody asks for that");
        writer.write_all(answers.get(&body).ok_or_else(unknown)?)?;
    }
}

/// What the bare clients send: a call and the pages of a walk, signed beforehand.
struct Requests {
    call: Request<Bytes>,
    pages: Vec<Request<Bytes>>,
    /// How many records the pages have.
    records: u64,
}

fn requests(endpoint: &Endpoint) -> Requests {
    let settings = Settings::default().with_endpoint(endpoint.clone());
    let mut session = Session::new(credential()).with_settings(settings.clone());
    let call = request::sign(&DescribeBillDetail::new(), &mut session, TIME);
    let exchanges = walk::exchanges(list(), RECORDS, settings);
    let records = exchanges.first().map_or(0, |(_, response)| {
        walk::bare(response.body()).total.unwrap_or(0)
    });
    Requests {
        call: call.expect("the action is sound"),
        pages: exchanges.into_iter().map(|(request, _)| request).collect(),
        records,
    }
}

/// One call and one walk through ureq and through hyper. The server must outlive them.
pub fn stages(server: &Server) -> Vec<Stage> {
    let mut stages = blocking(&server.endpoint);
    stages.extend(hyper(&server.endpoint));
    stages
}

/// What core does for a call, without anything sent.
fn core_alone() -> impl FnMut() {
    let (action, response) = (DescribeBillDetail::new(), call::answer(call::ANSWER));
    let (mut session, mut tick) = (session(), Duration::ZERO);
    move || {
        let mut call = Call::new(&action);
        let reply = call::drive(&mut call, &mut session, &mut tick, |_| Ok(response.clone()));
        drop(reply.expect("the answer is sound"));
    }
}

fn blocking(endpoint: &Endpoint) -> Vec<Stage> {
    let client = tc3_blocking::Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_endpoint(endpoint.clone())
                .with_rate_of::<List>(None)
                .with_rate_of::<DescribeBillDetail>(None),
        )
        .build();
    let walker = client.clone();
    let action = DescribeBillDetail::new();
    let Requests {
        call: request,
        pages,
        records,
    } = requests(endpoint);
    let agent = ureq::Agent::new_with_defaults();
    let timeout = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30)));
    let (timed, again) = (timeout.build().new_agent(), request.clone());
    let (beside, once_more, mut core) = (agent.clone(), request.clone(), core_alone());
    let (walking, reading, decoded) = (agent.clone(), agent.clone(), pages.clone());
    let call = Stage::new("loopback_blocking_cpu", request.body().len(), move || {
        client.call(&action).expect("the server answers")
    })
    .with("floor", Role::Floor, move || ureq_send(&agent, &request))
    .with("ureq, and core beside it", Role::Reference, move || {
        core();
        ureq_send(&beside, &once_more)
    })
    .with("ureq with a timeout", Role::Reference, move || {
        ureq_send(&timed, &again)
    });
    let walk = Stage::new("loopback_blocking_walk_cpu", 0, move || {
        let count = walker.items(list()).map(|item| item.expect("it is sound"));
        assert_eq!(count.count() as u64, records);
    })
    .with_records(records)
    .with("floor", Role::Floor, move || {
        pages
            .iter()
            .for_each(|page| drop(ureq_send(&walking, page)));
    })
    .with("ureq and serde_json", Role::Reference, move || {
        for page in &decoded {
            drop(walk::bare(&ureq_send(&reading, page)));
        }
    });
    vec![call, walk]
}

fn ureq_send(agent: &ureq::Agent, request: &Request<Bytes>) -> Vec<u8> {
    let (parts, body) = request.clone().into_parts();
    let request = Request::from_parts(parts, &body[..]);
    let response = agent.run(request).expect("the server answers");
    let mut body = Vec::new();
    let mut reader = response.into_body().into_reader();
    reader.read_to_end(&mut body).expect("the server answers");
    body
}

type Pool = legacy::Client<HttpConnector, Full<Bytes>>;

fn hyper(endpoint: &Endpoint) -> Vec<Stage> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = Rc::new(runtime.expect("a runtime can be had"));
    let client = tc3_async::Client::builder()
        .credentials(credential())
        .settings(
            Settings::default()
                .with_endpoint(endpoint.clone())
                .with_rate_of::<List>(None)
                .with_rate_of::<DescribeBillDetail>(None),
        )
        .build();
    let walker = client.clone();
    let action = DescribeBillDetail::new();
    let Requests {
        call: request,
        pages,
        records,
    } = requests(endpoint);
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    let pool: Pool = legacy::Client::builder(TokioExecutor::new()).build(tcp);
    let (walking, reading, again) = (pool.clone(), pool.clone(), pages.clone());
    let (beside, once_more, mut core) = (pool.clone(), request.clone(), core_alone());
    let [one, two, three, four, five, six] = [(); 6].map(|()| Rc::clone(&runtime));
    let call = Stage::new("loopback_async_cpu", request.body().len(), move || {
        let call = one.block_on(client.call(&action));
        call.expect("the server answers")
    })
    .with("floor", Role::Floor, move || {
        hyper_send(&two, &pool, &request)
    })
    .with("hyper, and core beside it", Role::Reference, move || {
        core();
        hyper_send(&six, &beside, &once_more)
    });
    let walk = Stage::new("loopback_async_walk_cpu", 0, move || {
        let mut items = walker.items(list());
        let count = three.block_on(async {
            let mut count = 0;
            while let Some(item) = items.next().await {
                drop(item.expect("it is sound"));
                count += 1;
            }
            count
        });
        assert_eq!(count, records);
    })
    .with_records(records)
    .with("floor", Role::Floor, move || {
        pages
            .iter()
            .for_each(|page| drop(hyper_send(&four, &walking, page)));
    })
    .with("hyper and serde_json", Role::Reference, move || {
        for page in &again {
            drop(walk::bare(&hyper_send(&five, &reading, page)));
        }
    });
    vec![call, walk]
}

fn hyper_send(runtime: &Runtime, pool: &Pool, request: &Request<Bytes>) -> Bytes {
    let request = request.clone().map(Full::new);
    runtime.block_on(async {
        let response = pool.request(request).await.expect("the server answers");
        let body = response.into_body().collect().await;
        body.expect("the server answers").to_bytes()
    })
}
