//! What can be set about the way to a service.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonic::transport::Uri;

use crate::config::Problem;
use crate::units;

/// More connections would only make the peer's bound fill earlier.
const MAX_CONNECTIONS: usize = 16;
/// More addresses are no service, but a typing error.
const MAX_ADDRESSES: usize = 16;
/// More would wait at the peer's own bound.
const MAX_IN_FLIGHT: usize = 1_024;

/// Where a service is, and how much is asked of it at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkConfig {
    /// Where the service is: `http://host:port`, or several with commas between: of these one answers, and is looked for.
    pub url: String,
    /// How long an answer may take before its outcome counts as unknown. A few calls, such as a bill run, have longer ones of their own.
    #[serde(with = "units::duration")]
    pub deadline: Duration,
    /// Calls under way at a time; more wait, at most as long as the deadline.
    pub in_flight: usize,
    /// Connections to the address in use, used in turn.
    pub connections: usize,
}

impl LinkConfig {
    /// A service on `port` of this machine.
    #[must_use]
    pub fn here(port: u16) -> Self {
        Self {
            url: format!("http://127.0.0.1:{port}"),
            deadline: Duration::from_secs(20),
            in_flight: 256,
            connections: 1,
        }
    }

    /// The addresses.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.url.split(',').map(str::trim)
    }

    /// What is wrong with it; keys begin with `prefix`.
    #[must_use]
    pub fn problems(&self, prefix: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut expect = |good: bool, key: &str, what: String| {
            if !good {
                problems.push(Problem::new(format!("{prefix}{key}"), what));
            }
        };
        expect(
            self.addresses().all(is_plain) && self.addresses().count() <= MAX_ADDRESSES,
            "url",
            format!("must be http://host:port, or up to {MAX_ADDRESSES} of them with commas between"),
        );
        expect(
            !self.deadline.is_zero(),
            "deadline",
            "must not be zero".to_owned(),
        );
        expect(
            (1..=MAX_IN_FLIGHT).contains(&self.in_flight),
            "in_flight",
            format!("must be between 1 and {MAX_IN_FLIGHT}"),
        );
        expect(
            (1..=MAX_CONNECTIONS).contains(&self.connections),
            "connections",
            format!("must be between 1 and {MAX_CONNECTIONS}"),
        );
        problems
    }
}

/// Whether `url` is `http://host:port` and nothing more.
fn is_plain(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    uri.scheme_str() == Some("http")
        && uri.port_u16().is_some()
        && uri.query().is_none()
        && matches!(uri.path(), "" | "/")
        && uri
            .authority()
            .is_some_and(|authority| !authority.as_str().contains('@'))
}
