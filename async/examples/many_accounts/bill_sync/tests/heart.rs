//! A page's rows and where the walk stands are one transaction, and only the holder of the lease writes.
//!
//! These need PostgreSQL: `tests/sync.sh` starts one and runs them.

use std::{env, time::Duration};

use bill_sync::{
    Result, database, enqueue,
    enqueue::Order,
    lease::{Acquired, Lease, Lost, close_silent},
    status,
    sync::Context,
    window::{Backoff, Failure, Window},
    workers,
};
use bills::{account::Account, data_set::BillList};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};
use tc3_async::{Month, billing::BillTransactionInfo};

const LEASE: Duration = Duration::from_secs(2);

/// A database, and an account of this name with one month that is due.
async fn prepare(name: &str) -> Result<PgPool> {
    let url = env::var("DATABASE_URL")?;
    let pool = database::connect(&url, 4, LEASE).await?;
    sqlx::query("delete from accounts where name = $1")
        .bind(name)
        .execute(&pool)
        .await?;
    let account = Account {
        name: name.into(),
        endpoint: None,
        app_id: None,
        rate: None,
    };
    let month = Month::new(2024, 1)?;
    let order = Order {
        accounts: &[account],
        data_sets: &[&BillList],
        from: Some(month),
        to: month,
        first_open: month.plus(1)?,
        again: false,
    };
    enqueue::enqueue(&pool, &order).await?;
    Ok(pool)
}

async fn acquire(pool: &PgPool, name: &str, holder: &str) -> Result<Lease> {
    match Lease::acquire(pool, name, "bill_list", holder, LEASE).await? {
        Acquired::Lease(lease) => Ok(lease),
        Acquired::Taken(left) => Err(format!("taken for {left:?}").into()),
    }
}

/// As [`prepare`], with a lease and the walk of the window begun.
async fn begun(name: &str) -> Result<(PgPool, Lease, Window)> {
    let pool = prepare(name).await?;
    let lease = acquire(&pool, name, "a").await?;
    let mut window = Window::next(&pool, &lease).await?.ok_or("nothing is due")?;
    window
        .begin::<BillList>(&pool, &lease, &json!("start"))
        .await?;
    Ok((pool, lease, window))
}

fn page(ids: &[&str]) -> Result<Vec<BillTransactionInfo>> {
    let record = |id: &&str| {
        serde_json::from_value(json!({
            "ActionType": "deduct", "Amount": -100, "BillId": id,
            "OperationTime": "2024-01-05 12:00:00",
        }))
    };
    Ok(ids.iter().map(record).collect::<Result<_, _>>()?)
}

async fn rows(pool: &PgPool, name: &str) -> Result<i64> {
    let sql = "select count(*) from bill_list_rows where walk in (
        select unnest(array[walk_id, shown_walk]) from windows where account = $1)";
    Ok(sqlx::query_scalar(sql).bind(name).fetch_one(pool).await?)
}

