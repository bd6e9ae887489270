//! What is kept, by collection. Messages of the wire are documents as they are; the others are declared here.

use std::collections::BTreeMap;

use prost::Message;
use proto::billing::{
    Account, Agreement, Bill, Calendar, Exception, Installation, Meter, Seller, ServicePoint, Tariff,
};

use super::Collection;

/// Something with an id and a collection of its own.
pub(crate) trait Document: Message + Default {
    const COLLECTION: Collection;

    /// Deterministic: a function of what the document is about.
    fn id(&self) -> String;
}

/// An object of the register.
pub(crate) trait RegisterDocument: Document + Clone + PartialEq {
    /// The word in [`proto::billing::RegisterKey`].
    const KIND: &'static str;
}

macro_rules! by_id {
    ($($message:ty, $collection:ident;)+) => {$(
        impl Document for $message {
            const COLLECTION: Collection = Collection::$collection;

            fn id(&self) -> String {
                self.id.clone()
            }
        }
    )+};
}

macro_rules! registered {
    ($($message:ty, $kind:literal;)+) => {$(
        impl RegisterDocument for $message {
            const KIND: &'static str = $kind;
        }
    )+};
}

by_id! {
    ServicePoint, ServicePoints;
    Meter, Meters;
    Installation, Installations;
    Account, Accounts;
    Agreement, Agreements;
    Calendar, Calendars;
    Tariff, Tariffs;
    Seller, Sellers;
    Bill, Bills;
    Exception, Exceptions;
}

registered! {
    ServicePoint, "service_point";
    Meter, "meter";
    Installation, "installation";
    Account, "account";
    Agreement, "agreement";
    Calendar, "calendar";
    Tariff, "tariff";
    Seller, "seller";
}

/// A text that a tariff has or had. Never changed, never removed.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TariffEdition {
    #[prost(string, tag = "1")]
    pub(crate) edition: String,
    #[prost(string, tag = "2")]
    pub(crate) body: String,
}

impl Document for TariffEdition {
    const COLLECTION: Collection = Collection::TariffEditions;

    fn id(&self) -> String {
        self.edition.clone()
    }
}

/// What an issued bill was computed from, so that it can be computed again.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct BillInputs {
    #[prost(string, tag = "1")]
    pub(crate) bill_id: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) terms: Vec<Term>,
    #[prost(btree_map = "string, string", tag = "3")]
    pub(crate) values: BTreeMap<String, String>,
    #[prost(uint32, tag = "4")]
    pub(crate) billing_day: u32,
    #[prost(int64, tag = "5")]
    pub(crate) start_ms: i64,
    #[prost(int64, tag = "6")]
    pub(crate) end_ms: i64,
    /// The hash of all this and of what else the statement was computed from.
    #[prost(string, tag = "7")]
    pub(crate) inputs_hash: String,
}

impl BillInputs {
    /// A bill that was planned twice before it was issued has two; the one that counts has the bill's hash.
    pub(crate) fn id_of(bill: &Bill) -> String {
        format!("{}|{}", bill.id, bill.inputs_hash)
    }
}

impl Document for BillInputs {
    const COLLECTION: Collection = Collection::BillInputs;

    fn id(&self) -> String {
        format!("{}|{}", self.bill_id, self.inputs_hash)
    }
}

/// A meter channel of an agreement's recipe, and what it said.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct Term {
    /// +1 or -1.
    #[prost(sint32, tag = "1")]
    pub(crate) sign: i32,
    #[prost(string, tag = "2")]
    pub(crate) meter_id: String,
    /// The number of the channel.
    #[prost(uint32, tag = "3")]
    pub(crate) channel: u32,
    /// While the meter was there.
    #[prost(int64, tag = "4")]
    pub(crate) from_ms: i64,
    #[prost(int64, tag = "5")]
    pub(crate) to_ms: i64,
    /// Where a reading says none.
    #[prost(uint32, tag = "6")]
    pub(crate) default_seconds: u32,
    /// Runs of reads that follow each other at one distance with the same properties.
    #[prost(message, repeated, tag = "7")]
    pub(crate) sent: Vec<Sent>,
    /// Starts in conflict, in order.
    #[prost(message, repeated, tag = "8")]
    pub(crate) contests: Vec<Contest>,
}

