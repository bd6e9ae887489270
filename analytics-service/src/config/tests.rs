use super::*;

#[test]
fn the_default_runs() {
    assert_eq!(Config::default().problems("analytics"), []);
}

#[test]
fn every_problem_is_named() {
    let wrong = Config {
        quiet: Duration::ZERO,
        memory: 5,
        ..Config::default()
    };
    let keys: Vec<String> = wrong
        .problems("analytics")
        .into_iter()
        .map(|problem| problem.key)
        .collect();
    assert_eq!(keys, ["analytics.quiet", "analytics.memory"]);
}
