//! The log: lines or JSON on standard error. Standard output belongs to the program's answers.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use crate::KitError;
use crate::config::Problem;

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
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,billing_service=debug`.
    pub level: String,
    /// `text` or `json`.
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
        match EnvFilter::try_new(&self.level) {
            Ok(_) => Vec::new(),
            Err(error) => vec![Problem::new(format!("{section}.level"), error.to_string())],
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
    let filter = EnvFilter::try_new(&config.level).map_err(|error| failed(error.into()))?;
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
