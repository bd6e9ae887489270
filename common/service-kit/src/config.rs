//! Configuration in layers: defaults that run < a TOML file < the environment < flags.
//!
//! A configuration is a plain struct with serde's `Serialize` and `Deserialize`, `#[serde(default, deny_unknown_fields)]` and a `Default`
//! that runs. Every key given by a layer is tried by itself, so that each problem is reported with its key and where it was given, and all
//! problems are reported at once. Nothing but a `config.rs` reads the environment; most do by [`environment`].

use std::fmt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::KitError;

/// Variables of the environment that belong to the configuration begin so.
pub const ENV_PREFIX: &str = "GRIDTALLY_";
/// The simulator's variable: whoever exported its token may start programs in the same shell.
const TOKEN_OF_SIMULATOR: &str = "GRIDTALLY_TOKEN";

/// One thing that is wrong, by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key as given: `gateway.listen`, `GRIDTALLY_DATA`, `--data`.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl Problem {
    /// Something wrong with `key`.
    pub fn new(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

/// What a configuration offers beside its fields.
pub trait Configuration: Default + Serialize + DeserializeOwned {
    /// What is wrong with values that are right by themselves, by key; all of it.
    fn problems(&self) -> Vec<Problem>;

    /// Names of the environment that stand for a key beside `GRIDTALLY_<KEY WITH _ FOR .>`: (name, key).
    const ALIASES: &'static [(&'static str, &'static str)] = &[];
}

/// Where values come from.
#[derive(Debug, Clone, Default)]
pub struct Layers<'a> {
    /// The configuration file.
    pub file: Option<&'a Path>,
    /// The whole environment; only `GRIDTALLY_*` is looked at.
    pub environment: Vec<(String, String)>,
    /// Flags that were given: (flag as typed, key, value).
    pub flags: Vec<(String, String, String)>,
}

/// The environment of the process, without what is the simulator's. Variables that are no text cannot be ours.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name != TOKEN_OF_SIMULATOR)
        .collect()
}

/// Puts the layers together and checks the result.
///
/// # Errors
/// [`KitError::Config`] with every problem found, [`KitError::File`] when the file cannot be read.
pub fn load<C: Configuration>(layers: &Layers<'_>) -> Result<C, KitError> {
    let mut draft = Draft::<C>::new()?;
    if let Some(path) = layers.file {
        draft.add_file(path)?;
    }
    for (name, value) in &layers.environment {
        if let Some(rest) = name.strip_prefix(ENV_PREFIX) {
            draft.add_variable(name, rest, value);
        }
    }
    for (flag, key, value) in &layers.flags {
        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
        if let Err(what) = draft.set_text(&path, value) {
            draft.problems.push(Problem::new(flag, what));
        }
    }
    draft.finish()
}

/// A configuration as TOML, for `--print-config`; secrets hide themselves when serialized.
///
/// # Errors
/// [`KitError::Setup`] when it cannot be written as TOML.
pub fn print<C: Configuration>(config: &C) -> Result<String, KitError> {
    toml::to_string_pretty(config).map_err(|source| KitError::Setup {
        what: "the printed configuration",
        source: source.into(),
    })
}

/// The layers so far, and what was wrong in them.
struct Draft<C> {
    table: Table,
    config: C,
    problems: Vec<Problem>,
}

impl<C: Configuration> Draft<C> {
    fn new() -> Result<Self, KitError> {
        let config = C::default();
        let table = Table::try_from(&config).map_err(|source| KitError::Setup {
            what: "the default configuration",
            source: source.into(),
        })?;
        Ok(Self {
            table,
            config,
            problems: Vec::new(),
        })
    }

    fn add_file(&mut self, path: &Path) -> Result<(), KitError> {
        let text = std::fs::read_to_string(path).map_err(|source| KitError::File {
            doing: "read the configuration file",
            file: path.to_path_buf(),
            source,
        })?;
        match text.parse::<Table>() {
            Ok(table) => self.add_table(&mut Vec::new(), table),
            Err(error) => {
                let what = error.to_string();
                self.problems
                    .push(Problem::new(path.display().to_string(), what.trim_end()));
            }
        }
        Ok(())
    }

