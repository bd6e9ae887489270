//! Readings by HTTP: the same judgement as by gRPC, in the same field names.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use chrono::{DateTime, SecondsFormat};
use proto::meter::{Channel, Quality, Reading, Receipt, SendReadingsResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::extract::Body;
use super::problem::Problem;
use crate::auth::Identity;

/// Where readings are sent.
pub(super) const READINGS: &str = "/api/v1/readings";
/// Stands for a word nobody knows: no enumeration has it, so the reading is judged as one with an unknown number.
const UNKNOWN: i32 = i32::MAX;

/// A decimal: as text, or as a number.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
enum Decimal {
    /// For example `0.25`.
    Number(f64),
    /// For example `"0.25"`.
    Text(String),
}

impl Decimal {
    /// What is no number becomes NaN, which is judged like one.
    fn value(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
        }
    }
}

/// One reading, as `gridtally.meter.v1.Reading`.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct ReadingSent {
    /// The meter: 1 to 64 of A-Z a-z 0-9 . _ : -
    #[schema(required)]
    device_id: String,
    /// RFC 3339: start of the interval, or instant of the register read.
    #[schema(required)]
    timestamp: String,
    /// Energy of the interval in kWh.
    #[schema(inline)]
    usage_kwh: Option<Decimal>,
    /// What the dial `register` shows, in kWh.
    #[schema(inline)]
    register_kwh: Option<Decimal>,
    /// Which dial.
    register: String,
    /// 0 = the meter's configured length.
    interval_seconds: u32,
    /// IMPORT (default), EXPORT, REACTIVE.
    channel: String,
    /// ACTUAL (default), ESTIMATED, EDITED, QUESTIONABLE.
    quality: String,
    /// Higher for a corrected value; of devices at most 4,000,000,000.
    revision: u32,
    /// The device's counter; 0 = none.
    sequence: u64,
    /// Telemetry, W.
    power_w: Option<f64>,
    /// Telemetry, V.
    voltage_v: Option<f64>,
    /// Telemetry, A.
    current_a: Option<f64>,
    /// Telemetry, 0 to 1.
    power_factor: Option<f64>,
    /// Telemetry, degrees Celsius.
    temperature_c: Option<f64>,
    /// Telemetry, kPa.
    pressure_kpa: Option<f64>,
}

/// Readings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingsSent {
    /// At most 1,000.
    #[schema(max_items = 1000)]
    readings: Vec<ReadingSent>,
}

/// What became of one reading.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptGiven {
    /// The same reading has the same receipt for ever. Empty unless kept.
    id: String,
    /// ACCEPTED, DUPLICATE, CONFLICT: durably kept. REJECTED: not kept. RETRY: send the same again.
    verdict: &'static str,
    /// Stable upper-case code; empty when accepted.
    reason: String,
    /// A sentence for a person.
    message: String,
}

/// What became of the readings.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReceiptsGiven {
    /// One per reading, in the order of the readings.
    receipts: Vec<ReceiptGiven>,
    /// The server's clock when it answered.
    server_time: String,
}

/// Takes readings. Which of them were kept is said reading by reading; one that is wrong never costs another. A repetition does no harm:
/// the same reading counts once.
/// A body that does not fit the schema (a field of another type, a number beyond its type) is refused whole, 400 `BAD_BODY`, like a message that cannot be decoded.
#[utoipa::path(post, path = "/api/v1/readings", tag = "readings", request_body = ReadingsSent,
    responses((status = 200, description = "A receipt per reading", body = ReceiptsGiven)))]
pub(super) async fn send_readings(
    State(app): State<Arc<App>>,
    Extension(identity): Extension<Identity>,
    Body(sent): Body<ReadingsSent>,
) -> Result<Json<ReceiptsGiven>, Problem> {
    let readings: Vec<Reading> = sent.readings.into_iter().map(Reading::from).collect();
    Ok(Json(app.intake.send(identity, &readings).await?.into()))
}

impl From<ReadingSent> for Reading {
    fn from(sent: ReadingSent) -> Self {
        let timestamp =
            DateTime::parse_from_rfc3339(&sent.timestamp)
                .ok()
                .map(|time| prost_types::Timestamp {
                    seconds: time.timestamp(),
                    nanos: i32::try_from(time.timestamp_subsec_nanos()).unwrap_or_default(),
                });
        Self {
            timestamp,
            usage_kwh: sent.usage_kwh.as_ref().map(Decimal::value),
            register_kwh: sent.register_kwh.as_ref().map(Decimal::value),
            channel: channel(&sent.channel),
            quality: quality(&sent.quality),
            device_id: sent.device_id,
            register: sent.register,
            interval_seconds: sent.interval_seconds,
            revision: sent.revision,
            sequence: sent.sequence,
            power_w: sent.power_w,
            voltage_v: sent.voltage_v,
            current_a: sent.current_a,
            power_factor: sent.power_factor,
            temperature_c: sent.temperature_c,
            pressure_kpa: sent.pressure_kpa,
        }
    }
}

fn channel(word: &str) -> i32 {
    match word.strip_prefix("CHANNEL_").unwrap_or(word) {
        "" | "UNSPECIFIED" => Channel::Unspecified as i32,
        "IMPORT" => Channel::Import as i32,
        "EXPORT" => Channel::Export as i32,
        "REACTIVE" => Channel::Reactive as i32,
        _ => UNKNOWN,
    }
}

fn quality(word: &str) -> i32 {
    match word.strip_prefix("QUALITY_").unwrap_or(word) {
        "" | "UNSPECIFIED" => Quality::Unspecified as i32,
        "ACTUAL" => Quality::Actual as i32,
        "ESTIMATED" => Quality::Estimated as i32,
        "EDITED" => Quality::Edited as i32,
        "QUESTIONABLE" => Quality::Questionable as i32,
        _ => UNKNOWN,
    }
}

impl From<Receipt> for ReceiptGiven {
    fn from(receipt: Receipt) -> Self {
        Self {
            verdict: receipt.verdict().as_str_name().trim_start_matches("VERDICT_"),
            id: receipt.id,
            reason: receipt.reason,
            message: receipt.message,
        }
    }
}

impl From<SendReadingsResponse> for ReceiptsGiven {
    fn from(response: SendReadingsResponse) -> Self {
        let server_time = response.server_time.unwrap_or_default();
        let server_time = DateTime::from_timestamp(server_time.seconds, server_time.nanos.unsigned_abs());
        Self {
            receipts: response.receipts.into_iter().map(ReceiptGiven::from).collect(),
            server_time: server_time
                .unwrap_or_default()
                .to_rfc3339_opts(SecondsFormat::Millis, true),
        }
    }
}

#[cfg(test)]
mod tests;
