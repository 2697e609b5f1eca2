//! Takes jobs from the engine until it is told to stop.

use std::{convert::Infallible, time::Duration};

use graphile_worker::{IntoTaskHandlerResult, TaskHandler, WorkerContext, WorkerOptions};
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    enqueue::{self, TASK},
    lease,
    stop::Stop,
    sync::{self, Context},
    workers,
};

/// How long jobs have to give back their leases, when the worker is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// A job: an account's data set has windows that are due.
#[derive(Debug, Deserialize, Serialize)]
struct Sync {
    account: String,
    data_set: String,
}

impl TaskHandler for Sync {
    const IDENTIFIER: &'static str = TASK;

    async fn run(self, engine: WorkerContext) -> impl IntoTaskHandlerResult {
        let context = engine
            .get_ext::<Context>()
            .ok_or("the worker has no context")?;
        let stop = engine
            .get_ext::<Stop>()
            .ok_or("nobody can tell it to stop")?;
        let Self { account, data_set } = self;
        let Err(error) = sync::run(context, &account, &data_set, stop.clone()).await else {
            return Ok(());
        };
        tracing::warn!(account, data_set, %error, "the job ends early, and is given out again");
        // The engine's own delay after a failure grows to hours, also where another worker has just taken over.
        enqueue::add_job(&context.pool, &account, &data_set, context.backoff.first)
            .await
            .map_err(|_| error.to_string())
    }
}

/// Works on so many jobs at once, until it is told to stop.
///
/// # Errors
///
/// The engine can't start. If it fails later, as when the database is restarted, it is started again.
pub async fn run(context: &Context, jobs: usize, stop: Stop) -> Result<()> {
    let late = async {
        stop.clone().told().await;
        tokio::time::sleep(2 * GRACE).await;
    };
    tokio::select! {
        ended = engine(context, jobs, &stop) => ended?,
        never = look_for_lost_work(context) => match never {},
        never = be_seen(context) => match never {},
        () = late => return Err("the database can't be told that the worker stops: its leases end by their time".into()),
    }
    workers::remove(&context.pool, context.worker).await
}

async fn be_seen(context: &Context) -> Infallible {
    loop {
        tokio::time::sleep(context.lease / 3).await;
        if let Err(error) = workers::seen(context).await {
            tracing::warn!(%error, "can't tell that the worker runs");
        }
    }
}

async fn look_for_lost_work(context: &Context) -> Infallible {
    loop {
        tokio::time::sleep(context.lease).await;
        if let Err(error) = find_lost_work(context).await {
            tracing::warn!(%error, "can't look for lost work");
        }
    }
}

/// What other workers hold that are paused or gone.
async fn find_lost_work(context: &Context) -> Result<()> {
    lease::close_silent(&context.pool, context.lease).await?;
    workers::park_lacking(context).await?;
    // A job that found its lease taken waits for as long as that holds.
    let count = enqueue::add_lost_jobs(&context.pool, 2 * context.lease).await?;
    if count > 0 {
        tracing::warn!(count, "the engine has lost jobs, which were added again");
    }
    Ok(())
}

async fn engine(context: &Context, jobs: usize, stop: &Stop) -> Result<()> {
    loop {
        let worker = WorkerOptions::default()
            .pg_pool(context.pool.clone())
            .concurrency(jobs)
            // Each of its slots polls; what is due at once is notified.
            .poll_interval(Duration::from_secs(2))
            // A worker that is dead or paused loses its jobs as it loses its leases.
            .heartbeat_interval(context.lease / 3)
            .sweep_interval(context.lease / 3)
            .sweep_threshold(context.lease)
            .recovery_delay(Duration::ZERO)
            .listen_os_shutdown_signals(false)
            .shutdown_signal(stop.clone().told())
            .shutdown_grace_period(GRACE)
            .shutdown_interrupted_job_retry_delay(Duration::ZERO)
            .add_forbidden_flag(&format!("not {}", context.worker))
            .add_extension(context.clone())
            .add_extension(stop.clone())
            .define_job::<Sync>()
            .init()
            .await;
        let ended = match worker {
            Ok(worker) => worker.run().await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match ended {
            Ok(()) => return Ok(()),
            Err(error) => tracing::warn!(error, "the engine has stopped, and is started again"),
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
