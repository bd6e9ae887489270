//! Readings of one meter, as staff see them.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono_tz::Tz;
use model::{Channel, Content, Energy, MeterId, Series};
use proto::billing::{ListReadingsRequest, ListReadingsResponse, ReadingVersion, ReadingView};
use tariff_engine::Exact;

use super::page;
use crate::error::Error;
use crate::office::Office;
use crate::reads::{IntervalRead, LatestRead, RegisterRead, TelemetryRead};
use crate::time;

/// Readings an answer has when the request says nothing, and at most.
const USUAL: u32 = 1000;
const MOST: u32 = 10_000;
/// As much time is read at once, so that memory does not grow with the range asked for.
const STEP_MS: i64 = 8 * 86_400_000;
/// Without a range: the latest readings of about this time ...
const RECENT_MS: i64 = 2 * 86_400_000;
/// ... at most this many.
const RECENT: usize = 96;
/// How long the cache keeps the latest readings of a meter.
const RECENT_TTL: std::time::Duration = std::time::Duration::from_secs(300);

/// What kind of readings a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Channel(Channel),
    EveryChannel,
    Registers,
    Telemetry,
}

/// The zone in which a meter's times are shown: that of its service point.
pub(super) fn zone_of(office: &Office, meter: &str) -> Tz {
    let index = office.register.index();
    let place = index.place_of(meter, office.clock.now_ms());
    place
        .and_then(|place| index.point(&place.point))
        .map_or(Tz::UTC, |point| point.zone)
}

/// A meter that is registered or was heard of.
///
/// # Errors
/// [`Error::NotFound`].
pub(super) fn meter_id(office: &Office, id: &str) -> Result<MeterId, Error> {
    let missing = || Error::NotFound {
        what: "meter",
        id: id.to_owned(),
    };
    let meter: MeterId = id.parse().map_err(|_| missing())?;
    let known = office.register.index().meter(id).is_some() || office.reads.knows(&meter);
    if known { Ok(meter) } else { Err(missing()) }
}

pub(super) async fn list(
    office: &Office,
    request: &ListReadingsRequest,
) -> Result<ListReadingsResponse, Error> {
    let meter = meter_id(office, &request.meter_id)?;
    let what = what(&request.channel)?;
    if request.from.is_empty() && request.to.is_empty() && request.cursor.is_empty() {
        return recent(office, &meter, what).await;
    }
    let from_ms = if request.from.is_empty() {
        0
    } else {
        time::parse("from", &request.from)?
    };
    let to_ms = if request.to.is_empty() {
        office.clock.now_ms().saturating_add(RECENT_MS)
    } else {
        time::parse("to", &request.to)?
    };
    if !request.from.is_empty() && !request.to.is_empty() && from_ms >= to_ms {
        return Err(time::bad_range());
    }
    // elsewhere a cursor would leave readings out
    let list = format!("readings|{meter}|{what:?}");
    let (from_ms, skip) = position(&list, &request.cursor, from_ms..to_ms)?;
    let limit = page::limit(request.limit, USUAL, MOST);
    let mut items: Vec<(i64, ReadingView)> = Vec::new();
    let mut at_ms = from_ms;
    while at_ms < to_ms && items.len() <= skip.saturating_add(limit) {
        let end_ms = at_ms.saturating_add(STEP_MS).min(to_ms);
        items.extend(views(office, &meter, what, at_ms..end_ms).await?);
        at_ms = end_ms;
    }
    items.drain(..skip.min(items.len()));
    let more = items.len() > limit;
    items.truncate(limit);
    let next_cursor = items.last().filter(|_| more).map(|(last_ms, _)| {
        // How many of the same instant were given, also on the page before.
        let given = items
            .iter()
            .rev()
            .take_while(|(at_ms, _)| at_ms == last_ms)
            .count();
        let before = if *last_ms == from_ms { skip } else { 0 };
        page::cursor(&list, &format!("{last_ms}.{}", given.saturating_add(before)))
    });
    Ok(ListReadingsResponse {
        items: items.into_iter().map(|(_, view)| view).collect(),
        next_cursor,
    })
}

