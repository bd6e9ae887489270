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
