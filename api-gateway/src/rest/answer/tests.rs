use http::header::{ETAG, HeaderMap, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};
use serde_json::json;

use super::{check_if_match, tagged};

fn headers(name: HeaderName, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
}

#[test]
fn who_has_it_already_gets_nothing_again() {
    let body = json!({"id": "m1"});
    let first = tagged(&HeaderMap::new(), StatusCode::OK, &body).unwrap();
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let check = |given: &str, expected: StatusCode| {
        let found = tagged(&headers(IF_NONE_MATCH, given), StatusCode::OK, &body).unwrap();
        assert_eq!(found.status(), expected, "{given}");
        assert_eq!(found.headers()[ETAG].to_str().unwrap(), tag);
    };
    check(&tag, StatusCode::NOT_MODIFIED);
    check(&format!("W/{tag}"), StatusCode::NOT_MODIFIED);
    check(&format!("\"other\", {tag}"), StatusCode::NOT_MODIFIED);
    check("*", StatusCode::NOT_MODIFIED);
    check("\"other\"", StatusCode::OK);
    check(tag.trim_matches('"'), StatusCode::OK);
}

#[test]
fn a_change_may_name_the_version_it_changes() {
    let there = json!({"id": "m1"});
    let tag = tagged(&HeaderMap::new(), StatusCode::OK, &there)
        .unwrap()
        .headers()[ETAG]
        .clone();
    let tag = tag.to_str().unwrap();
    assert!(check_if_match(&HeaderMap::new(), Some(&there)).is_ok());
    assert!(check_if_match(&headers(IF_MATCH, tag), Some(&there)).is_ok());
    assert!(check_if_match(&headers(IF_MATCH, "*"), Some(&there)).is_ok());
    assert!(check_if_match(&headers(IF_MATCH, "\"old\""), Some(&there)).is_err());
    assert!(check_if_match::<()>(&headers(IF_MATCH, "*"), None).is_err());
}
