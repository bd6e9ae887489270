//! What can be set about traces.

use http::Uri;
use serde::{Deserialize, Serialize};

use crate::config::Problem;

/// Where traces go, and how much is traced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceConfig {
    /// Where traces are sent by OTLP over gRPC: `http://host:port` of a collector, without TLS. Empty: nothing is traced.
    pub otlp: String,
    /// The share of calls that are traced, 0 to 1, beside those whose caller asks for it.
    pub share: f64,
    /// At most so many calls a second are traced by share, as many of devices that ask for it, and the same of staff; 1 to 10,000.
    pub per_second: u32,
}

impl Default for TraceConfig {
    fn default() -> Self {
        Self {
            otlp: String::new(),
            share: 0.01,
            per_second: 50,
        }
    }
}

/// The most that may be traced in a second: at ten spans a call what a collector takes on a small machine.
const MOST_PER_SECOND: u32 = 10_000;

impl TraceConfig {
    /// What is wrong with it; `section` is where it stands.
    #[must_use]
    pub fn problems(&self, section: &str) -> Vec<Problem> {
        let otlp = (!self.otlp.is_empty()).then(|| self.wrong_address()).flatten();
        let share = (!(0.0..=1.0).contains(&self.share)).then_some("must be between 0 and 1");
        let rate = !(1..=MOST_PER_SECOND).contains(&self.per_second);
        let rate = rate.then_some("must be between 1 and 10000");
        [("otlp", otlp), ("share", share), ("per_second", rate)]
            .into_iter()
            .filter_map(|(key, what)| Some(Problem::new(format!("{section}.{key}"), what?)))
            .collect()
    }

    fn wrong_address(&self) -> Option<&'static str> {
        let Ok(address) = self.otlp.parse::<Uri>() else {
            return Some("is no address: use http://host:port");
        };
        let bare = address.path() == "/" && address.query().is_none();
        let user = (address.authority()).is_some_and(|authority| authority.as_str().contains('@'));
        match address.scheme_str() {
            Some("https") => {
                Some("https is not built in: send to a collector beside the program, and let that send on")
            }
            Some("http") if bare && !user && address.port_u16().is_some() => None,
            _ => Some("must be http://host:port and nothing else"),
        }
    }
}

#[cfg(test)]
mod tests;
