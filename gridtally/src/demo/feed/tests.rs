use chrono::{DateTime, TimeDelta, Utc};
use gridtally_simulator::{Fleet, FleetConfig};

use super::{Feed, last_start, not_over};
use crate::demo::site;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn feed() -> Feed {
    let of = FleetConfig {
        meters: 2,
        ..FleetConfig::default()
    };
    let fleet = Fleet::new(of.clone()).unwrap();
    let mut sites = site::recorded().unwrap();
    sites.extend(site::simulated(&fleet));
    let live = Fleet::new(FleetConfig {
        telemetry: true,
        ..of
    })
    .unwrap();
    Feed { sites, fleet, live }
}

#[test]
fn an_interval_is_sent_once_when_it_is_over() {
    let feed = feed();
    let (begin, middle, end) = (
        utc("2026-11-21T10:07:00Z"),
        utc("2026-11-21T11:15:00Z"),
        utc("2026-11-21T12:59:59Z"),
    );
    for site in &feed.sites {
        let starts = |from, to| {
            let readings = feed.readings(site, not_over(site, from), not_over(site, to), false);
            let mut starts: Vec<i64> = readings
                .iter()
                .map(|reading| reading.timestamp.unwrap().seconds)
                .collect();
            starts.dedup(); // import and export
            starts
        };
        let step = i64::from(site.interval_seconds);
        let all = starts(begin, end);
        assert_eq!(
            [starts(begin, middle), starts(middle, end)].concat(),
            all,
            "{}",
            site.meter
        );
        assert!(
            all.windows(2).all(|pair| pair[1] - pair[0] == step),
            "{}",
            site.meter
        );
        assert_eq!(
            *all.last().unwrap(),
            last_start(site, end).timestamp(),
            "{}",
            site.meter
        );
        assert!(
            all.iter().all(|start| start + step <= end.timestamp()),
            "{}",
            site.meter
        );
        assert!(all[0] + step > begin.timestamp(), "{}", site.meter);
    }
}

#[test]
fn a_day_has_as_many_readings_as_it_has_intervals() {
    let feed = feed();
    let from = utc("2026-10-24T22:00:00Z");
    for site in &feed.sites {
        let readings = feed.readings(site, from, from + TimeDelta::hours(25), false);
        let channels = if site.exports { 2 } else { 1 };
        assert_eq!(
            readings.len(),
            25 * 3600 / site.interval_seconds as usize * channels,
            "{}",
            site.meter
        );
    }
}