async fn stored(pool: &PgPool, lease: &Lease) -> Result<(i32, Option<Value>)> {
    let window = Window::next(pool, lease)
        .await?
        .ok_or("the window is not due")?;
    Ok((window.pages, window.walk.map(|walk| walk.0)))
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_text_is_stored_as_it_is() -> Result<()> {
    let name = "texts";
    let (pool, lease, mut window) = begun(name).await?;
    let texts = [
        "", "\\N", "\\.", "a\tb", "a\r\nb\n", "\"'\\", "\u{1}", "费用",
    ];
    window
        .write_pages::<BillList>(&pool, &lease, vec![page(&texts)?], &json!("end"))
        .await?;
    let sql = "select bill_id from bill_list_rows where walk in (
        select walk_id from windows where account = $1) order by line";
    let stored: Vec<String> = sqlx::query_scalar(sql).bind(name).fetch_all(&pool).await?;
    assert_eq!(stored, texts);
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn pages_that_share_a_transaction_keep_their_numbers() -> Result<()> {
    let name = "together";
    let (pool, lease, mut window) = begun(name).await?;
    for pages in [
        vec![page(&["1", "2"])?],
        vec![page(&["3"])?, page(&[])?, page(&["4", "5"])?],
        vec![page(&["6"])?],
    ] {
        let count = pages.len();
        window
            .write_pages::<BillList>(&pool, &lease, pages, &json!(count))
            .await?;
    }
    let sql = "select page, line, bill_id from bill_list_rows where walk in (
        select walk_id from windows where account = $1) order by page, line";
    let stored_rows: Vec<(i32, i32, String)> =
        sqlx::query_as(sql).bind(name).fetch_all(&pool).await?;
    let numbered = [(0, 0), (0, 1), (1, 0), (3, 0), (3, 1), (4, 0)];
    let expected = (1..).zip(numbered);
    let expected: Vec<_> = expected
        .map(|(id, (page, line)): (i32, _)| (page, line, id.to_string()))
        .collect();
    assert_eq!(stored_rows, expected);
    assert_eq!(stored(&pool, &lease).await?, (5, Some(json!(1))));
    let written: i64 = sqlx::query_scalar("select written from windows where account = $1")
        .bind(name)
        .fetch_one(&pool)
        .await?;
    assert_eq!(written, 6);
    // One that PostgreSQL refuses takes those beside it along.
    let pages = vec![page(&["7"])?, page(&["a\0b"])?];
    let written = window
        .write_pages::<BillList>(&pool, &lease, pages, &json!("after"))
        .await;
    assert!(Failure::of_values(&*written.unwrap_err()).is_some());
    assert_eq!(rows(&pool, name).await?, 6);
    assert_eq!(stored(&pool, &lease).await?, (5, Some(json!(1))));
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_page_that_fails_leaves_neither_rows_nor_a_position() -> Result<()> {
    let name = "fails";
    let (pool, lease, mut window) = begun(name).await?;
    window
        .write_pages::<BillList>(&pool, &lease, vec![page(&["1", "2"])?], &json!("after 2"))
        .await?;
    // The same page once more, by a worker that doesn't know of it, and then one that PostgreSQL refuses.
    let mut behind = window.clone();
    behind.pages = 0;
    assert!(
        behind
            .write_pages::<BillList>(&pool, &lease, vec![page(&["1", "2"])?], &json!("again"))
            .await
            .is_err()
    );
    let mut ahead = window.clone();
    ahead.pages = 5;
    assert!(
        ahead
            .write_pages::<BillList>(&pool, &lease, vec![page(&["9"])?], &json!("ahead"))
            .await
            .is_err()
    );
    assert_eq!(rows(&pool, name).await?, 2);
    assert_eq!(stored(&pool, &lease).await?, (1, Some(json!("after 2"))));
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_worker_whose_lease_has_another_holder_writes_nothing() -> Result<()> {
    let name = "paused";
    let (pool, first, mut window) = begun(name).await?;
    window
        .write_pages::<BillList>(&pool, &first, vec![page(&["1"])?], &json!("after 1"))
        .await?;
    assert!(
        acquire(&pool, name, "b").await.is_err(),
        "one holder at a time"
    );

    // As if it were paused for longer than its lease.
    sqlx::query("update leases set expires_at = now() - interval '1 min' where account = $1")
        .bind(name)
        .execute(&pool)
        .await?;
    let second = acquire(&pool, name, "b").await?;
    let mut taken_over = Window::next(&pool, &second)
        .await?
        .ok_or("nothing is due")?;
    let late = window
        .write_pages::<BillList>(&pool, &first, vec![page(&["2"])?], &json!("late"))
        .await;
    assert!(late.unwrap_err().is::<Lost>());
    assert!(
        window
            .finish::<BillList>(&pool, &first)
            .await
            .unwrap_err()
            .is::<Lost>()
    );
    assert!(
        window
            .begin::<BillList>(&pool, &first, &json!(0))
            .await
            .unwrap_err()
            .is::<Lost>()
    );
    assert_eq!(rows(&pool, name).await?, 1);

    taken_over
        .write_pages::<BillList>(&pool, &second, vec![page(&["2"])?], &json!("after 2"))
        .await?;
    taken_over.finish::<BillList>(&pool, &second).await?;
    assert_eq!(rows(&pool, name).await?, 2);
    assert!(Window::next(&pool, &second).await?.is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_lease_is_kept_by_who_works_and_lost_by_who_is_cut_off() -> Result<()> {
    let name = "kept";
    let pool = prepare(name).await?;
    let lease = acquire(&pool, name, "a").await?;
    tokio::time::sleep(LEASE * 2).await;
    assert!(!lease.deadline().is_over());
    assert!(acquire(&pool, name, "b").await.is_err());
    sqlx::query("update leases set token = token + 1 where account = $1")
        .bind(name)
        .execute(&pool)
        .await?;
    let work = lease.during(std::future::pending::<()>());
    assert!(tokio::time::timeout(LEASE * 2, work).await?.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn rows_of_a_window_that_is_fetched_again_are_replaced_at_its_end() -> Result<()> {
    let name = "again";
    let pool = prepare(name).await?;
    let lease = acquire(&pool, name, "a").await?;
    let shown = |pool: PgPool| async move {
        let sql = "select coalesce(string_agg(bill_id, ' ' order by bill_id), '') from bill_list where account = $1";
        Result::<String>::Ok(sqlx::query_scalar(sql).bind(name).fetch_one(&pool).await?)
    };
    for ids in [["1", "2"], ["2", "3"]] {
        sqlx::query("update windows set state = 'due' where account = $1")
            .bind(name)
            .execute(&pool)
            .await?;
        let mut window = Window::next(&pool, &lease).await?.ok_or("nothing is due")?;
        window
            .begin::<BillList>(&pool, &lease, &json!("start"))
            .await?;
        let before = shown(pool.clone()).await?;
        window
            .write_pages::<BillList>(&pool, &lease, vec![page(&ids)?], &json!("after 2"))
            .await?;
        assert_eq!(shown(pool.clone()).await?, before);
        let mut status = Vec::new();
        status::print(&pool, &mut status).await?;
        let status = String::from_utf8(status)?;
        let line = status.lines().find(|line| line.starts_with(name));
        // After the name, the data set, and the windows that are done, left and parked.
        let rows = line.and_then(|line| line.split_whitespace().nth(5));
        assert_eq!(
            rows.ok_or("no line")?,
            before.split_whitespace().count().to_string()
        );
        window.finish::<BillList>(&pool, &lease).await?;
        assert_eq!(shown(pool.clone()).await?, ids.join(" "));
    }
    assert_eq!(rows(&pool, name).await?, 2);
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_window_whose_job_was_lost_gets_another_one() -> Result<()> {
    let name = "lost";
    let pool = prepare(name).await?;
    let jobs = "select count(*) from graphile_worker.jobs where key = 'bill_list lost'";
    let count = async || sqlx::query_scalar::<_, i64>(jobs).fetch_one(&pool).await;
    assert_eq!(count().await?, 1);
    // It is there, so none is added.
    enqueue::add_lost_jobs(&pool, LEASE).await?;
    assert_eq!(count().await?, 1);
    sqlx::query("select graphile_worker.remove_job('bill_list lost')")
        .execute(&pool)
        .await?;
    assert_eq!(count().await?, 0);
    enqueue::add_lost_jobs(&pool, LEASE).await?;
    assert_eq!(count().await?, 1);
    // One for a window that is due later has come in its place.
    enqueue::add_job(&pool, name, "bill_list", 100 * LEASE).await?;
    enqueue::add_lost_jobs(&pool, LEASE).await?;
    let soon = format!("{jobs} and run_at <= now()");
    let soon: i64 = sqlx::query_scalar(AssertSqlSafe(soon))
        .fetch_one(&pool)
        .await?;
    assert_eq!((soon, count().await?), (1, 1));
    Ok(())
}

fn context(pool: &PgPool, worker: i64) -> Context {
    Context {
        pool: pool.clone(),
        worker,
        lease: LEASE,
        backoff: Backoff {
            first: LEASE,
            later: LEASE,
        },
        width: 1,
    }
}

/// The state of the account's window, and its error.
async fn state(pool: &PgPool, name: &str) -> Result<(String, Option<String>)> {
    let sql = "select state, error from windows where account = $1";
    Ok(sqlx::query_as(sql).bind(name).fetch_one(pool).await?)
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_page_with_a_value_that_postgresql_refuses_is_parked_with_its_line() -> Result<()> {
    let name = "refused";
    let (pool, lease, mut window) = begun(name).await?;
    let refused = window
        .write_pages::<BillList>(
            &pool,
            &lease,
            vec![page(&["1", "a\0b"])?],
            &json!("after 2"),
        )
        .await
        .unwrap_err();
    let failure = Failure::of_values(&*refused).ok_or("it may be tried again")?;
    let context = context(&pool, 0);
    assert!(window.fail::<BillList>(&context, &lease, &failure).await?);
    let (state, error) = state(&pool, name).await?;
    let error = error.unwrap_or_default();
    assert_eq!(state, "parked");
    assert!(
        error.contains("0x00: COPY bill_list_rows, line 2"),
        "{error}"
    );
    assert_eq!(rows(&pool, name).await?, 0);
    assert!(Failure::of_values(&Lost).is_none());
    assert!(Failure::of_values(&sqlx::Error::PoolTimedOut).is_none());
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_worker_that_is_paused_in_a_page_does_not_keep_its_lease() -> Result<()> {
    let name = "silent";
    let pool = prepare(name).await?;
    let first = acquire(&pool, name, "a").await?;
    sqlx::query("update leases set expires_at = now() - interval '1 min' where account = $1")
        .bind(name)
        .execute(&pool)
        .await?;
    let mut transaction = pool.begin().await?;
    first.confirm(&mut transaction).await?;
    let mut copy = transaction
        .copy_in_raw("copy bill_list_rows (walk, page, line, part) from stdin")
        .await?;
    copy.send(&b"0\t0\t0\t0\n"[..]).await?;
    // Nobody waits for it meanwhile.
    let second = tokio::time::timeout(LEASE, acquire(&pool, name, "b")).await?;
    assert!(second.is_err());
    tokio::time::sleep(LEASE + LEASE / 4).await;
    close_silent(&pool, LEASE).await?;
    // It ends at once, but not before the answer.
    tokio::time::sleep(LEASE / 4).await;
    acquire(&pool, name, "b").await?;
    assert!(copy.finish().await.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn windows_are_parked_while_no_worker_that_runs_has_the_keys() -> Result<()> {
    let name = "keys";
    let pool = prepare(name).await?;
    let with = context(&pool, workers::register(&pool).await?);
    let without = context(&pool, workers::register(&pool).await?);
    let mut transaction = pool.begin().await?;
    assert!(!workers::all_lack(&mut transaction, &without, name).await?);
    transaction.commit().await?;
    workers::park_lacking(&without).await?;
    assert_eq!(state(&pool, name).await?.0, "due");
    // As if it were cut off for longer than its lease.
    sqlx::query("update workers set seen_at = now() - interval '1 min' where id = $1")
        .bind(with.worker)
        .execute(&pool)
        .await?;
    workers::park_lacking(&without).await?;
    let (parked, error) = state(&pool, name).await?;
    assert_eq!(parked, "parked");
    assert_eq!(
        error.as_deref(),
        Some("no worker that runs finds the keys of profile keys")
    );
    workers::seen(&without).await?;
    assert_eq!(state(&pool, name).await?.0, "parked");
    workers::seen(&with).await?;
    assert_eq!(state(&pool, name).await?.0, "due");
    workers::remove(&pool, with.worker).await?;
    workers::remove(&pool, without.worker).await?;
    Ok(())
}
