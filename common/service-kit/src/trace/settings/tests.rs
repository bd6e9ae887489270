use super::*;

fn keys(config: &TraceConfig) -> Vec<String> {
    let problems = config.problems("telemetry");
    problems.into_iter().map(|problem| problem.key).collect()
}

#[test]
fn the_default_traces_nothing_and_is_right() {
    let config = TraceConfig::default();
    assert!(config.otlp.is_empty());
    assert_eq!(keys(&config), [""; 0]);
}

#[test]
fn an_address_is_of_a_collector_without_tls() {
    for (otlp, right) in [
        ("http://127.0.0.1:4317", true),
        ("http://jaeger:4317/", true),
        ("http://[::1]:4317", true),
        ("https://collector:4317", false),
        ("http://collector", false),
        ("http://user:secret@collector:4317", false),
        ("http://collector:4317/v1/traces", false),
        ("http://collector:4317/?a=b", false),
        ("collector:4317", false),
        ("grpc://collector:4317", false),
        ("http://", false),
        ("nonsense with spaces", false),
    ] {
        let config = TraceConfig {
            otlp: otlp.to_owned(),
            ..TraceConfig::default()
        };
        let expected: &[&str] = if right { &[] } else { &["telemetry.otlp"] };
        assert_eq!(keys(&config), expected, "{otlp}");
    }
}

#[test]
fn shares_and_rates_have_bounds() {
    for (share, per_second, expected) in [
        (0.0, 1, &[][..]),
        (1.0, 10_000, &[]),
        (-0.1, 0, &["telemetry.share", "telemetry.per_second"]),
        (1.1, 10_001, &["telemetry.share", "telemetry.per_second"]),
        (f64::NAN, 50, &["telemetry.share"]),
    ] {
        let config = TraceConfig {
            share,
            per_second,
            ..TraceConfig::default()
        };
        assert_eq!(keys(&config), expected, "{share} {per_second}");
    }
}
