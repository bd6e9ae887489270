//! Who and what the demo shows: sites with their meters, customers and tariffs, as objects of the register.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::{America, Europe, Tz};
use gridtally_simulator::{Fleet, MeterKind};
use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Assignment, Calendar, Installation, Meter, Seller, ServicePoint, Tariff,
};

use super::load::Load;
use crate::error::CommandError;

pub(super) const CALENDAR: &str = "monthly";
const SELLER: &str = "gridtally-demo";

/// A tariff of the demo.
struct Offer {
    id: &'static str,
    name: &'static str,
    currency: &'static str,
    body: &'static str,
}

const OFFERS: [Offer; 6] = [
    Offer {
        id: "home-tou",
        name: "Home, by time of use",
        currency: "EUR",
        body: include_str!("../../demo-data/tariffs/home-tou.json"),
    },
    Offer {
        id: "home-flat",
        name: "Home, one price",
        currency: "EUR",
        body: include_str!("../../demo-data/tariffs/home-flat.json"),
    },
    Offer {
        id: "home-solar",
        name: "Home with solar panels",
        currency: "EUR",
        body: include_str!("../../demo-data/tariffs/home-solar.json"),
    },
    Offer {
        id: "office-tou",
        name: "Business, by time of use",
        currency: "EUR",
        body: include_str!("../../demo-data/tariffs/office-tou.json"),
    },
    Offer {
        id: "us-home",
        name: "Residential, flat",
        currency: "USD",
        body: include_str!("../../demo-data/tariffs/us-home.json"),
    },
    Offer {
        id: "us-office",
        name: "Commercial, by time of use",
        currency: "USD",
        body: include_str!("../../demo-data/tariffs/us-office.json"),
    },
];

/// Where a meter's readings come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A recorded load, so many weeks later than the calendar says.
    Recorded(Arc<Load>, i64),
    /// The meter with this index in the fleet.
    Simulated(usize),
}

/// A service point with its meter and customer.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) meter: String,
    pub(super) zone: Tz,
    pub(super) region: String,
    pub(super) class: &'static str,
    pub(super) tariff: &'static str,
    pub(super) exports: bool,
    pub(super) interval_seconds: u32,
    pub(super) source: Source,
}

/// A group of recorded sites: load, zone, region, class, tariff, how many.
type Recorded = (&'static str, Tz, &'static str, &'static str, &'static str, i64);

const RECORDED: [Recorded; 4] = [
    (
        "h0_berlin_15",
        Europe::Berlin,
        "berlin",
        "residential",
        "home-tou",
        10,
    ),
    ("own_pv_15", Europe::Berlin, "berlin", "prosumer", "home-solar", 2),
    (
        "res_15",
        America::New_York,
        "new-york",
        "residential",
        "us-home",
        6,
    ),
    (
        "office_60",
        America::Los_Angeles,
        "los-angeles",
        "commercial",
        "us-office",
        2,
    ),
];

/// The sites with recorded loads.
///
/// # Errors
/// Those of [`Load::named`].
pub(super) fn recorded() -> Result<Vec<Site>, CommandError> {
    let mut sites = Vec::new();
    for (name, zone, region, class, tariff, count) in RECORDED {
        let load = Arc::new(Load::named(name)?);
        let interval_seconds = u32::try_from(load.step().num_seconds()).unwrap_or(900);
        for number in 0..count {
            sites.push(Site {
                meter: format!("{}-{:02}", name.replace('_', "-"), number + 1),
                zone,
                region: region.to_owned(),
                class,
                tariff,
                exports: class == "prosumer",
                interval_seconds,
                source: Source::Recorded(Arc::clone(&load), number),
            });
        }
    }
    Ok(sites)
}

/// The sites of the simulated fleet.
pub(super) fn simulated(fleet: &Fleet) -> Vec<Site> {
    let meters = fleet.meters().iter().enumerate();
    meters
        .map(|(index, meter)| Site {
            meter: meter.id.as_str().to_owned(),
            zone: meter.zone,
            region: meter.region.clone(),
            class: meter.class().word(),
            tariff: match meter.kind {
                MeterKind::SolarHousehold => "home-solar",
                MeterKind::Office => "office-tou",
                MeterKind::Household if index.is_multiple_of(2) => "home-tou",
                MeterKind::Household => "home-flat",
            },
            exports: meter.kind.exports(),
            interval_seconds: fleet.config().interval.as_secs(),
            source: Source::Simulated(index),
        })
        .collect()
}

/// What all sites share.
pub(super) fn shared_objects() -> Vec<Object> {
    let mut objects = vec![
        Object::Seller(Seller {
            id: SELLER.to_owned(),
            name: "Gridtally Demo Energy".to_owned(),
            tax_number: "DE000000000".to_owned(),
            series: "GT".to_owned(),
            bank_account: String::new(),
        }),
        Object::Calendar(Calendar {
            id: CALENDAR.to_owned(),
            billing_day: 1,
            ..Calendar::default()
        }),
    ];
    objects.extend(OFFERS.iter().map(|offer| {
        Object::Tariff(Tariff {
            id: offer.id.to_owned(),
            name: offer.name.to_owned(),
            body: offer.body.to_owned(),
            ..Tariff::default()
        })
    }));
    objects
}

/// The objects of one site; its meter and agreement begin at `from`.
pub(super) fn objects(site: &Site, number: usize, from: DateTime<Utc>) -> Vec<Object> {
    let point = format!("sp-{}", site.meter);
    let account = format!("acc-{}", site.meter);
    let channels = if site.exports {
        vec!["IMPORT".to_owned(), "EXPORT".to_owned()]
    } else {
        vec!["IMPORT".to_owned()]
    };
    let from = from.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let currency = OFFERS
        .iter()
        .find(|offer| offer.id == site.tariff)
        .map_or("EUR", |offer| offer.currency);
    vec![
        Object::ServicePoint(ServicePoint {
            id: point.clone(),
            address: format!("{} Demo Street", number + 1),
            zone: site.zone.name().to_owned(),
            region: site.region.clone(),
            feeder: format!("{}-f{}", site.region, number % 4 + 1),
            tariff_class: site.class.to_owned(),
        }),
        Object::Meter(Meter {
            id: site.meter.clone(),
            serial: format!("SN{:08}", number + 1),
            interval_seconds: site.interval_seconds,
            channels,
            registers: Vec::new(),
        }),
        Object::Installation(Installation {
            id: format!("inst-{}", site.meter),
            meter_id: site.meter.clone(),
            service_point_id: point.clone(),
            from: from.clone(),
            ..Installation::default()
        }),
        Object::Account(Account {
            id: account.clone(),
            name: format!("Customer {}", number + 1),
            currency: currency.to_owned(),
            language: "en".to_owned(),
            ..Account::default()
        }),
        Object::Agreement(Agreement {
            id: agreement_id(site),
            account_id: account,
            service_point_id: point,
            from,
            to: String::new(),
            assignments: vec![Assignment {
                tariff_id: site.tariff.to_owned(),
                calendar_id: CALENDAR.to_owned(),
                ..Assignment::default()
            }],
        }),
    ]
}

/// The agreement of a site.
pub(super) fn agreement_id(site: &Site) -> String {
    format!("agr-{}", site.meter)
}

#[cfg(test)]
mod tests;
