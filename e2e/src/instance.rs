//! Something that devices and staff can talk to, however many processes it is made of.

use std::path::Path;

use anyhow::Result;

use crate::platform::Platform;
use crate::program;
use crate::services::Services;

/// See the module.
pub trait Instance {
    /// Address of the device port.
    fn device_grpc(&self) -> &str;

    /// The folder in which the command line finds it.
    fn data(&self) -> &Path;

    /// A token for it.
    ///
    /// # Errors
    /// Those of [`program::token`].
    fn token(&self, role: &str, subject: &str) -> Result<String> {
        program::token(self.data(), role, subject)
    }
}

impl Instance for Platform {
    fn device_grpc(&self) -> &str {
        &self.ready().device_grpc
    }

    fn data(&self) -> &Path {
        Platform::data(self)
    }
}

impl Instance for Services {
    fn device_grpc(&self) -> &str {
        self.gateway.ready.device_grpc.as_deref().unwrap_or_default()
    }

    fn data(&self) -> &Path {
        self.launcher.data()
    }
}
