//! Bills of many accounts into PostgreSQL, by many workers.

use std::{
    fmt,
    io::{self, Write},
    num::NonZero,
    path::{Path, PathBuf},
    pin::pin,
    process::ExitCode,
    thread::available_parallelism,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bill_sync::{
    Result,
    data_set::{self, ALL, AnyDataSet},
    database, enqueue,
    enqueue::Order,
    status,
    stop::Stop,
    sync::Context,
    verify::{self, Verified},
    window::Backoff,
    worker, workers,
};
use bills::{account, emulate, emulate::Emulation};
use clap::{Args, Parser, Subcommand, value_parser};
use tc3_async::{
    Month, UnixTime,
    core::types::{BeijingSecond, BillDate},
};
use tc3_example_support::{finish, say};
use tokio::{runtime, time::timeout};
use tracing_subscriber::EnvFilter;

/// Bills of many accounts into PostgreSQL, by many workers
#[derive(Debug, Parser)]
struct Arguments {
    /// The database, e.g. postgres://user@host/bills
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true,
        default_value = ""
    )]
    database: String,
    /// Seconds that a worker may be silent before others take over
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true, value_parser = value_parser!(u64).range(1..=3600))]
    lease: u64,
    #[command(subcommand)]
    command: Command,
}

/// No account has older bills; more is a slip of the pen.
const MOST_MONTHS: usize = 240;

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what is to be fetched
    Enqueue(Enqueue),
    /// Fetches what is enqueued, until it is interrupted
    Worker(Worker),
    /// Shows how far all is, by account and data set
    Status {
        /// Shows a bar on stderr until nothing is due, and then the table
        #[arg(long)]
        watch: bool,
    },
    /// Compares sums with the service's own totals; status 1 if one differs, or if windows are due or parked
    Verify {
        /// Also compares each field of each row with a plain walk
        #[arg(long)]
        rows: bool,
    },
    /// Serves accounts of the emulator; writes accounts.toml and credentials for them, and each second what was requested
    Emulate(Emulate),
}

#[derive(Debug, Args)]
struct Enqueue {
    /// The accounts, by the names of their profiles
    #[arg(long, value_name = "FILE", required_unless_present = "emulate")]
    accounts: Option<PathBuf>,
    /// Instead, so many emulated accounts: as the command emulate, it writes the files to the folder emulated, and serves
    /// the accounts until it is told to stop
    #[arg(long, value_name = "N", conflicts_with = "accounts", value_parser = value_parser!(u32).range(1..=999))]
    emulate: Option<u32>,
    /// The first month, yyyy-MM
    #[arg(long, value_name = "MONTH", required_unless_present = "nightly")]
    from: Option<Month>,
    /// The last month [default: the current one]
    #[arg(long, value_name = "MONTH")]
    to: Option<Month>,
    /// All months from the first one known on: what is missing, and what may have changed
    #[arg(long)]
    nightly: bool,
    /// Also months that are done and closed
    #[arg(long)]
    again: bool,
    /// Only this data set; may be repeated
    #[arg(long = "data-set", value_name = "NAME")]
    data_sets: Vec<String>,
    /// Days after a month in which its bill may still change
    #[arg(long, value_name = "DAYS", default_value_t = 5)]
    settle: i64,
    /// The day that counts as today, yyyy-MM-dd in Beijing, for trying things out
    #[arg(long, value_name = "DAY")]
    today: Option<BillDate>,
}

#[derive(Debug, Args)]
struct Worker {
    /// Jobs at once: accounts times data sets
    #[arg(long, default_value_t = Self::DEFAULT.jobs, value_parser = value_parser!(u16).range(1..))]
    jobs: u16,
    /// Connections to the database
    #[arg(long, default_value_t = Self::DEFAULT.connections, value_parser = value_parser!(u32).range(1..))]
    connections: u32,
    /// Pages of a list at once
    #[arg(long, default_value_t = Self::DEFAULT.width, value_parser = value_parser!(u16).range(1..))]
    width: u16,
    /// Seconds to wait after a failure that may pass; twice as long after each further one
    #[arg(long, value_name = "SECONDS", default_value_t = Self::DEFAULT.retry, value_parser = value_parser!(u64).range(1..=86400))]
    retry: u64,
    /// Seconds to wait where the service asks for a longer wait, and at most
    #[arg(long, value_name = "SECONDS", default_value_t = Self::DEFAULT.later, value_parser = value_parser!(u64).range(1..=86400))]
    later: u64,
}

