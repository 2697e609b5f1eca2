//! Signs requests that stand on stdin as JSON lines, and writes the `Authorization` headers to stdout.
//!
//! A line holds `name`, `secret_id`, `secret_key`, `timestamp`, `service`, `method`, `path`, `query`,
//! `headers` (a list of `[name, value]`, all of which are signed) and `payload`. The answer to it is
//! `{"name": …, "authorization": …}`. With a header `X-TC-Content-SHA256: UNSIGNED-PAYLOAD` the payload
//! is left out of the signature.
//!
//! ```sh
//! cargo run -q --release -p tc3-core --example sign < core/tests/data/tc3.jsonl
//! ```

use std::{
    error::Error,
    io::{self, BufRead, Write},
    process::ExitCode,
};

use tc3_core::{
    UnixTime,
    tc3::{
        CanonicalRequest, Payload, Scope, SigningKey, UNSIGNED_PAYLOAD, authorization,
        string_to_sign,
    },
};

#[derive(serde::Deserialize)]
struct Line {
    name: String,
    secret_id: String,
    secret_key: String,
    timestamp: UnixTime,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    payload: String,
}

fn sign(line: &Line) -> Result<String, tc3_core::Invalid> {
    let unsigned = line.headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("x-tc-content-sha256") && value.trim() == UNSIGNED_PAYLOAD
    });
    let payload = if unsigned {
        Payload::Unsigned
    } else {
        Payload::Signed(line.payload.as_bytes())
    };
    let headers = line.headers.iter();
    let headers: Vec<_> = headers.map(|(name, value)| (&**name, &**value)).collect();
    let request = CanonicalRequest::new(&line.method, &line.path, &line.query, headers, payload);
    let scope = Scope::new(line.timestamp, &line.service)?;
    let text = string_to_sign(line.timestamp, &scope, &request.hash());
    let signature = SigningKey::derive(&line.secret_key, &scope).sign(&text);
    Ok(authorization(
        &line.secret_id,
        &scope,
        request.signed_headers(),
        &signature,
    ))
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for (number, text) in (1..).zip(io::stdin().lock().lines()) {
        let text = text?;
        if text.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(&text).map_err(|error| format!("line {number}: {error}"))?;
        let authorization = sign(&line).map_err(|error| format!("line {number}: {error}"))?;
        let answer = serde_json::json!({"name": line.name, "authorization": authorization});
        writeln!(out, "{answer}")?;
    }
    Ok(out.flush()?)
}

#[expect(clippy::print_stderr, reason = "diagnostics go to stderr")]
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sign: {error}");
            ExitCode::FAILURE
        }
    }
}
