mod cached;
mod lists;
mod moved;

use proto::billing::billing_server::Billing;
use proto::billing::reads_server::Reads;
use proto::billing::register_server::Register;
use proto::columns::{KIND_REGISTER, KIND_TELEMETRY, Row};

use super::*;
use crate::world::{TARIFF, World, agreement, batch, load, tariff};

async fn open() -> (tempfile::TempDir, World, Service) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    let service = world.service();
    (folder, world, service)
}

fn readings(from: &str, to: &str, limit: u32, cursor: &str) -> ListReadingsRequest {
    ListReadingsRequest {
        meter_id: "m".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        limit,
        cursor: cursor.to_owned(),
        channel: String::new(),
    }
}

#[tokio::test]
async fn readings_come_in_pages_that_leave_nothing_out() {
    let (_folder, _world, service) = open().await;
    let mut cursor = String::new();
    let mut found = Vec::new();
    loop {
        let request = readings(
            "2024-03-30T00:00:00+01:00",
            "2024-04-01T00:00:00+02:00",
            50,
            &cursor,
        );
        let page = service
            .list_readings(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        found.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = next,
            None => break,
        }
    }
    assert_eq!(found.len(), 96 + 92);
    assert!(found.is_sorted_by(|a, b| a.timestamp < b.timestamp));
    let first = &found[0];
    assert_eq!(
        (first.timestamp.as_str(), first.channel.as_str()),
        ("2024-03-30T00:00:00+01:00", "IMPORT")
    );
    assert_eq!((first.quality.as_str(), first.meter_id.as_str()), ("ACTUAL", "m"));
    let bad = service
        .list_readings(Request::new(readings("now", "", 0, "")))
        .await
        .unwrap_err();
    assert_eq!(service_kit::fault_of(&bad).reason, "BAD_TIME");
    let bad = service
        .list_readings(Request::new(readings("", "", 0, "x")))
        .await
        .unwrap_err();
    assert_eq!(service_kit::fault_of(&bad).reason, "BAD_CURSOR");
    let recent = service
        .list_readings(Request::new(readings("", "", 0, "")))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(recent.items.len(), 96);
}

