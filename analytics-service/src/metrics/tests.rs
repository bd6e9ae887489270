use super::*;

fn group(region: &str) -> Group {
    Group {
        region: region.to_owned(),
        tariff_class: "home".to_owned(),
        ..Group::default()
    }
}

fn text(registry: &Registry) -> String {
    prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap()
}

#[test]
fn energy_is_counted_in_joules() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    let received = Received {
        import: 1_000_000,
        export: 500_000,
    };
    metrics.count_energy(&group("north"), received);
    let text = text(&registry);
    let line = |direction: &str, joules: &str| {
        format!(
            "gridtally_usage_energy_joules_total{{direction=\"{direction}\",region=\"north\",tariff_class=\"home\"}} {joules}"
        )
    };
    assert!(text.contains(&line("import", "3600000")), "{text}");
    assert!(text.contains(&line("export", "1800000")), "{text}");
}

#[test]
fn labels_are_bounded_and_drops_are_counted_once() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    for _ in 0..2 {
        for region in 0..MAX_REGIONS + 30 {
            metrics.count_energy(&group(&format!("r{region}")), Received::default());
        }
    }
    let text = text(&registry);
    let series = text
        .lines()
        .filter(|line| line.starts_with("gridtally_usage_energy_joules_total{"))
        .count();
    assert_eq!(series, (MAX_REGIONS + 1) * 2);
    assert!(text.contains("gridtally_usage_labels_dropped_total 30"), "{text}");
}

#[test]
fn names_follow_the_convention() {
    let registry = Registry::new();
    let metrics = Metrics::register(&registry).unwrap();
    metrics.count_energy(&group("north"), Received::default());
    metrics.show_power(&BTreeMap::from([("north".to_owned(), 1.0)]));
    let families = registry.gather();
    assert_eq!(families.len(), 9);
    for family in families {
        assert!(family.name().starts_with("gridtally_"), "{}", family.name());
        assert!(!family.help().is_empty(), "{}", family.name());
    }
}
