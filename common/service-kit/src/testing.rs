//! What tests need of real servers: a database of their own on the one that `MONGODB_URI` names, and servers that may be killed.

use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use mongodb::bson::{Document, doc};
use mongodb::{Client, Collection};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The script that keeps servers.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/test-servers");

/// The address of a server that all tests share.
///
/// # Panics
/// When `variable` names none: a test that is skipped proves nothing.
#[must_use]
#[expect(clippy::panic, reason = "this is how a test says that it cannot run")]
pub fn shared_server(test: &str, variable: &str) -> String {
    let url = std::env::var_os(variable).and_then(|url| url.into_string().ok());
    url.unwrap_or_else(|| {
        panic!("{test} needs a server: run it by `scripts/test-servers run`, or set {variable}")
    })
}

/// A server that one test alone uses, and may stop and kill. It ends with its keeper, whose input this holds.
#[derive(Debug)]
pub struct OwnServer {
    _keeper: Child,
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl OwnServer {
    /// A keeper of a server `name`, which is not started yet.
    ///
    /// # Panics
    /// When the script cannot be run.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test may fail")]
    pub fn new(name: &str) -> Self {
        let mut keeper = Command::new(SCRIPT)
            .args(["control", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/test-servers runs");
        let output = keeper.stdout.take().expect("its output");
        Self {
            input: keeper.stdin.take().expect("its input"),
            answers: BufReader::new(output).lines(),
            _keeper: keeper,
        }
    }

    /// Says `word` (`start`, `stop`, `kill`) to the keeper, and what it answered: to `start` the address.
    ///
    /// # Panics
    /// When it could not be done.
    #[expect(clippy::expect_used, clippy::panic, reason = "a test may fail")]
    pub async fn tell(&mut self, word: &str) -> String {
        let line = format!("{word}\n");
        self.input
            .write_all(line.as_bytes())
            .await
            .expect("the keeper listens");
        let answer = self.answers.next_line().await.expect("the keeper answers");
        let answer: serde_json::Value = serde_json::from_str(&answer.unwrap_or_default()).unwrap_or_default();
        match answer.get("ok").and_then(serde_json::Value::as_str) {
            Some(done) => done.to_owned(),
            None => panic!("{word}: {answer}"),
        }
    }
}

/// A database of one test. What is left when the test fails is there to be looked at.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
}

impl Database {
    /// An empty database for the test `name`.
    ///
    /// # Panics
    /// As [`shared_server`].
    #[must_use]
    pub fn new(name: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let server = shared_server(name, "MONGODB_URI");
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{name}_{}_{number}", std::process::id());
        Self {
            url: with_database(&server, &name),
            name,
        }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A collection as a stranger sees it.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn collection(&self, collection: &str) -> Collection<Document> {
        let client = self.client().await;
        client.database(&self.name).collection(collection)
    }

    /// A document as a stranger sees it.
    ///
    /// # Panics
    /// When it is not there.
    #[expect(clippy::expect_used, reason = "a test may fail")]
    pub async fn document(&self, collection: &str, id: &str) -> Document {
        let collection = self.collection(collection).await;
        let found = collection.find_one(doc! { "_id": id }).await;
        found.expect("an answer").expect("a document")
    }

    /// Removes it.
    ///
    /// # Panics
    /// When the server cannot be reached.
    #[expect(clippy::expect_used, reason = "a test may fail")]
    pub async fn drop(self) {
        let client = self.client().await;
        let dropped = client.database(&self.name).drop().await;
        dropped.expect("the database of a test is removed");
    }

    #[expect(clippy::expect_used, reason = "a test may fail")]
    async fn client(&self) -> Client {
        let client = Client::with_uri_str(&self.url).await;
        client.expect("an address of MongoDB")
    }
}

/// The address with another database in it.
fn with_database(url: &str, name: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("mongodb", url));
    let (place, query) = rest
        .split_once('?')
        .map_or((rest, None), |(place, query)| (place, Some(query)));
    let servers = place.split_once('/').map_or(place, |(servers, _)| servers);
    match query {
        Some(query) => format!("{scheme}://{servers}/{name}?{query}"),
        None => format!("{scheme}://{servers}/{name}"),
    }
}
