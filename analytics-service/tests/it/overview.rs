//! The whole utility at a glance.

use std::time::Duration;

use proto::analytics::OverviewRequest;
use tonic::Request;

use crate::service::{metrics, quarters, settle};
use crate::world::{World, group, import};

#[test]
fn the_overview_tells_today_and_the_last_quarter() {
    let world = World::new("2026-06-10T12:01:30Z");
    world.reads.register("M-1", Some(group("north", "UTC")));
    world.tell(&quarters("M-1", "2026-06-09T23:00:00Z", "2026-06-10T12:00:00Z"));
    world.tell(&[import("STRANGER", "2026-06-10T11:50:00Z", 500_000)]);
    world.session(async |running| {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let overview = running.analytics().overview(Request::new(OverviewRequest {})).await.unwrap().into_inner();
        assert_eq!((overview.meters_seen, overview.readings_today), (2, 49));
        assert_eq!((overview.import_kwh_today.as_str(), overview.export_kwh_today.as_str()), ("48.5", "0"));
        assert_eq!((overview.power_w.as_str(), overview.lag_messages), ("6000", 0));
        let regions: Vec<(&str, u64)> =
            overview.regions_today.iter().map(|region| (region.group.as_str(), region.readings)).collect();
        assert_eq!(regions, [("north", 48), ("unknown", 1)]);
        let metrics = metrics(&world);
        for line in [
            "gridtally_usage_power_watts{region=\"north\"} 4000",
            "gridtally_usage_power_watts{region=\"unknown\"} 2000",
            "gridtally_usage_energy_joules_total{direction=\"import\",region=\"north\",tariff_class=\"home\"} 187200000",
            "gridtally_analytics_readings_total 53",
            "gridtally_analytics_lag_messages 0",
            "gridtally_analytics_gaps_total 0",
        ] {
            assert!(metrics.contains(line), "{line} in\n{metrics}");
        }
        assert!(!metrics.contains("M-1"), "no meter is a label");
    });
}

/// The month is that of each region's own clock: what one counts as May another counts as June.
#[test]
fn the_overview_tells_this_cycle_by_the_clock_of_every_region() {
    let world = World::new("2026-06-10T12:01:30Z");
    for (meter, region, zone) in [
        ("M-1", "west", "America/Chicago"),
        ("M-2", "east", "Asia/Kolkata"),
    ] {
        world.reads.register(meter, Some(group(region, zone)));
        for start in [
            "2026-05-31T18:00:00Z",
            "2026-05-31T19:00:00Z",
            "2026-06-01T06:00:00Z",
            "2026-06-09T12:00:00Z",
            "2026-06-10T11:00:00Z",
        ] {
            world.tell(&[import(meter, start, 1_000_000)]);
        }
    }
    world.session(async |running| {
        settle().await;
        let overview = running
            .analytics()
            .overview(Request::new(OverviewRequest {}))
            .await
            .unwrap()
            .into_inner();
        let cycle: Vec<(&str, &str, u64, bool)> = (overview.regions_this_cycle.iter())
            .map(|region| {
                (
                    region.group.as_str(),
                    region.start.as_str(),
                    region.readings,
                    region.closed,
                )
            })
            .collect();
        assert_eq!(
            cycle,
            [
                ("east", "2026-06-01T00:00:00+05:30", 4, false),
                ("west", "2026-06-01T00:00:00-05:00", 3, false),
            ]
        );
        assert_eq!(overview.readings_this_cycle, 7);
        assert_eq!(
            (
                overview.import_kwh_this_cycle.as_str(),
                overview.export_kwh_this_cycle.as_str()
            ),
            ("7", "0")
        );
    });
}

#[test]
fn today_begins_at_the_midnight_of_each_service_point() {
    let world = World::new("2026-06-10T01:00:30Z");
    world.reads.register("B", Some(group("berlin", "Europe/Berlin")));
    world
        .reads
        .register("N", Some(group("new-york", "America/New_York")));
    // Berlin's day began at 22:00 UTC, New York's at 04:00 UTC of the day before
    world.tell(&quarters("B", "2026-06-09T21:00:00Z", "2026-06-10T01:00:00Z"));
    world.tell(&quarters("N", "2026-06-09T03:00:00Z", "2026-06-09T05:00:00Z"));
    world.session(async |running| {
        settle().await;
        let overview = running
            .analytics()
            .overview(Request::new(OverviewRequest {}))
            .await
            .unwrap()
            .into_inner();
        let regions: Vec<(&str, &str, u64)> = (overview.regions_today.iter())
            .map(|region| (region.group.as_str(), region.start.as_str(), region.readings))
            .collect();
        let expected = [
            ("berlin", "2026-06-10T00:00:00+02:00", 12),
            ("new-york", "2026-06-09T00:00:00-04:00", 4),
        ];
        assert_eq!(regions, expected);
        assert_eq!(overview.readings_today, 16);
    });
}
