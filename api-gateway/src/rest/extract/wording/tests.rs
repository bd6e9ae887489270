use super::*;

#[test]
fn a_body_is_refused_in_words_of_its_writer() {
    let check = |said: &str, expected: &str| {
        let said = format!("Failed to deserialize the JSON body into the target type: {said}");
        assert_eq!(of_body(&said), expected);
    };
    check(
        "readings[3].usage_kw: unknown field `usage_kw`, expected one of `device_id`, `timestamp` at line 1 column 40",
        "readings[3].usage_kw: there is no field usage_kw here; there are device_id, timestamp (line 1, column 40)",
    );
    check(
        "readings: invalid type: map, expected a sequence at line 1 column 13",
        "readings: must be a list (line 1, column 13)",
    );
    check(
        "id: invalid type: integer `1`, expected a string at line 2 column 8",
        "id: must be text (line 2, column 8)",
    );
    check(
        "readings[0]: invalid type: integer `5`, expected struct ReadingSent at line 1 column 15",
        "readings[0]: must be an object (line 1, column 15)",
    );
    check(
        "invalid type: sequence, expected struct ReadingsSent at line 1 column 0",
        "the body: must be an object (line 1, column 0)",
    );
    check(
        "readings[0].revision: invalid value: integer `-1`, expected u32 at line 1 column 20",
        "readings[0].revision: must be a whole number in its range, not negative (line 1, column 20)",
    );
    check(
        "readings[0].usage_kwh: data did not match any variant of untagged enum Decimal at line 1 column 9",
        "readings[0].usage_kwh: has no value that can be understood (line 1, column 9)",
    );
    check(
        "missing field `readings` at line 1 column 2",
        "the body: the field readings is missing (line 1, column 2)",
    );
    check(
        "dry_run: duplicate field `dry_run` at line 1 column 30",
        "dry_run: the field dry_run is given more than once (line 1, column 30)",
    );
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    let said = "Failed to parse the request body as JSON: EOF while parsing an object at line 1 column 1";
    assert_eq!(
        of_body(said),
        "the body is no JSON: EOF while parsing an object at line 1 column 1"
    );
    let said = "Failed to parse the request body as JSON: readings[0].x: expected value at line 1 column 7";
    assert_eq!(
        of_body(said),
        "the body is no JSON: expected value at line 1 column 7"
    );
    assert_eq!(
        of_body("Failed to buffer the request body"),
        "the body cannot be read"
    );
}
