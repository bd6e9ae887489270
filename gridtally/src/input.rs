//! Files that a command line names.

use std::path::Path;

use crate::error::CommandError;

/// The text of a file.
///
/// # Errors
/// [`CommandError::Input`].
pub(crate) fn text(path: &Path) -> Result<String, CommandError> {
    std::fs::read_to_string(path).map_err(|source| CommandError::Input {
        file: path.to_owned(),
        source,
    })
}
