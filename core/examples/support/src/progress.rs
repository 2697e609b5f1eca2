use indicatif::{ProgressBar, ProgressStyle};
use tc3_core::Walk;

use crate::Result;

/// A bar on stderr, when that is a terminal.
pub(crate) fn bar() -> Result<ProgressBar> {
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} records, {per_sec}, {eta} left",
    )?);
    Ok(bar)
}

/// A bar on stderr for the progress of walks, if that is a terminal. It is removed when this is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Nothing has come yet.
    pub fn new() -> Result<Self> {
        Ok(Self(bar()?))
    }

    /// A walk stands here.
    pub fn show<A: tc3_core::Paginate>(&self, walk: &Walk<A>) {
        if let Some(total) = walk.total() {
            self.0.set_length(total);
        }
        self.0.set_position(walk.delivered());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
