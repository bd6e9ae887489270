//! Which calls are traced: decided once, where a call enters the system.
//!
//! A caller that asks for it (`traceparent` with the sampled flag) is traced below its own span, one that says no is not, and of all
//! others a share is. Both are bounded per second: a fleet that sends the flag with every reading costs no more than the bound, and
//! cannot keep the share of others from being traced.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use super::{Context, Kind, Span, TraceConfig};

/// What the bound counts over.
const SECOND: Duration = Duration::from_secs(1);
/// 2^64 / golden ratio: multiples of it, modulo 2^64, are spread evenly, so every share of the calls is taken at even distances.
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Decides. A clone decides with the same bounds.
#[derive(Debug, Clone, Default)]
pub struct Sampler(Option<Arc<Rules>>);

#[derive(Debug)]
struct Rules {
    config: TraceConfig,
    /// A call is traced when its number, spread, is below this.
    below: u64,
    calls: AtomicU64,
    by_share: Window,
    by_caller: Window,
}

impl Sampler {
    /// By `config`; traces nothing where that names no collector.
    #[must_use]
    pub fn new(config: &TraceConfig) -> Self {
        let rules = || Rules {
            config: config.clone(),
            below: threshold(config.share),
            calls: AtomicU64::new(0),
            by_share: Window::new(config.per_second),
            by_caller: Window::new(config.per_second),
        };
        Self((!config.otlp.is_empty()).then(|| Arc::new(rules())))
    }

    /// The same rules with bounds of its own: who comes by one door uses up nothing of the other's.
    #[must_use]
    pub fn apart(&self) -> Self {
        self.0
            .as_ref()
            .map(|rules| Self::new(&rules.config))
            .unwrap_or_default()
    }

    /// The span of a call with `headers`, whoever made it having been let in, if it is traced.
    #[must_use]
    pub fn call(&self, headers: &HeaderMap, name: &str) -> Option<Span> {
        let rules = self.0.as_ref()?;
        rules.decide(Context::of(headers).as_ref(), name)
    }

    /// The span of a message of a stream, which is decided as a call of its own with what `caller` said for the whole stream.
    #[must_use]
    pub fn message(&self, caller: Option<&Context>, name: &str) -> Option<Span> {
        self.0.as_ref()?.decide(caller, name)
    }
}

impl Rules {
    fn decide(&self, caller: Option<&Context>, name: &str) -> Option<Span> {
        let traced = match caller.map(Context::is_sampled) {
            Some(false) => false,
            Some(true) => self.by_caller.take() || self.falls_in_share(),
            None => self.falls_in_share(),
        };
        traced.then(|| Span::begin(Kind::Server, name, caller))
    }

    fn falls_in_share(&self) -> bool {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        number.wrapping_mul(STRIDE) < self.below && self.by_share.take()
    }
}

/// `share` of all numbers of 64 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and 2^64, where a cast saturates; how exact a share is matters to nobody"
)]
fn threshold(share: f64) -> u64 {
    (share.clamp(0.0, 1.0) * u64::MAX as f64) as u64
}

/// So many in each second.
#[derive(Debug)]
struct Window {
    most: u32,
    now: Mutex<(Option<Instant>, u32)>,
}

impl Window {
    fn new(most: u32) -> Self {
        Self {
            most,
            now: Mutex::default(),
        }
    }

    /// Whether one more is within the bound.
    fn take(&self) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, taken) = &mut *now;
        if since.is_none_or(|since| since.elapsed() >= SECOND) {
            (*since, *taken) = (Some(Instant::now()), 0);
        }
        let within = *taken < self.most;
        *taken = taken.saturating_add(u32::from(within));
        within
    }
}

#[cfg(test)]
mod tests;
