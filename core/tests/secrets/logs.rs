//! All that is logged in this process, through `log` and through `tracing`, at every level, except for what ureq logs
//! at the level trace: the bytes of requests and answers, as SECURITY.md says.

use std::{
    fmt::{Debug, Write},
    mem,
    sync::{Mutex, Once},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Begins to collect, in all threads.
pub(crate) fn collect() {
    static BEGIN: Once = Once::new();
    BEGIN.call_once(|| {
        log::set_logger(&Collector).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing::subscriber::set_global_default(Collector).unwrap();
    });
}

/// What was logged so far, line by line.
pub(crate) fn taken() -> Vec<String> {
    mem::take(&mut *LINES.lock().unwrap())
}

struct Collector;

impl Collector {
    fn put(line: String) {
        LINES.lock().unwrap().push(line);
    }
}

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        !(metadata.level() == log::Level::Trace && metadata.target().starts_with("ureq"))
    }

    fn log(&self, record: &log::Record<'_>) {
        if log::Log::enabled(self, record.metadata()) {
            let (level, target) = (record.level(), record.target());
            Self::put(format!("{level} {target} {}", record.args()));
        }
    }

    fn flush(&self) {}
}

/// The fields of a span or event, as text.
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(span.metadata().name().to_string());
        span.record(&mut fields);
        Self::put(fields.0);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut fields = Fields(String::new());
        values.record(&mut fields);
        Self::put(fields.0);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut fields = Fields(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut fields);
        Self::put(fields.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
