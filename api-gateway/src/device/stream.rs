//! A stream of batches: answered in order, a few at a time, and never for ever.

use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt as _};
use service_kit::trace::{self, Context};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::batch::{Batch, NoBatch};
use super::codec::no_batch;
use super::intake::Intake;
use super::receipts::Receipts;
use crate::auth::{AuthError, Identity};

/// The span of one batch of a stream; a stream may go on for an hour, so it has none itself.
const BATCH: &str = "gridtally.meter.v1.MeterGateway/Stream batch";

/// When a stream ends by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Batches of one stream that may wait for their confirm at a time.
    pub(crate) in_flight: usize,
    /// Longest wait for the next batch.
    pub(crate) idle: Duration,
    /// Longest life.
    pub(crate) life: Duration,
}

/// The receipts of the batches of `incoming`, in order.
///
/// It ends without an error when the sender ends, is idle or has had its time, and when we stop: what was read is answered, the rest was
/// not read. It ends with UNAUTHENTICATED when the token ends, with the batch's status when a batch is none.
pub(crate) fn answers(
    incoming: Streaming<Batch>,
    intake: Intake,
    (identity, caller): (&Identity, Option<Context>),
    bounds: Bounds,
    stop: CancellationToken,
) -> impl Stream<Item = Result<Receipts, Status>> + use<> {
    let now = intake.clock.now().timestamp();
    let left = Duration::from_secs(u64::try_from(identity.expires.saturating_sub(now)).unwrap_or(0));
    let started = Instant::now();
    let reader = Reader {
        incoming,
        stop,
        idle: bounds.idle,
        ends: started + bounds.life.min(left),
        expires: left <= bounds.life,
        over: false,
    };
    stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    })
    .map(move |item| {
        let span = intake.sampler.message(caller.as_ref(), BATCH);
        let intake = intake.clone();
        trace::around(span, async move { intake.take(item?).await })
    })
    .buffered(bounds.in_flight.max(1))
}

/// Reads batches until something ends the stream.
struct Reader {
    incoming: Streaming<Batch>,
    stop: CancellationToken,
    idle: Duration,
    ends: Instant,
    /// Whether the token ends then, and not only the stream's time.
    expires: bool,
    over: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<Batch, Status>> {
        if self.over {
            return None;
        }
        let idle_until = Instant::now() + self.idle;
        let next = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            next = tokio::time::timeout_at(idle_until.min(self.ends), self.incoming.message()) => match next {
                Ok(Ok(batch)) => batch.map(Ok),
                Ok(Err(status)) => Some(Err(unread(status))),
                Err(_) if self.expires && Instant::now() >= self.ends => {
                    Some(Err(service_kit::status_of(&AuthError::Expired.fault())))
                }
                Err(_) => None,
            },
        };
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

/// tonic calls a message beyond the size limit out of range; for a sender it is an invalid message, whichever call carries it.
fn unread(status: Status) -> Status {
    if status.code() == Code::OutOfRange {
        no_batch(NoBatch::TooLarge)
    } else {
        status
    }
}
