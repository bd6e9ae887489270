//! A connection whose client must begin to speak HTTP/2 in time, because a server waits for it without end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use tonic::transport::server::Connected;

/// Bytes of the text that opens an HTTP/2 connection.
const PREFACE_BYTES: usize = 24;

/// `stream`, which fails when its first bytes do not come in time. `H` is what the connection takes up, freed when it ends.
#[derive(Debug)]
pub struct Prompt<S, H = ()> {
    stream: S,
    /// Bytes read, as long as they are fewer than the preface.
    begun: usize,
    begin: Option<Pin<Box<Sleep>>>,
    _hold: H,
}

impl<S, H> Prompt<S, H> {
    /// The client of `stream` has `within` to send the preface.
    pub fn new(stream: S, within: Duration, hold: H) -> Self {
        Self {
            stream,
            begun: 0,
            begin: Some(Box::pin(tokio::time::sleep(within))),
            _hold: hold,
        }
    }
}

impl<S, H> Connected for Prompt<S, H> {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl<S: AsyncRead + Unpin, H: Unpin> AsyncRead for Prompt<S, H> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(begin) = &mut this.begin else {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        };
        if begin.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buffer));
        this.begun = this
            .begun
            .saturating_add(buffer.filled().len().saturating_sub(before));
        if this.begun >= PREFACE_BYTES {
            this.begin = None;
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin, H: Unpin> AsyncWrite for Prompt<S, H> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
