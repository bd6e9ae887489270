//! The examples of W3C Trace Context, level 1, section 3.2, and what is none.

use http::HeaderValue;

use super::*;

const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn what_is_read_is_written_again() {
    let context: Context = EXAMPLE.parse().unwrap();
    assert!(context.is_sampled());
    assert_eq!(context.to_string(), EXAMPLE);
    let unsampled = EXAMPLE.replace("-01", "-00");
    let context: Context = unsampled.parse().unwrap();
    assert!(!context.is_sampled());
    assert_eq!(context.to_string(), unsampled);
}

#[test]
fn later_versions_and_other_flags_are_understood_as_far_as_known() {
    for later in [
        EXAMPLE.replacen("00-", "cc-", 1),
        EXAMPLE.replacen("00-", "cc-", 1) + "-what-the-future-will-be-like",
        EXAMPLE.replace("-01", "-ff"),
    ] {
        assert_eq!(later.parse::<Context>().unwrap().to_string(), EXAMPLE, "{later}");
    }
}

#[test]
fn what_is_none_is_refused() {
    for none in [
        String::new(),
        EXAMPLE.to_uppercase(),
        format!("{EXAMPLE}-more"),
        format!("{EXAMPLE} "),
        EXAMPLE.replacen("00-", "ff-", 1),
        EXAMPLE.replacen("00-", "0x-", 1),
        EXAMPLE.replacen("00-", "cc-", 1) + ".more",
        EXAMPLE.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
        EXAMPLE.replace("00f067aa0ba902b7", &"0".repeat(16)),
        EXAMPLE.replacen("4bf92", "4-f92", 1),
        EXAMPLE.replacen('4', "\u{e4}", 1),
        EXAMPLE[..54].to_owned(),
    ] {
        assert_eq!(none.parse::<Context>(), Err(NoContext), "{none}");
    }
}

#[test]
fn two_of_them_are_none() {
    let mut headers = HeaderMap::new();
    assert_eq!(Context::of(&headers), None);
    headers.append(TRACEPARENT, HeaderValue::from_static(EXAMPLE));
    assert_eq!(Context::of(&headers), EXAMPLE.parse().ok());
    headers.append(TRACEPARENT, HeaderValue::from_static(EXAMPLE));
    assert_eq!(Context::of(&headers), None);
}
