//! How many requests a scan really sends, retries and abandoned ones included.

use datafusion::physical_plan::metrics::Count;
use tracing::{
    Event, Span, Subscriber, debug_span,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, Registry, layer::Context, registry::LookupSpan};

/// Counts the requests of each scan in its metric `requests`, which stays 0 without this layer:
/// `tracing_subscriber::registry().with(CountRequests).init()`.
///
/// Requests for credentials are not counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct CountRequests;

/// The span of a scan's partition, whose requests are counted here.
pub(crate) fn span(requests: Count) -> Span {
    let span = debug_span!("scan");
    span.with_subscriber(|(id, dispatch)| {
        let registry = dispatch.downcast_ref::<Registry>();
        if let Some(span) = registry.and_then(|registry| registry.span(id)) {
            span.extensions_mut().insert(requests);
        }
    });
    span
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for CountRequests {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // The one event that each call ends with.
        if event.metadata().target() != "tc3::call" {
            return;
        }
        let mut attempts = Attempts(0);
        event.record(&mut attempts);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(requests) = span.extensions().get::<Count>() {
                requests.add(attempts.0);
            }
        }
    }
}

struct Attempts(usize);

impl Visit for Attempts {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "attempts" {
            self.0 = usize::try_from(value).unwrap_or(usize::MAX);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
