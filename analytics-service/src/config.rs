//! The settings of this service and their limits. A program reads them from its file and environment and hands them in by value.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use service_kit::config::Problem;
use service_kit::units;

/// The settings; the default runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where other processes ask by gRPC; none: this process only.
    pub listen: Option<SocketAddr>,
    /// Without messages for this long, days that may be wrong are folded again from billing's reads.
    #[serde(with = "units::duration")]
    pub quiet: Duration,
    /// Under load, a day that is known to be wrong is folded again after this long.
    #[serde(with = "units::duration")]
    pub recompute_delay: Duration,
    /// Under load, today is folded again after this long, in case a repeat went unnoticed.
    #[serde(with = "units::duration")]
    pub provisional_delay: Duration,
    /// Without load, today is folded again after this long.
    #[serde(with = "units::duration")]
    pub provisional_rest: Duration,
    /// A UTC day is closed this long after its end.
    #[serde(with = "units::duration")]
    pub close_grace: Duration,
    /// How often what changed is stored, when few readings come; under load it is stored by their number. After a crash what was not
    /// stored is read again from the bus.
    #[serde(with = "units::duration")]
    pub save_every: Duration,
    /// How often the register is asked for changes.
    #[serde(with = "units::duration")]
    pub register_every: Duration,
    /// Memory for the values of days, all shards together; other days are in the store only.
    #[serde(with = "units::size")]
    pub memory: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: None,
            quiet: Duration::from_millis(1500),
            recompute_delay: Duration::from_secs(30),
            provisional_delay: Duration::from_mins(5),
            provisional_rest: Duration::from_secs(10),
            close_grace: Duration::from_mins(10),
            save_every: Duration::from_secs(30),
            register_every: Duration::from_secs(2),
            memory: 24 << 20,
        }
    }
}

impl Config {
    /// What is wrong with the values, all of it, by key below `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let positive = [
            ("quiet", self.quiet),
            ("recompute_delay", self.recompute_delay),
            ("provisional_delay", self.provisional_delay),
            ("save_every", self.save_every),
            ("register_every", self.register_every),
        ];
        let mut problems: Vec<Problem> = (positive.iter().filter(|(_, value)| value.is_zero()))
            .map(|(key, _)| Problem::new(format!("{prefix}.{key}"), "must be longer than 0s"))
            .collect();
        if self.memory < 1 << 20 {
            problems.push(Problem::new(format!("{prefix}.memory"), "must be at least 1MiB"));
        }
        problems
    }
}

#[cfg(test)]
mod tests;
