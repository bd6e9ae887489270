//! The URLs by which backends are chosen, which may carry a password.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::config::Problem;

/// The password as it is shown.
const HIDDEN: &str = "***";
/// Parts of the names of settings in a query whose values are not shown, `authMechanismProperties` among them.
const SECRET: [&str; 4] = ["pass", "secret", "token", "properties"];
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
        let shown = without_password(&self.0);
        match shown.split_once('?') {
            Some((place, query)) => {
                let settings: Vec<String> = query.split('&').map(shown_setting).collect();
                write!(f, "{place}?{}", settings.join("&"))
            }
            None => f.write_str(&shown),
        }
    }
}

/// Hides what stands before the last `@`, where a careless password may hold anything: rather too much than too little.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        let more = url.split_once(':').filter(|(_, more)| !more.is_empty());
        return more.map_or_else(|| url.to_owned(), |(scheme, _)| format!("{scheme}:{HIDDEN}"));
    };
    let (authority, _) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let at = rest.rfind('@').filter(|_| authority.contains([':', '@']));
    let Some((user, place)) = at.map(|at| rest.split_at(at)) else {
        return url.to_owned();
    };
    match user.split_once(':') {
        Some((name, _)) => format!("{scheme}://{name}:{HIDDEN}{place}"),
        None => url.to_owned(),
    }
}

/// `name=value` of a query, without the value where that may be secret.
fn shown_setting(setting: &str) -> String {
    match setting.split_once('=') {
        Some((name, _)) if SECRET.iter().any(|part| name.to_ascii_lowercase().contains(part)) => {
            format!("{name}={HIDDEN}")
        }
        _ => setting.to_owned(),
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
