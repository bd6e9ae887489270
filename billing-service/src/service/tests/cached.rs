//! A cache that outlives the process, or serves several.

use std::sync::Arc;

use super::*;
use crate::cache::{Cache, MemoryCache};

async fn latest(world: &World) -> String {
    let request = Request::new(readings("", "", 0, ""));
    let found = world.service().list_readings(request).await.unwrap().into_inner();
    found.items.last().unwrap().usage_kwh.clone()
}

/// Both have taken in one message up to the same position, as after a restart at which a broker gave another message that place.
#[tokio::test]
async fn what_another_start_has_put_is_not_answered() {
    let cache: Arc<dyn Cache> = Arc::new(MemoryCache::new(1 << 20));
    for (value, shown) in [(1_000_000, "1"), (2_000_000, "2")] {
        let folder = tempfile::tempdir().unwrap();
        let world = World::open_with(folder.path(), |documents| documents, Arc::clone(&cache)).await;
        world.furnish().await;
        world.deliver(&batch("m", &[(0, value, 0)])).await;
        assert_eq!(latest(&world).await, shown);
        assert_eq!(latest(&world).await, shown, "from the cache");
        world.deliver(&batch("m", &[(900_000, value + 500_000, 0)])).await;
        assert_eq!(latest(&world).await, format!("{shown}.5"));
    }
}
