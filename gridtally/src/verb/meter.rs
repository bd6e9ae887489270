//! `gridtally meter ...`

use proto::billing::{GetMeterRequest, GetUsageRequest, ListMetersRequest, ListReadingsRequest};

use super::{all, with};
use crate::access::Access;
use crate::cli::{MeterCommand, Query};
use crate::error::CommandError;
use crate::output::{self, Column};

const METERS: &[Column] = &[
    ("METER", "id"),
    ("STATE", "state"),
    ("REGION", "region"),
    ("CLASS", "tariff_class"),
    ("LATEST", "latest_reading.timestamp"),
    ("KWH", "latest_reading.usage_kwh"),
];
const READINGS: &[Column] = &[
    ("TIMESTAMP", "timestamp"),
    ("SECONDS", "interval_seconds"),
    ("CHANNEL", "channel"),
    ("KWH", "usage_kwh"),
    ("REGISTER", "register"),
    ("DIAL", "register_kwh"),
    ("QUALITY", "quality"),
    ("RECEIVED", "received_at"),
];
const USAGE: &[Column] = &[
    ("START", "start"),
    ("IMPORT_KWH", "import_kwh"),
    ("EXPORT_KWH", "export_kwh"),
    ("READINGS", "readings"),
    ("EXPECTED", "expected"),
];

/// Runs `meter ...`.
///
/// # Errors
/// What the platform answers.
pub(crate) async fn run(command: MeterCommand) -> Result<(), CommandError> {
    match command {
        MeterCommand::List { query } => {
            let meters = with(&query.settings, list).await?;
            output::list(query.output, METERS, &meters)
        }
        MeterCommand::Show { id, query } => {
            let request = GetMeterRequest { id };
            let meter = with(&query.settings, async |access| {
                Ok(access.billing().get_meter(request.clone()).await?.into_inner())
            });
            output::one(query.output, &meter.await?)
        }
        MeterCommand::Readings {
            id,
            from,
            to,
            channel,
            query,
        } => {
            let request = ListReadingsRequest {
                meter_id: id,
                from,
                to,
                channel,
                ..ListReadingsRequest::default()
            };
            readings(request, query).await
        }
        MeterCommand::Usage {
            id,
            from,
            to,
            resolution,
            query,
        } => {
            let request = GetUsageRequest {
                meter_id: id,
                from,
                to,
                resolution,
            };
            let usage = with(&query.settings, async |access| {
                Ok(access.billing().get_usage(request.clone()).await?.into_inner())
            });
            output::list(query.output, USAGE, &usage.await?.items)
        }
    }
}

async fn list(access: &Access) -> Result<Vec<proto::billing::MeterView>, CommandError> {
    let mut billing = access.billing();
    all(async |cursor| {
        let request = ListMetersRequest { cursor, limit: 0 };
        let page = billing.list_meters(request).await?.into_inner();
        Ok((page.items, page.next_cursor))
    })
    .await
}

async fn readings(request: ListReadingsRequest, query: Query) -> Result<(), CommandError> {
    let readings = with(&query.settings, async |access| {
        let mut billing = access.billing();
        all(async |cursor| {
            let request = ListReadingsRequest {
                cursor,
                ..request.clone()
            };
            let page = billing.list_readings(request).await?.into_inner();
            Ok((page.items, page.next_cursor))
        })
        .await
    });
    output::list(query.output, READINGS, &readings.await?)
}
