//! What is asked of the services for a request, and what its answer looks like.

use serde_json::{Value, json};

use crate::http::Ask;
use crate::world::World;

#[tokio::test]
async fn queries_reach_the_services_as_they_were_meant() {
    let world = World::start().await;
    let day = "from=2026-05-01T00:00:00Z&to=2026-05-02T00:00:00Z";
    let table = [
        (
            "/api/v1/meters?limit=7&cursor=c".to_owned(),
            r#"cursor: "c", limit: 7"#,
        ),
        ("/api/v1/meters".to_owned(), r#"cursor: "", limit: 0"#),
        (
            format!("/api/v1/meters/m1/readings?channel=export&limit=10000&{day}"),
            r#"meter_id: "m1", from: "2026-05-01T00:00:00+00:00", to: "2026-05-02T00:00:00+00:00", channel: "export""#,
        ),
        (
            "/api/v1/meters/m1/readings?from=2026-05-01T00:00:00+02:00&to=2026-05-02T00:00:00%2B02:00"
                .to_owned(),
            r#"from: "2026-05-01T00:00:00+02:00", to: "2026-05-02T00:00:00+02:00", channel: """#,
        ),
        (
            "/api/v1/meters/m1/readings?channel=IMPORT".to_owned(),
            r#"from: "2026-05-09T12:00:00+00:00", to: "2026-05-10T12:00:00+00:00", channel: "import""#,
        ),
        (
            format!("/api/v1/meters/m1/usage?resolution=1mo&{day}"),
            r#"meter_id: "m1", resolution: "1mo""#,
        ),
        (
            format!("/api/v1/usage?by=tariff_class&resolution=15m&{day}"),
            r#"by: "tariff_class", resolution: "15m""#,
        ),
        ("/api/v1/overview".to_owned(), "OverviewRequest"),
        (
            "/api/v1/bills?status=issued&agreement_id=a1&account_id=k1&meter_id=m1".to_owned(),
            r#"agreement_id: "a1", account_id: "k1", status: "issued", meter_id: "m1""#,
        ),
        (
            "/api/v1/bills/a1.2026-05-01.0".to_owned(),
            r#"id: "a1.2026-05-01.0""#,
        ),
        (
            "/api/v1/bills/b/explain?line=energy".to_owned(),
            r#"id: "b", line: "energy""#,
        ),
        (
            "/api/v1/exceptions?kind=UNKNOWN_METER".to_owned(),
            r#"kind: "UNKNOWN_METER""#,
        ),
        (
            "/api/v1/quarantine?limit=5&cursor=c".to_owned(),
            r#"cursor: "c", limit: 5"#,
        ),
        (
            "/api/v1/service-points?limit=3".to_owned(),
            r#"kind: "service_point", cursor: "", limit: 3"#,
        ),
        ("/api/v1/installations".to_owned(), r#"kind: "installation""#),
    ];
    for (target, expected) in table {
        let answer = world.admin(Ask::get(&target)).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert!(
            world.fakes.last().contains(expected),
            "{target}: {}",
            world.fakes.last()
        );
    }
}

/// Windows that overlap a range are answered whole, so these hold the period under way and the one before it.
#[tokio::test]
async fn usage_without_a_range_is_that_of_the_last_two_periods() {
    let world = World::start().await;
    for (resolution, from) in [("1mo", "2026-04-10"), ("1d", "2026-05-09"), ("1h", "2026-05-09")] {
        let target = format!("/api/v1/meters/m1/usage?resolution={resolution}");
        assert_eq!(world.admin(Ask::get(&target)).await.status, 200);
        let expected = format!(r#"from: "{from}T12:00:00+00:00", to: "2026-05-10T12:00:00+00:00""#);
        assert!(
            world.fakes.last().contains(&expected),
            "{target}: {}",
            world.fakes.last()
        );
    }
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_with_a_reason() {
    let world = World::start().await;
    let long = format!("/api/v1/bills?cursor={}", "c".repeat(600));
    let table = [
        ("/api/v1/meters?limit=0", "BAD_LIMIT"),
        ("/api/v1/meters?limit=1001", "BAD_LIMIT"),
        ("/api/v1/meters?limit=many", "BAD_QUERY"),
        ("/api/v1/meters?limit=1&limit=2", "BAD_QUERY"),
        ("/api/v1/meters?lmit=1", "BAD_QUERY"),
        ("/api/v1/meters/m%201", "BAD_ID"),
        ("/api/v1/meters/..%2F..%2Fetc", "BAD_ID"),
        ("/api/v1/meters/%FF", "BAD_ID"),
        ("/api/v1/meters/m1/readings?limit=10001", "BAD_LIMIT"),
        ("/api/v1/meters/m1/readings?from=yesterday", "BAD_TIME"),
        (
            "/api/v1/meters/m1/readings?from=2026-05-02T00:00:00Z&to=2026-05-01T00:00:00Z",
            "BAD_RANGE",
        ),
        (
            "/api/v1/meters/m1/readings?from=1970-01-01T00:00:00Z",
            "RANGE_TOO_LONG",
        ),
        ("/api/v1/meters/m1/readings?channel=sideways", "BAD_QUERY"),
        ("/api/v1/meters/m1/usage", "BAD_QUERY"),
        ("/api/v1/meters/m1/usage?resolution=1m", "BAD_QUERY"),
        (
            "/api/v1/meters/m1/usage?resolution=15m&from=2025-01-01T00:00:00Z",
            "RANGE_TOO_LONG",
        ),
        ("/api/v1/usage?by=customer&resolution=1h", "BAD_QUERY"),
        ("/api/v1/usage?by=region&resolution=1mo", "BAD_QUERY"),
        ("/api/v1/bills?status=paid", "BAD_QUERY"),
        ("/api/v1/bills?account_id=", "BAD_ID"),
        (long.as_str(), "BAD_CURSOR"),
    ];
    for (target, expected) in table {
        let answer = world.admin(Ask::get(target)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (400, expected),
            "{target}"
        );
    }
}

#[tokio::test]
async fn what_the_services_refuse_becomes_a_problem() {
    let world = World::start().await;
    for (id, status, reason) in [
        ("missing", 404, "NOT_FOUND"),
        ("held", 409, "HELD"),
        ("full", 429, "EXHAUSTED"),
        ("away", 503, "UNAVAILABLE"),
        ("broken", 500, "INTERNAL"),
    ] {
        let answer = world.admin(Ask::get(&format!("/api/v1/bills/{id}"))).await;
        assert_eq!((answer.status, answer.problem().as_str()), (status, reason));
        let later = [429, 503].contains(&status);
        assert_eq!(!answer.header("retry-after").is_empty(), later, "{id}");
        assert!(!answer.body.contains("secret"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_list_has_items_and_a_cursor_and_an_object_has_a_tag() {
    let world = World::start().await;
    let bills = world.admin(Ask::get("/api/v1/bills")).await.json();
    assert_eq!(bills["items"][0]["total"], "12.34");
    assert_eq!(bills["next_cursor"], "next");
    let meters = world.admin(Ask::get("/api/v1/meters")).await.json();
    assert_eq!(meters["next_cursor"], Value::Null);
    assert!(meters.as_object().unwrap().contains_key("next_cursor"));
    assert_eq!(meters["items"][0]["latest_reading"]["usage_kwh"], "0.25");
    let meter = world.admin(Ask::get("/api/v1/meters/m1")).await;
    assert_eq!(meter.header("cache-control"), "private, no-cache");
    let again = Ask::get("/api/v1/meters/m1").header("if-none-match", meter.header("etag"));
    let again = world.admin(again).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(again.header("etag"), meter.header("etag"));
    let readings = world.admin(Ask::get("/api/v1/meters/m1/readings")).await.json();
    for field in [
        "timestamp",
        "interval_seconds",
        "channel",
        "usage_kwh",
        "quality",
        "received_at",
    ] {
        assert!(!readings["items"][0][field].is_null(), "{field}");
    }
}

#[tokio::test]
async fn the_register_is_written_and_read_back() {
    let world = World::start().await;
    let kinds = [
        "service-points",
        "accounts",
        "agreements",
        "calendars",
        "tariffs",
        "installations",
        "sellers",
    ];
    for kind in kinds {
        let one = format!("/api/v1/{kind}/x-1");
        let missing = world.admin(Ask::get(&one)).await;
        assert_eq!(
            (missing.status, missing.problem().as_str()),
            (404, "NOT_FOUND"),
            "{kind}"
        );
        let put = || Ask::new("PUT", &one).json(&json!({"id": "x-1"}));
        let created = world.admin(put()).await;
        assert_eq!(
            (created.status, created.json()["id"].as_str()),
            (201, Some("x-1")),
            "{kind}"
        );
        assert_eq!(world.admin(put()).await.status, 200, "{kind}: the same again");
        assert_eq!(
            world.admin(Ask::get(&one)).await.header("etag"),
            created.header("etag")
        );
        let listed = world.admin(Ask::get(&format!("/api/v1/{kind}"))).await.json();
        assert_eq!(
            (listed["items"].as_array().unwrap().len(), &listed["next_cursor"]),
            (1, &Value::Null)
        );
        let stale = world.admin(put().header("if-match", "\"old\"")).await;
        assert_eq!(
            (stale.status, stale.problem().as_str()),
            (412, "CHANGED_MEANWHILE")
        );
        let fresh = world
            .admin(put().header("if-match", created.header("etag")))
            .await;
        assert_eq!(fresh.status, 200);
    }
    let meter = json!({"id": "m-9", "interval_seconds": 900});
    let post = || {
        Ask::new("POST", "/api/v1/meters")
            .json(&meter)
            .header("idempotency-key", "k-1")
    };
    assert_eq!(world.admin(post()).await.status, 201);
    assert_eq!(world.admin(post()).await.status, 200);
    let put = Ask::new("PUT", "/api/v1/meters/m-9").json(&json!({"serial": "S9"}));
    let put = world.admin(put).await;
    assert_eq!(
        (put.status, put.json()["id"].as_str()),
        (200, Some("m-9")),
        "the id of the path fills in"
    );
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be_are_refused() {
    let world = World::start().await;
    let put = || Ask::new("PUT", "/api/v1/accounts/k1");
    let good = json!({"id": "k1"});
    let table = [
        (put().json(&json!({"id": "k2"})), 400, "BAD_ID"),
        (put().json(&json!({"id": "k1", "nickname": "x"})), 400, "BAD_BODY"),
        (put().json(&json!({"id": 1})), 400, "BAD_BODY"),
        (put().text("application/json", "{"), 400, "BAD_BODY"),
        (put().text("application/json", ""), 400, "BAD_BODY"),
        (put().text("text/plain", good.to_string()), 415, "NOT_JSON"),
        (put(), 415, "NOT_JSON"),
        (
            Ask::new("PUT", "/api/v1/agreements/g1").json(&json!({"account_id": "nobody"})),
            409,
            "REFERS_TO_NOTHING",
        ),
        (
            put().text("application/json", vec![b' '; (1 << 20) + 1]),
            413,
            "BODY_TOO_LARGE",
        ),
        (Ask::new("POST", "/api/v1/meters").json(&json!({})), 400, "BAD_ID"),
        (
            Ask::new("POST", "/api/v1/bill-runs").json(&json!({"as_of": "today"})),
            400,
            "BAD_TIME",
        ),
        (
            Ask::new("POST", "/api/v1/meters")
                .json(&good)
                .header("idempotency-key", "a b"),
            400,
            "BAD_IDEMPOTENCY_KEY",
        ),
    ];
    for (ask, status, reason) in table {
        let shown = format!(
            "{} {} {}",
            ask.method,
            ask.target,
            String::from_utf8_lossy(&ask.body[..ask.body.len().min(60)])
        );
        let answer = world.admin(ask).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (status, reason),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_bill_run_names_who_asked_for_it() {
    let world = World::start().await;
    let run = json!({"as_of": "2026-06-01T00:00:00+02:00", "dry_run": true});
    let answer = world
        .admin(Ask::new("POST", "/api/v1/bill-runs").json(&run))
        .await;
    assert_eq!((answer.status, &answer.json()["issued"]), (200, &json!(1)));
    assert_eq!(
        world.fakes.last(),
        r#"RunBillsRequest { as_of: "2026-06-01T00:00:00+02:00", dry_run: true, actor: "m-1" }"#
    );
}

fn readings(count: usize) -> Value {
    let reading = |number: usize| json!({"device_id": format!("m-{}", number % 3), "timestamp": "2026-05-01T00:00:00Z", "usage_kwh": "0.25"});
    json!({"readings": (0..count).map(reading).collect::<Vec<_>>()})
}

#[tokio::test]
async fn readings_get_a_receipt_each() {
    let world = World::start().await;
    let token = world.token(api_gateway::auth::Role::Device);
    let send = |body: &Value| Ask::new("POST", "/api/v1/readings").json(body).token(&token);
    let sent = json!({"readings": [
        {"device_id": "m-1", "timestamp": "2026-05-01T00:00:00+02:00", "usage_kwh": "0.25"},
        {"device_id": "m-2", "timestamp": "2026-05-01T00:00:00Z", "usage_kwh": 1},
        {"device_id": "m-1", "timestamp": "yesterday", "usage_kwh": 1},
        {"device_id": "m-1", "timestamp": "2026-05-01T00:00:00Z", "usage_kwh": -1},
        {"device_id": "m-1", "timestamp": "2026-05-01T00:00:00Z", "usage_kwh": "much"},
        {"device_id": "m-1", "timestamp": "2026-05-01T00:00:00Z", "usage_kwh": 1, "channel": "SIDEWAYS"},
        {"device_id": "m-1", "timestamp": "2026-05-01T00:00:00Z"},
        {"device_id": "m-1", "timestamp": "2026-05-01T00:15:00Z", "power_w": 40}
    ]});
    let answer = world.send(send(&sent)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!(answer["server_time"], "2026-05-10T12:00:00.000Z");
    let receipts: Vec<_> = answer["receipts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|receipt| {
            (
                receipt["verdict"].as_str().unwrap(),
                receipt["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        receipts,
        [
            ("ACCEPTED", ""),
            ("REJECTED", "NOT_YOURS"),
            ("REJECTED", "BAD_TIMESTAMP"),
            ("REJECTED", "NEGATIVE"),
            ("REJECTED", "NOT_FINITE"),
            ("REJECTED", "UNKNOWN_ENUM"),
            ("REJECTED", "NO_VALUE"),
            ("ACCEPTED", ""),
        ]
    );
    assert_eq!(answer["receipts"][0]["id"].as_str().unwrap().len(), 32);
    {
        let submitted = world.fakes.submitted.lock().unwrap();
        let row = submitted[0].row(0);
        assert_eq!(
            (submitted[0].rows(), row.value, row.start_ms),
            (2, 250_000, 1_777_586_400_000)
        );
    }
    assert_eq!(
        world
            .admin(Ask::new("POST", "/api/v1/readings").json(&readings(1_000)))
            .await
            .status,
        200
    );
    let many = world
        .admin(Ask::new("POST", "/api/v1/readings").json(&readings(1_001)))
        .await;
    assert_eq!((many.status, many.problem().as_str()), (400, "TOO_MANY_READINGS"));
}

#[tokio::test]
async fn a_quarantined_message_is_replayed_by_its_id() {
    let world = World::start().await;
    let answer = world
        .admin(Ask::new("POST", "/api/v1/quarantine/0.17/replay"))
        .await;
    assert_eq!((answer.status, answer.json()), (200, json!({"replayed": 1})));
    assert!(
        world.fakes.last().contains(r#"id: "0.17""#),
        "{}",
        world.fakes.last()
    );
    let listed = world.admin(Ask::get("/api/v1/quarantine")).await;
    assert_eq!(listed.json(), json!({"items": [], "next_cursor": null}));
}

/// A sentence about the parameter, in words of the query rather than of a library.
#[tokio::test]
async fn a_bad_parameter_is_named_in_a_sentence() {
    let world = World::start().await;
    let table = [
        (
            "/api/v1/meters?limit=many",
            "limit must be a positive whole number",
        ),
        ("/api/v1/meters?limit=-1", "limit must be a positive whole number"),
        (
            "/api/v1/meters?limit=99999999999",
            "limit must be a positive whole number",
        ),
        ("/api/v1/meters?limit=1&limit=2", "limit is given more than once"),
        (
            "/api/v1/meters?lmit=1",
            "there is no parameter lmit here; there are cursor, limit",
        ),
        ("/api/v1/meters/m1/usage", "the parameter resolution is missing"),
        (
            "/api/v1/usage?by=customer&resolution=1h",
            "by must be one of region, feeder, tariff_class",
        ),
        (
            "/api/v1/meters/m1/usage?resolution=1m",
            "resolution must be one of 15m, 1h, 1d, 1mo",
        ),
        (
            "/api/v1/bills?status=paid",
            "status must be one of open, draft, issued",
        ),
        (
            "/api/v1/bills/b/explain?x=1",
            "there is no parameter x here; there is line",
        ),
    ];
    for (target, expected) in table {
        let answer = world.admin(Ask::get(target)).await;
        let problem = answer.json();
        assert_eq!(
            (problem["reason"].as_str(), problem["detail"].as_str()),
            (Some("BAD_QUERY"), Some(expected)),
            "{target}"
        );
    }
}
