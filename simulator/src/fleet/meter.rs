//! Who the meters are: id, region, zone, class and what stands behind them.

use chrono_tz::Tz;
use model::{MeterId, meter_hash};

use super::FleetConfig;
use crate::error::Error;
use crate::random::Draw;
use crate::shape::{Flow, Household, Office, Roof, Step};

/// The names of the first regions; later ones are numbered.
const REGIONS: [&str; 10] = [
    "north",
    "northeast",
    "east",
    "southeast",
    "south",
    "southwest",
    "west",
    "northwest",
    "centre",
    "coast",
];

/// For which customers a tariff is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TariffClass {
    /// Homes.
    Residential,
    /// Shops and offices.
    Commercial,
}

impl TariffClass {
    /// The word used in APIs and labels.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Residential => "residential",
            Self::Commercial => "commercial",
        }
    }
}

/// What stands behind a meter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A home.
    Household,
    /// A home with solar cells; it exports.
    SolarHousehold,
    /// An office.
    Office,
}

impl Kind {
    /// Of every fifteen meters of a region one is an office and three have solar cells: fixed, so that a fleet of a given size always
    /// has the same mixture.
    const fn of(number: u32) -> Self {
        match number % 15 {
            14 => Self::Office,
            3 | 7 | 11 => Self::SolarHousehold,
            _ => Self::Household,
        }
    }

    /// Whether the meter has an export channel.
    #[must_use]
    pub const fn exports(self) -> bool {
        matches!(self, Self::SolarHousehold)
    }

    /// Its customers' class.
    #[must_use]
    pub const fn class(self) -> TariffClass {
        match self {
            Self::Household | Self::SolarHousehold => TariffClass::Residential,
            Self::Office => TariffClass::Commercial,
        }
    }

    /// The word used in lists.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Household => "household",
            Self::SolarHousehold => "solar_household",
            Self::Office => "office",
        }
    }
}

/// One meter of the fleet.
#[derive(Debug, Clone)]
pub struct Meter {
    /// `sim-<region>-<nnn>`.
    pub id: MeterId,
    /// Where it is.
    pub region: String,
    /// The wall clock there.
    pub zone: Tz,
    /// What stands behind it.
    pub kind: Kind,
    pub(super) region_index: u32,
    draw: Draw,
    building: Building,
    roof: Option<Roof>,
}

#[derive(Debug, Clone, Copy)]
enum Building {
    Household(Household),
    Office(Office),
}

impl Meter {
    /// Meter number `index` of the fleet; the regions get meters of equal number, one more in the first ones.
    pub(super) fn of(config: &FleetConfig, index: u32) -> Result<Self, Error> {
        let region_index = index % config.regions;
        let number = index / config.regions;
        let region = region_name(region_index);
        let id: MeterId = format!("sim-{region}-{:03}", number + 1).parse()?;
        let zone_index = region_index as usize % config.zones.len().max(1);
        let zone = config.zones.get(zone_index).copied().unwrap_or_default();
        let kind = Kind::of(number);
        let draw = Draw::new(config.seed).with(meter_hash(id.as_str()));
        let building = match kind {
            Kind::Household | Kind::SolarHousehold => {
                Building::Household(Household::drawn(draw.with(BUILDING)))
            }
            Kind::Office => Building::Office(Office::drawn(draw.with(BUILDING))),
        };
        let roof = kind.exports().then(|| Roof::drawn(draw.with(ROOF)));
        Ok(Self {
            id,
            region,
            zone,
            kind,
            region_index,
            draw,
            building,
            roof,
        })
    }

    /// The class of its customers.
    #[must_use]
    pub const fn class(&self) -> TariffClass {
        self.kind.class()
    }

    /// Where this meter's chance begins.
    pub(crate) const fn draw(&self) -> Draw {
        self.draw
    }

    /// What flows in one step, under the `sky` of the region.
    pub(super) fn flow(&self, step: &Step, sky: Draw) -> Flow {
        let mut flow = match &self.building {
            Building::Household(household) => household.flow(step),
            Building::Office(office) => office.flow(step),
        };
        flow.generated_kwh = self
            .roof
            .map_or(0.0, |roof| roof.output_kw(&step.time, sky) * step.hours);
        flow
    }
}

const BUILDING: u64 = 5;
const ROOF: u64 = 6;

fn region_name(index: u32) -> String {
    REGIONS
        .get(index as usize)
        .map_or_else(|| format!("region{:02}", index + 1), |name| (*name).to_owned())
}
