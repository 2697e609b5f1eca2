//! Whether the rows come to the service's own totals, and, if asked for, are those of a plain walk.

use std::{sync::Arc, time::Duration};

use bills::{account::Account, data_set::DataSet};
use sqlx::{AssertSqlSafe, types::Decimal};
use tc3_async::{Client, Paginate};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    Result, accounts, data_set,
    fence::Fence,
    lease::{Acquired, Lease},
    rows,
    sync::Context,
    window::{COLUMNS, Window},
};

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What.
    pub name: String,
    /// In the database.
    pub ours: String,
    /// The service's.
    pub theirs: String,
}

/// How many accounts and data sets are compared at once.
const AT_ONCE: usize = 8;

/// What was compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many windows.
    pub windows: usize,
    /// How many were not, since they are due or parked.
    pub left: usize,
    /// A line for each difference.
    pub differences: Vec<String>,
}

/// Compares every window that is done.
///
/// # Errors
///
/// What PostgreSQL or the service says.
pub async fn all(context: &Context, with_rows: bool) -> Result<Verified> {
    let left: i64 = sqlx::query_scalar("select count(*) from windows where state <> 'done'")
        .fetch_one(&context.pool)
        .await?;
    let sql = format!(
        "select {COLUMNS} from windows where state = 'done' order by account, data_set, month"
    );
    let windows: Vec<Window> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&context.pool)
        .await?;
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let (mut tasks, mut lines) = (JoinSet::new(), Vec::new());
    // One lease and client for an account's data set, which keep its rate.
    for list in windows.chunk_by(|a, b| (&a.account, &a.data_set) == (&b.account, &b.data_set)) {
        let permit = Arc::clone(&permits).acquire_owned().await?;
        let (context, list) = (context.clone(), list.to_vec());
        tasks.spawn(async move {
            let lines = one(&context, &list, with_rows).await;
            drop(permit);
            lines
        });
    }
    while let Some(compared) = tasks.join_next().await {
        lines.extend(compared??);
    }
    lines.sort();
    Ok(Verified {
        windows: windows.len(),
        left: usize::try_from(left)?,
        differences: lines,
    })
}

/// Compares windows of one account and data set.
async fn one(context: &Context, windows: &[Window], with_rows: bool) -> Result<Vec<String>> {
    let Some(first) = windows.first() else {
        return Ok(Vec::new());
    };
    let account = accounts::load(&context.pool, &first.account).await?;
    let data_set = data_set::named(&first.data_set)?;
    // As a worker would, so that both together keep the account's rate.
    let (pool, time) = (&context.pool, context.lease);
    let holder = context.holder();
    let lease = loop {
        match Lease::acquire(pool, &account.name, data_set.name(), &holder, time).await? {
            Acquired::Lease(lease) => break lease,
            Acquired::Taken(left) => tokio::time::sleep(left.min(Duration::from_secs(1))).await,
        }
    };
    let lines = compare(context, &lease, &account, windows, with_rows).await;
    lease.release().await?;
    lines
}

async fn compare(
    context: &Context,
    lease: &Lease,
    account: &Account,
    windows: &[Window],
    with_rows: bool,
) -> Result<Vec<String>> {
    let data_set = data_set::named(lease.data_set())?;
    let fence = Fence::new(lease.deadline().clone());
    let client = account.client()?.connector(fence).build();
    let mut lines = Vec::new();
    for window in windows {
        let compared = data_set
            .verify(context, &client, account, window, with_rows)
            .await;
        let Window {
            account,
            data_set,
            month,
            ..
        } = window;
        let differences =
            compared.map_err(|error| format!("{account} {data_set} {month}: {error}"))?;
        lines.extend(
            differences
                .into_iter()
                .map(|Difference { name, ours, theirs }| {
                    format!(
                        "{account} {data_set} {month}: {name} is {ours}, the service has {theirs}"
                    )
                }),
        );
    }
    Ok(lines)
}

pub(crate) async fn window<D: DataSet>(
    context: &Context,
    client: &Client,
    account: &Account,
    window: &Window,
    with_rows: bool,
) -> Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let totals = D::totals(client, account, window.month()?).await?;
    if totals.is_empty() && !with_rows {
        differences.push(Difference {
            name: "the total".into(),
            ours: "compared with nothing".into(),
            theirs: "none: --rows compares the rows".into(),
        });
    }
    for total in totals {
        let sql = format!(
            "select coalesce({}, 0)::numeric from {} where account = $1 and month = $2::date",
            total.expression,
            D::NAME
        );
        let ours: Decimal = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(&window.account)
            .bind(&window.month)
            .fetch_one(&context.pool)
            .await?;
        if ours != total.value {
            differences.push(Difference {
                name: total.name,
                ours: ours.to_string(),
                theirs: total.value.to_string(),
            });
        }
    }
    if with_rows {
        differences.extend(compare_rows::<D>(context, client, account, window).await?);
    }
    Ok(differences)
}

/// Walks the list once more, and compares each field of each row in a transaction that is rolled back.
async fn compare_rows<D: DataSet>(
    context: &Context,
    client: &Client,
    account: &Account,
    window: &Window,
) -> Result<Vec<Difference>> {
    let list = D::list(account, window.month()?).ok_or("the list is gone")?;
    let mut pages = client.pages(list).width(context.width);
    let mut transaction = context.pool.begin().await?;
    let table = D::NAME;
    let sql = format!("create temp table plain_{table} (like {table}_rows) on commit drop");
    sqlx::query(AssertSqlSafe(sql))
        .execute(&mut *transaction)
        .await?;
    let into = format!("plain_{table}");
    let mut number = 0;
    while let Some(page) = pages.next().await {
        let records = <D::Action as Paginate>::into_items(page?.output);
        rows::insert::<D>(&mut transaction, &into, 0, number, vec![records]).await?;
        number += 1;
    }
    let columns: Vec<String> = rows::stored::<D>().collect();
    let columns = format!("part, {}", columns.join(", "));
    let ours = format!("select {columns} from {table} where account = $1 and month = $2::date");
    let plain = format!("select {columns} from plain_{table}");
    let count = format!(
        "select (select count(*) from ({ours} except all {plain}) a),
                (select count(*) from ({plain} except all {ours}) b)"
    );
    let (more, fewer): (i64, i64) = sqlx::query_as(AssertSqlSafe(count))
        .bind(&window.account)
        .bind(&window.month)
        .fetch_one(&mut *transaction)
        .await?;
    let differences = match (more, fewer) {
        (0, 0) => Vec::new(),
        _ => vec![Difference {
            name: format!("rows of {table}"),
            ours: format!("{more} others"),
            theirs: format!("{fewer} that are missing"),
        }],
    };
    transaction.rollback().await?;
    Ok(differences)
}
