//! Exports that break off anywhere and are continued.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use serde::{Serialize, de::DeserializeOwned};
use tc3_blocking::{Client, Settings};
use tc3_core::{
    Action, Attempt, Credential, Failure, Paginate, UnixTime, emulator::Emulator, flow::Retry,
    session::Endpoint,
};
use tc3_example_support::{AllocationSummary, BillList, Export, Parser, Result, Row, Service};

const ALL: usize = usize::MAX;

/// Half a year of 25 records, in 7 pages.
const BILLS: &[&str] = &["--start=2024-01-01", "--end=2024-06-30", "--limit=4"];

fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap()
}

fn service() -> Service {
    Service {
        credential: credential().into(),
        endpoint: Endpoint::PUBLIC,
        region: None,
        language: None,
        emulated: Some(100),
    }
}

/// A client of the emulator, which answers so many requests and is then gone.
fn client<A: Action>(answers: usize) -> Client {
    let credential = credential();
    let emulator = Mutex::new(Emulator::new(credential.clone()).with_records(100));
    let answered = AtomicUsize::new(0);
    Client::builder()
        .credentials(credential)
        .settings(
            Settings::default()
                .with_rate_of::<A>(None)
                .with_retry(Retry::NEVER),
        )
        .transport(move |attempt: Attempt| {
            if answered.fetch_add(1, Relaxed) >= answers {
                return Err(Failure::not_sent("the service is gone"));
            }
            let signed_at = attempt.request.headers()["x-tc-timestamp"]
                .to_str()
                .unwrap();
            let now = UnixTime::new(signed_at.parse().unwrap());
            Ok(emulator.lock().unwrap().handle(now, &attempt.request))
        })
}

/// Exports so many pages, and when that was not all, stops without another word, as a process that is killed.
fn take<A>(export: Result<Export<A>>, answers: usize, width: usize, pages: usize) -> Result<()>
where
    A: Paginate<Item: Row + Serialize + DeserializeOwned, Output: Send>,
    A: Clone + DeserializeOwned + 'static,
{
    let mut export = export?;
    let mut walk = client::<A>(answers).pages(export.walk()).width(width);
    for _ in 0..pages {
        let Some(page) = walk.next() else {
            return export.finish(walk.walk());
        };
        export.write(page?.output, walk.walk())?;
    }
    Ok(())
}

/// An output and its checkpoint.
struct Files(PathBuf, PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let files = Self(folder.join(name), folder.join(format!("{name}.checkpoint")));
        let _ = (fs::remove_file(&files.0), fs::remove_file(&files.1));
        files
    }

    /// What they hold, as texts.
    fn read(&self) -> [Option<String>; 2] {
        [&self.0, &self.1].map(|path| fs::read_to_string(path).ok())
    }

    fn write(&self, texts: &[Option<String>; 2]) {
        for (path, text) in [&self.0, &self.1].into_iter().zip(texts) {
            match text {
                Some(text) => fs::write(path, text).unwrap(),
                None => fs::remove_file(path).unwrap_or_default(),
            }
        }
    }

    fn arguments<P: Parser>(&self, others: &[&str]) -> P {
        let [output, checkpoint] = [&self.0, &self.1].map(|path| path.to_str().unwrap());
        let files = ["export", "--output", output, "--checkpoint", checkpoint];
        P::parse_from([&files, others].concat())
    }

    fn bills(&self, others: &[&str], pages: usize) -> Result<()> {
        let arguments: BillList = self.arguments(&[BILLS, others].concat());
        take(arguments.export(&service()), ALL, 3, pages)
    }

    fn months(&self, pages: usize) -> Result<()> {
        let months = ["--month=2024-01", "--through=2024-03", "--limit=40"];
        let arguments: AllocationSummary = self.arguments(&months);
        take(arguments.export(&service()), ALL, 1, pages)
    }
}

