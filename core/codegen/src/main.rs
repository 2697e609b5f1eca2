//! Makes a Rust module of the machine-readable description of a service of Tencent Cloud.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use serde::Serialize;
use tc3_codegen::{Options, Overlay, generate, list};
use tc3_description::Description;

/// Makes a Rust module of the machine-readable description of a service of Tencent Cloud.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The description, an `api.json` of the Python package `tccli`.
    #[arg(long, value_name = "FILE")]
    description: PathBuf,
    /// The module to write.
    #[arg(long, value_name = "FILE", required_unless_present = "list")]
    out: Option<PathBuf>,
    /// An action to generate, with what it needs; all without it. May be given more than once.
    #[arg(long, value_name = "NAME", conflicts_with = "list")]
    action: Vec<String>,
    /// What the description does not say: units, docs, paging.
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Makes docs of the description's own texts.
    #[arg(long)]
    docs: bool,
    /// Prints what is known of each action, a line of JSON each, and writes nothing.
    #[arg(long, conflicts_with = "out")]
    list: bool,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), String> {
    let path = &arguments.description;
    let description = fs::read(path).map_err(|error| at(path, error))?;
    let description = Description::parse(&description)
        .map_err(|error| format!("{} is no api.json of tccli: {error}", path.display()))?;
    let overlay = match &arguments.overlay {
        Some(path) => {
            let toml = fs::read_to_string(path).map_err(|error| at(path, error))?;
            Overlay::parse(&toml).map_err(|error| at(path, error))?
        }
        None => Overlay::default(),
    };
    let fits = |error: tc3_codegen::Error| match &arguments.overlay {
        Some(overlay) => format!("{}, with {}: {error}", path.display(), overlay.display()),
        None => at(path, error),
    };
    let Some(out) = &arguments.out else {
        let listed = list(&description, &overlay).map_err(fits)?;
        return listed.iter().try_for_each(print);
    };
    let options = Options {
        actions: arguments.action,
        overlay,
        docs: arguments.docs,
    };
    let generated = generate(&description, &options).map_err(fits)?;
    write(out, &generated.code).map_err(|error| at(out, error))?;
    print(&generated.summary)
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = OsString::from(path);
    name.push(".new");
    fs::write(&name, text)
        .and_then(|()| fs::rename(&name, path))
        .inspect_err(|_| drop(fs::remove_file(&name)))
}

fn print(line: &impl Serialize) -> Result<(), String> {
    let line = serde_json::to_string(line).map_err(|error| error.to_string())?;
    writeln!(io::stdout(), "{line}").map_err(|error| error.to_string())
}

fn at(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}
