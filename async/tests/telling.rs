//! What is told of calls and walks through `tracing`.
#![cfg(feature = "emulator")]

use std::{future::pending, time::Duration};

use tc3_core::{Attempt, Outcome};
use tc3_test_peer::{
    PATIENCE, credential, january, list,
    recording::{CALL, Recording},
};
use tokio::time::timeout;
use told::builder;
use tracing::Instrument;

#[path = "../../core/tests/clients/telling.rs"]
mod told;

/// What the tests of both clients need of this one.
mod driver {
    use std::future::ready;

    use futures_util::StreamExt;
    pub(crate) use tc3_async::{Builder, Client};
    use tc3_async::{Error, Pages, Reply};
    use tc3_core::{Attempt, Outcome, Paginate};
    use tokio::runtime;

    pub(crate) fn wait<T>(given: impl Future<Output = T>) -> T {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(given)
    }

    pub(crate) fn answering(
        builder: Builder,
        answer: impl Fn(Attempt) -> Outcome + Send + Sync + 'static,
    ) -> Client {
        builder.transport(move |attempt| ready(answer(attempt)))
    }

    pub(crate) fn walked<A: Paginate + 'static>(
        pages: Pages<A>,
    ) -> Vec<Result<Reply<A::Output>, Error>> {
        wait(pages.collect())
    }
}

#[tokio::test]
async fn what_is_given_up_half_way_is_told_of_as_abandoned() {
    let recording = Recording::new();
    let client = builder(credential()).transport(|_: Attempt| pending::<Outcome>());
    let january = january();
    let call = client.call(&january).instrument(recording.span());
    timeout(Duration::from_millis(1), call).await.unwrap_err();
    drop(recording.span().in_scope(|| client.pages(list())));
    let (call, walk) = (
        "attempts=1 latency_ms outcome=abandoned",
        "pages=0 delivered=0 outcome=abandoned",
    );
    let names = "service=billing action=DescribeBillList";
    let expected = [
        format!("DEBUG tc3::call tc3.call: call abandoned {call}"),
        format!("end of tc3.call: {CALL} attempts=1 outcome=abandoned"),
        format!("DEBUG tc3::walk tc3.walk: walk abandoned {walk}"),
        format!("end of tc3.walk: {names} {walk}"),
    ];
    assert_eq!(recording.lines(), expected);
}

#[tokio::test]
async fn pages_on_their_way_are_told_of_as_abandoned_when_their_walk_is_dropped() {
    let recording = Recording::new();
    let client = builder(credential()).transport(|_: Attempt| pending::<Outcome>());
    let mut pages = recording.span().in_scope(|| client.pages(list()));
    timeout(Duration::from_millis(20), pages.next())
        .await
        .unwrap_err();
    drop(pages);
    let ended = async {
        while recording.lines_with("end of").len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, ended).await.unwrap();
    let lines = recording.lines();
    assert_eq!(
        recording.lines_with("call abandoned").len(),
        1,
        "{lines:#?}"
    );
    assert_eq!(
        recording.lines_with("walk abandoned").len(),
        1,
        "{lines:#?}"
    );
}
