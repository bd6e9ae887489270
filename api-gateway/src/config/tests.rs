use super::Config;

#[test]
fn without_tokens_only_loopback_is_allowed() {
    let check = |listen: &str, staff: &str, insecure_no_auth| {
        let config = Config {
            listen: listen.parse().unwrap(),
            staff_listen: staff.parse().unwrap(),
            insecure_no_auth,
            ..Config::default()
        };
        let problems = config.problems("gateway.");
        problems
            .into_iter()
            .map(|problem| problem.key)
            .collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(check("127.0.0.1:0", "[::1]:0", true), none);
    assert_eq!(check("0.0.0.0:0", "10.0.0.1:80", false), none);
    assert_eq!(check("0.0.0.0:0", "127.0.0.1:80", true), ["gateway.listen"]);
    assert_eq!(
        check("[::]:0", "192.168.1.1:80", true),
        ["gateway.listen", "gateway.staff_listen"]
    );
}
