use std::{
    env, fs,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use tc3_benches::walk;

/// The argument that makes this program walk and say what it took.
const WALK: &str = "--walk";

/// The machine, and what this program was built with.
pub(crate) fn describe() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map_or("unknown", |(_, value)| value.trim())
    };
    let extensions = if field("flags").split(' ').any(|flag| flag == "sha_ni") {
        "with SHA-NI"
    } else {
        "without SHA-NI"
    };
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_or_else(
        |_| "an unknown rustc".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_string(),
    );
    let debug = if cfg!(debug_assertions) {
        "\nA debug build: none of this means anything."
    } else {
        ""
    };
    let model = field("model name");
    format!("{cores} × {model}, {extensions}; {rustc}{debug}\n")
}

/// Walks if that is what this program was started for.
pub(crate) fn walk_if_asked() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(WALK) {
        return;
    }
    let records = arguments.next().and_then(|text| text.parse().ok());
    let records = records.expect("a number of records");
    let start = Instant::now();
    assert_eq!(walk::emulated(records), records);
    println!("{} {}", start.elapsed().as_secs_f64(), peak().unwrap_or(0));
    std::process::exit(0);
}

/// The most memory that this process has had, in KiB, where the system says.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// What walks of different lengths through the emulator take, each in a process of its own.
pub(crate) fn walks() -> String {
    let mut lines = String::from("A walk through the emulator, which takes most of the time:\n");
    for records in [10_000, walk::RECORDS] {
        let program = env::current_exe().expect("this program is somewhere");
        let output = Command::new(program)
            .args([WALK, &records.to_string()])
            .stderr(Stdio::inherit())
            .output()
            .expect("it can be started again");
        let output = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut figures = output.split_whitespace();
        let mut next = || figures.next()?.parse::<f64>().ok();
        let (seconds, kib) = (next().unwrap_or(f64::NAN), next().unwrap_or(f64::NAN));
        let each = seconds * 1e9 / f64::from(u32::try_from(records).unwrap_or(u32::MAX));
        lines += &format!(
            "{records:>9} records: {seconds:6.2} s, {each:.0} ns a record, {:.1} MB at most\n",
            kib / 1024.0
        );
    }
    lines
}
