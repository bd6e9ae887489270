//! Asks the broker again and again whether it is there: a connection to one that hangs stays open for as long as two heartbeats, and
//! without a publish nobody would notice.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use lapin::Channel;
use lapin::options::BasicQosOptions;

use super::Common;

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// A broker that neither answers nor confirms anything for so long hangs.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Keeps the status true for as long as the connection of `channel` lives; what ends that is noticed by those who use it.
pub(super) async fn keep(common: &Common, channel: &Channel) -> Infallible {
    common.status.silent(false);
    loop {
        tokio::time::sleep(ASK_EVERY).await;
        // Any question with an answer would do; this one changes nothing on a channel that consumes nothing.
        let mut question = pin!(channel.basic_qos(0, BasicQosOptions::default()));
        loop {
            let confirmed = common.status.last();
            match tokio::time::timeout(ANSWERS_WITHIN, &mut question).await {
                Ok(Ok(())) => {
                    common.status.silent(false);
                    break;
                }
                Ok(Err(_)) => pending().await,
                // Behind much that is being published a question may wait for long, but then confirms come.
                Err(_) => common.status.silent(common.status.last() == confirmed),
            }
        }
    }
}
