//! What a dry run prints: the readings that would be sent.

use std::io::Write;

use model::MeterId;
use serde::Serialize;

use crate::anomaly::rfc3339;
use crate::config::Listing;
use crate::delivery::Fault;
use crate::error::Error;
use crate::sample::Sample;

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    due: String,
    device_id: &'a str,
    timestamp: String,
    interval_seconds: u32,
    channel: &'static str,
    usage_kwh: String,
    quality: &'static str,
    revision: u32,
    fault: Option<Fault>,
    power_w: Option<f64>,
    voltage_v: Option<f64>,
    current_a: Option<f64>,
    power_factor: Option<f64>,
    temperature_c: Option<f64>,
}

/// Writes the lines.
pub(crate) enum Lines<W: Write> {
    Json(W),
    Csv(Box<csv::Writer<W>>),
}

impl<W: Write> Lines<W> {
    pub(crate) fn new(listing: Listing, out: W) -> Self {
        match listing {
            Listing::Json => Self::Json(out),
            Listing::Csv => Self::Csv(Box::new(csv::Writer::from_writer(out))),
        }
    }

    /// Writes that `meter` would send `sample` at `due_ms`.
    pub(crate) fn write(
        &mut self,
        due_ms: i64,
        meter: &MeterId,
        sample: &Sample,
        fault: Option<Fault>,
    ) -> Result<(), Error> {
        let wire = sample.to_wire(meter);
        let line = Line {
            due: rfc3339(due_ms),
            device_id: meter.as_str(),
            timestamp: rfc3339(sample.start_ms),
            interval_seconds: sample.interval_seconds,
            channel: sample.channel.word(),
            usage_kwh: sample.energy.to_string(),
            quality: sample.quality.word(),
            revision: sample.revision,
            fault,
            power_w: wire.power_w,
            voltage_v: wire.voltage_v,
            current_a: wire.current_a,
            power_factor: wire.power_factor,
            temperature_c: wire.temperature_c,
        };
        match self {
            Self::Json(out) => {
                serde_json::to_writer(&mut *out, &line).map_err(|error| Error::Output(error.into()))?;
                out.write_all(b"\n").map_err(Error::Output)
            }
            Self::Csv(out) => out.serialize(&line).map_err(|error| Error::Output(error.into())),
        }
    }

    /// Writes what is still in buffers.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self {
            Self::Json(mut out) => out.flush().map_err(Error::Output),
            Self::Csv(mut out) => out.flush().map_err(Error::Output),
        }
    }
}
