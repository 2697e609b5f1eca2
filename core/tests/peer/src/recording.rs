//! What the clients tell through `tracing`, by test.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{Mutex, Once},
};

use tc3_core::Outcome;
use tracing::{
    Event, Span, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::{LookupSpan, SpanRef},
};

/// What was told within each test's span.
static LINES: Mutex<BTreeMap<u64, Vec<String>>> = Mutex::new(BTreeMap::new());

/// All that is told within a span of the test's own, from any thread.
#[derive(Debug)]
pub struct Recording {
    span: Span,
}

impl Recording {
    /// A new one, with nothing.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static BEGIN: Once = Once::new();
        BEGIN.call_once(|| {
            let all = tracing_subscriber::registry().with(Recorder);
            tracing::subscriber::set_global_default(all).unwrap();
        });
        let span = tracing::info_span!(parent: None, "test");
        LINES.lock().unwrap().insert(id(&span), Vec::new());
        Self { span }
    }

    /// The span, in which the test makes its calls.
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// What was told: events as `LEVEL target spans: message fields`, and the ends of spans. The times that things
    /// took are left out, though not that they were told.
    pub fn lines(&self) -> Vec<String> {
        LINES.lock().unwrap()[&id(&self.span)].clone()
    }

    /// Those that have a word in them.
    pub fn lines_with(&self, word: &str) -> Vec<String> {
        let lines = self.lines().into_iter();
        lines.filter(|line| line.contains(word)).collect()
    }
}

fn id(span: &Span) -> u64 {
    span.id().unwrap().into_u64()
}

struct Recorder;

/// The fields of an event, or of a span so far.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.0.insert_str(0, &format!(" {value:?}")),
            "latency_ms" => self.0.push_str(" latency_ms"),
            name => write!(self.0, " {name}={value:?}").unwrap(),
        }
    }
}

/// The names of the spans below a test's, and the test's own.
fn place<S: for<'a> LookupSpan<'a>>(span: SpanRef<'_, S>) -> Option<(u64, String)> {
    let mut scope = span.scope().from_root();
    let test = scope.next().filter(|root| root.name() == "test")?;
    let names: Vec<_> = scope.map(|span| span.name()).collect();
    Some((test.id().into_u64(), names.join("/")))
}

fn note(test: u64, line: String) {
    LINES.lock().unwrap().entry(test).or_default().push(line);
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (level, target) = (event.metadata().level(), event.metadata().target());
        if !target.starts_with("tc3::") {
            return;
        }
        // What is in no test's span at all is the test 0's.
        let (test, spans) = context
            .event_span(event)
            .and_then(place)
            .unwrap_or_default();
        let mut fields = Fields::default();
        event.record(&mut fields);
        note(test, format!("{level} {target} {spans}:{}", fields.0));
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions().get::<Fields>().unwrap().0.clone();
        if let Some((test, spans)) = place(span)
            && !spans.is_empty()
            && spans.split('/').all(|name| name.starts_with("tc3."))
        {
            note(test, format!("end of {spans}:{fields}"));
        }
    }
}

/// What was told in no test's span.
pub fn strays() -> Vec<String> {
    LINES.lock().unwrap().get(&0).cloned().unwrap_or_default()
}

/// An answer that came.
pub fn body(text: &str) -> Outcome {
    Ok(http::Response::new(text.to_string().into()))
}

/// An answer that is a throttle.
pub const THROTTLED: &str = r#"{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"slow down"},"RequestId":"5e1e"}}"#;
/// An answer that is a refusal for good.
pub const DENIED: &str = r#"{"Response":{"Error":{"Code":"UnauthorizedOperation.CamNoAuth","Message":"no"},"RequestId":"5e20"}}"#;

/// The beginning of what is told of an attempt of the action.
pub fn attempt(spans: &str, number: u32) -> String {
    format!(
        "DEBUG tc3::attempt {spans}: attempt attempt={number} action=DescribeBillList region=ap-guangzhou"
    )
}

/// What is told of a call at its end, at first.
pub const CALL: &str =
    "service=billing action=DescribeBillList region=ap-guangzhou secret_id=AKIDEXAMPLE";
