//! What callers see.

use std::time::Duration;

use analytics_service::Running;
use chrono::DateTime;
use model::Energy;
use proto::analytics::analytics_client::AnalyticsClient;
use proto::analytics::{GroupUsageRequest, OverviewRequest};
use service_kit::fault_of;
use tonic::{Code, Request};

use crate::world::{Told, World, by_region, group, import, ms, windows};

/// A reading of 1 kWh in every quarter from `from` to `to`.
pub(crate) fn quarters(meter: &str, from: &str, to: &str) -> Vec<Told> {
    (ms(from)..ms(to))
        .step_by(900_000)
        .map(|start| {
            import(
                meter,
                &DateTime::from_timestamp_millis(start).unwrap().to_rfc3339(),
                1_000_000,
            )
        })
        .collect()
}

fn request(by: &str, resolution: &str, from: &str, to: &str) -> GroupUsageRequest {
    GroupUsageRequest {
        by: by.to_owned(),
        resolution: resolution.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..GroupUsageRequest::default()
    }
}

pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_secs(60)).await;
}

pub(crate) fn metrics(world: &World) -> String {
    let families = world.registry.lock().unwrap().gather();
    prometheus::TextEncoder::new()
        .encode_to_string(&families)
        .unwrap()
}

/// Local days of a meter that reports every quarter: start, kWh, readings.
fn check_days(zone: &str, from: &str, to: &str, expected: &[(&str, &str, u64)]) {
    let world = World::new("2027-01-01T00:00:00Z");
    world.reads.register("M", Some(group("here", zone)));
    world.tell(&quarters("M", from, to));
    world.session(async |running| {
        settle().await;
        let days = windows(&running, request("region", "1d", from, to)).await;
        let days: Vec<(&str, &str, u64)> = (days.iter())
            .map(|day| {
                assert!(day.closed && day.group == "here", "{day:?}");
                (day.start.as_str(), day.import_kwh.as_str(), day.readings)
            })
            .collect();
        assert_eq!(days, expected, "{zone}");
    });
}

#[test]
fn a_day_is_the_local_day_of_the_group() {
    check_days(
        "Europe/Berlin",
        "2026-03-28T00:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
        &[
            ("2026-03-28T00:00:00+01:00", "96", 96),
            ("2026-03-29T00:00:00+01:00", "92", 92),
            ("2026-03-30T00:00:00+02:00", "96", 96),
        ],
    );
    check_days(
        "Europe/Berlin",
        "2026-10-25T00:00:00+02:00",
        "2026-10-27T00:00:00+01:00",
        &[
            ("2026-10-25T00:00:00+02:00", "100", 100),
            ("2026-10-26T00:00:00+01:00", "96", 96),
        ],
    );
    check_days(
        "Australia/Lord_Howe",
        "2026-04-05T00:00:00+11:00",
        "2026-04-07T00:00:00+10:30",
        &[
            ("2026-04-05T00:00:00+11:00", "98", 98),
            ("2026-04-06T00:00:00+10:30", "96", 96),
        ],
    );
    check_days(
        "Asia/Kolkata",
        "2026-03-29T00:00:00+05:30",
        "2026-03-31T00:00:00+05:30",
        &[
            ("2026-03-29T00:00:00+05:30", "96", 96),
            ("2026-03-30T00:00:00+05:30", "96", 96),
        ],
    );
}