impl Worker {
    const DEFAULT: Self = Self {
        jobs: 64,
        connections: 16,
        width: 4,
        retry: 5,
        later: 600,
    };
}

#[derive(Debug, Args)]
struct Emulate {
    /// How many accounts
    #[arg(value_parser = value_parser!(u32).range(1..=999))]
    count: u32,
    /// Where to write the files
    #[arg(long)]
    folder: PathBuf,
    /// Records of each account: transactions in two years, products and usage in each month
    #[arg(long, default_value_t = RECORDS)]
    records: u64,
    /// Sets no limit, and has workers send so many requests of a list a second: to measure the machine, not the quota
    #[arg(long, value_name = "REQUESTS", value_parser = value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// What goes wrong, NAME:FAULT@WHEN, e.g. account001:throttle@5%; may be repeated
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<String>,
}

/// How many records an emulated account has, unless it is said.
const RECORDS: u64 = 1_000;

/// The folder of accounts that are emulated without further ado.
const EMULATED: &str = "emulated";

impl Emulate {
    fn plain(count: u32) -> Self {
        Self {
            count,
            folder: EMULATED.into(),
            records: RECORDS,
            rate: None,
            faults: Vec::new(),
        }
    }
}

/// Emulated accounts, until the process is told to stop.
struct Emulated {
    accounts: emulate::Emulated,
    folder: PathBuf,
    stop: Stop,
}

impl Emulated {
    /// Starts them, and writes their files.
    async fn start(emulate: Emulate) -> Result<Self> {
        let stop = Stop::on_signals()?;
        let accounts = emulate::start(&Emulation {
            accounts: emulate.count,
            records: emulate.records,
            rate: emulate.rate,
            faults: emulate.faults,
        })
        .await?;
        accounts.write(&emulate.folder)?;
        Ok(Self {
            accounts,
            folder: emulate.folder,
            stop,
        })
    }

