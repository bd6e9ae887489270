//! The flags of a program. Each stands for a key of the configuration; values are judged there, with everything else.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};

/// A flag that sets a key.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// Without its dashes.
    pub name: &'static str,
    /// The key it sets.
    pub key: &'static str,
    /// What its value is called; without one it is a switch that sets `true`.
    pub value: Option<&'static str>,
    /// For `--help`.
    pub help: &'static str,
}

impl Flag {
    /// A flag that takes a value.
    #[must_use]
    pub const fn new(name: &'static str, key: &'static str, value: &'static str, help: &'static str) -> Self {
        Self {
            name,
            key,
            value: Some(value),
            help,
        }
    }
}

/// Of every program.
const COMMON: [Flag; 9] = [
    Flag::new(
        "data",
        "data",
        "DIR",
        "Folder of keys and embedded stores [default: ./gridtally-data]",
    ),
    Flag::new("bus", "bus", "URL", "Message bus: amqp://... or amqps://..."),
    Flag::new("store", "store", "URL", "Store: embedded: or mongodb://..."),
    Flag::new("cache", "cache", "URL", "Cache: memory: or redis://..."),
    Flag::new(
        "metrics-listen",
        "metrics.listen",
        "ADDRESS",
        "Health and metrics",
    ),
    Flag::new(
        "shutdown-grace",
        "shutdown_grace",
        "TIME",
        "How long to drain before leaving [default: 20s]",
    ),
    Flag::new(
        "log-level",
        "log.level",
        "LEVEL",
        "error, warn, info, debug, trace, or a filter [default: info]",
    ),
    Flag::new(
        "log-format",
        "log.format",
        "FORMAT",
        "text or json [default: text]",
    ),
    Flag::new(
        "telemetry-otlp",
        "telemetry.otlp",
        "URL",
        "Where traces are sent by OTLP: http://host:port [default: nowhere]",
    ),
];

/// What was typed.
pub(super) struct Given {
    /// The configuration file.
    pub(super) file: Option<PathBuf>,
    /// (flag as typed, key, value).
    pub(super) settings: Vec<(String, String, String)>,
    /// Print the configuration and end.
    pub(super) print_config: bool,
}

/// Reads the command line; a wrong one ends the process with 2 and says why, `--help` and `--version` end it with 0.
pub(super) fn given(name: &'static str, about: &'static str, own: &'static [Flag]) -> Given {
    let flags = || own.iter().chain(&COMMON);
    let command = Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .about(about)
        .after_help("Exit codes: 0 ok, 1 failed, 2 usage or invalid settings, 4 no such file, 5 conflict.")
        .arg(
            Arg::new("config")
                .long("config")
                .value_name("FILE")
                .value_parser(clap::value_parser!(PathBuf))
                .help("Configuration file (TOML)"),
        )
        .args(flags().map(arg))
        .arg(
            Arg::new("print-config")
                .long("print-config")
                .action(ArgAction::SetTrue)
                .help("Print the configuration that would be used, secrets hidden, and end"),
        );
    let matches = command.get_matches();
    let value = |flag: &Flag| match flag.value {
        Some(_) => matches.get_one::<String>(flag.name).cloned(),
        None => matches.get_flag(flag.name).then(|| "true".to_owned()),
    };
    Given {
        file: matches.get_one::<PathBuf>("config").cloned(),
        settings: flags()
            .filter_map(|flag| Some((format!("--{}", flag.name), flag.key.to_owned(), value(flag)?)))
            .collect(),
        print_config: matches.get_flag("print-config"),
    }
}

fn arg(flag: &Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).help(flag.help);
    match flag.value {
        Some(value) => arg.value_name(value),
        None => arg.action(ArgAction::SetTrue),
    }
}
