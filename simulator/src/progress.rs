//! A line now and then for whoever watches a long run; nothing when nobody does.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;

use crate::tally::Tally;

const EVERY: Duration = Duration::from_secs(10);

/// Says on stderr how far a run is, when stderr is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    /// None: nobody watches.
    next: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let watched = std::io::stderr().is_terminal();
        Self {
            next: watched.then(Instant::now),
        }
    }

    /// Says it, unless it was said a moment ago.
    pub(crate) fn show(&mut self, sent: u64, tally: &Tally) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        self.next = Some(now + EVERY);
        let answered = tally.answered();
        let line = format!(
            "sent {sent}, answered {answered}, rejected {}, sent again {}",
            tally.rejected, tally.retried
        );
        // when stderr is gone, there is nobody to tell
        drop(writeln!(std::io::stderr().lock(), "{line}"));
    }
}
