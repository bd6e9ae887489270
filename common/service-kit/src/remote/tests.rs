//! Several addresses of one service.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::Readiness;
use crate::internal::{Services, Serving, bind};

/// Nothing here takes longer, unless it never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// An address where nobody listens at the moment.
async fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

async fn serve(address: SocketAddr) -> Serving {
    let port = bind("a test", Some(address)).await.unwrap().unwrap();
    let services = Services::new(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let ready = Readiness::default();
    ready.set(true);
    port.serve(services, CancellationToken::new(), &ready).unwrap()
}

fn link(addresses: &[SocketAddr]) -> Link {
    let urls: Vec<String> = addresses
        .iter()
        .map(|address| format!("http://{address}"))
        .collect();
    let config = LinkConfig {
        url: urls.join(", "),
        ..LinkConfig::here(1)
    };
    assert!(config.problems("").is_empty());
    Link::new("the test", &config, &[]).unwrap()
}

/// Calls until one is answered, by whomever, that there is no such service: how many were not.
async fn failed_calls(link: &Link) -> u32 {
    let mut failed = 0;
    let calling = async {
        loop {
            let request = http::Request::post("http://test/test.Nobody/Call").body(Body::empty());
            match link.clone().oneshot(request.unwrap()).await {
                Ok(answer) => {
                    assert_eq!(answer.headers()["grpc-status"], "12");
                    return;
                }
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status}");
                    failed += 1;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, calling).await.expect("an answer");
    failed
}

#[tokio::test]
async fn of_several_addresses_the_one_that_answers_is_found_again_and_again() {
    let places = [free().await, free().await, free().await];
    let link = link(&places);
    for place in [1, 0, 2, 2] {
        let serving = serve(places[place]).await;
        let failed = failed_calls(&link).await;
        // each address is tried once, some of them while it was known that nobody could be reached
        assert!(failed < 20, "{failed} calls failed before {place} was found");
        assert_eq!(failed_calls(&link).await, 0, "it stays in use");
        serving.stop(Duration::from_secs(1)).await;
    }
}

#[tokio::test]
async fn who_takes_connections_and_does_not_answer_is_left() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = free().await;
    let link = link(&[silent.local_addr().unwrap(), place]);
    let serving = serve(place).await;
    let tasks = Tasks::default();
    link.watch(&tasks);
    let well = async {
        while link.state().is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, well).await.expect("it is found");
    assert_eq!(failed_calls(&link).await, 0);
    tasks.drain(Duration::from_secs(5)).await;
    serving.stop(Duration::from_secs(1)).await;
}

#[test]
fn every_address_must_be_one() {
    let problems = |url: &str| {
        let config = LinkConfig {
            url: url.to_owned(),
            ..LinkConfig::here(1)
        };
        config.problems("billing.").len()
    };
    assert_eq!(problems("http://one:1,http://two:2"), 0);
    for wrong in [
        "",
        "http://one:1,",
        "http://one:1,two:2",
        "http://one:1;http://two:2",
        "http://one",
    ] {
        assert_eq!(problems(wrong), 1, "{wrong}");
    }
    assert_eq!(problems(&["http://one:1"; 17].join(",")), 1);
}
