use super::*;
use crate::cache::contract;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn the_memory_cache_keeps_the_contract() {
    contract::check(&MemoryCache::new(1 << 20), tokio::time::advance).await;
}

#[tokio::test]
async fn the_bound_on_bytes_holds_and_what_is_used_stays() {
    let cache = MemoryCache::new(10_000);
    for n in 0..1000 {
        cache.put(format!("k{n}"), Bytes::from(vec![0; 500]), HOUR).await;
        cache
            .put("favourite".to_owned(), Bytes::from_static(b"x"), HOUR)
            .await;
        assert!(cache.get("favourite").await.is_some());
        assert!(cache.bytes() <= 10_000);
    }
    assert!(cache.get("k0").await.is_none());
    assert!(cache.get("k999").await.is_some());
    cache
        .put("huge".to_owned(), Bytes::from(vec![0; 20_000]), HOUR)
        .await;
    assert!(cache.get("huge").await.is_none());
}
