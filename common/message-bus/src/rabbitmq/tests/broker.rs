//! A private broker that the fault tests start, stop and kill, kept by `scripts/test-servers`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::task::block_in_place;

static PRIVATE: Mutex<Option<Private>> = Mutex::const_new(None);

/// The broker ends with this process, because its keeper's input does.
pub(super) struct Private {
    _keeper: Child,
    words: ChildStdin,
    answers: BufReader<ChildStdout>,
    url: String,
    running: bool,
}

/// The private broker, running; one test has it at a time.
pub(super) async fn lease() -> MappedMutexGuard<'static, Private> {
    let mut guard = PRIVATE.lock().await;
    let private = guard.get_or_insert_with(Private::keep);
    if !private.running {
        private.start();
    }
    MutexGuard::map(guard, |private| private.as_mut().expect("it was just made"))
}

impl Private {
    fn keep() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/test-servers");
        let mut keeper = Command::new(&script)
            .args(["control", "rabbitmq"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        Self {
            words: keeper.stdin.take().unwrap(),
            answers: BufReader::new(keeper.stdout.take().unwrap()),
            _keeper: keeper,
            url: String::new(),
            running: false,
        }
    }

    pub(super) fn url(&self) -> String {
        self.url.clone()
    }

    pub(super) fn start(&mut self) {
        self.url = self.ask("start");
        self.running = true;
    }

    /// As an operator stops it.
    pub(super) fn stop(&mut self) {
        self.running = false;
        self.ask("stop");
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.running = false;
        self.ask("kill");
    }

    /// It stops without a word: connections stay, nothing answers.
    pub(super) fn pause(&mut self) {
        self.ask("pause");
    }

    pub(super) fn resume(&mut self) {
        self.ask("resume");
    }

    /// `rabbitmqctl`.
    pub(super) fn ctl(&mut self, words: &str) -> String {
        self.ask(&format!("ctl {words}"))
    }

    fn ask(&mut self, words: &str) -> String {
        let answer = block_in_place(|| {
            writeln!(self.words, "{words}").unwrap();
            let mut answer = String::new();
            self.answers.read_line(&mut answer).unwrap();
            answer
        });
        let answer = answer.trim();
        let ok = answer
            .strip_prefix("{\"ok\": \"")
            .and_then(|rest| rest.strip_suffix("\"}"));
        ok.unwrap_or_else(|| panic!("scripts/test-servers control rabbitmq, asked to {words}: {answer}"))
            .to_owned()
    }
}
