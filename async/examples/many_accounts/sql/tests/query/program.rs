//! The program as a process.

use std::process::{Command, Output, Stdio};

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sql"));
    let home = std::env::temp_dir();
    command.args(arguments).env_clear().env("HOME", home);
    command
}

fn sql(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = sql(arguments);
    assert!(!output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"", "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn answered(arguments: &[&str]) -> (String, String) {
    let output = sql(arguments);
    assert!(output.status.success(), "{output:?}");
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    let [rows, summary] = texts;
    (rows, summary)
}

#[test]
fn a_query_of_the_file_gives_the_bytes_of_the_query_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    for table in [
        "bill_list",
        "bill_detail",
        "allocation_summary_by_business",
        "usage_detail",
    ] {
        let file = folder.path().join(format!("{table}.parquet"));
        let file = file.to_str().unwrap();
        let emulated = [
            "--emulate",
            "2",
            "--records",
            "200",
            "--from",
            "2024-01",
            "--to",
            "2024-02",
        ];
        let all = format!("SELECT * FROM {table}");
        let (rows, _) = answered(&[&emulated[..], &["--output", file, &all]].concat());
        assert_eq!(rows, "");
        for query in [
            format!("SELECT * FROM {table} ORDER BY {}", order(table)),
            format!(
                "SELECT account, month, count(*), {} FROM {table} GROUP BY 1, 2 ORDER BY 1, 2",
                sums(table)
            ),
        ] {
            for format in ["table", "csv", "jsonl"] {
                let asked = answered(&[&emulated[..], &["--format", format, &query]].concat());
                let given = format!("{table}={file}");
                let stored = answered(&["--parquet", &given, "--format", format, &query]);
                assert_eq!(asked.0, stored.0, "{query}");
                let named = query.replace(&format!("FROM {table}"), &format!("FROM '{file}'"));
                assert_eq!(
                    asked.0,
                    answered(&["--format", format, &named]).0,
                    "{named}"
                );
                assert!(
                    stored.1.contains(", 0 requests for 0 lists"),
                    "{}",
                    stored.1
                );
            }
        }
    }
}

fn order(table: &str) -> &'static str {
    match table {
        "bill_list" => "account, operation_time, bill_id, amount, balance",
        "bill_detail" => "account, month, id, part",
        "usage_detail" => "account, cost_time, flow_id, quota_type, use_count, remark",
        _ => "account, month, business_code, tree_node_uniq_key, real_total_cost, total_cost",
    }
}

fn sums(table: &str) -> &'static str {
    match table {
        "bill_list" => "sum(amount) AS a, avg(balance) AS b, min(operation_time) AS c",
        "bill_detail" => "sum(real_cost) AS a, max(pay_time) AS b",
        "usage_detail" => "sum(use_count) AS a, max(cost_time) AS b",
        _ => "sum(real_total_cost) AS a",
    }
}

#[test]
fn the_last_line_says_the_requests_and_explain_analyze_too() {
    let query =
        "SELECT count(*) FROM usage_detail WHERE account = 'account001' AND month = '2024-05'";
    // 20 full pages, one of them twice, and an empty one.
    let emulated = [
        "--emulate",
        "2",
        "--width",
        "1",
        "--fault",
        "account001:lost@3",
    ];
    let (rows, summary) = answered(&[&emulated[..], &[query]].concat());
    assert!(rows.contains("1000"), "{rows}");
    assert_eq!(summary, "1 rows, 22 requests for 1 lists\n");
    let analyzed = format!("EXPLAIN ANALYZE {query}");
    let (rows, summary) = answered(&[&emulated[..], &[&analyzed]].concat());
    assert!(rows.contains("requests=22"), "{rows}");
    assert!(summary.contains("22 requests for 1 lists"), "{summary}");
    for secret in ["not-a-real", "AKIDEXAMPLE"] {
        assert!(!rows.contains(secret), "{rows}");
    }
}

#[test]
fn what_is_no_query_is_refused() {
    let emulated = |statement| refused(&["--emulate", "1", "--records", "10", statement]);
    for (statement, parts) in [
        ("SELECT 1; SELECT 2", &["single"][..]),
        ("", &["No SQL statement"]),
        ("SELEC 1", &["SELEC"]),
        (
            "INSERT INTO bill_list SELECT * FROM bill_list",
            &["write a SELECT"],
        ),
        ("CREATE TABLE x AS SELECT 1", &["write a SELECT"]),
        ("DROP TABLE bill_list", &["write a SELECT"]),
        (
            "COPY bill_list TO 'x.parquet'",
            &["write a SELECT", "--output"],
        ),
        (
            "SET datafusion.execution.batch_size = 1",
            &["write a SELECT"],
        ),
        (
            "SELECT * FROM bills",
            &[
                "bills",
                "allocation_summary_by_business, bill_detail, bill_list, usage_detail",
            ],
        ),
        ("SELECT costs FROM bill_detail", &["costs", "real_cost"]),
        (
            "SELECT * FROM bill_list WHERE month = '2023-12'",
            &["there is no month for \"2023-12\"", "--from"],
        ),
        ("SELECT * FROM 'missing.parquet'", &["missing.parquet"]),
    ] {
        let error = emulated(statement);
        for part in parts {
            assert!(error.contains(part), "{statement}: {error}");
        }
    }
}

