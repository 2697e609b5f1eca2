//! Whether the rows come to the service's own totals, and, if asked for, are those of a plain walk.

use sqlx::{AssertSqlSafe, types::Decimal};
use tc3_async::Paginate;

use crate::{
    Result,
    accounts::Account,
    data_set::{self, DataSet},
    rows::Origin,
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

/// Compares every window that is done, and prints each difference. Returns how many windows and differences there are.
///
/// # Errors
///
/// What PostgreSQL or the service says.
pub async fn all(
    context: &Context,
    with_rows: bool,
    print: impl Fn(String),
) -> Result<(usize, usize)> {
    let sql = format!(
        "select {COLUMNS} from windows where state = 'done' order by account, data_set, month"
    );
    let windows: Vec<Window> = sqlx::query_as(AssertSqlSafe(sql))
        .fetch_all(&context.pool)
        .await?;
    let mut count = 0;
    for window in &windows {
        let account = Account::load(&context.pool, &window.account).await?;
        let data_set = data_set::named(&window.data_set)?;
        for difference in data_set
            .verify(context, &account, window, with_rows)
            .await?
        {
            let Window {
                account,
                data_set,
                month,
                ..
            } = window;
            let Difference { name, ours, theirs } = difference;
            print(format!(
                "{account} {data_set} {month}: {name} is {ours}, the service has {theirs}"
            ));
            count += 1;
        }
    }
    Ok((windows.len(), count))
}

pub(crate) async fn window<D: DataSet>(
    context: &Context,
    account: &Account,
    window: &Window,
    with_rows: bool,
) -> Result<Vec<Difference>> {
    let client = account.client(None)?;
    let mut differences = Vec::new();
    for total in D::totals(&client, account, window.month()?).await? {
        let sql = format!(
            "select coalesce({}, 0)::numeric from {} where account = $1 and month = $2::date",
            total.expression, total.view
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
        differences.extend(rows::<D>(context, account, window).await?);
    }
    Ok(differences)
}

/// Walks the list once more, and compares each field of each row in a transaction that is rolled back.
async fn rows<D: DataSet>(
    context: &Context,
    account: &Account,
    window: &Window,
) -> Result<Vec<Difference>> {
    let list = D::list(account, window.month()?).ok_or("the list is gone")?;
    let client = account.client(None)?;
    let mut pages = client.pages(list).width(context.width);
    let mut transaction = context.pool.begin().await?;
    for (table, _) in D::TABLES {
        let sql = format!("create temp table plain_{table} (like {table}_rows) on commit drop");
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut *transaction)
            .await?;
    }
    let mut origin = Origin {
        account: &window.account,
        month: &window.month,
        walk: 0,
        page: 0,
    };
    let mut columns: Vec<(&str, String)> = Vec::new();
    while let Some(page) = pages.next().await {
        let records = <D::Action as Paginate>::into_items(page?.output);
        let batches = D::batches(&records)?;
        columns.clear();
        for batch in &batches {
            let into = format!("plain_{}", batch.table());
            batch.insert(&mut transaction, &into, origin).await?;
            columns.push((
                batch.table(),
                batch.columns().collect::<Vec<_>>().join(", "),
            ));
        }
        origin.page += 1;
    }
    let mut differences = Vec::new();
    for (table, columns) in columns {
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
        if (more, fewer) != (0, 0) {
            differences.push(Difference {
                name: format!("rows of {table}"),
                ours: format!("{more} others"),
                theirs: format!("{fewer} that are missing"),
            });
        }
    }
    transaction.rollback().await?;
    Ok(differences)
}
