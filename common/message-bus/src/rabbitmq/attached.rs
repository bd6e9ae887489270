//! The connection that is published over, and how it is made again.

use lapin::Channel;
use lapin::options::ConfirmSelectOptions;

use super::link::{ANSWER_WITHIN, Backoff, Link, within};
use super::status::Trouble;
use super::{Common, topology};
use crate::BusError;
use crate::metrics::broker::Purpose;

/// A connection that is ready to publish.
pub(super) struct Attached {
    pub(super) link: Link,
    pub(super) channel: Channel,
    /// Apart, so that no question waits for a confirm.
    pub(super) questions: Channel,
}

impl Attached {
    /// Connects, declares everything and turns confirms on.
    ///
    /// # Errors
    /// [`BusError::Shards`], [`BusError::Refused`], [`BusError::Unavailable`].
    pub(super) async fn open(common: &Common) -> Result<Self, BusError> {
        let mut link = Link::open(&common.address, &common.connection_name(Purpose::Publish)).await?;
        let channel = link.channel().await?;
        topology::declare(&channel, &common.names, &common.options).await?;
        let confirms = channel.confirm_select(ConfirmSelectOptions::default());
        within(ANSWER_WITHIN, "turn confirms on", confirms).await?;
        let questions = link.channel().await?;
        Ok(Self {
            link,
            channel,
            questions,
        })
    }

    /// Tries until it succeeds; `None` when the bus is closed first.
    pub(super) async fn again(common: &Common) -> Option<Self> {
        let mut backoff = Backoff::new();
        let mut said = String::new();
        let attach = async {
            loop {
                tokio::time::sleep(backoff.step()).await;
                let error = match Self::open(common).await {
                    Ok(attached) => return attached,
                    Err(error) => error.to_string(),
                };
                common.status.publishing(Some((Trouble::Away, &error)));
                if error != said {
                    tracing::warn!(error, "still cannot publish to the broker; trying on");
                    said = error;
                }
            }
        };
        tokio::select! {
            () = common.stop.cancelled() => None,
            attached = attach => Some(attached),
        }
    }
}
