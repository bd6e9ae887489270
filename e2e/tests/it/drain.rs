//! The end of the process: it drains on the first signal, leaves at once on the second, and waits for nobody who says nothing.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use e2e::journal::Journal;
use e2e::platform::Platform;
use e2e::{client, wait};

use crate::sending::{self, Shared};

/// The default grace of the program, and a little.
const GRACE: Duration = Duration::from_secs(25);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_under_load_ends_with_0_and_loses_nothing() -> Result<()> {
    let data = tempfile::tempdir()?;
    let journal: Shared = Arc::new(Journal::default());
    let platform = Platform::up(data.path())?;
    let senders = sending::start_senders(&platform, "drain-", 8, &journal).await?;
    tokio::time::sleep(Duration::from_millis(400)).await;
    platform.signal("TERM")?;
    for sender in senders {
        sender.await?;
    }
    let (status, said) = platform.wait(GRACE)?;
    assert_eq!(status.code(), Some(0), "{said}");

    let platform = Platform::up(data.path())?;
    let mut billing = client::billing(
        &platform.ready().device_grpc,
        &platform.token("viewer", "tester")?,
    )
    .await?;
    let meters = journal.meters();
    assert_eq!(meters.len(), 8);
    for meter in &meters {
        wait::eventually(async || {
            let kept = sending::kept(&mut billing, meter).await?;
            journal.check(meter, &kept)
        })
        .await?;
    }
    assert!(!data.path().join("run.json").exists() || platform.stop().is_ok());
    Ok(())
}

/// Connections that say nothing, on every port, and a stream on which nothing comes.
async fn silent_clients(
    platform: &Platform,
) -> Result<(
    Vec<TcpStream>,
    tonic::Streaming<proto::meter::SendReadingsResponse>,
)> {
    let ready = platform.ready();
    let ports = [&ready.device_grpc, &ready.staff_http, &ready.metrics];
    let sockets = ports
        .into_iter()
        .map(TcpStream::connect)
        .collect::<Result<Vec<_>, _>>()?;
    let mut device = client::device(&ready.device_grpc, &platform.token("device", "silent")?).await?;
    let (first, rest) = tokio::sync::mpsc::channel(1);
    first.send(proto::meter::SendReadingsRequest::default()).await?;
    let requests = tokio_stream::wrappers::ReceiverStream::new(rest);
    let answers = device.stream_readings(requests).await?.into_inner();
    std::mem::forget(first);
    Ok((sockets, answers))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_clients_do_not_hold_the_process() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let _clients = silent_clients(&platform).await?;
    platform.signal("TERM")?;
    let (status, said) = platform.wait(GRACE)?;
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!data.path().join("run.json").exists(), "nobody is there any more");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_leaves_at_once() -> Result<()> {
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let _clients = silent_clients(&platform).await?;
    platform.signal("INT")?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    platform.signal("INT")?;
    let (status, said) = platform.wait(Duration::from_secs(3))?;
    assert!(status.code().is_some(), "it leaves by itself: {said}");
    // And nothing is broken by it.
    Platform::up(data.path())?.stop()?;
    Ok(())
}