fn what(channel: &str) -> Result<What, Error> {
    Ok(match channel.to_ascii_lowercase().as_str() {
        "" => What::EveryChannel,
        "register" => What::Registers,
        "telemetry" => What::Telemetry,
        word => match Channel::from_word(word) {
            Some(channel) => What::Channel(channel),
            None => {
                let message = "channel must be import, export, reactive, register or telemetry".to_owned();
                return Err(Error::Invalid {
                    reason: "BAD_CHANNEL",
                    message,
                });
            }
        },
    })
}

/// Where a page begins: the instant, and how many readings of that instant were given.
fn position(list: &str, cursor: &str, asked_ms: Range<i64>) -> Result<(i64, usize), Error> {
    let Some(place) = page::after(list, cursor)? else {
        return Ok((asked_ms.start, 0));
    };
    let parsed = place
        .split_once('.')
        .and_then(|(at, given)| Some((at.parse().ok()?, given.parse().ok()?)));
    // a page of another range would bring readings that nobody asked for
    parsed
        .filter(|(at_ms, _)| asked_ms.contains(at_ms))
        .ok_or_else(page::bad_cursor)
}

/// The latest readings, oldest first. They are cached under the state of the meter's shard: once something new is in, or after a restart,
/// the old answer is not found any more.
async fn recent(office: &Office, meter: &MeterId, what: What) -> Result<ListReadingsResponse, Error> {
    let shard = model::shard_of(model::meter_hash(meter.as_str()), office.reads.shards());
    let version = office.register.index().version;
    let state = office.reads.state(shard);
    let key = format!("recent|{meter}|{what:?}|{version}|{state}");
    if let Some(known) = office
        .cache
        .get(&key)
        .await
        .and_then(|bytes| prost::Message::decode(bytes).ok())
    {
        return Ok(known);
    }
    let latest_ms = match office.reads.latest(meter).await? {
        Some(LatestRead::Interval(_, read)) => read.start_ms,
        Some(LatestRead::Register(register)) => register.read.start_ms,
        None => office.clock.now_ms(),
    };
    let range = latest_ms.saturating_sub(RECENT_MS)..latest_ms.saturating_add(1);
    let views = views(office, meter, what, range).await?;
    let skip = views.len().saturating_sub(RECENT);
    let items = views.into_iter().skip(skip).map(|(_, view)| view).collect();
    let answer = ListReadingsResponse {
        items,
        next_cursor: None,
    };
    office
        .cache
        .put(key, prost::Message::encode_to_vec(&answer).into(), RECENT_TTL)
        .await;
    Ok(answer)
}

async fn views(
    office: &Office,
    meter: &MeterId,
    what: What,
    range_ms: std::ops::Range<i64>,
) -> Result<Vec<(i64, ReadingView)>, Error> {
    let view = View::of(office, meter);
    let channels = match what {
        What::Registers => {
            let mut found = Vec::new();
            for read in office.reads.registers(meter, range_ms).await? {
                found.push((read.read.start_ms, dial(office, meter, &view, &read).await?));
            }
            return Ok(found);
        }
        What::Telemetry => return Ok(view.telemetry(&office.reads.telemetry(meter, range_ms).await?)),
        What::Channel(channel) => vec![channel],
        What::EveryChannel => Channel::ALL.to_vec(),
    };
    let mut found = Vec::new();
    for channel in channels {
        for read in office.intervals(meter, channel, range_ms.clone()).await? {
            let shown = interval(office, meter, &view, channel, &read).await?;
            found.push((read.start_ms, shown));
        }
    }
    found.sort_by_key(|(start_ms, _)| *start_ms); // stable: channels stay in order
    Ok(found)
}

/// An interval with all its versions, if it has several.
async fn interval(
    office: &Office,
    meter: &MeterId,
    view: &View<'_>,
    channel: Channel,
    read: &IntervalRead,
) -> Result<ReadingView, Error> {
    let mut shown = view.interval(channel, read);
    if read.versions > 1 {
        shown.versions = versions(office, meter, &Series::Interval(channel), read, view.zone).await?;
    }
    Ok(shown)
}

/// A register read with all its versions, if it has several.
async fn dial(
    office: &Office,
    meter: &MeterId,
    view: &View<'_>,
    read: &RegisterRead,
) -> Result<ReadingView, Error> {
    let mut shown = view.register(read);
    if read.read.versions > 1 {
        let series = Series::Register(read.channel, read.register.clone());
        shown.versions = versions(office, meter, &series, &read.read, view.zone).await?;
    }
    Ok(shown)
}

