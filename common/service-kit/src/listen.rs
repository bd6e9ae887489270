//! Sockets: bound before anything runs, with errors a person understands, and bounded in number of connections.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::KitError;

mod prompt;

pub use prompt::Prompt;

/// Pause after a failed accept. Out of file descriptors: trying again at once would only burn the processor.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// How long a port may still be held by a process that was just killed, before it counts as another program's; and how often it is tried.
const HELD_FOR: std::time::Duration = std::time::Duration::from_millis(500);
const TRY_EVERY: std::time::Duration = std::time::Duration::from_millis(25);

/// Binds `address` for `what`; port 0 picks a free one. Returns the address that was really bound. A port that is in use is tried for half
/// a second: whoever starts a program in place of one that was killed need not wait until the system has cleared up.
///
/// # Errors
/// [`KitError::PortInUse`] or [`KitError::Listen`].
pub async fn bind(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), KitError> {
    let failed = |source: io::Error| {
        if source.kind() == io::ErrorKind::AddrInUse {
            KitError::PortInUse { what, address }
        } else {
            KitError::Listen {
                what,
                address,
                source,
            }
        }
    };
    let held_until = Instant::now() + HELD_FOR;
    let listener = loop {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < held_until => {
                tokio::time::sleep(TRY_EVERY).await;
            }
            outcome => break outcome.map_err(failed)?,
        }
    };
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// A listener with a bound on open connections: beyond it, clients wait in the kernel's queue.
#[derive(Debug)]
pub struct Bounded {
    listener: TcpListener,
    slots: Arc<Semaphore>,
}

impl Bounded {
    /// At most `connections` at a time on `listener`.
    #[must_use]
    pub fn new(listener: TcpListener, connections: usize) -> Self {
        Self {
            listener,
            slots: Arc::new(Semaphore::new(connections)),
        }
    }

    /// The next connection, once there is room for it.
    ///
    /// # Errors
    /// Those of `accept`; the listener stays usable.
    pub async fn accept_bounded(&self) -> io::Result<(Connection, SocketAddr)> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| io::Error::other("the listener is closed"))?;
        let (stream, peer) = self.listener.accept().await?;
        // Answers are small and complete: waiting for more to send only adds latency.
        stream.set_nodelay(true)?;
        Ok((Connection { stream, _slot: slot }, peer))
    }

    /// The next connection, however long it takes.
    pub async fn accept_one(&self) -> Connection {
        loop {
            match self.accept_bounded().await {
                Ok((connection, _)) => return connection,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

impl axum::serve::Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.accept_bounded().await {
                Ok(accepted) => return accepted,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that frees its slot when it ends.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    _slot: OwnedSemaphorePermit,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
