//! What lists have in common, and how long a reading is.

use proto::billing::Meter;
use proto::billing::quarantine_server::Quarantine as _;
use proto::billing::register_object::Object;

use super::*;
use crate::world::meter;

/// A cursor that a list never gave is refused: an empty page would look like the end.
#[tokio::test]
async fn a_cursor_that_is_none_is_refused_by_every_list() {
    fn check<T: std::fmt::Debug>(list: &str, answer: Result<Response<T>, Status>) {
        let refused = answer.expect_err(list);
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{list}");
        assert_eq!(service_kit::fault_of(&refused).reason, "BAD_CURSOR", "{list}");
    }
    let (_folder, world, service) = open().await;
    let quarantine = Quarantine::new(
        std::sync::Arc::clone(&world.office),
        std::sync::Arc::clone(&world.bus) as std::sync::Arc<dyn message_bus::Bus>,
    );
    for cursor in [
        "garbage",
        "zzz",
        "0",
        "a.2024-03-15.0",
        "READING_CONFLICT|m",
        "12.3",
    ] {
        let cursor = cursor.to_owned();
        let bills = ListBillsRequest {
            cursor: cursor.clone(),
            ..ListBillsRequest::default()
        };
        check("bills", service.list_bills(Request::new(bills)).await);
        let request = readings("2024-03-30T00:00:00Z", "2024-04-01T00:00:00Z", 0, &cursor);
        check("readings", service.list_readings(Request::new(request)).await);
        let meters = ListMetersRequest {
            cursor: cursor.clone(),
            ..ListMetersRequest::default()
        };
        check("meters", service.list_meters(Request::new(meters)).await);
        let exceptions = ListExceptionsRequest {
            cursor: cursor.clone(),
            ..ListExceptionsRequest::default()
        };
        check(
            "exceptions",
            service.list_exceptions(Request::new(exceptions)).await,
        );
        let groups = MeterGroupsRequest {
            cursor: cursor.clone(),
            ..MeterGroupsRequest::default()
        };
        check("groups", service.meter_groups(Request::new(groups)).await);
        for kind in [
            "service_point",
            "meter",
            "installation",
            "account",
            "agreement",
            "calendar",
            "tariff",
            "seller",
        ] {
            let register = ListRegisterRequest {
                kind: kind.to_owned(),
                cursor: cursor.clone(),
                ..ListRegisterRequest::default()
            };
            check(kind, service.list(Request::new(register)).await);
        }
        let quarantined = proto::billing::ListQuarantinedRequest { cursor, limit: 0 };
        check(
            "quarantine",
            quarantine.list_quarantined(Request::new(quarantined)).await,
        );
    }
}

/// A cursor says where in one meter's readings of one channel a page began; anywhere else it would leave some out.
#[tokio::test]
async fn a_cursor_of_readings_belongs_to_one_meter_and_channel() {
    let (_folder, world, service) = open().await;
    world.deliver(&batch("n", &load()[..9])).await;
    let ask = async |meter: &str, channel: &str, cursor: &str| {
        let request = ListReadingsRequest {
            meter_id: meter.to_owned(),
            channel: channel.to_owned(),
            ..readings("2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", 5, cursor)
        };
        service.list_readings(Request::new(request)).await
    };
    let cursor = ask("m", "import", "").await.unwrap().into_inner().next_cursor;
    let cursor = cursor.unwrap();
    assert_eq!(
        ask("m", "IMPORT", &cursor)
            .await
            .unwrap()
            .into_inner()
            .items
            .len(),
        5
    );
    let elsewhere = readings("2024-03-31T00:00:00Z", "2024-04-01T00:00:00Z", 5, &cursor);
    let refused = service.list_readings(Request::new(elsewhere)).await.unwrap_err();
    assert_eq!(
        service_kit::fault_of(&refused).reason,
        "BAD_CURSOR",
        "another range"
    );
    for (meter, channel) in [("n", "import"), ("m", ""), ("m", "export"), ("m", "register")] {
        let refused = ask(meter, channel, &cursor).await.unwrap_err();
        assert_eq!(
            service_kit::fault_of(&refused).reason,
            "BAD_CURSOR",
            "{meter} {channel}"
        );
    }
}

