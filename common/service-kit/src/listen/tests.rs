use super::{Bounded, HELD_FOR, bind};
use crate::KitError;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_taken_port_is_named() {
    let (_listener, address) = bind("device gRPC", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    assert_ne!(address.port(), 0);
    let error = bind("staff HTTP", address).await.unwrap_err();
    assert!(matches!(error, KitError::PortInUse { .. }), "{error:?}");
    assert!(
        error.to_string().contains("is in use by another program"),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_that_is_given_up_in_a_moment_is_waited_for() {
    let (listener, address) = bind("device gRPC", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let dying = async {
        tokio::time::sleep(HELD_FOR / 4).await;
        drop(listener);
    };
    let (bound, ()) = tokio::join!(bind("device gRPC", address), dying);
    assert_eq!(bound.unwrap().1, address);
}

#[tokio::test]
async fn a_foreign_address_is_refused_with_its_reason() {
    let error = bind("device gRPC", "192.0.2.1:0".parse().unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, KitError::Listen { .. }), "{error:?}");
}

#[tokio::test]
async fn connections_are_bounded_and_slots_come_back() {
    let (listener, address) = bind("test", "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let bounded = Bounded::new(listener, 1);
    let _one = TcpStream::connect(address).await.unwrap();
    let _two = TcpStream::connect(address).await.unwrap();
    let (first, _) = bounded.accept_bounded().await.unwrap();
    let waiting = bounded.accept_bounded();
    tokio::pin!(waiting);
    assert!(
        futures_poll(waiting.as_mut()).await.is_none(),
        "the second must wait for a slot"
    );
    drop(first);
    waiting.await.unwrap();
}

/// Polls once.
async fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    std::future::poll_fn(|cx| match std::pin::Pin::new(&mut future).poll(cx) {
        std::task::Poll::Ready(output) => std::task::Poll::Ready(Some(output)),
        std::task::Poll::Pending => std::task::Poll::Ready(None),
    })
    .await
}
