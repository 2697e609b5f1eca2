//! Which workers run, and whose keys they lack: not each of them needs all profiles.

use sqlx::{PgConnection, PgPool};

use crate::{Result, sync::Context};

/// What to do where no worker that runs finds an account's keys.
pub const GIVE_KEYS: &str = "give keys";

/// Adds a worker, and returns its number. Windows that were parked since nobody had the account's keys are due again.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn register(pool: &PgPool) -> Result<i64> {
    let mut transaction = pool.begin().await?;
    sqlx::query("delete from workers where seen_at < now() - interval '30 days'")
        .execute(&mut *transaction)
        .await?;
    try_again(&mut transaction).await?;
    let worker = sqlx::query_scalar("insert into workers default values returning id")
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(worker)
}

/// Writes down that the worker runs. If it was away for longer than a lease, as while the database was cut off, others
/// may have parked windows for whose accounts it has the keys: they are due again.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn seen(context: &Context) -> Result<()> {
    let mut transaction = context.pool.begin().await?;
    let was_away: Option<bool> = sqlx::query_scalar(
        "update workers w set seen_at = now() from workers before
         where w.id = $1 and before.id = w.id
         returning before.seen_at < now() - $2 * interval '1 s'",
    )
    .bind(context.worker)
    .bind(context.lease.as_secs_f64())
    .fetch_optional(&mut *transaction)
    .await?;
    if was_away == Some(true) {
        try_again(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Makes windows due again that are parked since nobody had the account's keys.
async fn try_again(transaction: &mut PgConnection) -> Result<()> {
    sqlx::query(
        "update windows set state = 'due', run_at = now(), failures = 0
         where state = 'parked' and remedy = $1",
    )
    .bind(GIVE_KEYS)
    .execute(transaction)
    .await?;
    Ok(())
}

/// Parks what is due where the last worker that had the account's keys is gone: no job would be given to the others.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn park_lacking(context: &Context) -> Result<()> {
    sqlx::query(
        // What others have locked is for the next time: `enqueue` locks many, in its own order.
        "update windows set state = 'parked', remedy = $2,
             error = 'no worker that runs finds the keys of profile ' || account
         where (account, data_set, month) in (
             select account, data_set, month from windows w
             where state = 'due' and account in (select account from lacks) and not exists (
                 select from workers where seen_at > now() - $1 * interval '1 s'
                     and id not in (select worker from lacks where account = w.account))
             for update of w skip locked)",
    )
    .bind(context.lease.as_secs_f64())
    .bind(GIVE_KEYS)
    .execute(&context.pool)
    .await?;
    Ok(())
}

/// The worker has ended.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn remove(pool: &PgPool, worker: i64) -> Result<()> {
    sqlx::query("delete from workers where id = $1")
        .bind(worker)
        .execute(pool)
        .await?;
    Ok(())
}

/// Writes down that the worker doesn't find the account's keys. Returns whether no worker has them: all that run lack
/// them. Until the transaction ends, no other worker writes the same of the account.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn all_lack(
    transaction: &mut PgConnection,
    context: &Context,
    account: &str,
) -> Result<bool> {
    sqlx::query("select from accounts where name = $1 for update")
        .bind(account)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("insert into lacks (account, worker) values ($1, $2) on conflict do nothing")
        .bind(account)
        .bind(context.worker)
        .execute(&mut *transaction)
        .await?;
    let all = sqlx::query_scalar(
        "select not exists (
             select from workers where seen_at > now() - $2 * interval '1 s'
                 and id not in (select worker from lacks where account = $1))",
    )
    .bind(account)
    .bind(context.lease.as_secs_f64())
    .fetch_one(transaction)
    .await?;
    Ok(all)
}
