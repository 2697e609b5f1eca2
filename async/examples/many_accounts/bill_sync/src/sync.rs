//! What a worker does with a job: an account's windows of a data set, one after the other.

use std::{convert::Infallible, future::pending, process, time::Duration};

use bills::{account::Account, data_set::DataSet};
use sqlx::PgPool;
use tc3_async::{Client, Error, Invalid, Pages, Paginate, Walk};
use tokio::time::{Instant, timeout_at};

use crate::{
    Result, accounts,
    data_set::{self, AnyDataSet},
    enqueue,
    fence::Fence,
    lease::{Acquired, Lease, REST},
    rows::Page,
    stop::Stop,
    window::{Backoff, Failure, Window},
};

/// How long a page waits for others, to share a transaction with them.
const TOGETHER: Duration = Duration::from_millis(250);

/// What all jobs of a worker share.
#[derive(Clone, Debug)]
pub struct Context {
    /// The database.
    pub pool: PgPool,
    /// The worker's number; 0 for what isn't a worker.
    pub worker: i64,
    /// How long a lease holds without being renewed.
    pub lease: Duration,
    /// How long to wait after errors.
    pub backoff: Backoff,
    /// How many pages of a list are fetched at once.
    pub width: usize,
}

impl Context {
    /// Who has a lease, for people.
    pub fn holder(&self) -> String {
        match self.worker {
            0 => format!("process {}", process::id()),
            worker => format!("worker {worker}"),
        }
    }
}

/// Fetches all windows of an account's data set that are due, and adds a job for those that are due later. When it is
/// told to stop, it gives the lease back, and another worker goes on.
///
/// # Errors
///
/// What PostgreSQL says, and [`Lost`](crate::lease::Lost): the job is given out again, and goes on from what is
/// written.
pub async fn run(context: &Context, account: &str, data_set: &str, stop: Stop) -> Result<()> {
    let data_set = data_set::named(data_set)?;
    let pool = &context.pool;
    let acquired = Lease::acquire(
        pool,
        account,
        data_set.name(),
        &context.holder(),
        context.lease,
    )
    .await?;
    let lease = match acquired {
        Acquired::Lease(lease) => lease,
        Acquired::Taken(left) => {
            // Whoever has it may be dead.
            return enqueue::add_job(pool, account, data_set.name(), left).await;
        }
    };
    // Work is not cut off: a transaction that is dropped while it begins would stay open on its connection.
    let worked = tokio::select! {
        worked = work(context, &lease, data_set) => worked,
        never = end_when_told(&lease, &stop) => match never {},
    };
    let released = lease.release().await;
    if stop.is_told() {
        released?;
        return enqueue::add_job(pool, account, data_set.name(), REST).await;
    }
    worked?;
    released?;
    enqueue::add_next_job(pool, account, data_set.name()).await
}

async fn end_when_told(lease: &Lease, stop: &Stop) -> Infallible {
    stop.clone().told().await;
    lease.end();
    pending().await
}

/// Fetches one window after the other.
async fn work(context: &Context, lease: &Lease, data_set: &dyn AnyDataSet) -> Result<()> {
    let account = accounts::load(&context.pool, lease.account()).await?;
    let fence = Fence::new(lease.deadline().clone());
    let client = account.client()?.connector(fence).build();
    while let Some(window) = Window::next(&context.pool, lease).await? {
        data_set
            .sync(context, lease, &client, &account, window)
            .await?;
    }
    Ok(())
}

