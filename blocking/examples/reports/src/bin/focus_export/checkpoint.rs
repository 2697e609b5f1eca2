//! Where an export stands, in a file that holds a whole checkpoint at any moment.

use std::{fs, io, io::Write, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tc3_blocking::Walk;
use tc3_example_support::{Result, replace};

use crate::lines::DescribeLines;

const PROGRAM: &str = "focus_export";
const VERSION: u64 = 1;

/// What was asked for, and how far its lines are fetched.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checkpoint {
    program: String,
    version: u64,
    /// What decides what the output is to be.
    arguments: Map<String, Value>,
    /// The number of the list that is being fetched: a month of an account.
    pub(crate) list: usize,
    /// What comes next in it; `None` where it has not begun.
    pub(crate) walk: Option<Walk<DescribeLines>>,
    /// The last line of the list so far.
    pub(crate) last: Option<Value>,
    /// How long the spool was when the list began.
    pub(crate) list_began_at: u64,
    /// How long the spool is.
    pub(crate) bytes: u64,
    /// How many lines it has.
    pub(crate) lines: u64,
    /// How many it had when the list began.
    pub(crate) list_began_with: u64,
    /// Whether the output is finished, perhaps under its name already.
    pub(crate) written: bool,
}

impl Checkpoint {
    /// Nothing is fetched yet.
    pub(crate) fn new(arguments: Map<String, Value>) -> Self {
        Self {
            program: PROGRAM.into(),
            version: VERSION,
            arguments,
            list: 0,
            walk: None,
            last: None,
            list_began_at: 0,
            bytes: 0,
            lines: 0,
            list_began_with: 0,
            written: false,
        }
    }

    /// The checkpoint in a file, or `None` when there is no such file.
    ///
    /// # Errors
    ///
    /// When the file is another export's, in words that say which argument differs.
    pub(crate) fn read(path: &Path, arguments: &Map<String, Value>) -> Result<Option<Self>> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| format!("{}: {error}", path.display()))?,
        };
        let checkpoint = Self::parse(&text).and_then(|checkpoint| {
            checkpoint.check(arguments)?;
            Ok(checkpoint)
        });
        let checkpoint = checkpoint.map_err(|error| refused(path, &error.to_string()));
        Ok(Some(checkpoint?))
    }

    fn parse(text: &[u8]) -> Result<Self> {
        let unreadable = |error| format!("it can't be read: {error}");
        let value: Value = serde_json::from_slice(text).map_err(unreadable)?;
        if value["program"] != PROGRAM {
            return Err("it is another program's".into());
        }
        if value["version"] != VERSION {
            return Err(format!("it is of version {}, not {VERSION}", value["version"]).into());
        }
        Ok(serde_json::from_value(value).map_err(unreadable)?)
    }

    fn check(&self, arguments: &Map<String, Value>) -> Result<()> {
        let names = self.arguments.keys().chain(arguments.keys());
        for name in names {
            let of = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or(Value::Null);
            let (before, now) = (of(&self.arguments), of(arguments));
            if before != now {
                return Err(format!("its --{name} is {before}, not {now}").into());
            }
        }
        Ok(())
    }

    /// Replaces the file: whenever this process dies, it holds the checkpoint before or this one.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec(self)?;
        replace(path, |file| Ok(file.write_all(&text)?))
    }
}

/// Why an export can't go on from a checkpoint, and what to do.
pub(crate) fn refused(path: &Path, why: &str) -> String {
    let path = path.display();
    let advice = "run the command that it belongs to, name another file with --checkpoint, \
        or delete it to start over";
    format!("can't continue from the checkpoint {path}: {why}; {advice}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arguments(from: &str) -> Map<String, Value> {
        let Value::Object(map) = json!({"from": from, "account": ["shop"]}) else {
            panic!("an object");
        };
        map
    }

    #[test]
    fn another_exports_checkpoint_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let january = arguments("2024-01");
        assert!(Checkpoint::read(&path, &january).unwrap().is_none());
        let mut checkpoint = Checkpoint::new(january.clone());
        checkpoint.bytes = 7;
        checkpoint.write(&path).unwrap();
        let read = Checkpoint::read(&path, &january).unwrap().unwrap();
        assert_eq!(read.bytes, 7);

        let why = |arguments: &Map<String, Value>| {
            let error = Checkpoint::read(&path, arguments).unwrap_err();
            error.to_string()
        };
        let february = why(&arguments("2024-02"));
        assert!(february.contains(r#"its --from is "2024-01", not "2024-02""#));
        assert!(february.contains("--checkpoint"), "{february}");
        let none = why(&Map::new());
        assert!(none.contains(r#"its --account is ["shop"], not null"#));

        for (text, expected) in [
            ("{", "it can't be read"),
            (r#"{"action": "DescribeBillList"}"#, "another program's"),
            (r#"{"program": "focus_export", "version": 2}"#, "version 2"),
        ] {
            fs::write(&path, text).unwrap();
            assert!(why(&january).contains(expected), "{text}");
        }
    }
}
