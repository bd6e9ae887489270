//! What leader and assistants say to each other, as messages.

use std::ops::Range;

use message_bus::Position;
use model::{Channel, MeterId, Series, is_valid_id};
use proto::assist::{
    Crowded, Held, Identity, LearnRequest, QuarantineRequest, ReportRequest, ReportResponse,
    Touched as WireTouched,
};
use service_kit::trace::Context;

use super::table::{Report, Wishes};
use crate::error::Error;
use crate::reads::{News, Touched, Unusable};

pub(super) fn report_out(report: &Report) -> ReportRequest {
    let held = |(shard, position): (&u16, &Position)| Held {
        shard: u32::from(*shard),
        position: *position,
    };
    ReportRequest {
        assistant: report.assistant,
        number: report.number,
        turn: report.turn,
        shards: report.shards.iter().copied().map(u32::from).collect(),
        held: report.held.iter().map(held).collect(),
        store: report.store.clone(),
    }
}

pub(super) fn report_in(message: &ReportRequest) -> Result<Report, Error> {
    let held = |held: &Held| Ok((shard(held.shard)?, held.position));
    Ok(Report {
        assistant: message.assistant,
        number: message.number,
        turn: message.turn,
        shards: message
            .shards
            .iter()
            .copied()
            .map(shard)
            .collect::<Result<_, Error>>()?,
        held: message.held.iter().map(held).collect::<Result<_, Error>>()?,
        store: message.store.clone(),
    })
}

pub(super) fn wishes_out(wishes: &Wishes) -> ReportResponse {
    ReportResponse {
        turn: wishes.turn,
        shards: wishes.shards.iter().copied().map(u32::from).collect(),
        hold: wishes.hold.iter().copied().map(u32::from).collect(),
    }
}

pub(super) fn wishes_in(message: &ReportResponse) -> Result<Wishes, Error> {
    let shards = |shards: &[u32]| shards.iter().copied().map(shard).collect::<Result<_, Error>>();
    Ok(Wishes {
        turn: message.turn,
        shards: shards(&message.shards)?,
        hold: shards(&message.hold)?,
    })
}

pub(super) fn news_out(assistant: u64, shard: u16, news: &News) -> LearnRequest {
    LearnRequest {
        assistant,
        shard: u32::from(shard),
        meters: news.meters.clone(),
        days: news.days.clone(),
        first_day: news.span.map(|(first, _)| first),
        last_day: news.span.map(|(_, last)| last),
        position: news.position,
    }
}

pub(super) fn news_in(message: LearnRequest) -> News {
    News {
        meters: message.meters,
        days: message.days,
        span: message.first_day.zip(message.last_day),
        position: message.position,
    }
}

pub(super) fn touched_out(touched: &Touched, trace: Option<&Context>) -> WireTouched {
    let identities = |identities: &[(Series, i64)]| identities.iter().filter_map(identity_out).collect();
    let crowded = |(channel, day): &(Channel, i32)| Crowded {
        channel: channel.code(),
        day: *day,
    };
    WireTouched {
        meter_id: touched.meter.as_str().to_owned(),
        from_ms: touched.range_ms.start,
        to_ms: touched.range_ms.end,
        conflicts: identities(&touched.conflicts),
        settled: identities(&touched.settled),
        crowded: touched.crowded.iter().map(crowded).collect(),
        traceparent: trace.map(ToString::to_string).unwrap_or_default(),
    }
}

pub(super) fn touched_in(message: &WireTouched) -> Result<Touched, Error> {
    let meter = message.meter_id.parse::<MeterId>();
    let meter = meter.map_err(|_| wrong("meter_id", &message.meter_id))?;
    let identities =
        |identities: &[Identity]| identities.iter().map(identity_in).collect::<Result<_, Error>>();
    let crowded = |crowded: &Crowded| Ok((channel(crowded.channel)?, crowded.day));
    Ok(Touched {
        meter,
        range_ms: Range {
            start: message.from_ms,
            end: message.to_ms,
        },
        conflicts: identities(&message.conflicts)?,
        settled: identities(&message.settled)?,
        crowded: message
            .crowded
            .iter()
            .map(crowded)
            .collect::<Result<_, Error>>()?,
    })
}

pub(super) fn unusable_out(assistant: u64, message: Unusable) -> QuarantineRequest {
    QuarantineRequest {
        assistant,
        shard: u32::from(message.shard),
        position: message.position,
        message_id: message.id.to_be_bytes().to_vec(),
        kind: message.kind,
        time_ms: message.time_ms,
        body: message.body.into(),
        reason: message.reason,
    }
}

pub(super) fn unusable_in(message: QuarantineRequest) -> Result<Unusable, Error> {
    let id = <[u8; 16]>::try_from(message.message_id.as_slice());
    Ok(Unusable {
        shard: shard(message.shard)?,
        position: message.position,
        id: u128::from_be_bytes(id.map_err(|_| wrong("message_id", "must have 16 bytes"))?),
        kind: message.kind,
        time_ms: message.time_ms,
        body: message.body.into(),
        reason: message.reason,
    })
}

pub(super) fn shard(number: u32) -> Result<u16, Error> {
    u16::try_from(number).map_err(|_| Error::NoShard(number))
}

fn identity_out((series, start_ms): &(Series, i64)) -> Option<Identity> {
    let (channel, register) = match series {
        Series::Interval(channel) => (channel, None),
        Series::Register(channel, register) => (channel, Some(register.to_string())),
        Series::Telemetry(_) => return None, // it never conflicts
    };
    Some(Identity {
        channel: channel.code(),
        register,
        start_ms: *start_ms,
    })
}

fn identity_in(message: &Identity) -> Result<(Series, i64), Error> {
    let channel = channel(message.channel)?;
    let series = match &message.register {
        None => Series::Interval(channel),
        Some(name) if is_valid_id(name) => Series::Register(channel, name.as_str().into()),
        Some(name) => return Err(wrong("register", name)),
    };
    Ok((series, message.start_ms))
}

fn channel(code: u32) -> Result<Channel, Error> {
    Channel::from_code(code).ok_or_else(|| wrong("channel", &code.to_string()))
}

fn wrong(what: &str, found: &str) -> Error {
    Error::Invalid {
        reason: "BAD_MESSAGE",
        message: format!("{what}: {found}"),
    }
}

#[cfg(test)]
mod tests;