    /// Every leaf of a file's table by itself.
    fn add_table(&mut self, path: &mut Vec<String>, table: Table) {
        for (name, value) in table {
            path.push(name);
            match value {
                Value::Table(inner) if self.is_section(path) => self.add_table(path, inner),
                value => {
                    if let Err(what) = self.set(path, value) {
                        self.problems.push(Problem::new(path.join("."), what));
                    }
                }
            }
            path.pop();
        }
    }

    fn is_section(&self, path: &[String]) -> bool {
        matches!(self.default_of(path), Some(Value::Table(_)))
    }

    fn default_of(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.table.get(first)?, |value, name| value.as_table()?.get(name))
    }

    fn add_variable(&mut self, name: &str, rest: &str, text: &str) {
        let alias = C::ALIASES.iter().find(|(alias, _)| *alias == name);
        let candidates = match alias {
            Some((_, key)) => vec![key.split('.').map(str::to_owned).collect()],
            None => paths(&self.table, &rest.to_ascii_lowercase()),
        };
        let mut first_problem = None;
        for path in &candidates {
            match self.set_text(path, text) {
                Ok(()) => return,
                Err(what) => first_problem = first_problem.or(Some(what)),
            }
        }
        let what = first_problem.unwrap_or_else(|| "no such key".to_owned());
        self.problems.push(Problem::new(name, what));
    }

    /// Sets a key from text, in the type its default has; a key without a default takes what fits.
    fn set_text(&mut self, path: &[String], text: &str) -> Result<(), String> {
        let number = text.parse().ok().map(Value::Integer);
        let truth = text.parse().ok().map(Value::Boolean);
        let plain = Value::String(text.to_owned());
        match self.default_of(path) {
            Some(Value::Integer(_)) => self.set(path, number.unwrap_or(plain)),
            Some(Value::Boolean(_)) => self.set(path, truth.unwrap_or(plain)),
            Some(Value::Float(_)) => self.set(path, text.parse().map_or(plain, Value::Float)),
            Some(Value::Array(_)) => {
                let items = text.split(',').map(|item| Value::String(item.trim().to_owned()));
                self.set(path, Value::Array(items.collect()))
            }
            Some(_) => self.set(path, plain),
            None => match self.set(path, plain) {
                Ok(()) => Ok(()),
                Err(what) => match number.or(truth) {
                    Some(value) => self.set(path, value),
                    None => Err(what),
                },
            },
        }
    }

    /// Sets a key if the configuration as a whole still reads; otherwise says what is wrong and keeps what was there.
    fn set(&mut self, path: &[String], value: Value) -> Result<(), String> {
        let mut table = self.table.clone();
        insert(&mut table, path, value).ok_or("no such key")?;
        match table.clone().try_into::<C>() {
            Ok(config) => {
                self.config = config;
                self.table = table;
                Ok(())
            }
            Err(error) => Err(first_line(&error.to_string())),
        }
    }

    fn finish(mut self) -> Result<C, KitError> {
        self.problems.extend(self.config.problems());
        if self.problems.is_empty() {
            Ok(self.config)
        } else {
            Err(KitError::Config {
                problems: self.problems,
            })
        }
    }
}

/// Every key that a variable's name may mean: sections are known, the rest is the key's own name.
fn paths(table: &Table, name: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (section, value) in table {
        let Value::Table(inner) = value else { continue };
        if let Some(rest) = name
            .strip_prefix(section.as_str())
            .and_then(|rest| rest.strip_prefix('_'))
        {
            found.extend(paths(inner, rest).into_iter().map(|mut path| {
                path.insert(0, section.clone());
                path
            }));
        }
    }
    found.push(vec![name.to_owned()]);
    found
}

fn insert(table: &mut Table, path: &[String], value: Value) -> Option<()> {
    match path {
        [] => None,
        [name] => {
            table.insert(name.clone(), value);
            Some(())
        }
        [section, rest @ ..] => {
            let inner = table
                .entry(section.clone())
                .or_insert_with(|| Value::Table(Table::new()));
            insert(inner.as_table_mut()?, rest, value)
        }
    }
}

/// The parser's message without its picture of the place: the key says where.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests;
