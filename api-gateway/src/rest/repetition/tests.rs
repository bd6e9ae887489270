use super::*;

fn used(key: u32, request: u32) -> Used {
    Used {
        key: digest(&[&key.to_le_bytes()]),
        request: digest(&[&request.to_le_bytes()]),
    }
}

#[test]
fn a_key_is_for_one_request_as_long_as_it_is_remembered() {
    let mut known = Known::default();
    assert!(known.remember(used(1, 1), 0));
    assert!(known.remember(used(1, 1), 5), "the same again");
    assert!(!known.remember(used(1, 2), KEPT_MS), "another");
    assert!(known.remember(used(1, 2), KEPT_MS + 1), "a day is over");
    assert!(!known.remember(used(1, 1), KEPT_MS + 2));
}

#[test]
fn memory_is_bounded_and_the_oldest_goes_first() {
    let mut known = Known::default();
    for (key, at) in (0..25_000).zip(0_i64..) {
        assert!(known.remember(used(key, 1), at));
    }
    assert!(known.used.len() <= MAX_KEYS && known.order.len() <= MAX_KEYS);
    assert!(!known.remember(used(24_999, 2), 25_000));
    assert!(known.remember(used(0, 2), 25_000));
}

#[test]
fn a_key_of_a_refused_request_is_free_again() {
    let keys = Keys::default();
    assert!(keys.lock().remember(used(1, 1), 0));
    keys.forget(used(1, 2));
    assert!(
        !keys.lock().remember(used(1, 2), 0),
        "that of another request is not"
    );
    keys.forget(used(1, 1));
    assert!(keys.lock().remember(used(1, 2), 0));
}

#[test]
fn parts_are_not_mistaken_for_each_other() {
    assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
}
