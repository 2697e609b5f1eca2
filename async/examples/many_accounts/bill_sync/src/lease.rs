//! One holder an account and data set at a time: a row with a deadline, and a token that grows with each holder.
//!
//! A worker that is paused beyond its lease, or cut off from the database, doesn't know that another one has taken
//! over. Two checks hold nevertheless:
//!
//! - What it writes: [`Lease::confirm`] locks the lease's row and compares the token, in the transaction that writes. While
//!   that row is locked, nobody else gets the lease; a former holder finds another token.
//! - What it asks the service: the lease is also a deadline on the worker's own clock, never later than the one in
//!   the database. After it, connections refuse to send ([`Fence`](crate::fence::Fence)), so the quota belongs to the
//!   new holder alone. That one starts a second later, as the service counts requests by the second.

use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgPool};
use tokio::{sync::watch, task::JoinHandle, time::timeout_at};

use crate::Result;

/// How long a lease rests between two holders: the service's quotas are by the second.
pub const REST: Duration = Duration::from_millis(1_100);

/// Until when a worker may ask and write.
#[derive(Clone, Debug)]
pub struct Deadline(watch::Sender<Instant>);

impl Deadline {
    /// It passes after `time` from `start`.
    pub fn new(start: Instant, time: Duration) -> Self {
        Self(watch::Sender::new(start + time))
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        Instant::now() >= *self.0.borrow()
    }

    fn set(&self, to: Instant) {
        self.0.send_replace(to);
    }

    /// Returns when it has passed.
    async fn over(&self) {
        let mut changes = self.0.subscribe();
        loop {
            let until = *changes.borrow_and_update();
            if Instant::now() >= until {
                return;
            }
            // A change comes from the sender here, so there is no error.
            let _ = timeout_at(until.into(), changes.changed()).await;
        }
    }
}

/// The lease has another holder, or its deadline has passed.
#[derive(Debug)]
pub struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the lease is over, or another worker has it")
    }
}

impl std::error::Error for Lost {}

/// The right to ask an account for a data set, and to write what comes.
#[derive(Debug)]
pub struct Lease {
    pool: PgPool,
    account: String,
    data_set: String,
    token: i64,
    deadline: Deadline,
    /// Renews it, until this is dropped.
    renewal: JoinHandle<()>,
}

/// A lease, or the seconds after which to try again.
#[derive(Debug)]
pub enum Acquired {
    /// It is ours.
    Lease(Lease),
    /// It is another worker's, for so long at least unless it is released.
    Taken(Duration),
}

impl Lease {
    /// Takes the lease if nobody has it. Never waits for a transaction of another holder, which may be paused.
    ///
    /// # Errors
    ///
    /// What PostgreSQL says.
    pub async fn acquire(
        pool: &PgPool,
        account: &str,
        data_set: &str,
        holder: &str,
        time: Duration,
    ) -> Result<Acquired> {
        // Before the database sets its own deadline, so that this one is never later.
        let start = Instant::now();
        let token = sqlx::query_scalar(
            "with unlocked as (
                 select from leases where account = $1 and data_set = $2 for update skip locked)
             insert into leases as l (account, data_set, holder, token, expires_at)
             select $1, $2, $3, 1, clock_timestamp() + $4 * interval '1 s'
             where exists (select from unlocked)
                 or not exists (select from leases where account = $1 and data_set = $2)
             on conflict (account, data_set) do update
             set holder = $3, token = l.token + 1, expires_at = excluded.expires_at
             where l.expires_at + $5 * interval '1 s' <= clock_timestamp()
             returning token",
        )
        .bind(account)
        .bind(data_set)
        .bind(holder)
        .bind(time.as_secs_f64())
        .bind(REST.as_secs_f64())
        .fetch_optional(pool)
        .await?;
        let Some(token) = token else {
            let left: Option<f64> = sqlx::query_scalar(
                "select extract(epoch from expires_at - clock_timestamp())::float8 from leases
                 where account = $1 and data_set = $2",
            )
            .bind(account)
            .bind(data_set)
            .fetch_optional(pool)
            .await?;
            let left = Duration::from_secs_f64(left.unwrap_or(0.0).max(0.0));
            return Ok(Acquired::Taken(left + REST));
        };
        let deadline = Deadline::new(start, time);
        let row = (pool.clone(), account.to_owned(), data_set.to_owned(), token);
        let renewal = tokio::spawn(renew(row, deadline.clone(), time));
        Ok(Acquired::Lease(Self {
            pool: pool.clone(),
            account: account.into(),
            data_set: data_set.into(),
            token,
            deadline,
            renewal,
        }))
    }

    /// Whose data it is for.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What it is for.
    pub fn data_set(&self) -> &str {
        &self.data_set
    }

    /// Until when it holds by this worker's clock.
    pub const fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Returns the future's output, or `Lost` as soon as the lease is over.
    ///
    /// # Errors
    ///
    /// [`Lost`].
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> Result<T, Lost> {
        tokio::select! {
            biased;
            () = self.deadline.over() => Err(Lost),
            output = work => Ok(output),
        }
    }

    /// Locks the lease's row until the transaction ends, and compares the token: nobody else can write meanwhile.
    ///
    /// # Errors
    ///
    /// [`Lost`], and what PostgreSQL says.
    pub async fn confirm(&self, transaction: &mut PgConnection) -> Result<()> {
        let token: Option<i64> = sqlx::query_scalar(
            "select token from leases where account = $1 and data_set = $2 for update",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .fetch_optional(transaction)
        .await?;
        if token == Some(self.token) {
            Ok(())
        } else {
            Err(Lost.into())
        }
    }

    /// Ends it early by this worker's clock: it asks no more, and may still end the transaction that is under way.
    pub fn end(&self) {
        self.renewal.abort();
        self.deadline.set(Instant::now());
    }

    /// Gives it back. If the database can't be told, it ends by its deadline.
    ///
    /// # Errors
    ///
    /// What PostgreSQL says.
    pub async fn release(self) -> Result<()> {
        self.end();
        sqlx::query(
            "update leases set expires_at = clock_timestamp()
             where account = $1 and data_set = $2 and token = $3",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .bind(self.token)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Closes connections of workers that have been silent for longer than a lease in the middle of a `COPY`: its pages, and
/// the lock on its lease, would wait for as long as they are paused. Between statements, PostgreSQL does it by itself.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn close_silent(pool: &PgPool, time: Duration) -> Result<()> {
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and usename = current_user and application_name = 'bill_sync'
             and state = 'active' and wait_event = 'ClientRead'
             and query_start < clock_timestamp() - $1 * interval '1 s'",
    )
    .bind(time.as_secs_f64())
    .execute(pool)
    .await?;
    Ok(())
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.end();
    }
}

async fn renew(row: (PgPool, String, String, i64), deadline: Deadline, time: Duration) {
    let (pool, account, data_set, token) = row;
    loop {
        tokio::time::sleep(time / 3).await;
        let start = Instant::now();
        let renewed = sqlx::query(
            "update leases set expires_at = clock_timestamp() + $4 * interval '1 s'
             where account = $1 and data_set = $2 and token = $3 and expires_at > clock_timestamp()",
        )
        .bind(&account)
        .bind(&data_set)
        .bind(token)
        .bind(time.as_secs_f64())
        .execute(&pool)
        .await;
        match renewed {
            Ok(done) if done.rows_affected() == 0 => return deadline.set(Instant::now()),
            Ok(_) => deadline.set(start + time),
            // It holds until its deadline; the next try may succeed.
            Err(error) => tracing::warn!(account, data_set, %error, "the lease can't be renewed"),
        }
    }
}
