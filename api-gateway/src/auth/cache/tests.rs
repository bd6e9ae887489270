use super::{Cache, ENTRIES_PER_SHARD, SHARDS, TokenHash};
use crate::auth::{Identity, Role};

fn identity(expires: i64) -> Identity {
    Identity {
        role: Role::Device,
        subject: "meter-1".into(),
        expires,
    }
}

#[test]
fn an_entry_lives_a_minute_and_not_beyond_the_token() {
    let check = |expires, put, get, expected: bool| {
        let cache = Cache::new();
        let token = TokenHash::of("token");
        cache.put(token, identity(expires), put);
        assert_eq!(cache.get(token, get).is_some(), expected, "{expires} {put} {get}");
    };
    check(1_000, 100, 100, true);
    check(1_000, 100, 159, true);
    check(1_000, 100, 160, false);
    check(120, 100, 119, true);
    check(120, 100, 120, false);
    check(100, 100, 100, false);
    check(1_000, 100, 99, false); // the clock stepped back
}

#[test]
fn another_token_is_another_entry() {
    let cache = Cache::new();
    cache.put(TokenHash::of("a"), identity(1_000), 0);
    assert!(cache.get(TokenHash::of("b"), 0).is_none());
}

#[test]
fn a_flood_of_tokens_stays_within_the_bound() {
    let cache = Cache::new();
    for number in 0..3 * SHARDS * ENTRIES_PER_SHARD {
        cache.put(TokenHash::of(&number.to_string()), identity(1_000), 0);
    }
    let held: usize = cache.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
    assert!(held <= SHARDS * ENTRIES_PER_SHARD);
    let last = (3 * SHARDS * ENTRIES_PER_SHARD - 1).to_string();
    assert!(cache.get(TokenHash::of(&last), 0).is_some());
}
