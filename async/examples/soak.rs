//! Walks over a list many times at once under scripted faults, and accounts for every record.
//!
//! The service is the emulator, on a loopback socket. Each walk has its own slice of two years. Its records are
//! compared, field by field, with those of the same emulator without faults.
//!
//! ```sh
//! cargo run --release -p tc3-async --features emulator --example soak -- --records 1000000 --faults 10
//! ```
//!
//! The last line is a JSON object. The exit status is 1 if records are missing or doubled, a walk failed, or
//! connections or threads are left over.

use std::{
    collections::VecDeque,
    fs,
    io::{self, Write},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use tc3_async::{
    Client,
    core::flow::Retry,
    serve::{Monitor, Server},
};
use tc3_core::{
    Credential, Flow, Invalid, Now, Pages, Session, Settings, Step, UnixTime,
    billing::{BillTransactionInfo, DescribeBillList},
    emulator::{Emulator, Scripted},
    session::Endpoint,
    types::BeijingSecond,
};
use tc3_example_support::{
    EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY, Parser, Result, finish, with_faults,
};
use tokio::task::JoinSet;

/// What goes wrong, each with as many requests.
const FAULTS: [&str; 12] = [
    "throttle",
    "throttle=1",
    "refuse=InternalError.GatewayError",
    "refuse=ServiceUnavailable",
    "status=502",
    "status=503:1",
    "status=200",
    "cut",
    "not-reached",
    "lost",
    "slow=50",
    // Longer than an attempt may take.
    "slow=3000",
];
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the connections of a client that is gone may take to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// Walks over slices of a list at once under scripted faults, and accounts for every record.
#[derive(Clone, Copy, Debug, clap::Parser)]
struct Arguments {
    /// Total number of records
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    records: u64,
    /// Number of walks at once, over one client
    #[arg(long, value_name = "W", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000))]
    walks: u32,
    /// Share of faulty requests, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=50))]
    faults: u16,
    /// Determines the records and the faulty requests
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
}

impl Arguments {
    fn emulator(&self) -> Result<Emulator> {
        let credential = credential()?;
        Ok(Emulator::new(credential)
            .with_records(self.records)
            .with_seed(self.seed))
    }

    /// The faults, each with its share in hundredths of a percent.
    fn script(&self) -> Result<Vec<Scripted>> {
        let (all, kinds) = (usize::from(self.faults) * 100, FAULTS.len());
        let share = |kind| all / kinds + usize::from(kind < all % kinds);
        let shares = FAULTS
            .iter()
            .enumerate()
            .map(|(kind, fault)| (fault, share(kind)));
        let shares = shares.filter(|(_, share)| *share > 0);
        let texts =
            shares.map(|(fault, share)| format!("{fault}@{}.{:02}%", share / 100, share % 100));
        let script: std::result::Result<_, Invalid> = texts.map(|text| text.parse()).collect();
        Ok(script?)
    }

    /// The slice of a walk: its part of the years 2024 and 2025, in whole seconds.
    fn slice(&self, walk: u32) -> Result<DescribeBillList> {
        let midnight = |year| BeijingSecond::new(year, 1, 1, 0, 0, 0).map(BeijingSecond::to_unix);
        let (start, end) = (midnight(2024)?, midnight(2026)?);
        let span = end.seconds_since(start);
        let second = |walk: u32| start.seconds() + span * i64::from(walk) / i64::from(self.walks);
        Ok(DescribeBillList::new(
            BeijingSecond::from_unix(UnixTime::new(second(walk)))?,
            BeijingSecond::from_unix(UnixTime::new(second(walk + 1) - 1))?,
        ))
    }
}

fn credential() -> Result<Credential> {
    Ok(Credential::new(EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY)?)
}

/// The records of a list, from the emulator itself, where nothing goes wrong.
struct Truth {
    emulator: Emulator,
    session: Session,
    pages: Pages<DescribeBillList>,
    page: VecDeque<BillTransactionInfo>,
}

impl Truth {
    fn new(emulator: Emulator, list: DescribeBillList) -> Result<Self> {
        let settings = Settings::default();
        let settings = settings.with_rate_of::<DescribeBillList>(None);
        Ok(Self {
            emulator,
            session: Session::new(credential()?).with_settings(settings),
            pages: Pages::new(list),
            page: VecDeque::new(),
        })
    }

    /// The next record, which is not taken yet.
    fn peek(&mut self) -> Result<Option<&BillTransactionInfo>> {
        let now = Now::new(UnixTime::new(1_760_000_000), Duration::ZERO, 0);
        while self.page.is_empty() {
            match self.pages.step(&mut self.session, now) {
                Step::Send(attempt) => {
                    let answer = self.emulator.handle(now.unix, &attempt.request);
                    self.pages.handle(Ok(answer));
                }
                Step::Wait(_) => return Err("the emulator alone makes nobody wait".into()),
                Step::Done(Some(page)) => self.page = page?.output.transaction_list.into(),
                Step::Done(None) => break,
            }
        }
        Ok(self.page.front())
    }
}

/// What came of a walk.
#[derive(Debug, Default)]
struct Account {
    /// How many records came that should have, each counted once.
    records: u64,
    missing: u64,
    /// How many came that should not have, or not again.
    doubled: u64,
    /// Why a walk ended before its list did; its records are missing.
    failure: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Account {
    /// Compares a record with what should come next. Records come in the order of their numbers.
    fn enter(&mut self, record: &BillTransactionInfo, truth: &mut Truth) -> Result<()> {
        while let Some(next) = truth.peek()? {
            if next == record {
                self.records += 1;
                truth.page.pop_front();
                return Ok(());
            }
            if number(record)? < number(next)? {
                break;
            }
            self.missing += 1;
            truth.page.pop_front();
        }
        self.doubled += 1;
        Ok(())
    }

    /// Takes note that nothing more comes.
    fn close(&mut self, truth: &mut Truth) -> Result<()> {
        while truth.peek()?.is_some() {
            self.missing += 1;
            truth.page.pop_front();
        }
        Ok(())
    }
}

/// The number of a transaction in the emulator's ledger: what its id ends with.
fn number(record: &BillTransactionInfo) -> Result<u64> {
    let id = &record.bill_id;
    let digits = id.len().checked_sub(16).and_then(|start| id.get(start..));
    Ok(digits.ok_or("an id without a number")?.parse()?)
}

async fn walk(
    client: Client,
    list: DescribeBillList,
    emulator: Emulator,
    bar: ProgressBar,
) -> Result<Account> {
    let mut truth = Truth::new(emulator, list.clone())?;
    let mut account = Account::default();
    let mut pages = client.pages(list);
    while let Some(page) = pages.next().await {
        let page = page?.output.transaction_list;
        for record in &page {
            account.enter(record, &mut truth)?;
        }
        bar.inc(page.len() as u64);
    }
    account.close(&mut truth)?;
    Ok(account)
}

/// All walks at once over one client, which is gone with its connections when this returns.
async fn soak(arguments: Arguments, endpoint: Endpoint) -> Result<Account> {
    let client = Client::builder()
        .credentials(credential()?)
        .settings(
            Settings::default()
                .with_endpoint(endpoint)
                .with_rate_of::<DescribeBillList>(None)
                .with_attempt_timeout(ATTEMPT_TIMEOUT)
                .with_deadline(Duration::from_secs(600))
                .with_retry(
                    Retry::default()
                        .with_attempts(50)
                        .with_base(Duration::from_millis(10)),
                ),
        )
        .build();
    // On a terminal; elsewhere it shows nothing.
    let bar = ProgressBar::new(arguments.records);
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} records, {per_sec}, {eta} left",
    )?);
    let mut walks = JoinSet::new();
    for number in 0..arguments.walks {
        let (list, emulator) = (arguments.slice(number)?, arguments.emulator()?);
        walks.spawn(walk(client.clone(), list, emulator, bar.clone()));
    }
    let mut all = Account::default();
    while let Some(account) = walks.join_next().await {
        match account? {
            Ok(account) => {
                all.records += account.records;
                all.missing += account.missing;
                all.doubled += account.doubled;
            }
            Err(error) => all.failure = Some(error),
        }
    }
    bar.finish_and_clear();
    Ok(all)
}

