//! The URLs by which backends are chosen, which may carry a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::config::Problem;

/// The password as it is shown.
const HIDDEN: &str = "***";
/// Schemes of backends in the process itself: there is nothing behind their colon.
const INSIDE: [&str; 2] = ["embedded:", "memory:"];

/// A URL such as `amqp://user:password@broker:5672`. Shown, logged and printed without its password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct BackendUrl(String);

impl BackendUrl {
    /// `url` as it is.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its password, for whoever connects.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// The scheme with its colon; empty when there is none.
    #[must_use]
    pub fn scheme(&self) -> &str {
        let end = self.0.find(':').map_or(0, |colon| colon.saturating_add(1));
        self.0.get(..end).unwrap_or_default()
    }

    /// What is wrong with it as the value of `key`: its scheme must be one of `schemes`, each with its colon.
    #[must_use]
    pub fn problem(&self, key: &str, schemes: &[&str]) -> Option<Problem> {
        let scheme = self.scheme();
        let more_than_inside = INSIDE.contains(&scheme) && self.0 != scheme;
        let wrong = !schemes.contains(&scheme) || more_than_inside;
        wrong.then(|| {
            Problem::new(
                key,
                format!("not a backend of this program; use {}", schemes.join(" or ")),
            )
        })
    }
}

impl fmt::Display for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.0;
        // What stands between the scheme and the last `@` of the authority, where a careless password may hold an `@` too.
        let shown = url.split_once("://").and_then(|(scheme, rest)| {
            let authority = rest
                .find(['/', '?', '#'])
                .map_or(rest, |end| rest.get(..end).unwrap_or(rest));
            let at = authority.rfind('@')?;
            let (user, place) = (rest.get(..at)?, rest.get(at..)?);
            let name = user.split(':').next().unwrap_or_default();
            let password = if user.contains(':') {
                format!(":{HIDDEN}")
            } else {
                String::new()
            };
            Some(format!("{scheme}://{name}{password}{place}"))
        });
        f.write_str(shown.as_deref().unwrap_or(url))
    }
}

impl fmt::Debug for BackendUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BackendUrl({self})")
    }
}

impl Serialize for BackendUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
