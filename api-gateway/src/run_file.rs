//! `DIR/run.json`: where the instance that has the data folder listens, for whoever looks for it. Written when every port is bound,
//! removed at the end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use service_kit::KitError;

const NAME: &str = "run.json";

/// Where to find a running instance; also the ready line on standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Always true: there is no line before.
    pub ready: bool,
    /// Devices, and staff by gRPC.
    pub device_grpc: SocketAddr,
    /// Staff by HTTP.
    pub staff_http: SocketAddr,
    /// Health and metrics.
    pub metrics: SocketAddr,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    pid: u32,
    #[serde(flatten)]
    ready: Ready,
}

/// The file of the instance that has the folder; removed when dropped.
#[derive(Debug)]
pub struct RunFile {
    path: PathBuf,
}

impl RunFile {
    /// Writes it, in one step, so that no reader sees half of it.
    ///
    /// # Errors
    /// [`KitError::File`] when it cannot be written.
    pub fn write(folder: &Path, ready: &Ready) -> Result<Self, KitError> {
        let path = folder.join(NAME);
        let content = Content {
            pid: std::process::id(),
            ready: ready.clone(),
        };
        let text = serde_json::to_string(&content).map_err(|source| KitError::Setup {
            what: "run.json",
            source: source.into(),
        })?;
        let draft = path.with_extension("json.new");
        std::fs::write(&draft, text)
            .and_then(|()| std::fs::rename(&draft, &path))
            .map_err(|source| KitError::File {
                doing: "write",
                file: path.clone(),
                source,
            })?;
        Ok(Self { path })
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "run.json was gone already");
        }
    }
}

/// The instance that has `folder`, as it wrote it; it may have died since.
#[must_use]
pub fn read(folder: &Path) -> Option<Ready> {
    let text = std::fs::read_to_string(folder.join(NAME)).ok()?;
    let content: Content = serde_json::from_str(&text).ok()?;
    Some(content.ready)
}

#[cfg(test)]
mod tests;