#[tokio::test]
async fn several_values_of_a_reading_are_shown() {
    let (_folder, world, service) = open().await;
    let rows = load();
    world.deliver(&batch("m", &[(rows[0].0, 5, 1)])).await;
    let request = readings("2024-03-15T00:00:00+01:00", "2024-03-15T00:15:00+01:00", 0, "");
    let page = service
        .list_readings(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    let versions: Vec<_> = page.items[0]
        .versions
        .iter()
        .map(|version| (version.usage_kwh.as_str(), version.revision))
        .collect();
    assert_eq!(versions, [("0.000005", 1), ("0.0667", 0)]);
}

#[tokio::test]
async fn dials_and_telemetry_are_listed_apart() {
    let (_folder, world, service) = open().await;
    let start_ms = load()[0].0;
    let mut columns = proto::meter::ReadingColumns::default();
    columns.push_meter_id("m");
    columns.push_register_name("day");
    let row = |kind, value| Row {
        meter: 0,
        start_ms,
        kind,
        channel: 1,
        register: 0,
        value,
        interval_seconds: 0,
        quality: 1,
        revision: 0,
        sequence: 0,
    };
    columns.push(&row(KIND_REGISTER, 1_234_500_000));
    columns.push(&row(KIND_TELEMETRY, 0));
    columns.push_telemetry(2, 230_100);
    columns.push_telemetry(4, 9_900);
    world.deliver(&columns).await;
    let list = async |channel: &str| {
        let request = ListReadingsRequest {
            channel: channel.to_owned(),
            ..readings("2024-03-15T00:00:00+01:00", "2024-03-16T00:00:00+01:00", 0, "")
        };
        service
            .list_readings(Request::new(request))
            .await
            .unwrap()
            .into_inner()
            .items
    };
    let dials = list("register").await;
    assert_eq!(
        (dials[0].register.as_str(), dials[0].register_kwh.as_str()),
        ("day", "1234.5")
    );
    let telemetry = list("telemetry").await;
    assert_eq!(
        (
            telemetry[0].telemetry["voltage_v"].as_str(),
            telemetry[0].telemetry["power_factor"].as_str()
        ),
        ("230.1", "0.99")
    );
    assert_eq!(list("export").await, []);
}

#[tokio::test]
async fn usage_follows_local_days_and_months() {
    let (_folder, world, service) = open().await;
    let get = async |resolution: &str, from: &str, to: &str| {
        let request = GetUsageRequest {
            meter_id: "m".to_owned(),
            resolution: resolution.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        service
            .get_usage(Request::new(request))
            .await
            .unwrap()
            .into_inner()
    };
    let days = get("1d", "2024-03-30T00:00:00+01:00", "2024-04-02T00:00:00+02:00").await;
    assert_eq!(days.zone, "Europe/Berlin");
    let shown: Vec<_> = days
        .items
        .iter()
        .map(|day| (day.start.as_str(), day.readings, day.expected))
        .collect();
    let expected = [
        ("2024-03-30T00:00:00+01:00", 96, 96),
        ("2024-03-31T00:00:00+01:00", 92, 92),
        ("2024-04-01T00:00:00+02:00", 96, 96),
    ];
    assert_eq!(shown, expected);
    let months = get("1mo", "2024-03-01T00:00:00+01:00", "2024-05-01T00:00:00+02:00").await;
    assert_eq!(months.items.len(), 2);
    assert_eq!(months.items[0].import_kwh, "176.9149"); // as in the bill of those days
    world.clock.set("2024-03-15T06:10:00Z");
    let hours = get("1h", "2024-03-15T00:00:00+01:00", "").await;
    assert_eq!(hours.items.len(), 8);
    assert_eq!(hours.items[0].quality["ACTUAL"], 4);
    let bad = GetUsageRequest {
        meter_id: "m".to_owned(),
        resolution: "1w".to_owned(),
        ..GetUsageRequest::default()
    };
    assert!(service.get_usage(Request::new(bad)).await.is_err());
}

#[tokio::test]
async fn a_bill_is_explained_by_its_reads() {
    let (_folder, world, service) = open().await;
    let draft = service
        .get_bill(Request::new(GetBillRequest {
            id: "a.2024-03-15.0".to_owned(),
        }))
        .await
        .unwrap();
    assert_eq!(draft.into_inner().status, "draft");
    for issued in [false, true] {
        if issued {
            assert_eq!(world.run().await.unwrap().issued, 1);
        }
        let request = ExplainBillRequest {
            id: "a.2024-03-15.0".to_owned(),
            line: String::new(),
        };
        let explained = service
            .explain_bill(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        let lines: Vec<_> = explained
            .lines
            .iter()
            .map(|line| (line.line.as_str(), line.intervals))
            .collect();
        assert_eq!(
            lines,
            [
                ("energy.high", 21 * 64),
                ("energy.low", 2972 - 21 * 64),
                ("base", 0),
                ("vat", 0)
            ]
        );
        let high = &explained.lines[0];
        assert_eq!(
            high.explanation,
            "168.5113 kWh of import in 1344 intervals of 2024-03-15 to 2024-04-14 that begin mon-fri 06:00-22:00, at 0.4 per kWh: 168.5113 x 0.4 = 67.40452, rounded half up to 67.40 EUR"
        );
        let how: serde_json::Value = serde_json::from_str(&high.how).unwrap();
        assert_eq!(how["formula"], "168.5113 x 0.4");
        assert_eq!(how["unrounded"], "67.40452");
        assert!(explained.lines.iter().all(|line| line.how.starts_with('{')));
        let sum: i64 = high
            .reads
            .iter()
            .map(|read| {
                read.usage_kwh
                    .parse::<model::Energy>()
                    .unwrap()
                    .as_milliwatt_hours()
            })
            .sum();
        assert_eq!(sum, 168_511_300);
        assert!(high.reads.iter().all(|read| !read.received_at.is_empty()));
    }
    let missing = ExplainBillRequest {
        id: "a.2024-03-15.0".to_owned(),
        line: "x".to_owned(),
    };
    assert_eq!(
        service
            .explain_bill(Request::new(missing))
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
}

#[tokio::test]
async fn bills_are_listed_by_status_in_pages() {
    let (_folder, world, service) = open().await;
    world.clock.set("2024-06-20T12:00:00Z");
    world.run().await.unwrap();
    let list = async |status: &str, cursor: &str| {
        let request = ListBillsRequest {
            status: status.to_owned(),
            limit: 2,
            cursor: cursor.to_owned(),
            meter_id: "m".to_owned(),
            ..ListBillsRequest::default()
        };
        let page = service
            .list_bills(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        let shown = page
            .items
            .iter()
            .map(|bill| format!("{} {}", bill.from, bill.status))
            .collect::<Vec<_>>();
        (shown.join(", "), page.next_cursor)
    };
    let (first, cursor) = list("", "").await;
    assert_eq!(first, "2024-03-15 issued, 2024-04-15 draft");
    let (second, end) = list("", &cursor.unwrap()).await;
    assert_eq!(
        (second.as_str(), end),
        ("2024-05-15 draft, 2024-06-15 open", None)
    );
    assert_eq!(list("issued", "").await, ("2024-03-15 issued".to_owned(), None));
    assert_eq!(list("open", "").await, ("2024-06-15 open".to_owned(), None));
    let held = service.issue_bill(Request::new(IssueBillRequest {
        id: "a.2024-04-15.0".to_owned(),
        actor: String::new(),
    }));
    let fault = service_kit::fault_of(&held.await.unwrap_err());
    assert_eq!((fault.kind, fault.reason.as_str()), (ErrorKind::Conflict, "HELD"));
    assert!(fault.message.contains("MISSING_INTERVALS"), "{}", fault.message);
    let exported = service.export(Form::Full, None, 10).await.unwrap();
    assert_eq!(
        exported.iter().map(|bill| bill.id.as_str()).collect::<Vec<_>>(),
        ["a.2024-03-15.0"]
    );
    assert!(service.verify("a.2024-03-15.0").await.unwrap());
}

#[tokio::test]
async fn meters_registered_or_only_heard_of_are_listed() {
    let (_folder, world, service) = open().await;
    world.deliver(&batch("alien", &load()[..3])).await;
    let page = service
        .list_meters(Request::new(ListMetersRequest::default()))
        .await
        .unwrap()
        .into_inner();
    let shown: Vec<_> = page
        .items
        .iter()
        .map(|meter| (meter.id.as_str(), meter.state.as_str(), meter.region.as_str()))
        .collect();
    assert_eq!(shown, [("alien", "unknown", ""), ("m", "registered", "north")]);
    let latest = page.items[1].latest_reading.as_ref().unwrap();
    assert_eq!(latest.quality, "ACTUAL");
    assert!(page.items[1].zone == "Europe/Berlin" && page.items[1].interval_seconds == 900);
    let missing = service
        .get_meter(Request::new(GetMeterRequest {
            id: "nobody".to_owned(),
        }))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn the_register_is_read_back() {
    let (_folder, _world, service) = open().await;
    let key = |kind: &str, id: &str| RegisterKey {
        kind: kind.to_owned(),
        id: id.to_owned(),
    };
    let found = service
        .get(Request::new(key("tariff", "t")))
        .await
        .unwrap()
        .into_inner();
    let Some(proto::billing::register_object::Object::Tariff(found)) = found.object else {
        panic!()
    };
    assert_eq!((found.body, found.edition.len()), (tariff("t", TARIFF).body, 64));
    assert_eq!(
        service
            .get(Request::new(key("tariff", "x")))
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
    assert_eq!(
        service
            .get(Request::new(key("bird", "x")))
            .await
            .unwrap_err()
            .code(),
        tonic::Code::InvalidArgument
    );
    let overlap = proto::billing::RegisterObject {
        object: Some(proto::billing::register_object::Object::Agreement(agreement(
            "z",
            "p",
            "2024-05-01T00:00:00Z",
            "",
        ))),
    };
    let fault = service_kit::fault_of(&service.put(Request::new(overlap)).await.unwrap_err());
    assert_eq!(
        (fault.kind, fault.reason.as_str()),
        (ErrorKind::Conflict, "AGREEMENT_OVERLAP")
    );
    let list = ListRegisterRequest {
        kind: "meter".to_owned(),
        ..ListRegisterRequest::default()
    };
    assert_eq!(
        service
            .list(Request::new(list))
            .await
            .unwrap()
            .into_inner()
            .items
            .len(),
        1
    );
}

#[tokio::test]
async fn analytics_learns_groups_and_minutes() {
    let (_folder, world, service) = open().await;
    world.deliver(&batch("alien", &load()[..3])).await;
    let groups = service
        .meter_groups(Request::new(MeterGroupsRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(groups.items.len(), 1);
    let known = MeterGroupsRequest {
        known_version: groups.register_version,
        ..MeterGroupsRequest::default()
    };
    assert_eq!(
        service
            .meter_groups(Request::new(known))
            .await
            .unwrap()
            .into_inner()
            .items,
        []
    );
    let mut readings = 0;
    let mut regions = std::collections::BTreeSet::new();
    for shard in 0..2 {
        let request = DayWindowsRequest {
            shard,
            day: 19_796,
            min_position: 0,
        };
        let day = service
            .day_windows(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        for group in day.groups {
            readings += group.readings.iter().sum::<u32>();
            regions.insert(group.group.unwrap().region);
        }
    }
    assert_eq!(
        readings,
        4 + 3,
        "four quarters of 14 March UTC, and three of a stranger"
    );
    assert_eq!(regions.into_iter().collect::<Vec<_>>(), ["", "north"]);
}
