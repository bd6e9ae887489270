//! What queries of reads answer.

use message_bus::Position;
use model::{Channel, Content, MeasuredQuantity};

/// The content in effect of one identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntervalRead {
    /// Milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// What counts.
    pub content: Content,
    /// Milliseconds since 1970 UTC, at second resolution: when this content was first received.
    pub received_ms: i64,
    /// Contents of equal, highest rank differ: this one has the smaller hash, and staff must decide.
    pub conflict: bool,
    /// How many contents are kept for this identity.
    pub versions: u32,
}

impl IntervalRead {
    /// Where it ends, milliseconds since 1970 UTC; sent without a length it has `configured_seconds`.
    #[must_use]
    pub fn end_ms(&self, configured_seconds: u32) -> i64 {
        let seconds = self.seconds(configured_seconds);
        self.start_ms
            .saturating_add(i64::from(seconds).saturating_mul(1000))
    }

    /// Its length in seconds; sent without one it has `configured_seconds`.
    #[must_use]
    pub fn seconds(&self, configured_seconds: u32) -> u32 {
        match self.content.interval_seconds {
            0 => configured_seconds,
            seconds => seconds,
        }
    }

    /// The stable hash of the content.
    #[must_use]
    pub fn content_hash(&self) -> u64 {
        model::content_hash(&self.content)
    }
}

/// A content and when it was first received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// As sent.
    pub content: Content,
    /// Milliseconds since 1970 UTC, at second resolution.
    pub received_ms: i64,
}

/// Everything kept of one identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionedRead {
    /// Milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// As [`IntervalRead::conflict`].
    pub conflict: bool,
    /// The one in effect first; never empty.
    pub versions: Vec<Version>,
}

/// A measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TelemetryRead {
    /// Milliseconds since 1970 UTC.
    pub start_ms: i64,
    /// What was measured.
    pub quantity: MeasuredQuantity,
    /// In the unit of the quantity.
    pub value: i64,
    /// Milliseconds since 1970 UTC, at second resolution.
    pub received_ms: i64,
}

/// A dial; its value is the dial in 10^-6 kWh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRead {
    /// Of which direction.
    pub channel: Channel,
    /// Which dial.
    pub register: Box<str>,
    /// What it says.
    pub read: IntervalRead,
}

/// The latest a meter said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatestRead {
    /// Energy of an interval.
    Interval(Channel, IntervalRead),
    /// A dial.
    Register(RegisterRead),
}

impl LatestRead {
    /// Milliseconds since 1970 UTC.
    #[must_use]
    pub fn start_ms(&self) -> i64 {
        match self {
            Self::Interval(_, read) => read.start_ms,
            Self::Register(register) => register.read.start_ms,
        }
    }
}

/// One shard and day, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayWindows {
    /// Everything of the shard up to here is in.
    pub position: Position,
    /// By group, in order of the group's index; minutes ascending, only those in which intervals began.
    pub groups: Vec<(usize, Vec<MinuteSum>)>,
}

/// The intervals of one group that began in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MinuteSum {
    /// 0 to 1439.
    pub minute: u16,
    /// 10^-6 kWh.
    pub import: i64,
    /// 10^-6 kWh.
    pub export: i64,
    /// Intervals of both channels; one whose content is in conflict counts once, with the content shown.
    pub readings: u32,
}