/// Every version of an interval or a dial, the one that counts first.
async fn versions(
    office: &Office,
    meter: &MeterId,
    series: &Series,
    read: &IntervalRead,
    zone: Tz,
) -> Result<Vec<ReadingVersion>, Error> {
    let range = read.start_ms..read.start_ms.saturating_add(1);
    let found = office.reads.versions(meter, series, range).await?;
    let is_dial = matches!(series, Series::Register(..));
    let shown = |version: &crate::reads::Version| {
        let value = kwh(&version.content);
        let (usage_kwh, register_kwh) = if is_dial {
            (String::new(), value)
        } else {
            (value, String::new())
        };
        ReadingVersion {
            usage_kwh,
            register_kwh,
            quality: version.content.quality.word().to_owned(),
            revision: version.content.revision,
            interval_seconds: version.content.interval_seconds,
            received_at: time::in_zone(zone, version.received_ms),
        }
    };
    Ok(found.iter().flat_map(|read| &read.versions).map(shown).collect())
}

/// The latest reading of a meter.
pub(super) async fn latest(office: &Office, meter: &MeterId) -> Result<Option<ReadingView>, Error> {
    let view = View::of(office, meter);
    Ok(match office.reads.latest(meter).await? {
        Some(LatestRead::Interval(channel, read)) => {
            let range = read.start_ms..read.start_ms.saturating_add(1);
            let judged = office.intervals(meter, channel, range).await?.pop();
            Some(interval(office, meter, &view, channel, &judged.unwrap_or(read)).await?)
        }
        Some(LatestRead::Register(read)) => Some(dial(office, meter, &view, &read).await?),
        None => None,
    })
}

/// How the readings of one meter are shown.
pub(super) struct View<'a> {
    pub(super) meter: &'a str,
    pub(super) zone: Tz,
    /// The length of intervals that were sent without one, in seconds.
    pub(super) configured_seconds: u32,
}

impl<'a> View<'a> {
    fn of(office: &Office, meter: &'a MeterId) -> Self {
        Self {
            meter: meter.as_str(),
            zone: zone_of(office, meter.as_str()),
            configured_seconds: office.configured_seconds(meter.as_str()),
        }
    }

    pub(super) fn interval(&self, channel: Channel, read: &IntervalRead) -> ReadingView {
        ReadingView {
            channel: channel.word().to_owned(),
            usage_kwh: kwh(&read.content),
            interval_seconds: read.seconds(self.configured_seconds),
            ..self.frame(read)
        }
    }

    fn register(&self, read: &RegisterRead) -> ReadingView {
        ReadingView {
            channel: read.channel.word().to_owned(),
            register: read.register.to_string(),
            register_kwh: kwh(&read.read.content),
            ..self.frame(&read.read)
        }
    }

    fn frame(&self, read: &IntervalRead) -> ReadingView {
        let quality = if read.conflict {
            "CONFLICT"
        } else {
            read.content.quality.word()
        };
        ReadingView {
            timestamp: time::in_zone(self.zone, read.start_ms),
            quality: quality.to_owned(),
            received_at: time::in_zone(self.zone, read.received_ms),
            meter_id: self.meter.to_owned(),
            revision: read.content.revision,
            ..ReadingView::default()
        }
    }

    /// One view per instant, with everything measured then.
    fn telemetry(&self, reads: &[TelemetryRead]) -> Vec<(i64, ReadingView)> {
        let mut by_start: BTreeMap<i64, ReadingView> = BTreeMap::new();
        for read in reads {
            let view = by_start.entry(read.start_ms).or_insert_with(|| ReadingView {
                timestamp: time::in_zone(self.zone, read.start_ms),
                received_at: time::in_zone(self.zone, read.received_ms),
                meter_id: self.meter.to_owned(),
                ..ReadingView::default()
            });
            let scale = 10_i128.pow(read.quantity.places());
            let value = Exact::ratio(i128::from(read.value), scale).map(|value| value.to_string());
            view.telemetry
                .insert(read.quantity.word().to_owned(), value.unwrap_or_default());
        }
        by_start.into_iter().collect()
    }
}

fn kwh(content: &Content) -> String {
    Energy::from_milliwatt_hours(content.value).to_string()
}
