use std::{
    collections::BTreeSet,
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

use crate::measure::Allocations;

/// The cargo that runs this program, or the one on the path.
fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    // What cargo tells this program of itself would make build scripts think that something has changed.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// What the example `allocations` counts; nothing where it can't be run.
pub(crate) fn allocations() -> Allocations {
    let mut allocations = cargo();
    allocations.args(["run", "--quiet", "--example", "allocations"]);
    if cfg!(feature = "peers") {
        allocations.args(["--features", "peers"]);
    }
    if !cfg!(debug_assertions) {
        allocations.arg("--release");
    }
    // Beside this program, wherever that was built.
    let program = env::current_exe().expect("this program is somewhere");
    if let Some(target) = program.ancestors().nth(3) {
        allocations.arg("--target-dir").arg(target);
    }
    let output = allocations
        .args(["--", "--json"])
        .stderr(Stdio::inherit())
        .output();
    let Ok(output) = output else {
        eprintln!("there is no cargo here, so no allocations are counted");
        return Allocations::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().filter_map(allocation).collect()
}

fn allocation(line: &str) -> Option<((String, String), u64)> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| line[name].as_str().map(String::from);
    Some((
        (text("stage")?, text("contender")?),
        line["allocations"].as_u64()?,
    ))
}

/// Of how many crates each crate of the workspace is built, and how long that takes from nothing if asked.
pub(crate) fn compile(measured: bool) -> String {
    let target = env::temp_dir().join(format!("tc3-compile-{}", std::process::id()));
    let mut lines = String::new();
    for package in ["tc3-core", "tc3-blocking", "tc3-async"] {
        lines += &format!(
            "cargo build -p {package} --release: {} crates",
            crates(package)
        );
        if measured {
            let _ = fs::remove_dir_all(&target);
            lines += &build(package, &target);
        }
        lines += "\n";
    }
    let _ = fs::remove_dir_all(&target);
    lines
}

fn crates(package: &str) -> usize {
    let tree = cargo()
        .args(["tree", "--package", package, "--edges", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output();
    let tree = tree.map_or_else(|_| Vec::new(), |output| output.stdout);
    let tree = String::from_utf8_lossy(&tree);
    let crates = tree.lines().filter_map(|line| line.split(" (").next());
    crates
        .filter(|line| !line.is_empty())
        .collect::<BTreeSet<_>>()
        .len()
}

fn build(package: &str, target: &PathBuf) -> String {
    // What has to be downloaded is no part of it.
    let _ = cargo().args(["fetch", "--quiet"]).status();
    let start = Instant::now();
    let status = cargo()
        .args(["build", "--quiet", "--release", "--package", package])
        .arg("--target-dir")
        .arg(target)
        .status();
    let seconds = start.elapsed().as_secs_f64();
    let failed = if status.is_ok_and(|status| status.success()) {
        ""
    } else {
        ", and failed"
    };
    format!(", {seconds:.1} s from nothing{failed}")
}