#[test]
fn zones_of_one_region_have_their_own_days() {
    let world = World::new("2026-07-02T12:00:00Z");
    world.reads.register("M-1", Some(group("both", "Europe/Berlin")));
    world.reads.register("M-2", Some(group("both", "Asia/Kolkata")));
    let (from, to) = ("2026-06-30T12:00:00Z", "2026-07-01T12:00:00Z");
    world.tell(&[
        import("M-1", "2026-06-30T23:00:00Z", 5),
        import("M-2", "2026-06-30T23:00:00Z", 7),
    ]);
    world.session(async |running| {
        settle().await;
        let days = windows(&running, request("region", "1d", from, to)).await;
        let days: Vec<(&str, &str)> = days
            .iter()
            .map(|day| (day.start.as_str(), day.import_kwh.as_str()))
            .collect();
        let expected = [
            ("2026-07-01T00:00:00+05:30", "0.000007"),
            ("2026-07-01T00:00:00+02:00", "0.000005"),
        ];
        assert_eq!(days, expected);
        let hours = windows(&running, request("region", "1h", from, to)).await;
        assert_eq!(hours.len(), 1);
        assert_eq!(hours[0].import_kwh, "0.000012");
    });
}

#[test]
fn sums_by_region_feeder_and_tariff_class_agree() {
    let world = World::new("2026-06-10T12:00:00Z");
    for (meter, region) in [("M-1", "a"), ("M-2", "a"), ("M-3", "b"), ("M-4", "c.1")] {
        world.reads.register(meter, Some(group(region, "UTC")));
        world.tell(&quarters(meter, "2026-06-10T00:00:00Z", "2026-06-10T03:00:00Z"));
    }
    world.session(async |running| {
        settle().await;
        for (by, names) in [("region", 3), ("feeder", 3), ("tariff_class", 1)] {
            for (resolution, starts) in [("1m", 12), ("15m", 12), ("1h", 3), ("1d", 1)] {
                let mut request = request(by, resolution, "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");
                request.limit = 5;
                let found = windows(&running, request).await;
                assert_eq!(found.len(), names * starts, "{by} {resolution}");
                let order: Vec<(&str, &str)> = found
                    .iter()
                    .map(|window| (window.group.as_str(), window.start.as_str()))
                    .collect();
                assert!(order.is_sorted());
                let total: i64 = (found.iter())
                    .map(|window| window.import_kwh.parse::<Energy>().unwrap().as_milliwatt_hours())
                    .sum();
                assert_eq!(total, 4 * 12 * 1_000_000);
                assert!(found.iter().all(|window| !window.closed), "today is not over");
            }
        }
    });
}

#[test]
fn a_bad_request_is_refused_with_its_reason() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.session(async |running| {
        let day = ("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");
        let refused = [
            (request("meter", "1h", day.0, day.1), "BAD_GROUPING"),
            (request("region", "1y", day.0, day.1), "BAD_RESOLUTION"),
            (request("region", "1h", day.1, day.0), "BAD_RANGE"),
            (
                request("region", "1m", "2025-06-10T00:00:00Z", day.1),
                "RANGE_TOO_LONG",
            ),
        ];
        for (request, reason) in refused {
            let status = running
                .analytics()
                .group_usage(Request::new(request))
                .await
                .unwrap_err();
            assert_eq!(
                (status.code(), fault_of(&status).reason.as_str()),
                (Code::InvalidArgument, reason)
            );
        }
        let nothing = running
            .analytics()
            .group_usage(Request::new(request("region", "1h", day.0, day.0)))
            .await;
        assert!(nothing.unwrap().into_inner().items.is_empty());
    });
}

/// The same rule as for the usage of one meter.
#[test]
fn windows_that_overlap_the_range_are_shown_whole() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.reads.register("M-1", Some(group("north", "Europe/Berlin")));
    world.tell(&quarters("M-1", "2026-06-08T22:00:00Z", "2026-06-10T12:00:00Z"));
    world.session(async |running| {
        settle().await;
        let range = ("2026-06-09T12:20:00Z", "2026-06-09T13:20:00Z");
        let days = windows(&running, request("region", "1d", range.0, range.1)).await;
        let days: Vec<(&str, u64)> = days
            .iter()
            .map(|day| (day.start.as_str(), day.readings))
            .collect();
        assert_eq!(days, [("2026-06-09T00:00:00+02:00", 96)]);
        let hours = windows(&running, request("region", "1h", range.0, range.1)).await;
        let hours: Vec<(&str, u64)> = hours
            .iter()
            .map(|hour| (hour.start.as_str(), hour.readings))
            .collect();
        assert_eq!(hours, [("2026-06-09T12:00:00Z", 4), ("2026-06-09T13:00:00Z", 4)]);
    });
}

