//! What is to be fetched, and the jobs for it.
//!
//! The row of a window says what is to be done; a job only wakes a worker for an account and data set. So a job that is
//! given out twice finds nothing left to do, and one that is lost costs time, not rows.

use std::time::Duration;

use bills::account::Account;
use serde_json::json;
use sqlx::{PgExecutor, PgPool};
use tc3_async::Month;

use crate::{Result, accounts, data_set::AnyDataSet};

/// The task's name in the engine.
pub const TASK: &str = "sync";

/// What to enqueue.
#[derive(Debug)]
pub struct Order<'a> {
    /// Whose bills.
    pub accounts: &'a [Account],
    /// Which data sets.
    pub data_sets: &'a [&'static dyn AnyDataSet],
    /// The first month; `None`: the first one known of each account and data set, else the current one.
    pub from: Option<Month>,
    /// The last month.
    pub to: Month,
    /// The first month that may still change.
    pub first_open: Month,
    /// Whether months that are done and closed are fetched again.
    pub again: bool,
}

fn first_day(month: Month) -> String {
    month.first_day().to_string()
}

/// Adds windows that are missing, makes those due that have to be fetched, and adds a job where one is due. All or
/// nothing.
///
/// A month that is done and was closed when its walk began stays as it is, and so does a walk that is under way.
/// Whatever was parked is due again.
///
/// Returns how many windows are due.
///
/// # Errors
///
/// A range that is none, or what PostgreSQL says.
pub async fn enqueue(pool: &PgPool, order: &Order<'_>) -> Result<u64> {
    let mut transaction = pool.begin().await?;
    let mut due = 0;
    for account in order.accounts {
        accounts::store(&mut transaction, account).await?;
        // Their keys may be there by now.
        sqlx::query("delete from lacks where account = $1")
            .bind(&account.name)
            .execute(&mut *transaction)
            .await?;
        for data_set in order.data_sets.iter().filter(|it| it.concerns(account)) {
            let from = match order.from {
                Some(from) => from,
                None => {
                    let first: Option<String> = sqlx::query_scalar(
                        "select to_char(min(month), 'YYYY-MM') from windows
                         where account = $1 and data_set = $2",
                    )
                    .bind(&account.name)
                    .bind(data_set.name())
                    .fetch_one(&mut *transaction)
                    .await?;
                    first.map_or(Ok(order.to), |first| first.parse())?
                }
            };
            let months: Vec<Month> = from.through(order.to)?.collect();
            let closed: Vec<bool> = months
                .iter()
                .map(|month| *month < order.first_open)
                .collect();
            let months: Vec<String> = months.into_iter().map(first_day).collect();
            sqlx::query(
                "insert into windows as w (account, data_set, month, closed)
                 select $1, $2, month::date, closed from unnest($3::text[], $4::bool[]) as t (month, closed)
                 on conflict (account, data_set, month) do update set
                     state = 'due',
                     closed = case when w.walk_id is null then excluded.closed else w.closed end,
                     run_at = case when w.state = 'due' then w.run_at else now() end,
                     failures = case when w.state = 'due' then w.failures else 0 end
                 where w.state <> 'done' or not w.closed or $5",
            )
            .bind(&account.name)
            .bind(data_set.name())
            .bind(&months)
            .bind(&closed)
            .bind(order.again)
            .execute(&mut *transaction)
            .await?;
            let left: i64 = sqlx::query_scalar(
                "select count(*) from windows where account = $1 and data_set = $2 and state = 'due'",
            )
            .bind(&account.name)
            .bind(data_set.name())
            .fetch_one(&mut *transaction)
            .await?;
            if left > 0 {
                due += u64::try_from(left)?;
                add_job(
                    &mut *transaction,
                    &account.name,
                    data_set.name(),
                    Duration::ZERO,
                )
                .await?;
            }
        }
    }
    transaction.commit().await?;
    Ok(due)
}

/// Adds a job for an account's data set, in place of one that waits. It isn't for workers that lack the account's keys.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn add_job(
    executor: impl PgExecutor<'_>,
    account: &str,
    data_set: &str,
    after: Duration,
) -> Result<()> {
    // The window's row counts failures; the engine has no say in when to give up.
    sqlx::query(
        "select from graphile_worker.add_job($1, payload => $2::json, run_at => now() + $3 * interval '1 s',
             max_attempts => 32767, job_key => $4,
             flags => array(select 'not ' || worker from lacks where account = $5))",
    )
    .bind(TASK)
    .bind(json!({"account": account, "data_set": data_set}))
    .bind(after.as_secs_f64())
    .bind(format!("{data_set} {account}"))
    .bind(account)
    .execute(executor)
    .await?;
    Ok(())
}

/// Adds a job wherever a window is due and the engine has no job for it that begins within this time. Returns how many
/// there are.
///
/// The engine may lose a job: a worker that comes back from a pause ends its job even if another one has it by now. A job
/// for a window that is due later may replace one that was added at the same time.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn add_lost_jobs(pool: &PgPool, within: Duration) -> Result<u64> {
    let lost: Vec<(String, String)> = sqlx::query_as(
        "select distinct account, data_set from windows
         where state = 'due' and run_at <= now() and not exists (
             select from graphile_worker.jobs
             where key = data_set || ' ' || account and jobs.run_at <= now() + $1 * interval '1 s')",
    )
    .bind(within.as_secs_f64())
    .fetch_all(pool)
    .await?;
    for (account, data_set) in &lost {
        add_job(pool, account, data_set, Duration::ZERO).await?;
    }
    Ok(u64::try_from(lost.len())?)
}

/// Adds a job for the account's earliest window that is due, if there is one.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn add_next_job(pool: &PgPool, account: &str, data_set: &str) -> Result<()> {
    let wait: Option<f64> = sqlx::query_scalar(
        "select extract(epoch from min(run_at) - now())::float8 from windows
         where account = $1 and data_set = $2 and state = 'due'",
    )
    .bind(account)
    .bind(data_set)
    .fetch_one(pool)
    .await?;
    match wait {
        Some(wait) => {
            add_job(
                pool,
                account,
                data_set,
                Duration::from_secs_f64(wait.max(0.0)),
            )
            .await
        }
        None => Ok(()),
    }
}
