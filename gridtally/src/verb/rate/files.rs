//! The files of cases: where they are, and where bills go.

use std::path::{Path, PathBuf};

use super::wrong;
use crate::error::CommandError;

/// The file beside a case that is its tariff unless the case names another.
const TARIFF: &str = "tariff.json";
/// Folders that are found beside cases, and by which the data folder is known.
const LANDMARKS: [&str; 2] = ["tariffs", "loads"];

pub(super) fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(format!("cannot write {}", path.display()), error);
    std::fs::write(path, format!("{text}\n")).map_err(failed)
}

pub(super) fn make(folder: &Path) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(format!("cannot make {}", folder.display()), error);
    std::fs::create_dir_all(folder).map_err(failed)
}

/// What the paths in a case are relative to: `data`, or the nearest folder above the case that holds tariffs or loads; without any the
/// case's own.
pub(super) fn data_folder(case: &Path, data: Option<&Path>) -> PathBuf {
    if let Some(data) = data {
        return data.to_owned();
    }
    let full = std::path::absolute(case).unwrap_or_else(|_| case.to_owned());
    let own = full.parent().map(Path::to_owned).unwrap_or_default();
    let holds = |folder: &&Path| LANDMARKS.iter().any(|name| folder.join(name).is_dir());
    let found = own.ancestors().find(holds).map(Path::to_owned);
    found.unwrap_or(own)
}

/// Whether an id is good for a file's name.
pub(super) fn is_name(id: &str) -> bool {
    !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '\\', '\0'])
}

/// The case files in a folder and below, in order of their paths. Tariffs beside cases are none.
pub(super) fn cases(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unread = |source| CommandError::Input {
            file: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(unread)? {
            let path = entry.map_err(unread)?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "json") && !path.ends_with(TARIFF) {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(wrong(folder, &"there are no cases"));
    }
    Ok(found)
}
