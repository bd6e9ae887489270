//! A program of this build as a child process: its first line on standard output, its signals, its end.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::de::DeserializeOwned;

/// A start or an end that takes longer than this is a failure. A demo in a debug build on a busy machine is the slowest.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A child process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    said: Option<JoinHandle<String>>,
    printed: mpsc::Receiver<String>,
}

impl Process {
    /// `command` until it has printed its ready line, which is returned beside it.
    ///
    /// # Errors
    /// When it ends or stays silent instead; with what it said.
    pub fn start<R: DeserializeOwned>(command: Command) -> Result<(Self, R)> {
        let mut process = Self::spawn(command)?;
        if let Some(ready) = process.ready() {
            return Ok((process, ready));
        }
        process.kill()?;
        let (status, said) = process.wait(PATIENCE)?;
        bail!("no ready line; {status}: {said}")
    }

    /// Its ready line, as soon as it prints it.
    #[must_use]
    pub fn ready<R: DeserializeOwned>(&self) -> Option<R> {
        let first = self.printed.recv_timeout(PATIENCE).ok()?;
        serde_json::from_str(&first).ok()
    }

    /// `command`, however it does.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn spawn(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let (out, err) = (
            child.stdout.take().context("no stdout")?,
            child.stderr.take().context("no stderr")?,
        );
        let said = std::thread::spawn(move || {
            let mut text = String::new();
            // What cannot be read as text is no reason to lose what was.
            drop(BufReader::new(err).read_to_string(&mut text));
            text
        });
        let (lines, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            said: Some(said),
            printed,
        })
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line it prints on standard output, until one contains `text`; all of them.
    ///
    /// # Errors
    /// When it ends or stays silent before.
    pub fn wait_for_line(&self, text: &str) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self
                .printed
                .recv_timeout(PATIENCE)
                .with_context(|| format!("never printed `{text}`: {lines:?}"))?;
            let found = line.contains(text);
            lines.push(line);
            if found {
                return Ok(lines);
            }
        }
    }

    /// Sends SIGTERM or another signal by name.
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("kill -{name} {}", self.child.id()))
            .status()?;
        if status.success() {
            Ok(())
        } else {
            bail!("cannot send {name}")
        }
    }

    /// Kills it as a power cut would, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its end, at most `patience`; its exit status and what it said.
    ///
    /// # Errors
    /// When it does not end in time.
    pub fn wait(mut self, patience: Duration) -> Result<(ExitStatus, String)> {
        const STEP: Duration = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        loop {
            if let Some(status) = self.child.try_wait()? {
                let said = self
                    .said
                    .take()
                    .and_then(|said| said.join().ok())
                    .unwrap_or_default();
                return Ok((status, said));
            }
            if waited >= patience {
                bail!("still running after {patience:?}");
            }
            std::thread::sleep(STEP);
            waited += STEP;
        }
    }

    /// SIGTERM and a clean end.
    ///
    /// # Errors
    /// When it does not end with 0 in time.
    pub fn stop(self) -> Result<String> {
        self.signal("TERM")?;
        let (status, said) = self.wait(PATIENCE)?;
        if status.success() {
            Ok(said)
        } else {
            bail!("{status}: {said}")
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
