use std::sync::{Arc, Mutex};

use prometheus::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Monitor, Readiness};
use crate::Tasks;

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn health_readiness_and_metrics_are_served_until_the_stop() {
    let tasks = Tasks::default();
    let readiness = Readiness::default();
    let monitor = Monitor::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = monitor.address();
    monitor.serve(Registry::new(), readiness.clone(), &tasks).unwrap();

    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 503"));
    readiness.set(true);
    assert!(get(address, "/readyz").await.starts_with("HTTP/1.1 200"));
    let metrics = get(address, "/metrics").await;
    assert!(
        metrics.contains("content-type: text/plain; version=0.0.4"),
        "{metrics}"
    );
    assert!(
        metrics.contains("gridtally_process_resident_memory_bytes "),
        "{metrics}"
    );

    let _silent = TcpStream::connect(address).await.unwrap();
    assert!(
        tasks.drain(std::time::Duration::from_secs(5)).await,
        "a silent client must not hold the process"
    );
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn readiness_names_what_is_needed() {
    let readiness = Readiness::default();
    readiness.set(true);
    let trouble = Arc::new(Mutex::new(None::<String>));
    for (name, vital) in [("bus", true), ("cache", false)] {
        let trouble = Arc::clone(&trouble);
        readiness.depends_on(
            name,
            vital,
            Box::new(move || match &*trouble.lock().unwrap() {
                Some(told) if told == name => Err("it is away".to_owned()),
                _ => Ok(()),
            }),
        );
    }
    let check = |away: Option<&str>, ready: bool, text: &str| {
        *trouble.lock().unwrap() = away.map(str::to_owned);
        assert_eq!(readiness.report(), (ready, text.to_owned()));
    };
    check(None, true, "ready\nbus: up\ncache: up\n");
    check(Some("cache"), true, "ready\nbus: up\ncache: down (it is away)\n");
    check(
        Some("bus"),
        false,
        "not ready\nbus: down (it is away)\ncache: up\n",
    );
    readiness.set(false);
    check(None, false, "not ready\nbus: up\ncache: up\n");
    let store = readiness.told_by("store", true);
    readiness.set(true);
    check(
        None,
        false,
        "not ready\nbus: up\ncache: up\nstore: down (not asked yet)\n",
    );
    store.up();
    check(None, true, "ready\nbus: up\ncache: up\nstore: up\n");
    store.down("it hangs", "a word of the driver");
    check(
        None,
        false,
        "not ready\nbus: up\ncache: up\nstore: down (it hangs)\n",
    );
    assert_eq!(readiness.lacks(), Some(vec!["store"]));
    let store = readiness.told_by("store", false);
    check(
        None,
        true,
        "ready\nbus: up\ncache: up\nstore: down (not asked yet)\n",
    );
    assert_eq!(readiness.lacks(), None);
    store.up();
    readiness.set(false);
    assert_eq!(readiness.lacks(), Some(Vec::new()));
}
