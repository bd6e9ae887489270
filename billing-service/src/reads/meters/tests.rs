use super::*;

#[test]
fn every_id_is_found_by_its_number_and_back() {
    let mut meters = Meters::default();
    assert_eq!(meters.find("nobody").1, None);
    let ids: Vec<String> = (0..5000).map(|meter| format!("meter-{meter}")).collect();
    for (number, id) in (0..).zip(&ids) {
        let (hash, found) = meters.find(id);
        assert_eq!(found, None);
        assert_eq!(meters.insert(id, hash), number);
    }
    for (number, id) in (0..).zip(&ids) {
        assert_eq!(meters.find(id).1, Some(number));
        assert_eq!(meters.id(number), Some(id.as_str()));
    }
    for last in [None, Some(6), Some(7), Some(4999), Some(u32::MAX)] {
        assert_eq!(meters.find_after(last, "meter-7"), Some(7));
        assert_eq!(meters.find_after(last, "stranger"), None);
    }
    assert_eq!(meters.len(), 5000);
    assert_eq!(meters.id(5000), None);
    assert_eq!(meters.find("meter-5000").1, None);
    assert!(meters.ids().eq(ids.iter().map(String::as_str)));
}

/// Two ids with one hash are two meters all the same.
#[test]
fn equal_hashes_are_told_apart() {
    let mut meters = Meters::default();
    let (hash, _) = meters.find("one");
    assert_eq!(meters.insert("other", hash), 0);
    assert_eq!(meters.find("one").1, None);
    assert_eq!(meters.insert("one", hash), 1);
    assert_eq!(meters.find("one").1, Some(1));
}
