//! What is told through `tracing`.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    mem,
    sync::{Arc, LazyLock, Mutex},
};

use tracing::{
    Dispatch, Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::{DefaultGuard, set_default},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
};

/// An event, or the beginning of a span or what was noted of it later.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) target: &'static str,
    /// That of an event.
    pub(crate) level: Option<Level>,
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Told {
    /// The value of a field, or the `message` of an event.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Told>>>);

impl Recorder {
    fn note(&self, target: &'static str, record: impl FnOnce(&mut Told)) {
        let mut told = Told {
            target,
            ..Told::default()
        };
        record(&mut told);
        self.0.lock().unwrap().push(told);
    }
}

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.note("a span", |told| attributes.record(told));
    }

    fn on_record(&self, _: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.note("a span", |told| values.record(told));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        self.note(metadata.target(), |told| {
            told.level = Some(*metadata.level());
            event.record(told);
        });
    }
}

/// Listens to everything, for good. If there were no other but a recording's own, `tracing` would ask only the thread
/// that meets an event first, and switch it off for all if nobody listens there.
static LISTENER: LazyLock<Dispatch> =
    LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// All that is told in this thread while this is there.
pub(crate) struct Recording {
    recorder: Recorder,
    _until_dropped: DefaultGuard,
}

impl Recording {
    pub(crate) fn new() -> Self {
        LazyLock::force(&LISTENER);
        let recorder = Recorder::default();
        let subscriber = tracing_subscriber::registry().with(recorder.clone());
        Self {
            recorder,
            _until_dropped: set_default(subscriber),
        }
    }

    /// What was told since the last time.
    pub(crate) fn take(&self) -> Vec<Told> {
        mem::take(&mut self.recorder.0.lock().unwrap())
    }

    /// The events of a target since the last time.
    pub(crate) fn of(&self, target: &str) -> Vec<Told> {
        let mut told = self.take();
        told.retain(|it| it.target == target);
        told
    }

    /// The only event of a target since the last time.
    pub(crate) fn one_of(&self, target: &str) -> Told {
        let told = self.of(target);
        assert_eq!(told.len(), 1, "{told:#?}");
        told[0].clone()
    }
}
