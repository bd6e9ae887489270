use gridtally_simulator::{Fleet, FleetConfig};

use super::{OFFERS, Site, agreement_id, objects, recorded, simulated};

fn sites() -> Vec<Site> {
    let fleet = Fleet::new(FleetConfig {
        meters: 30,
        ..FleetConfig::default()
    })
    .unwrap();
    recorded().unwrap().into_iter().chain(simulated(&fleet)).collect()
}

#[test]
fn every_tariff_reads_and_is_in_the_zone_of_its_sites() {
    for site in sites() {
        let offer = OFFERS.iter().find(|offer| offer.id == site.tariff).unwrap();
        let tariff = tariff_engine::Tariff::parse(offer.body).unwrap();
        assert_eq!(tariff.zone(), site.zone, "{}", site.meter);
        assert_eq!(tariff.currency(), offer.currency);
    }
}

#[test]
fn ids_are_ids_and_different() {
    let mut seen = std::collections::BTreeSet::new();
    for site in sites() {
        for id in [site.meter.clone(), agreement_id(&site), site.region.clone()] {
            assert!(model::is_valid_id(&id), "{id}");
        }
        assert!(seen.insert(site.meter.clone()), "{} twice", site.meter);
        assert_eq!(objects(&site, 0, chrono::DateTime::UNIX_EPOCH).len(), 5);
    }
}
