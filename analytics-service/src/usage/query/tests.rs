use super::*;

fn request() -> GroupUsageRequest {
    GroupUsageRequest {
        by: "region".to_owned(),
        resolution: "1h".to_owned(),
        from: "2026-01-01T00:00:00Z".to_owned(),
        to: "2026-01-02T01:00:00+01:00".to_owned(),
        ..GroupUsageRequest::default()
    }
}

fn check(change: impl FnOnce(&mut GroupUsageRequest), expected: Refusal) {
    let mut request = request();
    change(&mut request);
    assert_eq!(Query::try_from(&request), Err(expected));
}

#[test]
fn a_good_request() {
    let query = Query::try_from(&request()).unwrap();
    assert_eq!(
        (query.by, query.limit, query.after),
        (Grouping::Region, 1_000, None)
    );
    assert_eq!(query.range.end - query.range.start, 86_400_000);
}

#[test]
fn every_mistake_has_its_code() {
    check(|request| request.by = "meter".to_owned(), Refusal::Grouping);
    check(
        |request| request.resolution = "2h".to_owned(),
        Refusal::Resolution,
    );
    check(|request| request.from = "yesterday".to_owned(), Refusal::Range);
    check(|request| request.to.clear(), Refusal::Range);
    check(
        |request| request.to = "2025-01-01T00:00:00Z".to_owned(),
        Refusal::Range,
    );
    check(|request| request.limit = 10_001, Refusal::Limit);
    check(|request| request.cursor = "1.2".to_owned(), Refusal::Cursor);
    check(|request| request.cursor = "x.2.north".to_owned(), Refusal::Cursor);
}

#[test]
fn a_cursor_survives_its_text() {
    let cursor = Cursor::new("a.b c", -5, 7);
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}
