//! Generated actions, driven by check.py: a case a line on stdin, what came of it a line on stdout.

#![allow(dead_code, reason = "walks are left out where nobody walks")]

use std::{
    error::Error,
    io::{self, BufRead, BufWriter, Write},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use tc3_core::{
    Action, Credential, Paginate, Region, Session, Settings, UnixTime,
    session::Wire,
    wire::{request, response},
};

include!("actions.rs");

/// What is to be done with an action, one of these.
#[derive(Deserialize)]
struct Case<'a> {
    action: &'a str,
    /// Its input is read, written as JSON, and written as a query.
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    /// An answer is read and written again, as JSON within a text.
    #[serde(default)]
    answer: Option<String>,
    /// All records are read from this address, for the given input.
    #[serde(default)]
    walk: Option<String>,
    #[serde(default)]
    page_size: Option<u32>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const NOW: UnixTime = UnixTime::new(1_760_000_000);

fn credential() -> Result<Credential> {
    Ok(Credential::new(
        "AKIDVENDORSDK",
        "not-a-real-key-of-the-vendors-sdk",
    )?)
}

fn settings() -> Result<Settings> {
    Ok(Settings::default().with_region(Region::new("ap-guangzhou")?))
}

fn call<A>(case: &Case<'_>) -> Result<String>
where
    A: Action + DeserializeOwned,
    A::Output: Serialize,
{
    if let Some(input) = case.input {
        let action: A = serde_json::from_str(input.get())?;
        let json = serde_json::to_string(&action)?;
        let mut session =
            Session::new(credential()?).with_settings(settings()?.with_wire(Wire::Get));
        let query = match request::sign(&action, &mut session, NOW) {
            Ok(request) if request.method() == http::Method::GET => {
                Ok(request.uri().query().unwrap_or_default().to_owned())
            }
            // Confidential and unsigned actions are always sent by POST.
            Ok(_) if A::CONFIDENTIAL || !A::SIGNED => Err("not by GET".into()),
            Ok(_) => return Err("not sent by GET".into()),
            Err(error) => Err(error.to_string()),
        };
        return Ok(format!(
            r#"{{"input": {json}, "query": {}}}"#,
            json!({"ok": query.as_ref().ok(), "error": query.as_ref().err()})
        ));
    }
    let answer = case.answer.clone().unwrap_or_default();
    let reply = response::read::<A>(&http::Response::new(answer.into()))?;
    Ok(format!(
        r#"{{"answer": {}}}"#,
        serde_json::to_string(&reply.output)?
    ))
}

fn walk<A>(case: &Case<'_>) -> Result<String>
where
    A: Paginate + DeserializeOwned + Clone + 'static,
    A::Item: Serialize,
{
    let (Some(address), Some(input)) = (&case.walk, case.input) else {
        return Err("no walk".into());
    };
    let action: A = serde_json::from_str(input.get())?;
    let endpoint = format!("http://{address}").parse()?;
    let mut settings = settings()?.with_endpoint(endpoint);
    if let Some(size) = case.page_size {
        settings = settings.with_page_size(size);
    }
    let client = tc3_blocking::Client::builder()
        .credentials(credential()?)
        .settings(settings)
        .build();
    let mut records = Vec::new();
    for record in client.items(&action) {
        records.push(serde_json::to_string(&record?)?);
    }
    Ok(format!(r#"{{"records": [{}]}}"#, records.join(",")))
}

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let done = serde_json::from_str::<Case<'_>>(&line)
            .map_err(Into::into)
            .and_then(|case| run(&case));
        match done {
            Ok(json) => writeln!(out, "{json}")?,
            Err(error) => {
                let mut text = error.to_string();
                let mut cause = error.source();
                while let Some(inner) = cause {
                    text = format!("{text}: {inner}");
                    cause = inner.source();
                }
                writeln!(out, "{}", json!({"error": text}))?;
            }
        }
    }
    out.flush()
}
