//! The accounts in the database: names of profiles, never keys.

use bills::account::Account;
use sqlx::{PgConnection, PgPool, Row};

use crate::Result;

/// Adds the account, or writes down what has changed.
///
/// # Errors
///
/// What PostgreSQL says.
pub async fn store(connection: &mut PgConnection, account: &Account) -> Result<()> {
    sqlx::query(
        "insert into accounts (name, endpoint, app_id, rate) values ($1, $2, $3, $4)
         on conflict (name) do update set endpoint = $2, app_id = $3, rate = $4",
    )
    .bind(&account.name)
    .bind(&account.endpoint)
    .bind(&account.app_id)
    .bind(account.rate.map(i64::from))
    .execute(connection)
    .await?;
    Ok(())
}

/// The account of this name.
///
/// # Errors
///
/// None has it, or what PostgreSQL says.
pub async fn load(pool: &PgPool, name: &str) -> Result<Account> {
    let account = sqlx::query("select name, endpoint, app_id, rate from accounts where name = $1")
        .bind(name)
        .fetch_optional(pool)
        .await?
        .ok_or_else(|| format!("there is no account {name:?} in the database"))?;
    let rate: Option<i64> = account.try_get("rate")?;
    Ok(Account {
        name: account.try_get("name")?,
        endpoint: account.try_get("endpoint")?,
        app_id: account.try_get("app_id")?,
        rate: rate.map(u32::try_from).transpose()?,
    })
}
