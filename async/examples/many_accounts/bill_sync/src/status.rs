//! How far all is, for people.

use std::{io::Write, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;
use tc3_example_support::{Column, heading, line};

use crate::Result;

const COLUMNS: [Column; 9] = [
    ("account", 16, false),
    ("data set", 30, false),
    ("done", 5, true),
    ("left", 5, true),
    ("parked", 6, true),
    ("rows", 10, true),
    ("what to do", 10, false),
    ("next try", 8, true),
    ("last error", 0, false),
];

type Row = (
    String,
    String,
    i64,
    i64,
    i64,
    i64,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Writes a line for each account and data set, with the rows that count, and one for the ticket of each window that is
/// parked.
///
/// # Errors
///
/// What PostgreSQL or the output says.
pub async fn print(pool: &PgPool, out: &mut impl Write) -> Result<()> {
    let rows: Vec<Row> = sqlx::query_as(
        "select account, data_set,
             count(*) filter (where state = 'done'),
             count(*) filter (where state = 'due'),
             count(*) filter (where state = 'parked'),
             sum(rows)::bigint,
             (array_agg(remedy order by state = 'parked' desc, month) filter (where remedy is not null))[1],
             ceil(extract(epoch from min(greatest(run_at, now()) - now())
                 filter (where state = 'due' and failures > 0)))::bigint || ' s',
             (array_agg(to_char(month, 'YYYY-MM') || ' ' || error order by state = 'parked' desc, month)
                 filter (where error is not null))[1]
         from windows group by account, data_set order by account, data_set",
    )
    .fetch_all(pool)
    .await?;
    heading(out, &COLUMNS)?;
    for (account, data_set, done, left, parked, rows, remedy, wait, error) in rows {
        let numbers = [done, left, parked, rows].map(|number| number.to_string());
        let texts = [remedy, wait, error].map(Option::unwrap_or_default);
        let cells: Vec<String> = [account, data_set]
            .into_iter()
            .chain(numbers)
            .chain(texts)
            .collect();
        line(out, &COLUMNS, &cells)?;
    }
    let tickets: Vec<(String, String, String, String)> = sqlx::query_as(
        "select account, data_set, to_char(month, 'YYYY-MM'), coalesce(ticket, '') from windows
         where state = 'parked' order by account, data_set, month",
    )
    .fetch_all(pool)
    .await?;
    if !tickets.is_empty() {
        writeln!(
            out,
            "\nParked until a person has mended what is wrong and enqueued again:"
        )?;
    }
    for (account, data_set, month, ticket) in tickets {
        writeln!(out, "{account} {data_set} {month}: {ticket}")?;
    }
    Ok(())
}

/// Shows a bar on stderr until no window is due, with the rows that were written since it began.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn watch(pool: &PgPool) -> Result<()> {
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} windows, {msg}, {eta} left",
    )?);
    let begun: String = sqlx::query_scalar("select now()::text")
        .fetch_one(pool)
        .await?;
    let mut first = None;
    loop {
        // A walk that is under way replaces the rows of the one before.
        let (all, left, waiting, written): (i64, i64, i64, i64) = sqlx::query_as(
            "select count(*), count(*) filter (where state = 'due'),
                 count(*) filter (where state = 'due' and run_at > now()),
                 coalesce(sum(case when walk_id is not null then written when fetched_at > $1::timestamptz then rows end), 0)::bigint
             from windows",
        )
        .bind(&begun)
        .fetch_one(pool)
        .await?;
        bar.set_length(u64::try_from(all)?);
        bar.set_position(u64::try_from(all - left)?);
        let written = u128::try_from(written - *first.get_or_insert(written)).unwrap_or(0);
        let rate = written * 1000 / bar.elapsed().as_millis().max(1);
        bar.set_message(format!(
            "{written} rows written, {rate} a second, {waiting} to try later"
        ));
        if left == 0 {
            bar.finish_and_clear();
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
