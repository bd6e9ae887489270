//! Who leads: one of several, and the next one when the broker has lost sight of that one.

use super::broker::lease;
use super::*;

/// Whether `bus` leads within `patience`.
async fn leads(bus: &Rabbit, patience: Duration) -> bool {
    match tokio::time::timeout(patience, bus.lead(Group::Billing)).await {
        Ok(led) => {
            led.unwrap();
            true
        }
        Err(_) => false,
    }
}

/// Asks in the background.
#[expect(clippy::disallowed_methods, reason = "a test has no task tracker")]
fn candidate(bus: &Arc<Rabbit>) -> tokio::task::JoinHandle<Result<(), BusError>> {
    let bus = Arc::clone(bus);
    tokio::spawn(async move { bus.lead(Group::Billing).await })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_leads_and_the_next_when_it_is_gone() {
    let broker = Broker::at(url());
    let options = broker.options();
    let first = open(&broker.url, options.clone()).await.unwrap();
    let second = open(&broker.url, options.clone()).await.unwrap();
    assert!(leads(&first, PATIENCE).await);
    let next = candidate(&second);
    tokio::time::sleep(Duration::from_millis(1_500)).await; // asks three times
    assert!(!next.is_finished(), "one leads");
    first.close().await.unwrap();
    let led = tokio::time::timeout(Duration::from_secs(5), next).await;
    led.expect("the second is next").unwrap().unwrap();
    second.close().await.unwrap();

    let third = open(&broker.url, options).await.unwrap();
    assert!(leads(&third, PATIENCE).await, "nobody is left");
    third.close().await.unwrap();
    broker.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_leads_after_the_broker_was_away() {
    let mut private = lease().await;
    let broker = Broker::at(private.url());
    let options = broker.options();
    let first = open(&broker.url, options.clone()).await.unwrap();
    assert!(leads(&first, PATIENCE).await);
    let second = open(&broker.url, options).await.unwrap();
    let next = candidate(&second);
    private.stop();
    first.close().await.unwrap();
    private.start();
    let led = tokio::time::timeout(PATIENCE, next).await;
    led.expect("the second is next").unwrap().unwrap();
    second.close().await.unwrap();
}
