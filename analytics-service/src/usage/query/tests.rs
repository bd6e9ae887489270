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
    for cursor in ["1.2", "region.1h.1.2", "region.1h.x.2.north"] {
        check(|request| request.cursor = cursor.to_owned(), Refusal::Cursor);
    }
}

#[test]
fn a_cursor_survives_its_text() {
    let cursor = Cursor::new("a.b c", -5, 7);
    assert_eq!(cursor.to_string().parse(), Ok(cursor));
}

#[test]
fn a_cursor_belongs_to_its_grouping_length_and_range() {
    let start = DateTime::parse_from_rfc3339("2026-01-01T05:00:00Z").unwrap();
    let start = start.timestamp_millis();
    let last = Cursor::new("north", start, start + 3_600_000);
    let given = Query::try_from(&request()).unwrap().cursor(&last);
    let mut next = request();
    next.cursor.clone_from(&given);
    assert_eq!(Query::try_from(&next).unwrap().after, Some(last));
    let changes: [fn(&mut GroupUsageRequest); 4] = [
        |request| request.by = "feeder".to_owned(),
        |request| request.resolution = "15m".to_owned(),
        |request| request.to = "2026-01-01T05:00:00Z".to_owned(),
        |request| request.from = "2026-01-01T06:00:00Z".to_owned(),
    ];
    for change in changes {
        check(
            |request| {
                request.cursor.clone_from(&given);
                change(request);
            },
            Refusal::Cursor,
        );
    }
}
