//! Servers that one test alone has, and may stop, kill and stall: `scripts/test-servers control`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result};

use crate::program;
use crate::services::Servers;

/// One server; it ends with its keeper, whose input this holds.
#[derive(Debug)]
pub struct Server {
    _keeper: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    /// A keeper of a server `name` (`rabbitmq`, `mongodb`, `redis`), which is not started yet.
    ///
    /// # Errors
    /// When the script cannot be run.
    pub fn keep(name: &str) -> Result<Self> {
        let script = program::repository().join("scripts/test-servers");
        let mut keeper = Command::new(script)
            .args(["control", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            words: keeper.stdin.take().context("its input")?,
            answers: BufReader::new(keeper.stdout.take().context("its output")?),
            _keeper: keeper,
        })
    }

    /// Says `words` (`start`, `stop`, `kill`, `pause`, `resume`, `ctl ...`) to the keeper, and what it answered: to `start` the address.
    ///
    /// # Errors
    /// When it could not be done.
    pub fn tell(&mut self, words: &str) -> Result<String> {
        writeln!(self.words, "{words}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer: serde_json::Value = serde_json::from_str(&answer).context(words.to_owned())?;
        let done = answer.get("ok").and_then(serde_json::Value::as_str);
        Ok(done.with_context(|| format!("{words}: {answer}"))?.to_owned())
    }
}

/// One of each.
#[derive(Debug)]
pub struct OwnServers {
    /// The bus.
    pub rabbitmq: Server,
    /// The store.
    pub mongodb: Server,
    /// The cache.
    pub redis: Server,
    /// Where they are.
    pub addresses: Servers,
}

impl OwnServers {
    /// Started, and answering.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start() -> Result<Self> {
        let mut rabbitmq = Server::keep("rabbitmq")?;
        let mut mongodb = Server::keep("mongodb")?;
        let mut redis = Server::keep("redis")?;
        let addresses = Servers {
            bus: rabbitmq.tell("start")?,
            store: mongodb.tell("start")?,
            cache: redis.tell("start")?,
        };
        Ok(Self {
            rabbitmq,
            mongodb,
            redis,
            addresses,
        })
    }
}
