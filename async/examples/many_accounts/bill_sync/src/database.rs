//! The connection to PostgreSQL, and its schema.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::Result;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Connects, and brings the schema up to this program's version.
///
/// A connection that is idle within a transaction for longer than `lease` is closed by the server: it may belong to a
/// worker that is paused, and holds the lock on its lease.
///
/// # Errors
///
/// The database can't be reached, or its schema is of a later version.
pub async fn connect(url: &str, connections: u32, lease: Duration) -> Result<PgPool> {
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|it| url.starts_with(it))
    {
        return Err("--database must be a URL like postgres://host/name".into());
    }
    let timeout = lease.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| format!("--database must be a URL like postgres://host/name: {error}"))?
        .application_name("bill_sync")
        .options([
            ("search_path", "bill_sync"),
            ("idle_in_transaction_session_timeout", &*timeout),
            // A worker whose machine is gone doesn't close its connections.
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ]);
    let unreachable =
        |error| format!("can't connect to the database that --database names: {error}");
    // A pool would try for a while, and then not say why it failed.
    PgConnection::connect_with(&options)
        .await
        .map_err(unreachable)?
        .close()
        .await?;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(unreachable)?;
    sqlx::query("create schema if not exists bill_sync")
        .execute(&pool)
        .await
        .or_else(exists)
        .map_err(|error| format!("can't make the schema bill_sync in the database: {error}"))?;
    MIGRATIONS.run(&pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(version) => format!(
            "the database has version {version} of the schema, which this bill_sync doesn't know: use a later one"
        ),
        MigrateError::VersionMismatch(version) => format!(
            "version {version} of the database's schema isn't that of this bill_sync: use the one that made it, or \
             another database"
        ),
        error => format!(
            "the database's schema can't be brought up to date; if another program made it, use another database: \
             {error}"
        ),
    })?;
    graphile_worker::WorkerUtils::new(pool.clone(), "graphile_worker")
        .migrate()
        .await?;
    Ok(pool)
}

/// Two programs that start at once may both create the schema.
fn exists(error: sqlx::Error) -> Result<sqlx::postgres::PgQueryResult, sqlx::Error> {
    match error.as_database_error() {
        Some(error) if error.is_unique_violation() => Ok(Default::default()),
        _ => Err(error),
    }
}
