//! Why a reading was not simply accepted: stable codes, each with a sentence.

/// The reason in a receipt. The codes are a contract with devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The request holds no reading.
    NoReading,
    /// The id is not an id.
    BadId,
    /// There is no timestamp, or it is no instant.
    BadTimestamp,
    /// The number is NaN or infinite.
    NotFinite,
    /// Energy below zero.
    Negative,
    /// Energy beyond 100 MWh, a dial beyond nine digits, or a measurement beyond its range.
    TooLarge,
    /// A channel or quality nobody knows.
    UnknownEnum,
    /// Both `usage_kwh` and `register_kwh`.
    TwoValues,
    /// Neither a value nor telemetry.
    NoValue,
    /// A register read without a register, or with a name that is no id.
    BadRegister,
    /// An interval that is longer than a day or does not divide one.
    BadInterval,
    /// A revision above [`crate::MAX_DEVICE_REVISION`] from a device.
    BadRevision,
    /// The token does not speak for this device.
    NotYours,
    /// Later than now + 5 minutes.
    InFuture,
    /// Older than the retention of reads.
    TooOld,
    /// Nobody registered the meter, and the configuration says to refuse it.
    UnknownMeter,
    /// The same reading was kept before.
    Duplicate,
    /// Another value was kept for the same reading.
    Conflict,
    /// It is not known whether the reading was kept.
    OutcomeUnknown,
}

impl Reason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::NoReading,
        Self::BadId,
        Self::BadTimestamp,
        Self::NotFinite,
        Self::Negative,
        Self::TooLarge,
        Self::UnknownEnum,
        Self::TwoValues,
        Self::NoValue,
        Self::BadRegister,
        Self::BadInterval,
        Self::BadRevision,
        Self::NotYours,
        Self::InFuture,
        Self::TooOld,
        Self::UnknownMeter,
        Self::Duplicate,
        Self::Conflict,
        Self::OutcomeUnknown,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoReading => "NO_READING",
            Self::BadId => "BAD_ID",
            Self::BadTimestamp => "BAD_TIMESTAMP",
            Self::NotFinite => "NOT_FINITE",
            Self::Negative => "NEGATIVE",
            Self::TooLarge => "TOO_LARGE",
            Self::UnknownEnum => "UNKNOWN_ENUM",
            Self::TwoValues => "TWO_VALUES",
            Self::NoValue => "NO_VALUE",
            Self::BadRegister => "BAD_REGISTER",
            Self::BadInterval => "BAD_INTERVAL",
            Self::BadRevision => "BAD_REVISION",
            Self::NotYours => "NOT_YOURS",
            Self::InFuture => "IN_FUTURE",
            Self::TooOld => "TOO_OLD",
            Self::UnknownMeter => "UNKNOWN_METER",
            Self::Duplicate => "DUPLICATE",
            Self::Conflict => "CONFLICT",
            Self::OutcomeUnknown => "OUTCOME_UNKNOWN",
        }
    }

    /// A sentence for the person behind the device.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoReading => "the request holds no reading: its field `reading` is not set",
            Self::BadId => "device_id must be 1 to 64 of A-Z a-z 0-9 . _ : -",
            Self::BadTimestamp => "timestamp is missing or not an instant between the years 1 and 9999",
            Self::NotFinite => "a value is NaN or infinite",
            Self::Negative => "energy must not be negative; use channel EXPORT for the other direction",
            Self::TooLarge => {
                "a value is out of range: energy up to 100 MWh per interval, a dial up to 10^9 kWh, power_factor -1 to 1, other \
                 measurements up to 10^12 of their unit"
            }
            Self::UnknownEnum => "channel or quality has a number this server does not know",
            Self::TwoValues => "send usage_kwh or register_kwh, not both",
            Self::NoValue => "the reading has neither a value nor telemetry",
            Self::BadRegister => {
                "register_kwh needs the name of its register, 1 to 64 of A-Z a-z 0-9 . _ : -"
            }
            Self::BadInterval => "interval_seconds must divide a day",
            Self::BadRevision => "revision of a device is at most 4000000000; those above are for staff",
            Self::NotYours => "the token does not speak for this device",
            Self::InFuture => "timestamp is more than 5 minutes ahead of the server's clock",
            Self::TooOld => "timestamp is older than reads are kept",
            Self::UnknownMeter => "the meter is not registered",
            Self::Duplicate => "the same reading was received before",
            Self::Conflict => "another value was received for the same reading; staff will decide",
            Self::OutcomeUnknown => "it is not known whether the reading was kept; send the same again",
        }
    }
}
