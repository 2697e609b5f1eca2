//! What is told of calls and walks through `tracing`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tc3_core::{Attempt, Outcome, emulator::Emulator};
use tc3_test_peer::{
    credential, january, list,
    recording::{CALL, Recording},
};
use told::builder;
use tracing::{Event, Subscriber, subscriber::with_default};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

#[path = "../../core/tests/clients/telling.rs"]
mod told;

/// What the tests of both clients need of this one.
mod driver {
    pub(crate) use tc3_blocking::{Builder, Client};
    use tc3_blocking::{Error, Pages, Reply};
    use tc3_core::{Attempt, Outcome, Paginate};

    pub(crate) fn wait<T>(given: T) -> T {
        given
    }

    pub(crate) fn answering(
        builder: Builder,
        answer: impl Fn(Attempt) -> Outcome + Send + Sync + 'static,
    ) -> Client {
        builder.transport(answer)
    }

    pub(crate) fn walked<A: Paginate + 'static>(
        pages: Pages<A>,
    ) -> Vec<Result<Reply<A::Output>, Error>> {
        pages.collect()
    }
}

/// Counts the attempts that it is told of.
#[derive(Clone, Default)]
struct Attempts(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Attempts {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "tc3::attempt" {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn a_subscriber_of_one_thread_is_told_of_all_pages_however_wide_their_walk() {
    for width in [1, 4] {
        let emulator = Mutex::new(Emulator::new(credential()));
        let client = builder(credential())
            .transport(move |attempt: Attempt| tc3_test_peer::emulated(&emulator, &attempt));
        let attempts = Attempts::default();
        let subscriber = tracing_subscriber::registry().with(attempts.clone());
        with_default(subscriber, || {
            let pages = client.pages(list()).width(width);
            assert_eq!(pages.map(Result::unwrap).count(), 11);
        });
        assert_eq!(attempts.0.load(Ordering::SeqCst), 11, "{width}");
    }
}

#[test]
fn what_is_given_up_half_way_is_told_of_as_abandoned() {
    let recording = Recording::new();
    let client = builder(credential()).transport(|_: Attempt| -> Outcome { panic!("it broke") });
    recording.span().in_scope(|| {
        catch_unwind(AssertUnwindSafe(|| client.call(&january()))).unwrap_err();
        drop(client.pages(list()));
    });
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
