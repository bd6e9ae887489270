//! The built programs, and running them to their end.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail};

/// Where cargo put the program `name` of this build.
///
/// # Errors
/// When it was not built; the message says how to.
pub fn path(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("this test has no path")?;
    // target/<profile>/deps/<test> or target/<profile>/<program>
    let found = test
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.with_context(|| {
        format!("{name} is not built; run `make e2e`, or `cargo build` with `-p` and its crate")
    })
}

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder)
}

/// A command of the program `name` that inherits no setting of ours from this test's environment.
///
/// # Errors
/// Those of [`path`].
pub fn command(name: &str) -> Result<Command> {
    let mut command = Command::new(path(name)?);
    forget_settings(&mut command);
    command.stdin(Stdio::null());
    Ok(command)
}

/// Takes the settings of this test's environment away from `command`.
pub fn forget_settings(command: &mut Command) {
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("GRIDTALLY_") {
            command.env_remove(variable);
        }
    }
}

/// Runs `gridtally` with `arguments` to its end.
///
/// # Errors
/// When it cannot be started.
pub fn gridtally<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Output> {
    command("gridtally")?
        .args(arguments)
        .output()
        .context("gridtally cannot be started")
}

/// As [`gridtally`], but it must succeed; returns its standard output.
///
/// # Errors
/// When it ends with another code than 0: with what it said.
pub fn gridtally_ok<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<String> {
    let output = gridtally(arguments)?;
    if !output.status.success() {
        bail!(
            "gridtally: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A token for `role` and `subject`, issued by the program.
///
/// # Errors
/// Those of [`gridtally_ok`].
pub fn token(data: &Path, role: &str, subject: &str) -> Result<String> {
    let data = data.to_string_lossy();
    let arguments = [
        "token",
        "issue",
        "--role",
        role,
        "--subject",
        subject,
        "--data",
        &data,
    ];
    Ok(gridtally_ok(arguments)?.trim().to_owned())
}
