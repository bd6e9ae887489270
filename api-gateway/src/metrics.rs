//! Every metric of the staff side and of the tokens. Labels are words of this program: error variants, route templates, status classes.

use std::time::Duration;

use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry};

use crate::auth::AuthError;

/// Of a request no route took.
pub(crate) const UNMATCHED: &str = "unmatched";
/// Status classes, as labels.
const CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];
/// Upper bounds in seconds: staff expect a bill within 0.3 s, and nothing takes longer than the deadline of 30 s.
const SECONDS: [f64; 11] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 600.0];

/// The numbers of the gateway. A clone is the same numbers.
#[derive(Debug, Clone)]
pub(crate) struct Metrics {
    auth_failures: IntCounterVec,
    http_requests: IntCounterVec,
    http_seconds: Histogram,
    staff_calls: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let metrics = Self {
            auth_failures: IntCounterVec::new(
                Opts::new(
                    "gridtally_gateway_auth_failures_total",
                    "Calls and requests refused for their token, by reason",
                ),
                &["reason"],
            )?,
            http_requests: IntCounterVec::new(
                Opts::new(
                    "gridtally_gateway_http_requests_total",
                    "Staff HTTP requests by method, route template and status class",
                ),
                &["method", "route", "class"],
            )?,
            http_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "gridtally_gateway_http_request_seconds",
                    "Time from a staff HTTP request to its answer, in seconds",
                )
                .buckets(SECONDS.to_vec()),
            )?,
            staff_calls: IntCounterVec::new(
                Opts::new(
                    "gridtally_gateway_staff_calls_total",
                    "Staff gRPC calls by outcome",
                ),
                &["outcome"],
            )?,
        };
        registry.register(Box::new(metrics.auth_failures.clone()))?;
        registry.register(Box::new(metrics.http_requests.clone()))?;
        registry.register(Box::new(metrics.http_seconds.clone()))?;
        registry.register(Box::new(metrics.staff_calls.clone()))?;
        for error in AuthError::ALL {
            metrics.auth_failures.with_label_values(&[error.label()]);
        }
        for outcome in ["ok", "refused", "failed"] {
            metrics.staff_calls.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }

    pub(crate) fn auth_failed(&self, error: AuthError) {
        self.auth_failures.with_label_values(&[error.label()]).inc();
    }

    /// Starts the counters of a route at 0.
    pub(crate) fn expect_route(&self, method: &str, route: &str) {
        for class in CLASSES {
            self.http_requests.with_label_values(&[method, route, class]);
        }
    }

    /// `route` is a template or [`UNMATCHED`], never a path as sent.
    pub(crate) fn http_answered(&self, request: (&str, &str), status: http::StatusCode, took: Duration) {
        let (method, route) = request;
        let class = match status.as_u16() {
            0..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        };
        self.http_requests
            .with_label_values(&[method, route, class])
            .inc();
        self.http_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn staff_call_answered(&self, code: tonic::Code) {
        use tonic::Code;
        let outcome = match code {
            Code::Ok => "ok",
            Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss => "failed",
            _ => "refused",
        };
        self.staff_calls.with_label_values(&[outcome]).inc();
    }
}
