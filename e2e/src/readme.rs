//! Shell lines that people are told to type, run as they are printed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{program, tools};

/// The line before a fenced block that a test runs.
const TAG: &str = "<!-- tested -->";

/// The fenced `sh` blocks of `markdown` that are tagged for testing, in order.
#[must_use]
pub fn tested_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = markdown.lines();
    while let Some(line) = lines.next() {
        if line.trim() != TAG {
            continue;
        }
        let mut fenced = lines
            .by_ref()
            .skip_while(|line| !line.trim_start().starts_with("```"));
        if fenced
            .next()
            .is_some_and(|fence| fence.trim_start().starts_with("```sh"))
        {
            let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

/// Runs `script` in `folder` with the tools found first, an answer that is an HTTP error being a failure; what it prints.
///
/// # Errors
/// When it fails, with what it said.
pub fn run(script: &str, folder: &Path) -> Result<String> {
    const PRELUDE: &str = "curl() { command curl --fail-with-body --show-error \"$@\"; }\n";
    let grpcurl = tools::find("bin/grpcurl")?;
    let built = program::path("gridtally")?;
    let mut search = Vec::new();
    search.extend(grpcurl.parent().map(Path::to_path_buf));
    search.extend(built.parent().map(Path::to_path_buf));
    search.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &format!("{PRELUDE}{script}")]);
    command
        .current_dir(folder)
        .env("PATH", std::env::join_paths(search)?);
    let output = command.output().context("bash cannot be started")?;
    let (printed, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    if !output.status.success() {
        bail!("{script}\n{}: {printed}{said}", output.status);
    }
    Ok(printed.into_owned())
}

#[cfg(test)]
mod tests;
