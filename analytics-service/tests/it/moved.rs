//! Who asks right after the register has changed is told that windows are not computed by it yet.

use proto::analytics::{GroupUsageRequest, OverviewRequest};
use std::time::Duration;
use tonic::Request;

use crate::service::{quarters, settle};
use crate::world::{World, group, ms};

#[test]
fn a_change_of_the_register_is_said_at_once_and_looked_into_at_once() {
    let (from, to) = ("2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z");
    let mut world = World::new("2026-06-10T12:00:00Z");
    world.config.register_every = Duration::from_secs(3600);
    world.reads.register("M", Some(group("north", "UTC")));
    world.tell(&quarters("M", from, to));
    world.session(async |running| {
        settle().await;
        let ask = async || {
            let request = GroupUsageRequest {
                by: "region".to_owned(),
                resolution: "1d".to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
                ..GroupUsageRequest::default()
            };
            let usage = running.analytics().group_usage(Request::new(request)).await;
            let usage = usage.unwrap().into_inner();
            let overview = running
                .analytics()
                .overview(Request::new(OverviewRequest {}))
                .await;
            assert_eq!(usage.recomputing, overview.unwrap().into_inner().recomputing);
            let windows = usage.items.into_iter().map(|item| (item.group, item.readings));
            (windows.collect::<Vec<_>>(), usage.recomputing)
        };
        assert_eq!(ask().await, (vec![("north".to_owned(), 96)], false));
        let noon = ms("2026-06-01T12:00:00Z");
        world.reads.move_at("M", noon, Some(group("south", "UTC")));
        assert_eq!(
            ask().await,
            (vec![("north".to_owned(), 96)], true),
            "the old windows are not passed off as the new ones"
        );
        settle().await;
        let moved = vec![("north".to_owned(), 48), ("south".to_owned(), 48)];
        assert_eq!(ask().await, (moved, false), "long before the next regular look");
    });
}
