//! Connections: how many, and how they end.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Fate, Port, batch, reading};

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let port = Port::with(&[], |config| config.device.connections_per_address = 2).await;
    let connect = || TcpStream::connect(port.gateway.device_addr());
    let (first, _second) = (connect().await.unwrap(), connect().await.unwrap());
    let mut third = connect().await.unwrap();
    assert_eq!(third.read(&mut [0; 1]).await.unwrap_or(0), 0, "closed at once");
    drop(first);
    // Once the first is gone there is room again.
    let answered = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let sent = batch(vec![reading("m-1", 0, 1.0)]);
            let url = format!("http://{}", port.gateway.device_addr());
            if let Ok(channel) = tonic::transport::Endpoint::from_shared(url)
                .unwrap()
                .connect()
                .await
                && let Ok(answer) = proto::meter::meter_gateway_client::MeterGatewayClient::new(channel)
                    .send_readings(port.signed(sent))
                    .await
            {
                return answer.into_inner();
            }
        }
    });
    assert_eq!(answered.await.unwrap().receipts.len(), 1);
}

#[tokio::test]
async fn silent_clients_do_not_hold_up_the_end() {
    let port = Port::open(&[]).await;
    let _silent = TcpStream::connect(port.gateway.device_addr()).await.unwrap();
    let mut client = port.client().await;
    let sent = batch(vec![reading("m-1", 0, 1.0)]);
    client.send_readings(port.signed(sent)).await.unwrap();
    let began = Instant::now();
    assert!(port.gateway.stop(Duration::from_secs(20)).await);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_call_under_way_is_answered_at_the_end() {
    let port = Port::open(&[Fate::Held]).await;
    let mut client = port.client().await;
    let request = port.signed(batch(vec![reading("m-1", 0, 1.0)]));
    let Port { gateway, script, .. } = port;
    let call = async {
        let answer = client.send_readings(request).await.unwrap();
        assert_eq!(answer.into_inner().receipts.len(), 1);
    };
    let stop = async {
        while script.submitted.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        let let_go = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            script.let_go.as_ref().unwrap().add_permits(1);
        };
        assert!(tokio::join!(gateway.stop(Duration::from_secs(20)), let_go).0);
    };
    tokio::join!(call, stop);
}

#[tokio::test]
async fn many_connections_and_threads_serve_together() {
    let port = Port::with(&[], |config| config.device.threads = 3).await;
    let mut clients = Vec::new();
    for _ in 0..30 {
        clients.push(port.client().await);
    }
    for (second, mut client) in (0..).zip(clients) {
        let sent = batch(vec![reading("m-1", second, 1.0)]);
        client.send_readings(port.signed(sent)).await.unwrap();
    }
    assert_eq!(port.submitted().len(), 30);
}
