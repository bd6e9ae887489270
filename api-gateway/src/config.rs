//! What can be set about the gateway.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use service_kit::config::Problem;

use crate::device;

/// Settings of the gateway; the default runs on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where devices and staff call by gRPC; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where staff ask by HTTP; port 0 picks a free one.
    pub staff_listen: SocketAddr,
    /// Asks nobody for a token: everybody may do all. For a first try, on loopback only.
    pub insecure_no_auth: bool,
    /// Tells by gRPC reflection which services there are, without a token.
    pub reflection: bool,
    /// How devices are served.
    pub device: device::Config,
}

impl Default for Config {
    fn default() -> Self {
        let here = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Self {
            listen: here(50_051),
            staff_listen: here(8_080),
            insecure_no_auth: false,
            reflection: true,
            device: device::Config::default(),
        }
    }
}

impl Config {
    /// What is wrong with the settings together; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let listeners = [("listen", self.listen), ("staff_listen", self.staff_listen)];
        let listening = listeners
            .into_iter()
            .filter(|(_, address)| self.insecure_no_auth && !address.ip().is_loopback())
            .map(|(key, address)| {
                let what = format!("{address} is not loopback: without tokens everybody there could do all");
                Problem::new(format!("{prefix}{key}"), what)
            });
        listening
            .chain(self.device.problems(&format!("{prefix}device.")))
            .collect()
    }
}

#[cfg(test)]
mod tests;
