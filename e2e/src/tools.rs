//! Tools that tests need beside Rust: installed by `scripts/test-tools`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::program;

/// The tool at `path` of the tools folder, e.g. `bin/grpcurl` or `venv/bin/python`.
///
/// # Errors
/// When it is not there; the message names the script that installs it.
pub fn find(path: &str) -> Result<PathBuf> {
    let mut folders = Vec::new();
    folders.extend(std::env::var_os("TEST_TOOLS").map(PathBuf::from));
    folders.push(program::repository().join("target/test-tools"));
    for folder in &folders {
        let tool = folder.join(path);
        if tool.is_file() {
            return Ok(tool);
        }
    }
    bail!("{path} is missing in {folders:?}; run scripts/test-tools (or `make tools`)")
}
