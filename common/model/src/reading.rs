//! What a reading is: its series and its content. Its identity is meter, series and start.

/// The direction of energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Delivered to the customer, kWh.
    Import,
    /// Received from the customer, kWh.
    Export,
    /// Reactive energy, kvarh.
    Reactive,
}

/// How far a value can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Measured.
    Actual,
    /// Worked out by the sender.
    Estimated,
    /// Changed by a person.
    Edited,
    /// Measured, and it failed a check of the sender.
    Questionable,
}

/// What telemetry measures; scaled integers, never billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeasuredQuantity {
    /// Milliwatt.
    Power,
    /// Millivolt.
    Voltage,
    /// Milliampere.
    Current,
    /// 10^-4.
    PowerFactor,
    /// Thousandths of a degree Celsius.
    Temperature,
    /// Pascal.
    Pressure,
}

/// Which stream of a meter's values a value belongs to; with the meter and the start it is the identity of a reading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// Energy of intervals.
    Interval(Channel),
    /// A dial, by name.
    Register(Channel, Box<str>),
    /// Telemetry.
    Telemetry(MeasuredQuantity),
}

/// What a reading says: two readings of one identity with the same content are the same reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Content {
    /// Milliwatt-hours, or the unit of the measured quantity.
    pub value: i64,
    /// Interval length as sent; 0 = the meter's configured length.
    pub interval_seconds: u32,
    /// As sent.
    pub quality: Quality,
    /// The highest counts.
    pub revision: u32,
}

/// The highest `revision` that a device or head-end may send; it holds seconds since 1970 until the year 2096. What is above is for
/// staff, so that whatever a device sent, a higher revision can decide.
pub const MAX_DEVICE_REVISION: u32 = 4_000_000_000;

impl Content {
    /// Which of several contents of one identity counts: the highest revision, then any value before an estimated one. Contents
    /// of equal rank that differ are a conflict (`DESIGN` 4).
    #[must_use]
    pub fn rank(&self) -> (u32, bool) {
        (self.revision, self.quality != Quality::Estimated)
    }
}

/// Implements the numbers of the wire for an enum without data.
macro_rules! codes {
    ($name:ident { $($variant:ident = $code:literal $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number on the wire, in stores and in hashes; it never changes.
            #[must_use]
            pub const fn code(self) -> u32 {
                match self { $(Self::$variant => $code),+ }
            }

            /// From [`Self::code`].
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }

            /// The word that APIs show.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// From [`Self::word`], in any case.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word().eq_ignore_ascii_case(word))
            }
        }
    };
}

codes!(Channel { Import = 1 "IMPORT", Export = 2 "EXPORT", Reactive = 3 "REACTIVE" });
codes!(Quality { Actual = 1 "ACTUAL", Estimated = 2 "ESTIMATED", Edited = 3 "EDITED", Questionable = 4 "QUESTIONABLE" });
codes!(MeasuredQuantity {
    Power = 1 "power_w",
    Voltage = 2 "voltage_v",
    Current = 3 "current_a",
    PowerFactor = 4 "power_factor",
    Temperature = 5 "temperature_c",
    Pressure = 6 "pressure_kpa",
});

impl MeasuredQuantity {
    /// Decimal places between the unit of the wire and the scaled integer.
    #[must_use]
    pub const fn places(self) -> u32 {
        match self {
            Self::PowerFactor => 4,
            Self::Power | Self::Voltage | Self::Current | Self::Temperature | Self::Pressure => 3,
        }
    }

    /// The largest magnitude, scaled: 1 for the power factor, 10^12 of its unit for the others; no instrument measures more.
    #[must_use]
    pub const fn most(self) -> u64 {
        match self {
            Self::PowerFactor => 10_000,
            Self::Power | Self::Voltage | Self::Current | Self::Temperature | Self::Pressure => {
                1_000_000_000_000_000
            }
        }
    }
}
