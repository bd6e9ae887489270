use super::BackendUrl;

#[test]
fn passwords_are_not_shown() {
    let cases = [
        (
            "amqp://user:secret@broker:5672/%2f",
            "amqp://user:***@broker:5672/%2f",
        ),
        ("amqp://user:se@cret@broker", "amqp://user:***@broker"),
        (
            "mongodb://a,b,c/gridtally?replicaSet=rs",
            "mongodb://a,b,c/gridtally?replicaSet=rs",
        ),
        ("redis://:secret@cache:6379/0", "redis://:***@cache:6379/0"),
        ("redis://cache/0?name=a@b", "redis://cache/0?name=a@b"),
        ("embedded:", "embedded:"),
        // whoever does not use an address does not refuse it: one environment serves all programs
        ("mongodb://u:SE/CRET@h/x", "mongodb://u:***@h/x"),
        ("amqp://u:SE#CRET@h", "amqp://u:***@h"),
        ("amqp://u:S@E/CRET@h", "amqp://u:***@h"),
        ("redis://:12?34@h/0", "redis://:***@h/0"),
        ("mongodb:u:SECRET@h", "mongodb:***"),
        ("embedded:somewhere", "embedded:***"),
        ("broker", "broker"),
        (
            "mongodb://h/x?tls=true&authMechanismProperties=AWS_SESSION_TOKEN:SECRET",
            "mongodb://h/x?tls=true&authMechanismProperties=***",
        ),
        ("redis://h/0?password=SECRET", "redis://h/0?password=***"),
    ];
    for (url, shown) in cases {
        let url = BackendUrl::new(url);
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("BackendUrl({shown})"));
        assert_eq!(serde_json::to_string(&url).unwrap(), format!("\"{shown}\""));
    }
}

#[test]
fn only_backends_of_the_program_are_taken() {
    let problem = |url: &str, schemes: &[&str]| {
        BackendUrl::new(url)
            .problem("bus", schemes)
            .map(|problem| problem.to_string())
    };
    assert_eq!(problem("amqps://broker", &["amqp:", "amqps:"]), None);
    assert_eq!(problem("embedded:", &["embedded:", "amqp:"]), None);
    let refused = Some("bus: not a backend of this program; use amqp: or amqps:".to_owned());
    for url in ["embedded:", "kafka://broker", "", "broker"] {
        assert_eq!(problem(url, &["amqp:", "amqps:"]), refused, "{url}");
    }
    assert!(problem("embedded:somewhere", &["embedded:"]).is_some());
}
