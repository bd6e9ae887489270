//! Who may ask what, for every operation of the OpenAPI document.

use api_gateway::auth::Role;
use serde_json::json;

use crate::http::Ask;
use crate::routes::operations;
use crate::world::World;

/// Everybody who may, by method and path.
fn allowed(method: &str, path: &str) -> &'static [Role] {
    match (method, path) {
        ("GET", _) => &[Role::Viewer, Role::Billing, Role::Operator, Role::Admin],
        ("POST", "/api/v1/readings") => &[Role::Device, Role::Operator, Role::Admin],
        ("POST", "/api/v1/quarantine/{id}/replay") => &[Role::Operator, Role::Admin],
        ("PUT", _) | ("POST", "/api/v1/bill-runs" | "/api/v1/meters") => &[Role::Billing, Role::Admin],
        other => panic!("nobody decided who may {other:?}"),
    }
}

#[tokio::test]
async fn every_operation_lets_in_its_roles_and_nobody_else() {
    let world = World::start().await;
    for (method, path) in operations(&world).await {
        let target = path.replace("{id}", "m-1");
        let ask = || {
            let ask = Ask::new(method, &target);
            if method == "GET" {
                ask
            } else {
                ask.json(&json!({"unknown": 1}))
            }
        };
        let refused = world.send(ask()).await;
        assert_eq!(refused.status, 401, "{method} {path} without a token");
        assert_eq!(refused.problem(), "TOKEN_MISSING");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
        let forged = world.send(ask().token("x.y.z")).await;
        assert_eq!((forged.status, forged.problem().as_str()), (401, "TOKEN_INVALID"));
        for role in Role::ALL {
            let answer = world.send(ask().token(&world.token(role))).await;
            if allowed(method, &path).contains(&role) {
                assert!(
                    ![401, 403, 405].contains(&answer.status),
                    "{method} {path} as {role:?}: {answer:?}"
                );
            } else {
                assert_eq!(answer.status, 403, "{method} {path} as {role:?}");
                assert_eq!(answer.problem(), "ROLE_DENIED");
            }
        }
    }
    let metrics = world.metrics();
    assert!(!metrics.contains("auth_failures_total{reason=\"missing\"} 0"));
    assert!(!metrics.contains("auth_failures_total{reason=\"denied\"} 0"));
    assert!(metrics.contains("auth_failures_total{reason=\"expired\"} 0"));
}

#[tokio::test]
async fn without_tokens_everybody_may_do_all() {
    let world = World::with(api_gateway::Config {
        insecure_no_auth: true,
        ..crate::world::config()
    })
    .await;
    assert_eq!(world.send(Ask::get("/api/v1/meters")).await.status, 200);
    let run = Ask::new("POST", "/api/v1/bill-runs").json(&json!({}));
    assert_eq!(world.send(run).await.status, 200);
    assert!(world.fakes.last().contains("actor: \"anybody\""));
}
