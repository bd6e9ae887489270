//! Where a trace stands, as W3C Trace Context (level 1, `traceparent`) writes it.

use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

/// The header and the key of metadata.
pub(crate) const TRACEPARENT: &str = "traceparent";
/// `version-trace-span-flags`: what a later version adds comes behind.
const LENGTH: usize = 55;
/// A version that cannot be.
const NO_VERSION: &str = "ff";

/// A span, for those that come below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Context(SpanContext);

impl Context {
    pub(super) fn new(span: &SpanContext) -> Option<Self> {
        span.is_valid().then(|| Self(span.clone()))
    }

    /// What the headers of a call say, if that is one context and well formed.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        let first = all.next()?;
        all.next().is_none().then_some(first)?.to_str().ok()?.parse().ok()
    }

    /// Whether whoever made it traces.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.0.is_sampled()
    }

    pub(super) fn span_context(&self) -> SpanContext {
        self.0.clone()
    }

    /// As the parent of a span.
    pub(super) fn remote(&self) -> opentelemetry::Context {
        opentelemetry::Context::new().with_remote_span_context(self.0.clone())
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.is_sampled());
        write!(f, "00-{}-{}-{flags:02x}", self.0.trace_id(), self.0.span_id())
    }
}

/// It is no `traceparent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no traceparent of W3C Trace Context")]
pub struct NoContext;

impl FromStr for Context {
    type Err = NoContext;

    fn from_str(text: &str) -> Result<Self, NoContext> {
        let known = text.get(..LENGTH).ok_or(NoContext)?;
        let rest = text.get(LENGTH..).unwrap_or_default();
        let [version, trace, span, flags] = fields(known).ok_or(NoContext)?;
        // Version 00 ends here; a later one may go on behind another dash.
        let whole = rest.is_empty() || version != "00" && rest.starts_with('-');
        let lengths = [version, trace, span, flags].map(str::len);
        let hexadecimal = |field: &str| {
            field
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if !whole || version == NO_VERSION || lengths != [2, 32, 16, 2] {
            return Err(NoContext);
        }
        if ![version, trace, span, flags].into_iter().all(hexadecimal) {
            return Err(NoContext);
        }
        let flags = u8::from_str_radix(flags, 16).map_err(|_| NoContext)?;
        let context = SpanContext::new(
            TraceId::from_hex(trace).map_err(|_| NoContext)?,
            SpanId::from_hex(span).map_err(|_| NoContext)?,
            TraceFlags::new(flags) & TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        Self::new(&context).ok_or(NoContext)
    }
}

fn fields(text: &str) -> Option<[&str; 4]> {
    let mut fields = text.split('-');
    let found = [fields.next()?, fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests;
