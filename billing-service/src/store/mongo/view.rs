//! What a document looks like to people: the JSON of its message, where it has one.

use proto::billing::{
    Account, Agreement, Bill, Calendar, Exception, Installation, Meter, Seller, ServicePoint, Tariff,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::super::{Collection, Document, Intent, Kept, NumberClaim, TariffEdition, decode};

/// The view of a document; none of what has no readable form, or cannot be read.
pub(super) fn of(collection: Collection, document: &[u8]) -> Option<Value> {
    match collection {
        Collection::ServicePoints => message::<ServicePoint>(document),
        Collection::Meters => message::<Meter>(document),
        Collection::Installations => message::<Installation>(document),
        Collection::Accounts => message::<Account>(document),
        Collection::Agreements => message::<Agreement>(document),
        Collection::Calendars => message::<Calendar>(document),
        Collection::Tariffs => message::<Tariff>(document),
        Collection::Sellers => message::<Seller>(document),
        Collection::Bills => message::<Bill>(document),
        Collection::Exceptions => message::<Exception>(document),
        Collection::TariffEditions => {
            let TariffEdition { edition, body } = decode(document).ok()?;
            Some(json!({ "edition": edition, "body": body }))
        }
        Collection::Intents => {
            let Intent { bill, series, .. } = decode(document).ok()?;
            Some(json!({ "bill": bill, "series": series }))
        }
        Collection::Numbers => {
            let NumberClaim {
                series,
                number,
                bill_id,
            } = decode(document).ok()?;
            Some(json!({ "series": series, "number": number, "bill_id": bill_id }))
        }
        Collection::State => {
            let Kept { name, value } = decode(document).ok()?;
            Some(json!({ "name": name, "value": value }))
        }
        Collection::BillInputs | Collection::Quarantine => None,
    }
}

fn message<D: Document + Serialize>(document: &[u8]) -> Option<Value> {
    serde_json::to_value(decode::<D>(document).ok()?).ok()
}