async fn is_closed(running: &Running, day: &str) -> bool {
    let (from, to) = (format!("{day}T00:00:00Z"), format!("{day}T23:00:00Z"));
    let hours = windows(running, request("region", "1h", &from, &to)).await;
    assert!(!hours.is_empty());
    hours.iter().all(|hour| hour.closed)
}

#[test]
fn a_day_closes_after_its_end_and_opens_for_a_late_reading() {
    let world = World::new("2026-06-10T23:50:00Z");
    world.tell(&[import("M", "2026-06-10T12:00:00Z", 5)]);
    world.session(async |running| {
        settle().await;
        assert!(!is_closed(&running, "2026-06-10").await, "not over");
        world.clock.jump(Duration::from_mins(15));
        settle().await;
        assert!(!is_closed(&running, "2026-06-10").await, "within the grace");
        world.clock.jump(Duration::from_mins(15));
        settle().await;
        assert!(is_closed(&running, "2026-06-10").await);
        world.tell(&[import("M", "2026-06-10T12:15:00Z", 6)]);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let range = ("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");
        let day: Vec<_> = by_region(&running, "1d", range).await.into_values().collect();
        assert_eq!(day, [(11, 0, 2)], "shown before it is folded");
        assert!(!is_closed(&running, "2026-06-10").await);
        settle().await;
        assert!(is_closed(&running, "2026-06-10").await);
    });
}

#[test]
fn a_bulk_load_of_past_days_is_folded_when_it_calms_down() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.session(async |running| {
        for day in 1..=9 {
            for hour in 0..24 {
                world.tell(&[import("M", &format!("2026-06-0{day}T{hour:02}:00:00Z"), 1)]);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        assert_eq!(world.reads.folds(), 0);
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(
            (9..=12).contains(&world.reads.folds()),
            "once per day, and the odd failure"
        );
        let range = ("2026-06-01T00:00:00Z", "2026-06-10T00:00:00Z");
        assert_eq!(by_region(&running, "1h", range).await.len(), 9 * 24);
    });
}

#[test]
fn a_restart_without_the_bus_finds_every_window() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.reads.register("M", Some(group("north", "UTC")));
    world.tell(&quarters("M", "2026-06-01T00:00:00Z", "2026-06-10T12:00:00Z"));
    let range = ("2026-06-01T00:00:00Z", "2026-06-11T00:00:00Z");
    let before = world.session(async |running| {
        settle().await;
        let found = by_region(&running, "15m", range).await;
        assert!(running.stop(Duration::from_secs(5)).await);
        found
    });
    assert_eq!(before.len(), 9 * 96 + 48);
    let folds = world.reads.folds();
    world.session(async |running| {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(by_region(&running, "15m", range).await, before);
        let overview = running
            .analytics()
            .overview(Request::new(OverviewRequest {}))
            .await
            .unwrap();
        assert_eq!(overview.into_inner().meters_seen, 1);
        settle().await;
    });
    assert_eq!(world.reads.folds(), folds, "nothing had to be folded again");
}

#[test]
fn a_lost_store_is_rebuilt_from_billing_alone() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.tell(&quarters("M", "2026-06-01T00:00:00Z", "2026-06-10T12:00:00Z"));
    world.bus.forget();
    world.session(async |running| {
        settle().await;
        let range = ("2026-06-01T00:00:00Z", "2026-06-11T00:00:00Z");
        assert_eq!(
            by_region(&running, "1m", ("2026-06-05T00:00:00Z", range.1))
                .await
                .len(),
            5 * 96 + 48
        );
        assert_eq!(by_region(&running, "15m", range).await.len(), 9 * 96 + 48);
    });
}

