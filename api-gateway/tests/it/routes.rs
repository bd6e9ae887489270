//! What can be asked: the OpenAPI document and the router are the same list.

use serde_json::Value;

use crate::http::Ask;
use crate::world::World;

/// Every operation of the document as (method, path).
pub(crate) async fn operations(world: &World) -> Vec<(&'static str, String)> {
    let document = world.send(Ask::get("/api/openapi.json")).await.json();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let method = match method.as_str() {
                "get" => "GET",
                "put" => "PUT",
                "post" => "POST",
                other => panic!("{other} {path}"),
            };
            found.push((method, path.clone()));
        }
    }
    found
}

#[tokio::test]
async fn the_list_of_operations() {
    let world = World::start().await;
    let mut found: Vec<String> = operations(&world)
        .await
        .into_iter()
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    found.sort();
    let expected = include_str!("operations.txt");
    assert_eq!(
        found.join("\n"),
        expected.trim_end(),
        "a change here is a change of the contract"
    );
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_describes_every_answer() {
    let world = World::start().await;
    let answer = world.send(Ask::get("/api/openapi.json")).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json")
    );
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(
        document["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    for reference in &references {
        let path = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(path).is_some(), "{reference} points nowhere");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{method} {path}"
            );
            assert!(
                !operation["summary"].as_str().unwrap().is_empty(),
                "{method} {path}"
            );
            let responses = operation["responses"].as_object().unwrap();
            let good = &responses["200"]["content"]["application/json"]["schema"];
            assert!(good["$ref"].is_string(), "{method} {path}: {good}");
            for status in [
                "400", "401", "403", "404", "409", "413", "415", "429", "500", "503",
            ] {
                let schema = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{method} {path} {status}");
            }
        }
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("$ref", Value::String(reference)) => found.push(reference.clone()),
                    (_, value) => collect_references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::start().await;
    for target in [
        "/api/v1/nothing",
        "/api/v1/meters/m1/nothing",
        "/api/v2/meters",
        "/nothing",
    ] {
        let answer = world.admin(Ask::get(target)).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (404, "NO_SUCH_PATH"),
            "{target}"
        );
    }
    let answer = world.admin(Ask::new("DELETE", "/api/v1/meters/m1")).await;
    assert_eq!(
        (answer.status, answer.problem().as_str()),
        (405, "METHOD_NOT_ALLOWED")
    );
    assert!(answer.header("allow").contains("PUT"), "{answer:?}");
}

#[tokio::test]
async fn the_rest_of_the_port_needs_no_token() {
    let world = World::start().await;
    let root = world.send(Ask::get("/")).await;
    assert_eq!(
        (root.status, root.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert!(root.body.contains("href=\"/api/openapi.json\""));
    let health = world.send(Ask::get("/healthz")).await;
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
}

#[tokio::test]
async fn every_answer_has_its_headers_and_is_counted_by_its_template() {
    let world = World::start().await;
    let answers = [
        world.send(Ask::get("/")).await,
        world.send(Ask::get("/nothing/m-1")).await,
        world.admin(Ask::get("/api/v1/meters/m-1")).await,
        world.send(Ask::get("/api/v1/meters")).await,
    ];
    for answer in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(!answer.header("cache-control").is_empty());
        assert!(!answer.header("x-request-id").is_empty());
    }
    let metrics = world.metrics();
    let counted = |method: &str, route: &str, class: &str, count: u32| {
        let line = format!(
            "gridtally_gateway_http_requests_total{{class=\"{class}\",method=\"{method}\",route=\"{route}\"}} {count}"
        );
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    };
    counted("GET", "/api/v1/meters/{id}", "2xx", 1);
    counted("GET", "/api/v1/meters", "4xx", 1);
    counted("GET", "/api/v1/overview", "2xx", 0);
    counted("GET", "unmatched", "4xx", 1);
    assert!(!metrics.contains("m-1"), "an id is never a label");
}