#[test]
fn accounts_and_months_that_are_wrong_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.toml");
    std::fs::write(&file, "[[account]]\nprofile = \"nobody\"\n").unwrap();
    let (file, query) = (file.to_str().unwrap(), "SELECT count(*) FROM bill_list");
    let error = refused(&["--accounts", file, query]);
    assert!(error.contains("bill_list of account nobody"), "{error}");
    assert!(error.contains("what to do (mend)"), "{error}");
    let error = refused(&["--accounts", "missing.toml", query]);
    assert!(error.contains("missing.toml"), "{error}");
    let error = refused(&["--emulate", "1", "--to", "2999-01", query]);
    assert!(error.contains("--to 2999-01 must not be after"), "{error}");
    let error = refused(&[
        "--emulate",
        "1",
        "--from",
        "2024-02",
        "--to",
        "2024-01",
        query,
    ]);
    assert!(
        error.contains("--from 2024-02 must not be after --to 2024-01"),
        "{error}"
    );
    let error = refused(&[query]);
    assert!(
        error.contains("--accounts or --emulate gives tables"),
        "{error}"
    );
}

#[test]
fn a_query_that_fails_leaves_an_older_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.parquet");
    std::fs::write(&file, "older").unwrap();
    let path = file.to_str().unwrap();
    let fault = [
        "--emulate",
        "1",
        "--fault",
        "account001:refuse=UnauthorizedOperation@3..",
    ];
    let error = refused(&[&fault[..], &["--output", path, "SELECT * FROM bill_list"]].concat());
    assert!(
        error.contains("bill_list of account account001, month 2024-0"),
        "{error}"
    );
    assert!(!error.contains("not-a-real"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), b"older");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    for format in ["table", "csv", "jsonl"] {
        let mut program = command(&[
            "--emulate",
            "1",
            "--format",
            format,
            "SELECT * FROM bill_list WHERE month = '2024-05'",
        ]);
        let program = program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = program.spawn().unwrap();
        // As `head` does; the program has hardly begun.
        drop(program.stdout.take());
        let output = program.wait_with_output().unwrap();
        assert!(output.status.success(), "{format}: {output:?}");
        assert_eq!(output.stderr, b"", "{format}: {output:?}");
    }
}

#[test]
fn an_amount_by_a_number_with_decimals_is_no_float() {
    let query = "SELECT arrow_typeof(real_cost * 1.06) AS product, arrow_typeof(real_cost / 1.06) AS quotient
        FROM bill_detail WHERE month = '2024-05' LIMIT 1";
    let emulated = ["--emulate", "1", "--records", "10", "--format", "csv"];
    let (rows, _) = answered(&[&emulated[..], &[query]].concat());
    assert_eq!(rows.matches("Decimal128").count(), 2, "{rows}");
}

#[cfg(unix)]
#[test]
fn an_output_that_is_no_file_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.parquet");
    std::os::unix::fs::symlink("/dev/full", &link).unwrap();
    for output in [folder.path(), &link] {
        let path = output.to_str().unwrap();
        let error = refused(&["--emulate", "1", "--output", path, "SELECT 1"]);
        assert!(
            error.contains("must be a file, or not be there yet"),
            "{error}"
        );
    }
    assert!(link.is_symlink());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_date_begins_at_midnight_in_beijing() {
    let emulated = ["--emulate", "2", "--records", "300", "--format", "csv"];
    let counted = |filter: &str| {
        let query = format!(
            "SELECT count(*) AS number, max(operation_time) AS latest FROM bill_list WHERE {filter}"
        );
        answered(&[&emulated[..], &[&query]].concat())
    };
    let text = counted("operation_time >= '2024-05-20' AND operation_time < '2024-05-21'");
    assert!(text.0.contains("2024-05-20T02:36:00+08:00"), "{text:?}");
    for filter in [
        "operation_time >= DATE '2024-05-20' AND operation_time < DATE '2024-05-21'",
        "operation_time >= CAST('2024-05-20' AS DATE) AND operation_time < DATE '2024-05-20' + INTERVAL '1 day'",
        "operation_time BETWEEN TIMESTAMP '2024-05-20 00:00:00' AND TIMESTAMP '2024-05-20 23:59:59'",
        "operation_time BETWEEN DATE '2024-05-20' AND '2024-05-20 23:59:59.999999'",
    ] {
        assert_eq!(counted(filter), text, "{filter}");
    }
    let rows = counted("operation_time::date = DATE '2024-05-20'").0;
    assert_eq!(rows, text.0);
}