/// Fetches a window from where it stands.
pub(crate) async fn sync<D: DataSet>(
    context: &Context,
    lease: &Lease,
    client: &Client,
    account: &Account,
    mut window: Window,
) -> Result<()> {
    let pool = &context.pool;
    let walk: Walk<D::Action> = match window.walk.take() {
        Some(stored) => serde_json::from_value(stored.0)?,
        None => {
            let Some(list) = D::list(account, window.month()?) else {
                // Its accounts file had one when the window was enqueued.
                let error =
                    Invalid::new("app_id", "must be in the accounts file for this data set");
                return fail::<D>(context, lease, &window, &Failure::from(&error.into())).await;
            };
            let walk = Walk::from(list);
            window.begin::<D>(pool, lease, &walk).await?;
            walk
        }
    };
    let (account, month) = (&window.account, &window.month);
    tracing::info!(
        account,
        data_set = D::NAME,
        month,
        page = window.pages,
        "fetching"
    );
    let mut pages = client.pages(walk).width(context.width);
    loop {
        let next = next_pages::<D>(&mut pages, context.width);
        let (fetched, ended) = lease.during(next).await?;
        if !fetched.is_empty() {
            let written = window
                .write_pages::<D>(pool, lease, fetched, pages.walk())
                .await;
            if let Err(error) = written {
                let Some(failure) = Failure::of_values(&*error) else {
                    return Err(error);
                };
                return fail::<D>(context, lease, &window, &failure).await;
            }
        }
        match ended {
            None => {}
            Some(Ok(())) => return window.finish::<D>(pool, lease).await,
            // Its connections were cut off by the lease's end, or the runtime is about to end.
            Some(Err(_)) if lease.deadline().is_over() => return Err(crate::lease::Lost.into()),
            Some(Err(error)) => return fail::<D>(context, lease, &window, &(&error).into()).await,
        }
    }
}

/// The next pages, at most so many, that come soon after one another; and how the walk has ended after them, if it has.
async fn next_pages<D: DataSet>(
    pages: &mut Pages<D::Action>,
    most: usize,
) -> (Vec<Page<D>>, Option<Result<(), Error>>) {
    let mut fetched = Vec::new();
    let mut next = pages.next().await;
    let until = Instant::now() + TOGETHER;
    loop {
        match next {
            Some(Ok(page)) => fetched.push(<D::Action as Paginate>::into_items(page.output)),
            Some(Err(error)) => return (fetched, Some(Err(error))),
            None => return (fetched, Some(Ok(()))),
        }
        if fetched.len() >= most {
            return (fetched, None);
        }
        match timeout_at(until, pages.next()).await {
            Ok(more) => next = more,
            Err(_) => return (fetched, None),
        }
    }
}

async fn fail<D: DataSet>(
    context: &Context,
    lease: &Lease,
    window: &Window,
    failure: &Failure,
) -> Result<()> {
    let parked = window.fail::<D>(context, lease, failure).await?;
    let (account, month) = (&window.account, &window.month);
    let Failure { error, ticket, .. } = failure;
    let remedy = failure.remedy.as_str();
    if parked {
        tracing::error!(account, data_set = D::NAME, month, %error, ticket, "parked");
    } else {
        tracing::warn!(account, data_set = D::NAME, month, %error, ticket, remedy, "put off");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bills::data_set::UsageDetail;
    use tc3_async::{
        Credential, Month,
        core::emulator::{Emulator, Scripted},
        serve::Server,
    };

    use super::*;

    #[tokio::test]
    async fn pages_before_an_error_are_not_lost() -> Result<()> {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
        let mut emulator = Emulator::new(credential.clone());
        // Too late to be written with the one before, and then the error.
        for fault in ["slow=300@2", "refuse=FailedOperation@4"] {
            let fault: Scripted = fault.parse()?;
            emulator = emulator.with_fault(fault.when, fault.fault);
        }
        let server = Server::bind("127.0.0.1:0", emulator).await?;
        let endpoint = format!("http://{}", server.local_addr()).parse()?;
        tokio::spawn(server.run());
        let client = Client::builder()
            .credentials(credential)
            .endpoint(endpoint)
            .build();
        let account = Account {
            name: "a".into(),
            endpoint: None,
            app_id: Some(Emulator::APP_ID.into()),
            rate: None,
        };
        let list = UsageDetail::list(&account, Month::new(2024, 1)?).ok_or("no list")?;
        let mut pages = client.pages(list.with_limit(10));
        let mut records: Vec<Vec<usize>> = Vec::new();
        let ended = loop {
            let (next, ended) = next_pages::<UsageDetail>(&mut pages, 2).await;
            assert!(next.len() <= 2);
            records.push(next.iter().map(Vec::len).collect());
            if let Some(ended) = ended {
                break ended;
            }
        };
        assert_eq!(records.concat(), [10, 10, 10]);
        assert_eq!(records[0], [10]);
        let error = ended.unwrap_err();
        assert!(matches!(error.cause(), Error::Service(it) if it.code() == "FailedOperation"));
        Ok(())
    }
}