#[tokio::test]
async fn meters_come_in_pages_that_leave_nothing_out() {
    let (_folder, world, service) = open().await;
    for alien in ["b", "n", "z"] {
        world.deliver(&batch(alien, &load()[..1])).await;
    }
    let mut found = Vec::new();
    let mut cursor = Some(String::new());
    while let Some(next) = cursor {
        let request = ListMetersRequest {
            cursor: next,
            limit: 1,
        };
        let page = service
            .list_meters(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        found.extend(page.items.into_iter().map(|meter| meter.id));
        cursor = page.next_cursor;
    }
    assert_eq!(found, ["b", "m", "n", "z"]);
}

/// What was sent without a length is shown with the one that the meter is configured for, wherever readings are shown.
#[tokio::test]
async fn a_reading_is_shown_with_the_length_it_has() {
    let (_folder, world, service) = open().await;
    let lengths = async || {
        let request = readings("2024-03-30T00:00:00Z", "2024-03-30T01:00:00Z", 0, "");
        let page = service
            .list_readings(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        let latest = service
            .get_meter(Request::new(GetMeterRequest { id: "m".to_owned() }))
            .await
            .unwrap()
            .into_inner()
            .latest_reading
            .unwrap();
        let explained = service
            .explain_bill(Request::new(ExplainBillRequest {
                id: "a.2024-03-15.0".to_owned(),
                line: "energy.low".to_owned(),
            }))
            .await
            .unwrap()
            .into_inner();
        [
            page.items[0].interval_seconds,
            latest.interval_seconds,
            explained.lines[0].reads[0].interval_seconds,
        ]
    };
    assert_eq!(lengths().await, [900; 3]);
    let minutes = Meter {
        interval_seconds: 300,
        ..meter("m")
    };
    world.put(Object::Meter(minutes)).await.unwrap();
    assert_eq!(lengths().await, [300; 3]);
}

/// Two values of a dial: staff must see both to say which is right.
#[tokio::test]
async fn all_values_of_a_dial_are_shown() {
    let (_folder, world, service) = open().await;
    let dial = |value, revision| {
        let mut columns = proto::meter::ReadingColumns::default();
        columns.push_meter_id("m");
        columns.push_register_name("day");
        columns.push(&Row {
            meter: 0,
            start_ms: load()[0].0,
            kind: KIND_REGISTER,
            channel: 1,
            register: 0,
            value,
            interval_seconds: 0,
            quality: 1,
            revision,
            sequence: 0,
        });
        columns
    };
    for columns in [dial(1_234_500_000, 0), dial(1_299_500_000, 0), dial(7_000_000, 1)] {
        world.deliver(&columns).await;
    }
    let list = async || {
        let request = ListReadingsRequest {
            channel: "register".to_owned(),
            ..readings("2024-03-15T00:00:00+01:00", "2024-03-16T00:00:00+01:00", 0, "")
        };
        let answer = service.list_readings(Request::new(request)).await;
        answer.unwrap().into_inner().items.remove(0)
    };
    let shown = |item: &proto::billing::ReadingView| -> Vec<(String, u32)> {
        let version =
            |version: &proto::billing::ReadingVersion| (version.register_kwh.clone(), version.revision);
        item.versions.iter().map(version).collect()
    };
    let decided = list().await;
    let versions = shown(&decided);
    assert_eq!(
        (decided.quality.as_str(), &versions[0]),
        ("ACTUAL", &("7".to_owned(), 1))
    );
    let mut others: Vec<&str> = versions[1..].iter().map(|(kwh, _)| kwh.as_str()).collect();
    others.sort_unstable();
    assert_eq!(others, ["1234.5", "1299.5"]);
    assert!(
        decided
            .versions
            .iter()
            .all(|version| version.usage_kwh.is_empty())
    );

    world.deliver(&dial(8_000_000, 1)).await;
    let open = list().await;
    let highest: std::collections::BTreeSet<_> = shown(&open).into_iter().take(2).collect();
    assert_eq!(open.quality, "CONFLICT");
    assert_eq!(highest, [("7".to_owned(), 1), ("8".to_owned(), 1)].into());
    assert_eq!(open.register_kwh, open.versions[0].register_kwh);
}

/// The meter itself shows a contest just as the list of its readings does.
#[tokio::test]
async fn a_contested_latest_reading_shows_its_values() {
    let (_folder, world, service) = open().await;
    let mut last = load().last().copied().unwrap();
    for value in [last.1 + 1, last.1 + 2] {
        last.1 = value;
        world.deliver(&batch("m", &[last])).await;
    }
    let request = GetMeterRequest { id: "m".to_owned() };
    let meter = service
        .get_meter(Request::new(request))
        .await
        .unwrap()
        .into_inner();
    let latest = meter.latest_reading.unwrap();
    assert_eq!((latest.quality.as_str(), latest.versions.len()), ("CONFLICT", 3));
    assert_eq!(latest.usage_kwh, latest.versions[0].usage_kwh);
}

#[tokio::test]
async fn a_range_that_ends_before_it_begins_is_refused() {
    let (_folder, _world, service) = open().await;
    for (from, to) in [
        ("2024-04-02T00:00:00Z", "2024-04-01T00:00:00Z"),
        ("2024-04-01T00:00:00Z", "2024-04-01T02:00:00+02:00"),
    ] {
        let listed = service
            .list_readings(Request::new(readings(from, to, 0, "")))
            .await;
        let refused = listed.unwrap_err();
        assert_eq!(service_kit::fault_of(&refused).reason, "BAD_RANGE");
        let request = GetUsageRequest {
            meter_id: "m".to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
            ..GetUsageRequest::default()
        };
        let refused = service.get_usage(Request::new(request)).await.unwrap_err();
        assert_eq!(service_kit::fault_of(&refused).reason, "BAD_RANGE");
    }
}

/// The same as over REST: the window under way and the one before it, or the usual time beside the end that is named.
#[tokio::test]
async fn usage_without_a_range_is_recent() {
    let (_folder, world, service) = open().await;
    world.clock.set("2024-04-10T12:00:00+02:00");
    let starts = async |resolution: &str, from: &str, to: &str| -> Vec<String> {
        let request = GetUsageRequest {
            meter_id: "m".to_owned(),
            resolution: resolution.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        };
        let usage = service.get_usage(Request::new(request)).await.unwrap();
        usage
            .into_inner()
            .items
            .into_iter()
            .map(|window| window.start)
            .collect()
    };
    let days = ["2024-04-09T00:00:00+02:00", "2024-04-10T00:00:00+02:00"];
    assert_eq!(starts("1d", "", "").await, days);
    assert_eq!(starts("1h", "", "").await.len(), 24);
    let months = ["2024-03-01T00:00:00+01:00", "2024-04-01T00:00:00+02:00"];
    assert_eq!(starts("1mo", "", "").await, months);
    assert_eq!(starts("1d", days[0], "").await, days);
    let last = starts("1d", "", "2024-04-03T00:00:00+02:00").await;
    assert_eq!(last, ["2024-04-02T00:00:00+02:00"]);
}

#[tokio::test]
async fn a_kind_that_the_register_does_not_have_is_answered_with_those_it_has() {
    let (_folder, _world, service) = open().await;
    let request = ListRegisterRequest {
        kind: "foo".to_owned(),
        ..ListRegisterRequest::default()
    };
    let refused = service_kit::fault_of(&service.list(Request::new(request)).await.unwrap_err());
    assert_eq!(refused.reason, "BAD_KIND");
    for kind in ["service_point", "agreement", "seller"] {
        assert!(refused.message.contains(kind), "{}", refused.message);
    }
}