/// A start whose contents of the highest rank differ. Which of them counts is in the run of reads, with the revision of all.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct Contest {
    #[prost(int64, tag = "1")]
    pub(crate) start_ms: i64,
    /// All of them, in order of value, length, quality.
    #[prost(message, repeated, tag = "2")]
    pub(crate) rivals: Vec<Rival>,
}

/// One of several contents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Message)]
pub(crate) struct Rival {
    /// 10^-6 kWh.
    #[prost(sint64, tag = "1")]
    pub(crate) value: i64,
    #[prost(uint32, tag = "2")]
    pub(crate) interval_seconds: u32,
    #[prost(uint32, tag = "3")]
    pub(crate) quality: u32,
}

/// A run of reads.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub(crate) struct Sent {
    #[prost(int64, tag = "1")]
    pub(crate) start_ms: i64,
    /// From one start to the next; 0 = a run of one.
    #[prost(uint32, tag = "2")]
    pub(crate) step_ms: u32,
    #[prost(uint32, tag = "3")]
    pub(crate) interval_seconds: u32,
    #[prost(uint32, tag = "4")]
    pub(crate) quality: u32,
    #[prost(uint32, tag = "5")]
    pub(crate) revision: u32,
    /// 10^-6 kWh.
    #[prost(sint64, repeated, tag = "6")]
    pub(crate) values: Vec<i64>,
}

/// A bill on its way to be issued: its statement does not change any more.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Intent {
    /// Complete but for the number.
    #[prost(message, optional, tag = "1")]
    pub(crate) bill: Option<Bill>,
    /// Whose numbers, e.g. `GT-INV-2026`.
    #[prost(string, tag = "2")]
    pub(crate) series: String,
    /// The number it may have begins here: every smaller one is another bill's.
    #[prost(uint64, tag = "3")]
    pub(crate) number_from: u64,
}

impl Intent {
    pub(crate) fn id_of(bill_id: &str) -> String {
        format!("issue|{bill_id}")
    }
}

impl Document for Intent {
    const COLLECTION: Collection = Collection::Intents;

    fn id(&self) -> String {
        Self::id_of(self.bill.as_ref().map_or("", |bill| &bill.id))
    }
}

/// A number and the bill that has it, for ever.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct NumberClaim {
    #[prost(string, tag = "1")]
    pub(crate) series: String,
    #[prost(uint64, tag = "2")]
    pub(crate) number: u64,
    #[prost(string, tag = "3")]
    pub(crate) bill_id: String,
}

impl NumberClaim {
    pub(crate) fn id_of(series: &str, number: u64) -> String {
        format!("number|{series}|{number}")
    }
}

impl Document for NumberClaim {
    const COLLECTION: Collection = Collection::Numbers;

    fn id(&self) -> String {
        Self::id_of(&self.series, self.number)
    }
}

/// A message that could not be processed, as it was received.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Quarantined {
    #[prost(uint32, tag = "1")]
    pub(crate) shard: u32,
    #[prost(uint64, tag = "2")]
    pub(crate) position: u64,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) message_id: Vec<u8>,
    #[prost(string, tag = "4")]
    pub(crate) kind: String,
    #[prost(int64, tag = "5")]
    pub(crate) time_ms: i64,
    #[prost(bytes = "vec", tag = "6")]
    pub(crate) body: Vec<u8>,
    #[prost(string, tag = "7")]
    pub(crate) reason: String,
}

impl Quarantined {
    /// Its subject in lists and exceptions.
    pub(crate) fn subject(&self) -> String {
        format!("{}|{:020}", self.shard, self.position)
    }
}

impl Document for Quarantined {
    const COLLECTION: Collection = Collection::Quarantine;

    fn id(&self) -> String {
        self.subject()
    }
}

/// A number the service keeps about itself.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Kept {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(sint64, tag = "2")]
    pub(crate) value: i64,
}

impl Document for Kept {
    const COLLECTION: Collection = Collection::State;

    fn id(&self) -> String {
        self.name.clone()
    }
}
