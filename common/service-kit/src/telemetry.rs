//! What a process tells while it runs: the log, as lines or JSON on standard error, and traces where a collector is configured. Standard
//! output belongs to the program's answers.

use prometheus::Registry;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::KitError;
use crate::config::Problem;
use crate::trace::{self, Sampler, TraceConfig};

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

/// What a process tells beside its log.
#[derive(Debug)]
pub struct Telemetry {
    sampler: Sampler,
    counters: trace::Counters,
    exporting: Option<trace::Exporting>,
}

impl Telemetry {
    /// Decides which calls are traced.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        self.sampler.clone()
    }

    /// Shows in `registry` what became of spans.
    ///
    /// # Errors
    /// [`KitError::Setup`] when it shows them already.
    pub fn register(&self, registry: &Registry) -> Result<(), KitError> {
        self.counters.register(registry)
    }

    /// Sends the last traces; at most two seconds. The last thing a process does.
    pub async fn end(self) {
        if let Some(exporting) = self.exporting {
            exporting.end().await;
        }
    }
}

/// Starts the log of this process, and its traces under the name of the program `service`; once, and on its runtime.
///
/// # Errors
/// [`KitError::Setup`] when the filter cannot be read, a log was started before, or the exporter cannot be made.
pub fn start(log: &LogConfig, traces: &TraceConfig, service: &'static str) -> Result<Telemetry, KitError> {
    let counters = trace::Counters::new()?;
    let exporting = trace::begin_export(traces, service, &counters)?;
    subscribe(log, exporting.as_ref())?;
    Ok(Telemetry {
        sampler: Sampler::new(traces),
        counters,
        exporting,
    })
}

fn subscribe(config: &LogConfig, exporting: Option<&trace::Exporting>) -> Result<(), KitError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| KitError::Setup {
        what: "the log",
        source,
    };
    let mut filter = EnvFilter::try_new(&config.level).map_err(|error| failed(error.into()))?;
    let quiet = [DRIVER, trace::TARGET]
        .into_iter()
        .filter(|target| !config.level.contains(target));
    for target in quiet {
        let off = format!("{target}=off").parse();
        filter = filter.add_directive(off.map_err(|error: ParseError| failed(error.into()))?);
    }
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = match config.format {
        Format::Text => lines.with_ansi(terminal).with_target(false).boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    let spans = exporting.map(|exporting| trace::layer(exporting.tracer()));
    tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .try_init()
        .map_err(|error| failed(error.into()))
}

#[cfg(test)]
mod tests;
