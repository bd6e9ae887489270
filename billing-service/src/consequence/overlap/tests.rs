use model::Quality;
use proto::billing::register_object::Object;
use proto::billing::{ListReadingsRequest, Meter};
use proto::columns::Row;
use proto::meter::ReadingColumns;

use super::*;
use crate::world::{World, batch, load, meter, ms, reasons};

/// Import of `m`: start, length in seconds as sent, revision.
fn sent(rows: &[(&str, u32, u32)]) -> ReadingColumns {
    let mut columns = ReadingColumns::default();
    columns.push_meter_id("m");
    for (start, interval_seconds, revision) in rows {
        columns.push(&Row {
            meter: 0,
            start_ms: ms(start),
            kind: proto::columns::KIND_INTERVAL,
            channel: Channel::Import.code(),
            register: 0,
            value: 1_000,
            interval_seconds: *interval_seconds,
            quality: Quality::Actual.code(),
            revision: *revision,
            sequence: 0,
        });
    }
    columns.received_ms = ms("2024-04-01T00:00:00Z");
    columns.squeeze();
    columns
}

async fn take(world: &World, rows: &[(&str, u32, u32)]) {
    world.deliver(&sent(rows)).await;
    world.checkpoint().await;
}

/// The subjects of the open exceptions.
async fn open(world: &World) -> Vec<String> {
    let open = world.exceptions(Kind::Overlap).await;
    open.into_iter().map(|exception| exception.subject).collect()
}

async fn qualities(world: &World, from: &str, to: &str) -> Vec<String> {
    let request = ListReadingsRequest {
        meter_id: "m".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..ListReadingsRequest::default()
    };
    let service = world.service();
    let answer =
        proto::billing::billing_server::Billing::list_readings(&service, tonic::Request::new(request));
    let items = answer.await.unwrap().into_inner().items;
    items.into_iter().map(|reading| reading.quality).collect()
}

#[tokio::test]
async fn an_overlap_is_open_until_a_higher_revision_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    take(
        &world,
        &[("2024-03-20T10:00:00Z", 900, 0), ("2024-03-20T10:30:00Z", 900, 0)],
    )
    .await;
    assert_eq!(open(&world).await, Vec::<String>::new());
    take(&world, &[("2024-03-20T10:15:00Z", 1800, 0)]).await;
    assert_eq!(open(&world).await, ["m|IMPORT|2024-03-20"]);
    let raised = world.exceptions(Kind::Overlap).await;
    assert_eq!(raised[0].id, "OVERLAP|m|IMPORT|2024-03-20");
    assert_eq!(
        raised[0].detail,
        "the interval that begins at 2024-03-20T10:30:00Z does so before the one of 2024-03-20T10:15:00Z has ended; \
         a higher revision with another length decides"
    );
    let day = ("2024-03-20T00:00:00Z", "2024-03-21T00:00:00Z");
    assert_eq!(
        qualities(&world, day.0, day.1).await,
        ["ACTUAL", "CONFLICT", "CONFLICT"]
    );
    let narrow = qualities(&world, "2024-03-20T10:30:00Z", "2024-03-20T10:31:00Z").await;
    assert_eq!(
        narrow,
        ["CONFLICT"],
        "what lies outside the range asked for matters"
    );

    drop(world);
    let world = World::open(folder.path()).await;
    assert_eq!(open(&world).await, ["m|IMPORT|2024-03-20"]);
    world
        .office
        .exceptions
        .close(Kind::Overlap, "m|IMPORT|2024-03-20")
        .await
        .unwrap();
    take(&world, &[("2024-03-20T10:00:00Z", 900, 0)]).await; // a repeat, of another interval of the day
    assert_eq!(open(&world).await, ["m|IMPORT|2024-03-20"], "as long as it is so");

    take(&world, &[("2024-03-20T10:15:00Z", 900, 1)]).await;
    assert_eq!(open(&world).await, Vec::<String>::new());
    assert_eq!(qualities(&world, day.0, day.1).await, ["ACTUAL"; 3]);
}

/// An hour that begins half an hour before midnight, and the quarters after it, in every order, with and without a stop between.
#[tokio::test]
async fn an_overlap_over_midnight_is_found_whatever_comes_first() {
    let hour: &[(&str, u32, u32)] = &[("2024-03-20T23:30:00Z", 3600, 0)];
    let quarter: &[(&str, u32, u32)] = &[("2024-03-21T00:15:00Z", 900, 0), ("2024-03-21T00:30:00Z", 900, 0)];
    for (first, then, stop) in [
        (hour, quarter, false),
        (hour, quarter, true),
        (quarter, hour, false),
        (quarter, hour, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::open(folder.path()).await;
        world.furnish().await;
        take(&world, first).await;
        assert_eq!(open(&world).await, Vec::<String>::new());
        if stop {
            drop(world);
            world = World::open(folder.path()).await;
        }
        take(&world, then).await;
        assert_eq!(open(&world).await, ["m|IMPORT|2024-03-21"], "{first:?} {stop}");
        let shown = qualities(&world, "2024-03-20T00:00:00Z", "2024-03-22T00:00:00Z").await;
        assert_eq!(shown, ["CONFLICT", "CONFLICT", "ACTUAL"]);
        take(&world, &[("2024-03-20T23:30:00Z", 1800, 1)]).await;
        assert_eq!(open(&world).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_configured_length_is_that_of_intervals_sent_without() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    let configure = async |interval_seconds| {
        let meter = Meter {
            interval_seconds,
            ..meter("m")
        };
        let object = proto::billing::RegisterObject {
            object: Some(Object::Meter(meter)),
        };
        let service = world.service();
        proto::billing::register_server::Register::put(&service, tonic::Request::new(object))
            .await
            .unwrap();
    };
    configure(3600).await;
    take(
        &world,
        &[("2024-03-20T10:00:00Z", 0, 0), ("2024-03-20T11:00:00Z", 0, 0)],
    )
    .await;
    assert_eq!(open(&world).await, Vec::<String>::new());
    take(&world, &[("2024-03-20T10:30:00Z", 0, 0)]).await;
    assert_eq!(open(&world).await, ["m|IMPORT|2024-03-20"]);
    configure(1800).await;
    assert_eq!(
        open(&world).await,
        Vec::<String>::new(),
        "half past ten to eleven, the register says now"
    );
}

/// Nothing was read since the register changed: the bill that is held says why, and so does the exception.
#[tokio::test]
async fn a_bill_that_is_held_for_it_raises_what_nobody_saw() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).await;
    world.furnish().await;
    world.deliver(&batch("m", &load())).await;
    world.checkpoint().await;
    let hourly = Meter {
        interval_seconds: 3600,
        ..meter("m")
    };
    world.put(Object::Meter(hourly)).await.unwrap();
    let held = world.run().await.unwrap();
    let holds = reasons(&held.bills[0]);
    assert_eq!((holds[0].0, held.held), ("OVERLAP", 1));
    let subjects = open(&world).await;
    assert_eq!(
        (subjects.len(), subjects[0].as_str()),
        (32, "m|IMPORT|2024-03-14")
    );
}