#[track_caller]
fn assert_fails(result: Result<()>, reason: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn comes_out_the_same_wherever_it_broke_off() {
    for format in ["table", "csv", "jsonl"] {
        let form = ["--format", format];
        let files = Files::new(&format!("bills.{format}"));
        files.bills(&form, ALL).unwrap();
        let finished = files.read();
        let heading = if format == "jsonl" { 0 } else { 1 };
        let lines = finished[0].as_ref().unwrap().lines().count();
        assert_eq!(lines, heading + 25);

        files.write(&[None, None]);
        for page in 1..=7 {
            let before = files.read();
            files.bills(&form, 1).unwrap();
            let after = files.read();
            assert_ne!(before, after);

            // The page is written, in whole or in part, and the checkpoint isn't, or not yet in its place.
            let [output, checkpoint] = after.clone().map(Option::unwrap);
            let from = before[0].as_ref().map_or(0, String::len);
            for length in [from, from + 1, output.len() - 1, output.len()] {
                let written = output.as_bytes()[..length].to_vec();
                files.write(&[None, before[1].clone()]);
                fs::write(&files.0, written).unwrap();
                let beside = files.1.with_extension("checkpoint.tmp");
                fs::write(beside, &checkpoint[..checkpoint.len() / 2]).unwrap();
                files.bills(&form, 1).unwrap();
                assert!(files.read()[0] == after[0], "page {page}, {length} bytes");
            }
            files.write(&after);
        }
        files.bills(&form, ALL).unwrap();
        assert!(files.read() == finished);
    }
}

#[test]
fn continues_in_the_month_where_it_broke_off() {
    let files = Files::new("months");
    files.months(ALL).unwrap();
    let finished = files.read();
    assert_eq!(finished[0].as_ref().unwrap().lines().count(), 301);

    files.write(&[None, None]);
    for _ in 1..=9 {
        files.months(1).unwrap();
    }
    assert!(files.read()[0] == finished[0] && files.read()[1] != finished[1]);
    files.months(ALL).unwrap();
    assert!(files.read() == finished);
}

#[test]
fn an_error_leaves_the_pages_before_it() {
    let files = Files::new("gone");
    files.bills(&[], ALL).unwrap();
    let finished = files.read();

    files.write(&[None, None]);
    for _ in 0..3 {
        let arguments: BillList = files.arguments(BILLS);
        let gone = take(arguments.export(&service()), 2, 1, ALL);
        assert_fails(gone, "no answer from the service");
    }
    let before = files.read();
    assert_eq!(before[0].as_ref().unwrap().lines().count(), 1 + 6 * 4);
    files.bills(&[], ALL).unwrap();
    assert!(files.read() == finished);
}

#[test]
fn what_is_complete_stays_as_it_is() {
    let files = Files::new("complete");
    files.bills(&[], ALL).unwrap();
    let [output, checkpoint] = files.read();
    let longer = [output.map(|output| output + "a note\n"), checkpoint];
    files.write(&longer);
    let arguments: BillList = files.arguments(BILLS);
    take(arguments.export(&service()), 0, 1, ALL).unwrap();
    assert!(files.read() == longer);
}

#[test]
fn what_does_not_belong_together_is_refused_and_left_alone() {
    let files = Files::new("refused");
    files.bills(&[], 3).unwrap();
    let kept = files.read();
    let [output, checkpoint] = kept.clone().map(Option::unwrap);

    assert_fails(
        files.bills(&["--format", "csv"], ALL),
        r#"--format is "table", not "csv""#,
    );
    assert_fails(
        files.bills(&["--pay-type", "deduct"], ALL),
        r#"--pay-type is [], not ["deduct"]"#,
    );
    assert_fails(
        files.bills(&["--with-zero-amount"], ALL),
        "--with-zero-amount is false",
    );
    assert_fails(files.months(ALL), r#"of "DescribeBillList""#);
    let arguments: BillList = files.arguments(BILLS);
    let renamed = Files(files.0.with_extension("renamed"), files.1.clone());
    fs::copy(&files.0, &renamed.0).unwrap();
    assert_fails(renamed.bills(&[], ALL), "its --output is");
    for (emulated, reason) in [
        (None, "--records is 100, not null"),
        (Some(99), "100, not 99"),
    ] {
        let service = Service {
            emulated,
            ..service()
        };
        let export = arguments.export(&service);
        assert_fails(take(export, ALL, 1, ALL), reason);
    }
    assert!(files.read() == kept);

    let half = checkpoint[..checkpoint.len() / 2].to_owned();
    let newer = checkpoint.replace(r#""version":1"#, r#""version":2,"more":[]"#);
    let other = checkpoint.replace(r#""complete":false"#, r#""complete":0"#);
    let shorter = output[..output.len() - 1].to_owned();
    for (output, checkpoint, reason) in [
        (Some(&output), &String::new(), "can't be read"),
        (Some(&output), &half, "can't be read"),
        (Some(&output), &output, "can't be read"),
        (Some(&output), &"{}".into(), "can't be read"),
        (Some(&output), &other, "can't be read"),
        (Some(&output), &newer, "version 2, not 1"),
        (Some(&shorter), &checkpoint, "bytes, not"),
        (None, &checkpoint, "No such file"),
    ] {
        let kept = [output.cloned(), Some(checkpoint.clone())];
        files.write(&kept);
        assert_fails(files.bills(&[], ALL), reason);
        assert!(files.read() == kept, "{reason}");
    }
}

#[test]
fn a_checkpoint_is_not_written_over_its_output() {
    let files = Files::new("same");
    let (output, checkpoint) = (files.0.to_str().unwrap(), files.1.to_str().unwrap());
    for (output, checkpoint) in [
        (output, output),
        (&*format!("{checkpoint}.tmp"), checkpoint),
    ] {
        let arguments = ["export", "--output", output, "--checkpoint", checkpoint];
        let arguments = BillList::parse_from(arguments);
        assert_fails(arguments.export(&service()).map(drop), "a file of its own");
        assert!(!Path::new(output).exists());
    }
}

#[test]
fn a_checkpoint_holds_no_secret() {
    let files = Files::new("private");
    files
        .bills(
            &[
                "--secret-id=AKIDSECRET",
                "--secret-key=the-secret",
                "--token=a-token",
            ],
            2,
        )
        .unwrap();
    let checkpoint = files.read()[1].clone().unwrap();
    for secret in ["AKID", "secret", "token", "tencentcloud"] {
        let alone = checkpoint.replace(r#""token":null"#, "");
        assert!(!alone.contains(secret), "{checkpoint}");
    }
}
