//! One billing-service leads, others stand by (`docs/adr/0012`).

use std::sync::Arc;
use std::time::Duration;

use message_bus::{Bus, BusError, Group};
use service_kit::OnFailure;
use service_kit::internal::{self, Port};
use tokio_util::sync::CancellationToken;

use super::Deps;
use crate::backend::{self, EMBEDDED};
use crate::error::{Error, StoreError};
use crate::share;
use crate::store::Store;

/// Who is told so soon that it leads did not stand by.
const AT_ONCE: Duration = Duration::from_secs(2);
/// A broker has missed by then whoever died without a word.
const GONE_WITHIN: Duration = Duration::from_secs(30);
/// Two with embedded stores would each have a part of the readings.
const ONE_STORE: &str = "store: another billing-service takes the readings of this bus; with embedded: there can be one, with mongodb:// there may be several";
/// How often the leader looks whether it, or its store, was replaced.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it says again whose readings those of the bus are, should somebody have deleted what says so.
const SETTLE_EVERY: Duration = Duration::from_secs(60);

/// Returns when the bus says that this process leads. Meanwhile nobody listens on `port`, so that callers find the one who does.
/// Whoever leads is assisted meanwhile, if it is known where to find it.
pub(super) async fn wait(
    port: Option<Port>,
    deps: &Deps,
    (url, assistant): (&str, share::Parts),
) -> Result<Option<Port>, Error> {
    deps.bus.settle_store(&assistant.store_id).await?; // before it could be handed a reading
    let mut lead = std::pin::pin!(deps.bus.lead(Group::Billing));
    if let Ok(led) = tokio::time::timeout(AT_ONCE, &mut lead).await {
        led?;
        return Ok(port);
    }
    let told = deps.readiness.told_by("lead", false);
    if deps.store == EMBEDDED {
        told.idle("another billing-service leads; perhaps it is about to be missed");
        let led = tokio::time::timeout(GONE_WITHIN, lead).await;
        led.map_err(|_| Error::Config(ONE_STORE.to_owned()))??;
        told.up();
        return Ok(port);
    }
    told.idle("another billing-service leads; this one stands by");
    let assists = if url.is_empty() {
        "nobody: billing.url names no one"
    } else {
        url
    };
    tracing::info!(assists, "standing by: another billing-service leads");
    let address = port.map(|port| port.address());
    // A program that stands by does what it is there for; one process of all services waits for its billing.
    deps.readiness.set(address.is_some());
    let stop = CancellationToken::new();
    let assisting = async {
        if url.is_empty() {
            return Ok(());
        }
        share::assist(url, &assistant, deps, &stop).await
    };
    let leading = async {
        let led = lead.await;
        stop.cancel();
        Ok::<(), Error>(led?)
    };
    tokio::try_join!(leading, assisting)?;
    tracing::info!("leading from now on");
    deps.readiness.set(false);
    told.up();
    Ok(internal::bind("billing gRPC", address).await?)
}

/// Starts what whoever leads does about it until it stops.
pub(super) fn keep(deps: &Deps, store: &Store, id: &str) {
    let stop = deps.tasks.stop_token();
    let watching = watch(store.clone(), id.to_owned(), stop.clone());
    deps.tasks.spawn("billing lead", OnFailure::StopProcess, watching);
    let settling = settle(Arc::clone(&deps.bus), id.to_owned(), stop);
    deps.tasks.spawn("billing bus", OnFailure::Log, settling);
}

/// Looks again and again whether another process leads, and whether the store is still the one with the id `id`, until `stop`.
///
/// # Errors
/// [`StoreError::NotLeading`], [`StoreError::Replaced`]: what this process knows is out of date, so it ends.
async fn watch(store: Store, id: String, stop: CancellationToken) -> Result<(), StoreError> {
    loop {
        match look(&store, &id).await {
            Err(replaced @ StoreError::NotLeading) => {
                tracing::warn!(
                    "another billing-service leads: this one ends, and stands by when it is started again"
                );
                return Err(replaced);
            }
            Err(replaced @ StoreError::Replaced) => return Err(replaced),
            Err(error) => tracing::debug!(%error, "cannot look who leads"), // the readiness of the store says it
            Ok(()) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn look(store: &Store, id: &str) -> Result<(), StoreError> {
    store.look().await?;
    match backend::kept_id(store).await? {
        Some(kept) if kept == id => Ok(()),
        _ => Err(StoreError::Replaced),
    }
}

/// Says again and again which store the readings of the bus are for, until `stop`.
async fn settle(bus: Arc<dyn Bus>, id: String, stop: CancellationToken) -> Result<(), Error> {
    while stop
        .run_until_cancelled(tokio::time::sleep(SETTLE_EVERY))
        .await
        .is_some()
    {
        match bus.settle_store(&id).await {
            Err(other @ BusError::Store { .. }) => {
                tracing::error!(error = %other, "another billing-service has claimed this bus for its store");
            }
            Err(error) => tracing::debug!(%error, "cannot say whose readings these are"), // readiness says it
            Ok(()) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