    /// Writes each second what was requested.
    async fn serve(self) -> Result<()> {
        let mut stopped = pin!(self.stop.told());
        loop {
            let told = timeout(Duration::from_secs(1), &mut stopped).await.is_ok();
            self.accounts.write_requests(&self.folder)?;
            if told {
                return Ok(());
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("warn,sqlx=error,bill_sync=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    let mut runtime = runtime::Builder::new_multi_thread();
    let emulates = match &arguments.command {
        Command::Emulate(_) => true,
        Command::Enqueue(order) => order.emulate.is_some(),
        _ => false,
    };
    if emulates {
        // Requests are counted as they arrive: many threads that answer would keep them waiting for a core.
        runtime.max_blocking_threads(available_parallelism().map_or(1, NonZero::get));
    }
    let runtime = runtime.enable_all().build().map_err(Into::into);
    finish(runtime.and_then(|runtime| runtime.block_on(run(arguments))))
}

async fn run(arguments: Arguments) -> Result<()> {
    let lease = Duration::from_secs(arguments.lease);
    let database = arguments.database.as_str();
    match arguments.command {
        Command::Enqueue(order) => {
            let emulated = match order.emulate {
                Some(count) => Some(Emulated::start(Emulate::plain(count)).await?),
                None => None,
            };
            enqueue_accounts(order, database, lease).await?;
            if let Some(emulated) = emulated {
                emulated.serve().await?;
            }
        }
        Command::Worker(worker) => {
            let context = context(database, lease, Some(&worker)).await?;
            let stop = Stop::on_signals()?;
            worker::run(&context, worker.jobs.into(), stop).await?;
        }
        Command::Status { watch } => {
            let context = context(database, lease, None).await?;
            if watch {
                status::watch(&context.pool).await?;
            }
            status::print(&context.pool, &mut io::stdout()).await?;
        }
        Command::Verify { rows } => {
            let Verified {
                windows,
                left,
                differences,
            } = verify::all(&context(database, lease, None).await?, rows).await?;
            differences.iter().for_each(tell);
            if !differences.is_empty() {
                let count = differences.len();
                return Err(format!("{count} differences in {windows} windows").into());
            }
            tell(format_args!(
                "{windows} windows come to the service's totals"
            ));
            if windows + left == 0 {
                return Err("nothing is enqueued yet, so nothing was compared".into());
            }
            if left > 0 {
                return Err(format!(
                    "{left} windows are due or parked, and not compared: status says what to do"
                )
                .into());
            }
        }
        Command::Emulate(emulate) => {
            let emulated = Emulated::start(emulate).await?;
            tell("ready");
            emulated.serve().await?;
        }
    }
    Ok(())
}

/// Adds the windows of the order's accounts.
async fn enqueue_accounts(order: Enqueue, database: &str, lease: Duration) -> Result<()> {
    let today = today(order.today)?;
    let (current, first_open) = (Month::of(today)?, Month::of(earlier(today, order.settle))?);
    let to = order.to.unwrap_or(current);
    if let Some(future) = [order.from, Some(to)]
        .into_iter()
        .flatten()
        .find(|it| *it > current)
    {
        return Err(format!("{future} has not begun yet: the last month may be {current}").into());
    }
    if let Some(from) = order.from {
        let range = from.through(to);
        let range = range.map_err(|_| format!("--from {from} must not be after --to {to}"))?;
        if range.count() > MOST_MONTHS {
            return Err(format!(
                "--from {from} must be at most {MOST_MONTHS} months before --to {to}"
            )
            .into());
        }
    }
    let emulated = || Path::new(EMULATED).join("accounts.toml");
    let accounts = account::read(&order.accounts.unwrap_or_else(emulated))?;
    let named = order.data_sets.iter().map(|name| data_set::named(name));
    let named: Vec<&dyn AnyDataSet> = named.collect::<Result<_>>()?;
    if let Some(data_set) = named
        .iter()
        .find(|data_set| !accounts.iter().any(|account| data_set.concerns(account)))
    {
        let name = data_set.name();
        return Err(format!("--data-set {name}: no account has an app_id, which it needs").into());
    }
    let order = Order {
        accounts: &accounts,
        data_sets: if named.is_empty() { &ALL } else { &named },
        from: order.from,
        to,
        first_open,
        again: order.again,
    };
    let due = enqueue::enqueue(&context(database, lease, None).await?.pool, &order).await?;
    say(format_args!("{due} windows are due"));
    Ok(())
}

async fn context(database: &str, lease: Duration, worker: Option<&Worker>) -> Result<Context> {
    if database.is_empty() {
        return Err("--database (or DATABASE_URL) is missing".into());
    }
    let options = worker.unwrap_or(&Worker::DEFAULT);
    let pool = database::connect(database, options.connections, lease).await?;
    let worker = match worker {
        Some(_) => workers::register(&pool).await?,
        None => 0,
    };
    Ok(Context {
        pool,
        worker,
        lease,
        backoff: Backoff {
            first: Duration::from_secs(options.retry),
            later: Duration::from_secs(options.later),
        },
        width: options.width.into(),
    })
}

/// Writes a line to stdout, unless nobody reads it.
fn tell(line: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// The time now, or the beginning of the given day.
fn today(day: Option<BillDate>) -> Result<UnixTime> {
    if let Some(day) = day {
        return Ok(BeijingSecond::try_from(day.first_day().at(0, 0, 0, 0))?.to_unix());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(UnixTime::new(i64::try_from(now.as_secs())?))
}

fn earlier(time: UnixTime, days: i64) -> UnixTime {
    UnixTime::new(
        time.seconds()
            .saturating_sub(days.saturating_mul(24 * 3600)),
    )
}
