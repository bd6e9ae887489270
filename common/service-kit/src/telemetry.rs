//! The log: lines or JSON on standard error. Standard output belongs to the program's answers.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::KitError;
use crate::config::Problem;

/// The levels, from nothing at all to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The driver of the broker: it logs errors that are none (a channel that was just closed), and what matters of the others we are told,
/// and log ourselves.
const DRIVER: &str = "lapin";

/// How the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`, or one of them with exceptions, such as `info,billing_service=debug`.
    pub level: String,
    /// How the log looks on standard error: `text` or `json`.
    pub format: Format,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: Format::Text,
        }
    }
}

impl LogConfig {
    /// What is wrong with it; `section` is where it stands.
    #[must_use]
    pub fn problems(&self, section: &str) -> Vec<Problem> {
        let wrong = match EnvFilter::try_new(&self.level) {
            Ok(_) => self.silences(),
            Err(error) => Some(error.to_string()),
        };
        let key = format!("{section}.level");
        wrong.map(|what| Problem::new(key, what)).into_iter().collect()
    }

    /// What would keep the log from telling of errors although nobody asked for that. To the filter a word that is no level is the name
    /// of a part of the program, so that a slip of the pen would silence all the rest.
    fn silences(&self) -> Option<String> {
        let levels = LEVELS.join(", ");
        let mut words = (self.level.split(',').map(str::trim)).filter(|part| !part.contains(['=', '[']));
        match words.find(|word| !LEVELS.contains(&word.to_ascii_lowercase().as_str())) {
            Some("") => Some("has an empty part".to_owned()),
            Some(word) => Some(format!("`{word}` is no level: use {levels}")),
            None if self.level.split(',').all(|part| part.contains(['=', '['])) => Some(format!(
                "names no level for all the rest: begin with one of {levels}, as in info,{}",
                self.level
            )),
            None => None,
        }
    }
}

/// Starts the log of this process; once.
///
/// # Errors
/// [`KitError::Setup`] when the filter cannot be read or a log was started before.
pub fn init(config: &LogConfig) -> Result<(), KitError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| KitError::Setup {
        what: "the log",
        source,
    };
    let mut filter = EnvFilter::try_new(&config.level).map_err(|error| failed(error.into()))?;
    if !config.level.contains(DRIVER) {
        let quiet = format!("{DRIVER}=off")
            .parse()
            .map_err(|error: ParseError| failed(error.into()))?;
        filter = filter.add_directive(quiet);
    }
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    match config.format {
        Format::Text => log.with_ansi(terminal).with_target(false).try_init(),
        Format::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(failed)
}

#[cfg(test)]
mod tests;