/// Deleting the folder is the way out of damage: the same windows come back.
#[test]
fn a_deleted_folder_comes_back_as_it_was() {
    let world = World::new("2026-06-10T12:00:00Z");
    world.reads.register("M", Some(group("north", "Europe/Berlin")));
    world.tell(&quarters("M", "2026-06-05T00:00:00Z", "2026-06-10T12:00:00Z"));
    let range = ("2026-06-05T00:00:00Z", "2026-06-11T00:00:00Z");
    let before = world.session(async |running| {
        settle().await;
        let found = by_region(&running, "15m", range).await;
        assert!(running.stop(Duration::from_secs(5)).await);
        found
    });
    world.bus.forget();
    std::fs::remove_dir_all(world.folder()).unwrap();
    world.session(async |running| {
        settle().await;
        assert_eq!(by_region(&running, "15m", range).await, before);
    });
}

/// Windows of a journal that is gone: readings of the new one would be taken for known until it has grown as long.
#[test]
fn windows_of_another_journal_are_refused() {
    let world = World::new("2026-06-10T12:00:00Z");
    for hour in 0..9 {
        world.tell(&[import("M", &format!("2026-06-10T0{hour}:00:00Z"), 5)]);
    }
    world.session(async |running| {
        settle().await;
        assert!(running.stop(Duration::from_secs(5)).await);
    });
    world.bus.lose();
    let said = world.refused().to_string();
    let folder = world.folder().display().to_string();
    assert!(said.contains(&folder) && said.contains("it ends at 0"), "{said}");
    std::fs::remove_dir_all(world.folder()).unwrap();
    world.session(async |running| {
        world.tell(&[import("M", "2026-06-10T10:00:00Z", 7)]);
        settle().await;
        let day = ("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");
        assert_eq!(
            by_region(&running, "1d", day)
                .await
                .into_values()
                .collect::<Vec<_>>(),
            [(7, 0, 1)]
        );
    });
}

#[test]
fn other_processes_ask_by_grpc() {
    let mut world = World::new("2026-06-10T12:00:00Z");
    world.config.listen = Some("127.0.0.1:0".parse().unwrap());
    world.tell(&[import("M", "2026-06-10T10:00:00Z", 5)]);
    world.session(async |running| {
        settle().await;
        tokio::time::resume(); // sockets take real time
        let address = running.address().unwrap();
        let mut client = AnalyticsClient::connect(format!("http://{address}"))
            .await
            .unwrap();
        let overview = client.overview(OverviewRequest {}).await.unwrap().into_inner();
        assert_eq!(overview.readings_today, 1);
        assert!(running.stop(Duration::from_secs(5)).await);
    });
}

/// Whoever asks while windows are made anew is told so.
#[test]
fn lost_windows_are_said_to_be_computed_again_until_they_are() {
    let (from, to) = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z");
    let world = World::new("2026-06-10T12:00:00Z");
    world.reads.register("M", Some(group("north", "UTC")));
    world.tell(&quarters("M", from, to));
    world.bus.forget();
    world.reads.set_behind(true);
    world.tell(&[import("M", "2026-06-02T00:00:00Z", 1)]);
    let ask = async |running: &Running| {
        let request = Request::new(request("region", "1d", from, to));
        let usage = running
            .analytics()
            .group_usage(request)
            .await
            .unwrap()
            .into_inner();
        let overview = running
            .analytics()
            .overview(Request::new(OverviewRequest {}))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(usage.recomputing, overview.recomputing);
        (
            usage.items.iter().map(|item| item.readings).sum::<u64>(),
            usage.recomputing,
        )
    };
    world.session(async |running| {
        settle().await;
        assert_eq!(
            ask(&running).await,
            (0, true),
            "billing does not say yet which days there are"
        );
        world.reads.set_behind(false);
        settle().await;
        assert_eq!(ask(&running).await, (96, false));
    });
}
