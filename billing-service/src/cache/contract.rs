//! What every cache promises, which is little. `advance` lets the cache's time pass.

use std::time::Duration;

use bytes::Bytes;

use super::Cache;

/// Runs the whole contract; panics where it is broken.
pub(crate) async fn check(cache: &dyn Cache, advance: impl AsyncFn(Duration)) {
    let minute = Duration::from_secs(60);
    assert_eq!(cache.get("a").await, None);
    cache.put("a".to_owned(), Bytes::from_static(b"1"), minute).await;
    cache.put("b".to_owned(), Bytes::new(), minute).await;
    assert_eq!(cache.get("a").await.as_deref(), Some(&b"1"[..]));
    assert_eq!(cache.get("b").await.as_deref(), Some(&b""[..]));
    cache
        .put("a".to_owned(), Bytes::from_static(b"2"), minute * 3)
        .await;
    advance(minute * 2).await;
    assert_eq!(cache.get("a").await.as_deref(), Some(&b"2"[..]));
    assert_eq!(cache.get("b").await, None);
    advance(minute * 2).await;
    assert_eq!(cache.get("a").await, None);
}
