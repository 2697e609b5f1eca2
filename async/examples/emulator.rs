//! Serves the service's emulator on loopback, for any client.
//!
//! Its first line on stdout is `{"listening": "127.0.0.1:PORT"}`. It runs until it is interrupted or, where stdin
//! is a pipe or a terminal, until that closes.
//!
//! ```sh
//! cargo run -q --release -p tc3-async --features emulator --example emulator -- --port 8080
//! ```
//!
//! With `--description api.json` it also serves all actions of the service that the file describes.

use std::{
    fs,
    io::{self, IsTerminal, Read, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
};

use tc3_async::serve::Server;
use tc3_core::{
    Credential,
    emulator::{Account, Emulator, Scripted},
    types::BillDate,
};
use tc3_example_support::{
    EXAMPLE_SECRET_ID, EXAMPLE_SECRET_KEY, FAULT_HELP, Parser, Result, finish, with_faults,
};
use tokio::sync::oneshot;

/// Serves the emulator of the billing and e-signature services, and of services that are described, on 127.0.0.1.
///
/// It prints its address, and runs until it is interrupted. If stdin is a pipe or a terminal, it also ends when that
/// closes, so that it ends with the program that started it.
#[derive(clap::Parser)]
struct Arguments {
    /// The port to listen on; 0 takes a free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// The id of the key pair that it accepts
    #[arg(long, value_name = "S", default_value = EXAMPLE_SECRET_ID)]
    secret_id: String,
    /// The key of the key pair that it accepts
    #[arg(long, value_name = "S", default_value = EXAMPLE_SECRET_KEY)]
    secret_key: String,
    /// The token that requests must carry
    #[arg(long, value_name = "S")]
    token: Option<String>,
    /// Number of records: transactions in all, and products, uses and bill lines in each month. A month's bill has one
    /// line more, the difference to whole fen
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    records: u64,
    /// The same seed gives the same records
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// The last day of the ledger, or its last month: yyyy-MM-dd or yyyy-MM. The ledger has 24 months, counted back
    /// from there
    #[arg(long, value_name = "DAY", default_value = "2025-12")]
    until: BillDate,
    /// Another account, with a ledger of its own: ID:KEY, ID:KEY:RECORDS or ID:KEY:RECORDS:SEED; may be repeated.
    /// By default it has 1000 records and seed 1
    // A text, since clap would print a wrong one, which may hold a key.
    #[arg(long = "account", value_name = "ACCOUNT")]
    accounts: Vec<String>,
    /// The vendor's description of another service, an api.json of the Python package tccli; may be repeated. All its
    /// actions are served: parameters are checked, answers fit the description, and lists have --records records.
    /// Nothing is stored: an action that writes changes nothing
    #[arg(long = "description", value_name = "FILE")]
    descriptions: Vec<PathBuf>,
    /// A fault, e.g. throttle@5; may be repeated
    #[arg(long = "fault", value_name = "SPEC", long_help = FAULT_HELP)]
    faults: Vec<Scripted>,
    /// Also serve the metadata endpoint of a machine with this role:
    /// /latest/meta-data/cam/security-credentials/ returns its name, and the name appended returns temporary keys
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Default and maximum of Limit for the usage list; an older API description says 50
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    usage_limit: u32,
    /// Accept examples of the vendor's pages that break the documented rules: a year of transactions, Sort realCost,
    /// an AppId with asterisks
    #[arg(long)]
    documented_examples: bool,
    /// Refuse requests beyond the documented rate of an action
    #[arg(long)]
    frequency_limits: bool,
    /// Read EndTime of DescribeBillList as the start of its second instead of the end
    #[arg(long)]
    exact_end_time: bool,
}

/// Reads an account with its key pair, and with its records and its seed if these are given.
fn account(text: &str) -> Result<Account> {
    let rule = "--account must be ID:KEY, ID:KEY:RECORDS or ID:KEY:RECORDS:SEED";
    let parts: Vec<&str> = text.split(':').collect();
    let [id, key, numbers @ ..] = &*parts else {
        return Err(rule.into());
    };
    let number = |text: Option<&&str>, default| text.map_or(Ok(default), |text| text.parse());
    let (records, seed) = (number(numbers.first(), 1_000), number(numbers.get(1), 1));
    let (Ok(records), Ok(seed), 0..=2) = (records, seed, numbers.len()) else {
        return Err(rule.into());
    };
    let account = Account::new(Credential::new(*id, *key)?);
    Ok(account.with_records(records).with_seed(seed))
}

/// Whether somebody is at the other end of stdin: of `/dev/null` there is nobody.
fn is_watched() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        let stdin = fs::metadata("/dev/stdin");
        let is_device = stdin.is_ok_and(|stdin| stdin.file_type().is_char_device());
        io::stdin().is_terminal() || !is_device
    }
    #[cfg(not(unix))]
    true
}

async fn run(arguments: Arguments) -> Result<()> {
    let mut credential = Credential::new(arguments.secret_id, arguments.secret_key)?;
    if let Some(token) = arguments.token {
        credential = credential.with_token(token)?;
    }
    let mut emulator = Emulator::new(credential)
        .with_records(arguments.records)
        .with_seed(arguments.seed)
        .with_until(arguments.until)
        .with_usage_limit(arguments.usage_limit);
    for text in arguments.accounts {
        emulator = emulator.with_account(account(&text)?);
    }
    for file in arguments.descriptions {
        let name = file.display();
        let json = fs::read(&file).map_err(|error| format!("{name}: {error}"))?;
        let described = emulator.describe(&json);
        emulator = described.map_err(|error| format!("{name}: {error}"))?;
    }
    if let Some(role) = arguments.role {
        emulator = emulator.with_machine_role(role);
    }
    if arguments.documented_examples {
        emulator = emulator.with_documented_examples();
    }
    if arguments.frequency_limits {
        emulator = emulator.with_frequency_limits();
    }
    if arguments.exact_end_time {
        emulator = emulator.with_exact_end_time();
    }
    let emulator = with_faults(emulator, arguments.faults);
    let (closed, stdin_closed) = oneshot::channel();
    let watch = move || {
        let mut ignored = [0; 4096];
        while io::stdin().read(&mut ignored).is_ok_and(|read| read > 0) {}
        // The receiver is gone only with the process.
        let _ = closed.send(());
    };
    // Kept, or else it would count as closed.
    let _unwatched = if is_watched() {
        thread::spawn(watch);
        None
    } else {
        Some(watch)
    };
    let server = Server::bind(("127.0.0.1", arguments.port), emulator).await?;
    let (mut out, address) = (io::stdout(), server.local_addr());
    // Nobody reads it: then nobody wants to know.
    let _ = writeln!(out, "{{\"listening\": \"{address}\"}}").and_then(|()| out.flush());
    tokio::select! {
        served = server.run() => match served {},
        _ = stdin_closed => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    finish(run(Arguments::parse()).await)
}
