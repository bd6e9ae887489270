use super::*;

#[test]
fn a_cursor_is_good_for_its_list_alone() {
    let given = cursor("bills", "a.2024-03-15.0");
    assert_eq!(after("bills", &given).unwrap(), Some("a.2024-03-15.0"));
    assert_eq!(after("bills", "").unwrap(), None);
    for bad in [
        "x",
        "garbage",
        "a.2024-03-15.0",
        "ÄÖÜäöü",
        &given[1..],
        &format!("{given}1"),
    ] {
        assert_eq!(after("bills", bad).unwrap_err().reason(), "BAD_CURSOR", "{bad}");
    }
    assert_eq!(after("meters", &given).unwrap_err().reason(), "BAD_CURSOR");
}

#[test]
fn a_list_is_cut_where_more_follows() {
    let id = |number: &u32| number.to_string();
    let mut items = vec![1, 2, 3];
    assert_eq!(cut("l", &mut items, 3, id), None);
    assert_eq!(cut("l", &mut items, 2, id), Some(cursor("l", "2")));
    assert_eq!(items, [1, 2]);
}
