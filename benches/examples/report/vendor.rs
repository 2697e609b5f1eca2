use std::{
    env,
    io::{self, BufRead, BufReader, Read},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
};

use tc3_async::serve::Server;
use tc3_benches::{SECRET_ID, SECRET_KEY, clock, credential, walk};
use tc3_blocking::{Client, Settings};
use tc3_core::{billing::DescribeBillList as List, emulator::Emulator};

/// The argument that makes this program the emulator.
const SERVE: &str = "--serve-emulator";
const RECORDS: u64 = 40_000;
/// What [`walk::list`] asks for, in windows that the service takes: half a year at most.
const WINDOWS: [&str; 4] = [
    "2024-01-01 00:00:00/2024-06-30 23:59:59",
    "2024-07-01 00:00:00/2024-12-31 23:59:59",
    "2025-01-01 00:00:00/2025-06-30 23:59:59",
    "2025-07-01 00:00:00/2025-12-31 23:59:59",
];

/// Becomes the emulator if that is what this program was started for.
pub(crate) fn serve_if_asked() {
    if env::args().nth(1).as_deref() != Some(SERVE) {
        return;
    }
    thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let emulator = Emulator::new(credential()).with_records(RECORDS);
        let serve = async {
            let server = Server::bind("127.0.0.1:0", emulator).await?;
            println!("{}", server.local_addr());
            match server.run().await {}
        };
        let served: io::Result<()> = runtime.expect("a runtime can be had").block_on(serve);
        served.expect("a port is free");
    });
    let _ = io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

/// The walk of 40,000 records over loopback by this project and by the vendor's Python SDK, in CPU time; says why
/// when the SDK can't be run.
pub(crate) fn walks() -> String {
    let Some(python) = python() else {
        return "The vendor's Python SDK is not here: async/tests/vendor_sdk.sh installs it.\n"
            .into();
    };
    let mut server = Command::new(env::current_exe().expect("this program is somewhere"))
        .arg(SERVE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it can be started again");
    let stdout = server.stdout.take().expect("it is piped");
    let mut address = String::new();
    let read = BufReader::new(stdout).read_line(&mut address);
    read.expect("the emulator says where it listens");
    let address = address.trim();

    let ours = ours(address);
    let vendors = vendors(&python, address);
    drop(server.stdin.take());
    // It has ended or will.
    let _ = server.wait();
    format!(
        "A walk of {RECORDS} records over loopback, in CPU time of the client:\n\
         tc3-blocking: {ours:.2} µs a record; the vendor's Python SDK: {vendors:.2} µs, {:.1} ×\n\
         {{\"stage\": \"vendor_walk_{RECORDS}\", \"ns\": {:.1}, \"vendor_ns\": {:.1}}}\n",
        vendors / ours,
        ours * 1e3,
        vendors * 1e3,
    )
}

/// A Python that has the SDK: that of `async/tests/vendor_sdk.sh`, or the one on the path.
fn python() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let target = program.ancestors().nth(3)?;
    let candidates = [target.join("vendor-sdk/bin/python"), "python3".into()];
    candidates.into_iter().find(|python| {
        let mut import = Command::new(python);
        import.args(["-c", "import tencentcloud.billing"]);
        import.stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    })
}

/// In µs a record.
fn ours(address: &str) -> f64 {
    let endpoint = format!("http://{address}").parse();
    let settings = Settings::default()
        .with_endpoint(endpoint.expect("an address is an endpoint"))
        .with_rate_of::<List>(None);
    let client = Client::builder()
        .credentials(credential())
        .settings(settings)
        .build();
    let start = clock::cpu();
    let mut count = 0;
    for item in client.items(walk::list()) {
        drop(item.expect("it is sound"));
        count += 1;
    }
    assert_eq!(count, RECORDS);
    each((clock::cpu() - start).as_secs_f64())
}

/// In µs a record.
fn vendors(python: &PathBuf, address: &str) -> f64 {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/report/vendor.py");
    let output = Command::new(python)
        .args([script, address, SECRET_ID, SECRET_KEY])
        .args(WINDOWS)
        .stderr(Stdio::inherit())
        .output();
    let output = output.expect("python can be started").stdout;
    let result: serde_json::Value =
        serde_json::from_slice(&output).expect("the script says what it took");
    assert_eq!(result["records"], RECORDS);
    each(result["cpu"].as_f64().expect("a number of seconds"))
}

fn each(seconds: f64) -> f64 {
    seconds * 1e6 / RECORDS as f64
}
