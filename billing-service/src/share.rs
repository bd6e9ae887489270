//! Sharing the shards (`docs/adr/0016`): one billing-service leads, and the others assist it. An assistant takes in the readings of some
//! shards: it stores them, has the leader ensure what they bring about, and acknowledges them. Everything else is done by the leader, which
//! finds the readings of such a shard in the store.
//!
//! The leader wishes, assistants report what is so; both say all of it each time, so that nothing has to be remembered of a word that
//! got lost. A leader that dies, or an assistant, leaves nothing behind that somebody would have to clear away: what was not acknowledged
//! comes again.

mod assistant;
mod calls;
mod desk;
mod leader;
mod remote;
mod table;
mod wire;

use std::time::Duration;

pub(crate) use assistant::{MAX_MESSAGE_BYTES, Parts, assist};
pub(crate) use calls::Calls;
pub(crate) use desk::Desk;
pub(crate) use leader::Leader;

/// An assistant that was not heard of for so long is given up; and so long it goes on without hearing of the leader.
const LOST_AFTER: Duration = Duration::from_secs(3);
/// A report is answered within so long, whether there is anything new or not.
const ANSWER_AFTER: Duration = Duration::from_millis(500);
/// The reason of a call that is refused to an assistant which is not known.
const UNKNOWN: &str = "UNKNOWN_ASSISTANT";
