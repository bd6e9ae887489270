//! Windows are made of the readings in one billing store, and never of another's too.

use std::error::Error as _;
use std::time::Duration;

use crate::service::settle;
use crate::world::{World, by_region, group, import};

const RANGE: (&str, &str) = ("2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z");

fn world(register_every: Duration) -> World {
    let mut world = World::new("2026-06-10T12:00:00Z");
    world.config.register_every = register_every;
    world.reads.register("M", Some(group("north", "UTC")));
    world.tell(&[import("M", "2026-06-10T09:00:00Z", 5)]);
    world
}

fn refused(world: &World) -> String {
    let refused = world.refused();
    assert_eq!(
        (refused.kind(), refused.reason()),
        (model::ErrorKind::Conflict, "CONFLICT")
    );
    refused.source().unwrap().to_string()
}

/// Right after billing was set up anew beside it, and then at the start; nothing of the other's readings is kept.
#[test]
fn windows_of_another_billing_store_are_refused() {
    let mut world = world(Duration::from_secs(1));
    world.session(async |running| {
        settle().await;
        assert!(!world.failed.is_cancelled());
        world.tell(&[import("M", "2026-06-10T09:15:00Z", 7)]);
        world.reads.set_store("02");
        tokio::time::timeout(Duration::from_secs(2), world.failed.cancelled())
            .await
            .unwrap();
        let before = world.bus.acked(0).max(world.bus.acked(1));
        running.stop(Duration::from_secs(5)).await;
        assert_eq!(
            world.bus.acked(0).max(world.bus.acked(1)),
            before,
            "nothing is stored at the end"
        );
    });
    let said = refused(&world);
    assert!(said.contains("store 01") && said.contains("store 02"), "{said}");

    std::fs::remove_dir_all(world.folder()).unwrap();
    world.failed = tokio_util::sync::CancellationToken::new();
    world.session(async |_running| {
        settle().await;
        assert!(!world.failed.is_cancelled());
    });
}

/// Long before the register would be asked again: the answer itself is not taken.
#[test]
fn a_fold_of_another_billing_store_is_not_taken() {
    let world = world(Duration::from_secs(3600));
    world.session(async |running| {
        settle().await;
        let before = by_region(&running, "1m", RANGE).await;
        world.reads.set_store("02");
        // it reaches a day that is folded, which is folded again
        world.reads.move_at("M", 0, Some(group("south", "UTC")));
        world.tell(&[import("M", "2026-06-01T09:00:00Z", 9)]);
        tokio::time::timeout(Duration::from_secs(60), world.failed.cancelled())
            .await
            .unwrap();
        assert_eq!(by_region(&running, "1m", RANGE).await, before);
    });
}
