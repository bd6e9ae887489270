//! The cache on a real server: `REDIS_URL` where it only has to be there, and one of the test's own where it has to suffer.

use ::redis::aio::MultiplexedConnection;
use service_kit::testing::{OwnServer, shared_server};
use tokio::process::Command;
use tokio::time::Instant;

use super::*;
use crate::cache::contract;

const HOUR: Duration = Duration::from_secs(3600);
/// Whatever happens to it, a server that is well is used again by then.
const PATIENCE: Duration = Duration::from_secs(30);

async fn raw(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

async fn pid(url: &str) -> String {
    let info: String = ::redis::cmd("INFO")
        .arg("server")
        .query_async(&mut raw(url).await)
        .await
        .unwrap();
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:"));
    pid.unwrap().trim().to_owned()
}

async fn signal(how: &str, pid: &str) {
    assert!(
        Command::new("kill")
            .args([how, pid])
            .status()
            .await
            .unwrap()
            .success()
    );
}

async fn put(cache: &RedisCache, key: &str, value: &'static [u8]) {
    cache.put(key.to_owned(), Bytes::from_static(value), HOUR).await;
}

/// Returns once the cache keeps what it is given.
async fn works(cache: &RedisCache) {
    let attempts = async {
        loop {
            put(cache, "probe", b"x").await;
            if cache.get("probe").await.is_some() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, attempts)
        .await
        .expect("the cache is used again");
}

/// However ill the server is: nothing is found, nobody waits long, and hardly anybody waits at all.
async fn is_no_burden(cache: &RedisCache, key: &str) {
    let began = Instant::now();
    for _ in 0..500 {
        assert_eq!(cache.get(key).await, None);
        put(cache, "other", b"y").await;
    }
    // a thousand calls; each would wait for the whole budget without the breaker: half a minute
    assert!(began.elapsed() < BUDGET * 250, "{:?}", began.elapsed());
}

#[tokio::test]
async fn redis_keeps_the_contract() {
    let url = shared_server("redis_keeps_the_contract", "REDIS_URL");
    let cache = RedisCache::open(&url, &format!("contract-{}", std::process::id()))
        .await
        .unwrap();
    let age = async |by: Duration| {
        let mut raw = raw(&url).await;
        let keys: Vec<String> = ::redis::cmd("KEYS")
            .arg(format!("{}*", cache.prefix))
            .query_async(&mut raw)
            .await
            .unwrap();
        for key in keys {
            let left: i64 = ::redis::cmd("PTTL")
                .arg(&key)
                .query_async(&mut raw)
                .await
                .unwrap();
            assert!(left > 0, "{key} has a time to live");
            let left = left - i64::try_from(by.as_millis()).unwrap();
            let () = ::redis::cmd("PEXPIRE")
                .arg(&key)
                .arg(left)
                .query_async(&mut raw)
                .await
                .unwrap();
        }
    };
    works(&cache).await;
    contract::check(&cache, age).await;
}

#[tokio::test]
async fn times_to_live_are_shortened_each_its_own_way() {
    let url = shared_server("times_to_live_are_shortened_each_its_own_way", "REDIS_URL");
    let cache = RedisCache::open(&url, &format!("ttl-{}", std::process::id()))
        .await
        .unwrap();
    works(&cache).await;
    let mut raw = raw(&url).await;
    let mut left = std::collections::BTreeSet::new();
    for key in 0..20 {
        put(&cache, &key.to_string(), b"1").await;
        let name = format!("{}{key}", cache.prefix);
        let ms: u64 = ::redis::cmd("PTTL")
            .arg(name)
            .query_async(&mut raw)
            .await
            .unwrap();
        assert!((3_200_000..=3_600_000).contains(&ms), "{ms}");
        left.insert(ms / 1000);
    }
    assert!(left.len() > 10, "{left:?}");
    let huge = Bytes::from(vec![1; MAX_VALUE_BYTES + 1]);
    cache.put("huge".to_owned(), huge, HOUR).await;
    assert_eq!(cache.get("huge").await, None);
    let largest = Bytes::from(vec![1; MAX_VALUE_BYTES]);
    cache.put("largest".to_owned(), largest.clone(), HOUR).await;
    assert_eq!(cache.get("largest").await, Some(largest));
}

#[tokio::test]
async fn garbage_is_forgotten() {
    let url = shared_server("garbage_is_forgotten", "REDIS_URL");
    let store = format!("garbage-{}", std::process::id());
    let cache = RedisCache::open(&url, &store).await.unwrap();
    works(&cache).await;
    let mut raw = raw(&url).await;
    let name = format!("gridtally:1:{store}:key");
    put(&cache, "key", b"value").await;
    let good: Vec<u8> = ::redis::cmd("GET")
        .arg(&name)
        .query_async(&mut raw)
        .await
        .unwrap();
    assert!(good.ends_with(b"value"));
    put(&cache, "key2", b"value").await;
    let of_another: Vec<u8> = ::redis::cmd("GET")
        .arg(format!("{name}2"))
        .query_async(&mut raw)
        .await
        .unwrap();
    let mut flipped = good.clone();
    flipped[6] ^= 1;
    let bad: [&[u8]; 7] = [
        b"",
        b"x",
        b"nonsense",
        &good[..good.len() - 1],
        &flipped,
        &of_another,
        &[7; 3 << 20],
    ];
    for bytes in bad {
        let () = ::redis::cmd("SET")
            .arg(&name)
            .arg(bytes)
            .query_async(&mut raw)
            .await
            .unwrap();
        assert_eq!(cache.get("key").await, None, "{} bytes", bytes.len());
        put(&cache, "key", b"value").await;
        assert_eq!(cache.get("key").await.as_deref(), Some(&b"value"[..]));
    }
    let () = ::redis::cmd("DEL")
        .arg(&name)
        .query_async(&mut raw)
        .await
        .unwrap();
    let () = ::redis::cmd("RPUSH")
        .arg(&name)
        .arg("a list")
        .query_async(&mut raw)
        .await
        .unwrap();
    assert_eq!(cache.get("key").await, None);
    put(&cache, "key", b"value").await;
    assert_eq!(cache.get("key").await.as_deref(), Some(&b"value"[..]));
}

#[tokio::test]
async fn down_stopped_killed_flushed_and_full() {
    let mut server = OwnServer::new("redis");
    let url = server.tell("start").await;
    let cache = RedisCache::open(&url, "faults").await.unwrap();
    works(&cache).await;
    put(&cache, "key", b"value").await;

    // it forgets
    let () = ::redis::cmd("FLUSHALL")
        .query_async(&mut raw(&url).await)
        .await
        .unwrap();
    assert_eq!(cache.get("key").await, None);
    put(&cache, "key", b"value").await;

    // it hangs
    let pid = pid(&url).await;
    signal("-STOP", &pid).await;
    is_no_burden(&cache, "key").await;
    signal("-CONT", &pid).await;
    works(&cache).await;

    // it dies
    server.tell("kill").await;
    is_no_burden(&cache, "key").await;
    let second = RedisCache::open(&url, "faults").await.unwrap();
    is_no_burden(&second, "key").await;
    server.tell("start").await;
    works(&cache).await;
    works(&second).await;
    assert_eq!(second.get("probe").await.as_deref(), Some(&b"x"[..]));

    // it is full
    let full = async |bytes: &str| {
        let mut raw = raw(&url).await;
        let () = ::redis::cmd("CONFIG")
            .arg(&["SET", "maxmemory", bytes])
            .query_async(&mut raw)
            .await
            .unwrap();
    };
    full("1").await;
    is_no_burden(&cache, "key").await;
    full("0").await;
    works(&cache).await;
}

#[tokio::test]
async fn a_wrong_address_is_told_without_the_password() {
    for url in ["http://:secret@host", "redis://:secret@host:port", "secret", ""] {
        let refused = RedisCache::open(url, "s").await.unwrap_err().to_string();
        assert!(
            refused.contains("cache") && !refused.contains("secret"),
            "{refused}"
        );
    }
}
