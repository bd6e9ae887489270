//! Windows are made of the readings in one billing store, and never of another's too.

use std::error::Error as _;
use std::time::Duration;

use crate::service::settle;
use crate::world::{World, group, import};

/// Right after the start of analytics, and right after billing was set up anew beside it.
#[test]
fn windows_of_another_billing_store_are_refused() {
    let mut world = World::new("2026-06-10T12:00:00Z");
    world.config.register_every = Duration::from_secs(1);
    world.reads.register("M", Some(group("north", "UTC")));
    world.tell(&[import("M", "2026-06-10T09:00:00Z", 5)]);
    world.session(async |running| {
        settle().await;
        assert!(!world.failed.is_cancelled());
        world.reads.set_store("02");
        tokio::time::timeout(Duration::from_secs(2), world.failed.cancelled())
            .await
            .unwrap();
        running.stop(Duration::from_secs(5)).await;
    });
    let refused = world.refused();
    let said = refused.source().unwrap().to_string();
    assert!(said.contains("store 01") && said.contains("store 02"), "{said}");
    assert_eq!(
        (refused.kind(), refused.reason()),
        (model::ErrorKind::Conflict, "CONFLICT")
    );

    std::fs::remove_dir_all(world.folder()).unwrap();
    world.failed = tokio_util::sync::CancellationToken::new();
    world.session(async |_running| {
        settle().await;
        assert!(!world.failed.is_cancelled());
    });
}
