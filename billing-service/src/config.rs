//! What can be set about billing.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use service_kit::config::Problem;
use service_kit::remote::LinkConfig;

/// Less would make a checkpoint of every few batches.
const MIN_PENDING_BYTES: u64 = 1 << 20;

/// Settings of billing; the default runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where gateway and analytics call by gRPC; none: this process only.
    pub listen: Option<SocketAddr>,
    /// Where the billing-service that leads is: `http://host:port`, or several with commas between, of which the one that answers is looked
    /// for; a billing-service's own may be among them. One that does not lead takes in some shards for it; empty: it only stands by.
    pub url: String,
    /// Readings that are in no stored block yet may take so much memory; a reading takes 16 bytes.
    #[serde(with = "service_kit::units::size")]
    pub pending: u64,
    /// The cache of bills, drafts and latest readings.
    #[serde(with = "service_kit::units::size")]
    pub cache: u64,
    /// The prefix of numbers while no seller is registered.
    pub series: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: None,
            url: String::new(),
            pending: 48 << 20,
            cache: 16 << 20,
            series: "GT".to_owned(),
        }
    }
}

impl Config {
    /// What is wrong with the settings; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.pending < MIN_PENDING_BYTES {
            problems.push(Problem::new(format!("{prefix}pending"), "must be at least 1MiB"));
        }
        if !self.url.is_empty() {
            let link = LinkConfig {
                url: self.url.clone(),
                ..LinkConfig::here(0)
            };
            problems.extend(link.problems(prefix));
        }
        let short = (1..=16).contains(&self.series.len());
        if !short
            || !self
                .series
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            problems.push(Problem::new(
                format!("{prefix}series"),
                "must be 1 to 16 of A-Z 0-9",
            ));
        }
        problems
    }
}
