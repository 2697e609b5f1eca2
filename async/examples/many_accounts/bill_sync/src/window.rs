//! A month of an account's data set: whether it is to be fetched, where its walk stands, and which rows count.

use std::time::Duration;

use bills::data_set::DataSet;
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, postgres::PgDatabaseError, types::Json};
use tc3_async::{Error, Month, Remedy};
use tc3_example_support::with_causes;

use crate::{
    Result,
    lease::{Lease, Lost},
    rows::{self, Page},
    sync::Context,
    workers,
};

/// A row of `windows`.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Window {
    /// The account's name.
    pub account: String,
    /// The data set's name.
    pub data_set: String,
    /// `yyyy-MM-dd`, the first of the month.
    pub month: String,
    /// The walk that is under way.
    pub walk_id: Option<i64>,
    /// Where it stands.
    pub walk: Option<Json<serde_json::Value>>,
    /// How many pages it has written.
    pub pages: i32,
    /// The walk whose rows count.
    pub shown_walk: Option<i64>,
    /// Failures since it was last done.
    pub failures: i32,
}

/// The columns of a [`Window`].
pub const COLUMNS: &str =
    "account, data_set, month::text as month, walk_id, walk, pages, shown_walk, failures";

/// How long to wait before a window is tried again.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After a failure that may pass in seconds; twice as long after each further one.
    pub first: Duration,
    /// Where the service asks for a longer wait; and the longest of all.
    pub later: Duration,
}

impl Backoff {
    /// The wait after so many failures in a row.
    fn after(&self, remedy: Remedy, failures: i32) -> Duration {
        let doublings = u32::try_from(failures).unwrap_or(0).min(16);
        match remedy {
            Remedy::Later => self.later,
            // Another worker may do it, at once.
            Remedy::Mend => self.first,
            _ => self.first.saturating_mul(1 << doublings).min(self.later),
        }
    }
}

/// Why a window can't be fetched now.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What to do.
    pub remedy: Remedy,
    /// The error and its causes in one line.
    pub error: String,
    /// What a ticket needs.
    pub ticket: String,
    /// Whether this worker doesn't find the account's keys.
    no_keys: bool,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        Self {
            remedy: error.remedy(),
            error: with_causes(error),
            ticket: error.ticket(),
            no_keys: matches!(error, Error::Credentials(_)),
        }
    }
}

impl Failure {
    /// Pages with a value that PostgreSQL refuses, such as a text with a zero byte: it would refuse it each time. The line
    /// that it names counts from the first page after those that are written. `None` for all other errors, after which the
    /// pages are fetched again.
    pub fn of_values(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let error = error.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        // The class of data exceptions.
        if !error.code()?.starts_with("22") {
            return None;
        }
        let place = error.try_downcast_ref::<PgDatabaseError>();
        let place = place.and_then(PgDatabaseError::r#where).unwrap_or_default();
        Some(Self {
            remedy: Remedy::Mend,
            error: format!("PostgreSQL refuses a value: {}: {place}", error.message()),
            ticket: String::new(),
            no_keys: false,
        })
    }
}

impl Window {
    /// The earliest window of the lease's account and data set that is due now.
    ///
    /// # Errors
    ///
    /// What PostgreSQL says.
    pub async fn next(pool: &PgPool, lease: &Lease) -> Result<Option<Self>> {
        let sql = format!(
            "select {COLUMNS} from windows
             where account = $1 and data_set = $2 and state = 'due' and run_at <= now()
             order by month limit 1"
        );
        let window = sqlx::query_as(AssertSqlSafe(sql))
            .bind(lease.account())
            .bind(lease.data_set())
            .fetch_optional(pool)
            .await?;
        Ok(window)
    }

    /// The month.
    ///
    /// # Errors
    ///
    /// The database has something else.
    pub fn month(&self) -> Result<Month> {
        let (year_and_month, _) = self.month.rsplit_once('-').unwrap_or_default();
        Ok(year_and_month.parse()?)
    }