/// Starts the emulator in a thread of its own, until the process ends.
fn serve(emulator: Emulator) -> Result<(Endpoint, Monitor)> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let served = current_thread().and_then(|runtime| {
            runtime.block_on(async {
                let server = Server::bind("127.0.0.1:0", emulator).await?;
                // The receiver is gone only with the process.
                let _ = sender.send(Ok((server.local_addr(), server.monitor())));
                Ok(server.run().await)
            })
        });
        let Err(error) = served;
        let _ = sender.send(Err(error));
    });
    let (address, monitor) = receiver.recv()??;
    Ok((format!("http://{address}").parse()?, monitor))
}

fn current_thread() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        // The server's threads don't outlive their work.
        .thread_keep_alive(Duration::from_millis(100))
        .enable_all()
        .build()
}

/// A number of this process that Linux knows, e.g. `VmHWM`.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

fn run(arguments: Arguments) -> Result<()> {
    let emulator = with_faults(arguments.emulator()?, arguments.script()?);
    let (endpoint, monitor) = serve(emulator)?;
    let threads = status("Threads");
    let account = {
        let runtime = current_thread()?;
        runtime.block_on(soak(arguments, endpoint))?
    };
    let closed_by = Instant::now() + PATIENCE;
    let left = || monitor.open_connections() > 0 || status("Threads") != threads;
    while left() && Instant::now() < closed_by {
        thread::sleep(Duration::from_millis(10));
    }
    let (open, threads_left) = (monitor.open_connections(), status("Threads"));
    let peak = status("VmHWM").map_or("null".into(), |kib| kib.to_string());
    writeln!(
        io::stdout(),
        r#"{{"records": {}, "expected": {}, "doubled": {}, "faults": {}, "peak_kib": {peak}, "open_connections": {open}}}"#,
        account.records,
        arguments.records,
        account.doubled,
        monitor.faults(),
    )?;
    if let Some(error) = account.failure {
        return Err(error);
    }
    if account.records != arguments.records || account.missing > 0 || account.doubled > 0 {
        return Err("records are missing or doubled".into());
    }
    if open > 0 {
        return Err("connections are still open".into());
    }
    if threads_left != threads {
        return Err("threads are still running".into());
    }
    Ok(())
}

fn main() -> ExitCode {
    finish(run(Arguments::parse()))
}
