//! Start and stop.

use std::sync::Arc;
use std::time::Duration;

use api_gateway::{Config, GatewayError};
use prometheus::Registry;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::fakes::Fakes;
use crate::http::Ask;
use crate::world::{World, config, deps};

async fn refusal(config: Config) -> GatewayError {
    let dir = TempDir::new().unwrap();
    let deps = deps(&Arc::new(Fakes::default()), &Registry::new(), &dir).await;
    api_gateway::start(config, deps).await.unwrap_err()
}

#[tokio::test]
async fn without_tokens_it_starts_on_loopback_only() {
    let error = refusal(Config {
        insecure_no_auth: true,
        staff_listen: "0.0.0.0:0".parse().unwrap(),
        ..config()
    })
    .await;
    assert!(matches!(error, GatewayError::Config(_)), "{error}");
}

#[tokio::test]
async fn a_port_in_use_is_said_plainly() {
    let world = World::start().await;
    let error = refusal(Config {
        staff_listen: world.gateway.staff_addr(),
        ..config()
    })
    .await;
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("is in use by another program"), "{source}");
}

#[tokio::test]
async fn clients_that_say_nothing_do_not_hold_up_the_end() {
    let world = World::start().await;
    let staff = world.gateway.staff_addr();
    let silent = TcpStream::connect(staff).await.unwrap();
    let mut half = TcpStream::connect(staff).await.unwrap();
    half.write_all(b"GET / HTTP/1.1\r\nhost: t").await.unwrap();
    let mut idle = TcpStream::connect(staff).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: t\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    idle.read_exact(&mut byte).await.unwrap();
    let began = Instant::now();
    assert!(world.gateway.stop(Duration::from_secs(20)).await);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(TcpStream::connect(staff).await.is_err());
    drop((silent, half, idle));
}

#[tokio::test]
async fn a_request_that_never_ends_is_left_behind_at_the_deadline() {
    let world = World::start().await;
    let token = world.token(api_gateway::auth::Role::Viewer);
    let staff = world.gateway.staff_addr();
    let mut stuck = TcpStream::connect(staff).await.unwrap();
    let request =
        format!("GET /api/v1/bills/slow HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {token}\r\n\r\n");
    stuck.write_all(request.as_bytes()).await.unwrap();
    while !world.fakes.last().contains("slow") {
        tokio::task::yield_now().await;
    }
    assert_eq!(Ask::get("/healthz").send(staff).await.status, 200);
    assert!(!world.gateway.stop(Duration::from_millis(300)).await);
}