    /// Starts a walk anew: what an earlier one has written is deleted.
    ///
    /// # Errors
    ///
    /// [`Lost`], or what PostgreSQL says.
    pub async fn begin<D: DataSet>(
        &mut self,
        pool: &PgPool,
        lease: &Lease,
        walk: &impl Serialize,
    ) -> Result<()> {
        let mut transaction = pool.begin().await?;
        lease.confirm(&mut transaction).await?;
        delete_walk::<D>(&mut transaction, self.walk_id).await?;
        let walk_id: Option<i64> = sqlx::query_scalar(
            "update windows set walk_id = nextval('walks'), walk = $4, pages = 0, written = 0
             where account = $1 and data_set = $2 and month = $3::date and walk_id is not distinct from $5
             returning walk_id",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .bind(&self.month)
        .bind(Json(walk))
        .bind(self.walk_id)
        .fetch_optional(&mut *transaction)
        .await?;
        transaction.commit().await?;
        self.walk_id = Some(walk_id.ok_or(Lost)?);
        self.pages = 0;
        Ok(())
    }

    /// Writes the rows of the next pages, and where the walk stands after them, in one transaction.
    ///
    /// # Errors
    ///
    /// [`Lost`], or what PostgreSQL says: then nothing is written.
    pub async fn write_pages<D: DataSet>(
        &mut self,
        pool: &PgPool,
        lease: &Lease,
        pages: Vec<Page<D>>,
        walk: &impl Serialize,
    ) -> Result<()> {
        let walk_id = self.walk_id.ok_or(Lost)?;
        let count = i32::try_from(pages.len())?;
        let mut transaction = pool.begin().await?;
        lease.confirm(&mut transaction).await?;
        let into = format!("{}_rows", D::NAME);
        let rows = rows::insert::<D>(&mut transaction, &into, walk_id, self.pages, pages).await?;
        let written = sqlx::query(
            "update windows set walk = $6, pages = pages + $7, written = written + $8
             where account = $1 and data_set = $2 and month = $3::date and walk_id = $4 and pages = $5",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .bind(&self.month)
        .bind(walk_id)
        .bind(self.pages)
        .bind(Json(walk))
        .bind(count)
        .bind(i64::try_from(rows)?)
        .execute(&mut *transaction)
        .await?;
        if written.rows_affected() != 1 {
            return Err(Lost.into());
        }
        transaction.commit().await?;
        self.pages += count;
        Ok(())
    }

    /// The walk has come to its end: from now on its rows count, and those of the one before are gone.
    ///
    /// # Errors
    ///
    /// [`Lost`], or what PostgreSQL says.
    pub async fn finish<D: DataSet>(&self, pool: &PgPool, lease: &Lease) -> Result<()> {
        let mut transaction = pool.begin().await?;
        lease.confirm(&mut transaction).await?;
        delete_walk::<D>(&mut transaction, self.shown_walk).await?;
        let finished = sqlx::query(
            "update windows set state = 'done', shown_walk = walk_id, rows = written, fetched_at = now(),
                 walk_id = null, walk = null, pages = 0, written = 0,
                 failures = 0, error = null, remedy = null, ticket = null
             where account = $1 and data_set = $2 and month = $3::date and walk_id = $4 and pages = $5",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .bind(&self.month)
        .bind(self.walk_id)
        .bind(self.pages)
        .execute(&mut *transaction)
        .await?;
        if finished.rows_affected() != 1 {
            return Err(Lost.into());
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Writes down an error, and does what the library says: later, anew, or parked for a person. Returns whether it is
    /// parked.
    ///
    /// Keys that this worker doesn't find may be where another one runs. When none has them, all windows of the account are
    /// parked.
    ///
    /// # Errors
    ///
    /// [`Lost`], or what PostgreSQL says.
    pub async fn fail<D: DataSet>(
        &self,
        context: &Context,
        lease: &Lease,
        failure: &Failure,
    ) -> Result<bool> {
        let remedy = failure.remedy;
        let mut transaction = context.pool.begin().await?;
        lease.confirm(&mut transaction).await?;
        let no_keys = failure.no_keys;
        let parked = match no_keys {
            true => workers::all_lack(&mut transaction, context, &self.account).await?,
            false => remedy == Remedy::Mend,
        };
        let anew = remedy == Remedy::StartOver;
        if anew {
            delete_walk::<D>(&mut transaction, self.walk_id).await?;
        }
        sqlx::query(
            "update windows set state = $4, run_at = now() + $5 * interval '1 s', failures = failures + 1,
                 error = $6, remedy = $7, ticket = $8,
                 walk_id = case when $9 then null else walk_id end,
                 walk = case when $9 then null else walk end,
                 pages = case when $9 then 0 else pages end,
                 written = case when $9 then 0 else written end
             where account = $1 and ((data_set, month) = ($2, $3::date) or $10 and state = 'due')",
        )
        .bind(&self.account)
        .bind(&self.data_set)
        .bind(&self.month)
        .bind(if parked { "parked" } else { "due" })
        .bind(context.backoff.after(remedy, self.failures).as_secs_f64())
        .bind(&failure.error)
        .bind(if no_keys { workers::GIVE_KEYS } else { remedy.as_str() })
        .bind(&failure.ticket)
        .bind(anew)
        .bind(parked && no_keys)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(parked)
    }
}

/// Deletes what a walk has written.
async fn delete_walk<D: DataSet>(connection: &mut PgConnection, walk: Option<i64>) -> Result<()> {
    let Some(walk) = walk else {
        return Ok(());
    };
    let sql = format!("delete from {}_rows where walk = $1", D::NAME);
    sqlx::query(AssertSqlSafe(sql))
        .bind(walk)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_in_a_row_doubles_the_wait() {
        let backoff = Backoff {
            first: Duration::from_secs(5),
            later: Duration::from_secs(600),
        };
        let waits = [0, 1, 2, 30].map(|failures| backoff.after(Remedy::Resume, failures).as_secs());
        assert_eq!(waits, [5, 10, 20, 600]);
        assert_eq!(backoff.after(Remedy::Later, 0).as_secs(), 600);
    }
}
