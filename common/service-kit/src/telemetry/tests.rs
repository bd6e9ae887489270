use super::{Format, LogConfig};

fn check(level: &str, expected: Option<&str>) {
    let config = LogConfig {
        level: level.to_owned(),
        format: Format::Text,
    };
    let problems: Vec<String> = config.problems("log").iter().map(ToString::to_string).collect();
    match expected {
        None => assert_eq!(problems, Vec::<String>::new(), "{level}"),
        Some(part) => assert!(
            problems.len() == 1 && problems[0].contains(part),
            "{level}: {problems:?}"
        ),
    }
}

#[test]
fn a_level_that_would_silence_the_log_is_refused() {
    for good in [
        "off",
        "error",
        "INFO",
        "trace",
        "info,billing_service=debug",
        "lapin=info, warn",
    ] {
        check(good, None);
    }
    check("loud", Some("log.level: `loud` is no level"));
    check(
        "informatino,billing_service=debug",
        Some("`informatino` is no level"),
    );
    check("billing_service=debug", Some("names no level for all the rest"));
    check("info,billing_service=loud", Some("log.level: "));
    check("", Some("has an empty part"));
    check("info,,warn", Some("has an empty part"));
}
