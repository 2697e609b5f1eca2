//! How many instructions signing, requests and decoding take, compared with what was committed: unlike time
//! that is the same in every run, so a change of a few percent can be seen.
//!
//! ```sh
//! cargo bench -p tc3-benches --bench instructions             # compares
//! cargo bench -p tc3-benches --bench instructions -- --save   # writes benches/instructions.json
//! ```
//!
//! It runs itself under `valgrind --tool=callgrind`, each stage with fewer and with more runs, whose
//! difference is what a run costs. It fails when a stage takes over 5 % more than in the baseline; where
//! valgrind is missing it says so and does nothing. Another rustc or valgrind than the baseline's counts
//! differently, so then the figures are shown but not judged.
//!
//! Valgrind's processor has no SHA-NI: the hash in these figures is the portable one, whatever the machine.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a report is printed"
)]

use std::{
    collections::BTreeMap,
    env, fs, io,
    process::{Command, ExitCode},
};

use serde::{Deserialize, Serialize};
use tc3_benches::{Role, Stage, call, decode, request, sign};

const BASELINE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.json");
/// The argument that makes this program do a stage's work and nothing else.
const RUN: &str = "--run";
/// Between so many runs and so many the instructions are counted.
const RUNS: [u64; 2] = [2, 12];
/// How much more a stage may take, in percent.
const MARGIN: f64 = 5.0;

/// What is committed.
#[derive(Debug, Serialize, Deserialize)]
struct Baseline {
    rustc: String,
    valgrind: String,
    /// Instructions a run, by stage.
    instructions: BTreeMap<String, u64>,
}

type Make = fn() -> Stage;

/// Each is made when it is run, so that valgrind need not watch all the others being made.
const STAGES: [(&str, Make); 10] = [
    ("sign_cached_203", || sign::cached(203)),
    ("sign_cached_4096", || sign::cached(4096)),
    ("sign_first_203", || sign::first(203)),
    ("request_203", request::stage),
    ("call_203", call::stage),
    ("decode_100_allocation", || decode::allocation(100)),
    ("decode_100_bill", || decode::bill(100)),
    ("decode_100_usage", || decode::usage(100)),
    ("decode_100_nulls", decode::nulls),
    ("decode_error", decode::error),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [run, stage, runs] = &*arguments
        && run == RUN
    {
        work(stage, runs.parse().expect("a number of runs"));
        return ExitCode::SUCCESS;
    }
    // `cargo test --benches` asks for a look whether it works at all.
    if arguments.iter().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let (Some(valgrind), Some(rustc)) = (version("valgrind"), version("rustc")) else {
        println!("skipped: there is no valgrind here to count instructions with");
        return ExitCode::SUCCESS;
    };
    let mut counted = Baseline {
        rustc,
        valgrind,
        instructions: BTreeMap::new(),
    };
    for (stage, _) in STAGES {
        let [fewer, more] = RUNS.map(|runs| count(stage, runs));
        let each = more.saturating_sub(fewer) / (RUNS[1] - RUNS[0]);
        counted.instructions.insert(stage.to_string(), each);
    }
    if arguments.iter().any(|argument| argument == "--save") {
        let json = serde_json::to_string_pretty(&counted).expect("it can be written down");
        fs::write(BASELINE, json + "\n").expect("the baseline can be written");
    }
    let baseline = fs::read(BASELINE).expect("the baseline can be read");
    let baseline = serde_json::from_slice(&baseline).expect("the baseline is sound");
    compare(&counted, &baseline)
}

/// Does the work of a stage as often as asked.
fn work(name: &str, runs: u64) {
    let stage = STAGES.into_iter().find(|(stage, _)| *stage == name);
    let (_, stage) = stage.expect("there is such a stage");
    let mut contenders = stage().contenders.into_iter();
    let ours = contenders.find(|one| one.role == Role::Ours);
    let mut ours = ours.expect("every stage is ours");
    (0..runs).for_each(|_| (ours.work)());
}

fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

/// The instructions of this program with so many runs of a stage.
fn count(stage: &str, runs: u64) -> u64 {
    let try_count = || -> io::Result<Option<u64>> {
        let out = env::temp_dir().join(format!("tc3-callgrind-{}", std::process::id()));
        let output = Command::new("valgrind")
            .arg("--tool=callgrind")
            .arg(format!("--callgrind-out-file={}", out.display()))
            .arg(env::current_exe()?)
            .args([RUN, stage, &runs.to_string()])
            .output()?;
        let _ = fs::remove_file(out);
        let said = String::from_utf8_lossy(&output.stderr);
        let count = said
            .lines()
            .find_map(|line| line.split_once("Collected : "));
        Ok(count.and_then(|(_, count)| count.trim().parse().ok()))
    };
    match try_count() {
        Ok(Some(count)) => count,
        other => panic!("valgrind did not count {stage}: {other:?}"),
    }
}

fn compare(counted: &Baseline, baseline: &Baseline) -> ExitCode {
    let mut worse = 0;
    for (stage, &now) in &counted.instructions {
        let Some(&before) = baseline.instructions.get(stage) else {
            println!("{stage:<24} {now:>10}, not in the baseline");
            continue;
        };
        let change = 100.0 * (now as f64 / before as f64 - 1.0);
        let verdict = match change {
            change if change > MARGIN => {
                worse += 1;
                "  TOO MANY"
            }
            change if change < -MARGIN => "  fewer: save a new baseline",
            _ => "",
        };
        println!("{stage:<24} {now:>10} instructions, {change:+6.2} %{verdict}");
    }
    let same = counted.rustc == baseline.rustc && counted.valgrind == baseline.valgrind;
    if !same {
        let (rustc, valgrind) = (&baseline.rustc, &baseline.valgrind);
        println!("not judged: the baseline is of {rustc} and {valgrind}");
    } else if worse > 0 {
        eprintln!("{worse} stages take over {MARGIN} % more instructions than in the baseline");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
