//! A meter that stood at two points: its readings belong to where they were taken.

use proto::billing::ServicePoint;
use proto::billing::register_object::Object;

use super::*;
use crate::world::{installation, ms, point};

#[tokio::test]
async fn windows_leave_readings_where_the_meter_was() {
    let (_folder, world, service) = open().await;
    let noon = "2024-03-15T12:00:00+01:00";
    let old = installation("i", "m", "p", "2024-03-01T00:00:00+01:00", noon);
    world.put(Object::Installation(old)).await.unwrap();
    let south = ServicePoint {
        region: "south".to_owned(),
        ..point("q")
    };
    world.put(Object::ServicePoint(south)).await.unwrap();
    let new = installation("i2", "m", "q", noon, "");
    world.put(Object::Installation(new)).await.unwrap();

    let groups = service
        .meter_groups(Request::new(MeterGroupsRequest::default()))
        .await
        .unwrap()
        .into_inner();
    let stays: Vec<_> = (groups.items[0].stays.iter())
        .map(|stay| {
            (
                stay.group.as_ref().unwrap().region.as_str(),
                stay.from_ms,
                stay.to_ms,
            )
        })
        .collect();
    let moved = Some(ms(noon));
    assert_eq!(
        stays,
        [
            ("north", Some(ms("2024-03-01T00:00:00+01:00")), moved),
            ("south", moved, None)
        ]
    );

    let mut readings = std::collections::BTreeMap::new();
    for shard in 0..2 {
        let request = DayWindowsRequest {
            shard,
            day: 19_797,
            min_position: 0,
        };
        let day = service
            .day_windows(Request::new(request))
            .await
            .unwrap()
            .into_inner();
        for group in day.groups {
            let count: u32 = group.readings.iter().sum();
            *readings.entry(group.group.unwrap().region).or_default() += count;
        }
    }
    // 15 March UTC: eleven hours in the north, thirteen in the south
    assert_eq!(
        readings,
        std::collections::BTreeMap::from([("north".to_owned(), 44), ("south".to_owned(), 52)])
    );
}
