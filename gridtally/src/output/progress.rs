//! Progress: a bar on a terminal, a line now and then otherwise. Always on standard error.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

/// How far something is.
pub(crate) struct Progress {
    name: &'static str,
    total: u64,
    done: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// `total` steps of `name`.
    #[must_use]
    pub(crate) fn new(name: &'static str, total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:40}] {percent:>3}%  {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
            bar.set_prefix(name);
            bar
        });
        Self {
            name,
            total,
            done: AtomicU64::new(0),
            bar,
        }
    }

    /// One step further; `what` says where that is.
    pub(crate) fn step(&self, what: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        match &self.bar {
            Some(bar) => {
                bar.set_message(what.to_owned());
                bar.set_position(done);
            }
            None => {
                // Ten lines are enough for somebody who reads a log.
                let tenth = |done: u64| done * 10 / self.total.max(1);
                if tenth(done) != tenth(done.saturating_sub(1)) {
                    super::note(&format!(
                        "{}: {}% ({what})",
                        self.name,
                        done * 100 / self.total.max(1)
                    ));
                }
            }
        }
    }

    /// Everything is done.
    pub(crate) fn done(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }
}
