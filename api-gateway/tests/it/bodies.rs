//! What is said about bodies, and what an `Idempotency-Key` is for.

use api_gateway::auth::Role;
use serde_json::{Value, json};

use crate::http::Ask;
use crate::world::World;

/// The detail of a refusal says where and why, in words of JSON rather than of a library.
#[tokio::test]
async fn a_wrong_body_is_described_in_words_of_its_writer() {
    let world = World::start().await;
    let put = || Ask::new("PUT", "/api/v1/accounts/k1");
    let post = || Ask::new("POST", "/api/v1/readings");
    let reading = |field: &str, value: Value| json!({"readings": [{"device_id": "m-1", field: value}]});
    let table = [
        (
            put().json(&json!({"id": 1})),
            "id: must be text (line 1, column 7)",
        ),
        (
            put().json(&json!("account")),
            "the body: must be an object (line 1, column 9)",
        ),
        (
            put().json(&json!([])),
            "the body: must be an object (line 1, column 0)",
        ),
        (
            put().text("application/json", "{"),
            "the body is no JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            post().json(&json!({})),
            "the body: the field readings is missing (line 1, column 2)",
        ),
        (
            post().json(&json!({"readings": 1})),
            "readings: must be a list (line 1, column 13)",
        ),
        (
            post().json(&json!({"readings": [1]})),
            "readings[0]: must be an object (line 1, column 14)",
        ),
        (
            post().json(&json!({"readings": [["m-1", "2026-01-01T00:00:00Z", "1.5"]]})),
            "readings[0]: must be an object",
        ),
        (
            Ask::new("PUT", "/api/v1/meters/m-1")
                .json(&json!({"id": "m-1", "serial": "s", "registers": [["import", 6]]})),
            "registers[0]: must be an object",
        ),
        (
            post().json(&reading("revision", json!(-1))),
            "readings[0].revision: must be a whole number in its range, not negative (line 1, column 45)",
        ),
        (
            post().json(&reading("usage_kwh", json!([1]))),
            "readings[0].usage_kwh: has no value that can be understood",
        ),
    ];
    for (ask, expected) in table {
        let sent = String::from_utf8_lossy(&ask.body).into_owned();
        let answer = world.admin(ask).await;
        assert_eq!(answer.problem(), "BAD_BODY", "{sent}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(expected), "{sent}: {detail}");
        for word in ["struct", "enum", "Decimal", "ReadingSent", "u32", "deserialize"] {
            assert!(!detail.contains(word), "{sent}: {detail}");
        }
    }
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let world = World::start().await;
    let put = |id: &str, name: &str, key: &str| {
        Ask::new("PUT", &format!("/api/v1/accounts/{id}"))
            .json(&json!({"name": name, "currency": "EUR"}))
            .header("idempotency-key", key)
    };
    let status = async |ask: Ask| world.admin(ask).await.status;
    assert_eq!(status(put("k1", "one", "key-1")).await, 201);
    assert_eq!(status(put("k1", "one", "key-1")).await, 200, "the same again");
    let asked = world.fakes.asked.lock().unwrap().len();
    for other in [put("k1", "two", "key-1"), put("k2", "one", "key-1")] {
        let refused = world.admin(other).await;
        assert_eq!(
            (refused.status, refused.problem().as_str()),
            (422, "IDEMPOTENCY_KEY_REUSED")
        );
    }
    assert_eq!(world.fakes.asked.lock().unwrap().len(), asked, "nothing was done");
    assert_eq!(status(put("k1", "two", "key-2")).await, 200);
    let other_person = put("k1", "two", "key-1").token(&world.token(Role::Billing));
    assert_eq!(
        world.send(other_person).await.status,
        200,
        "keys are a person's own"
    );
    // a key that was refused with its request is free for the corrected one
    let wrong = Ask::new("PUT", "/api/v1/accounts/k1")
        .json(&json!({"nickname": "x"}))
        .header("idempotency-key", "key-3");
    assert_eq!(status(wrong).await, 400);
    assert_eq!(status(put("k1", "three", "key-3")).await, 200);
    let large = Ask::new("PUT", "/api/v1/accounts/k1")
        .text("application/json", vec![b' '; (1 << 20) + 1])
        .header("idempotency-key", "key-4");
    assert_eq!(world.admin(large).await.problem(), "BODY_TOO_LARGE");
}
