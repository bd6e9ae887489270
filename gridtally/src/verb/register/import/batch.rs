//! Which objects of a file go into which call.
//!
//! What is kept by one call is seen by the next, so a file goes in its order. A dry run keeps nothing: there every call carries also the
//! earlier objects of the file that its own depend on, so that they are judged as they will be.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use prost::Message as _;
use proto::billing::RegisterObject;
use proto::billing::register_object::Object;

/// As many objects as one call may carry.
const MAX_OBJECTS: usize = 1_000;
/// Half of what the platform reads as one message: the rest is room for one large object.
const MAX_BYTES: usize = 512 << 10;

/// What every seller is about: there is one.
const SELLER: (&str, &str) = ("seller", "");

/// The objects of one call, by their place in the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Ascending.
    pub(super) sent: Vec<usize>,
    /// Those of them whose results count; the others were judged in a call before.
    pub(super) judged: Range<usize>,
}

/// Kind and id.
pub(super) fn named(object: &Object) -> (&'static str, &str) {
    match object {
        Object::ServicePoint(object) => ("service_point", &object.id),
        Object::Meter(object) => ("meter", &object.id),
        Object::Installation(object) => ("installation", &object.id),
        Object::Account(object) => ("account", &object.id),
        Object::Agreement(object) => ("agreement", &object.id),
        Object::Calendar(object) => ("calendar", &object.id),
        Object::Tariff(object) => ("tariff", &object.id),
        Object::Seller(object) => ("seller", &object.id),
    }
}

/// What the verdict about an object depends on: earlier objects that [`affect`](affects) one of these.
fn depends(object: &Object) -> Vec<(&'static str, &str)> {
    let mut topics = vec![named(object)];
    match object {
        Object::Installation(object) => {
            topics.push(("meter", &object.meter_id));
            topics.push(("service_point", &object.service_point_id));
        }
        Object::Agreement(object) => {
            topics.push(("account", &object.account_id));
            topics.push(("service_point", &object.service_point_id));
            for assignment in &object.assignments {
                topics.push(("tariff", &assignment.tariff_id));
                topics.push(("calendar", &assignment.calendar_id));
                let meters = assignment
                    .recipe
                    .iter()
                    .map(|term| ("meter", term.meter_id.as_str()));
                topics.extend(meters);
            }
        }
        Object::Seller(_) => topics.push(SELLER),
        Object::ServicePoint(_)
        | Object::Meter(_)
        | Object::Account(_)
        | Object::Calendar(_)
        | Object::Tariff(_) => {}
    }
    topics
}

/// Beside itself: installations of a meter may overlap, so may agreements at a point, and there is one seller.
fn affects(object: &Object) -> Vec<(&'static str, &str)> {
    let mut topics = vec![named(object)];
    match object {
        Object::Installation(object) => topics.push(("meter", &object.meter_id)),
        Object::Agreement(object) => topics.push(("service_point", &object.service_point_id)),
        Object::Seller(_) => topics.push(SELLER),
        Object::ServicePoint(_)
        | Object::Meter(_)
        | Object::Account(_)
        | Object::Calendar(_)
        | Object::Tariff(_) => {}
    }
    topics
}

/// Calls that carry every object once, in order.
pub(super) fn in_order(objects: &[RegisterObject]) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0_usize);
    for (index, object) in objects.iter().enumerate() {
        let length = object.encoded_len();
        if index > start && (index - start == MAX_OBJECTS || bytes + length > MAX_BYTES) {
            batches.push(whole(start..index));
            (start, bytes) = (index, 0);
        }
        bytes += length;
    }
    if start < objects.len() {
        batches.push(whole(start..objects.len()));
    }
    batches
}

fn whole(judged: Range<usize>) -> Batch {
    Batch {
        sent: judged.clone().collect(),
        judged,
    }
}

/// Calls that judge every object once, in order, each together with the earlier ones that its verdict depends on.
pub(super) fn with_what_they_name(objects: &[RegisterObject]) -> Vec<Batch> {
    let mut earlier: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let mut batches = Vec::new();
    let (mut sent, mut bytes, mut start) = (BTreeSet::new(), 0_usize, 0);
    for (index, object) in objects.iter().enumerate() {
        let mut needed = needs(objects, &earlier, index, &sent);
        let length = |needed: &BTreeSet<usize>| -> usize {
            let of = |index: &usize| objects.get(*index).map_or(0, |object| object.encoded_len());
            needed.iter().map(of).sum()
        };
        let full = sent.len() + needed.len() > MAX_OBJECTS || bytes + length(&needed) > MAX_BYTES;
        if index > start && full {
            batches.push(Batch {
                sent: std::mem::take(&mut sent).into_iter().collect(),
                judged: start..index,
            });
            (start, bytes) = (index, 0);
            needed = needs(objects, &earlier, index, &sent);
        }
        bytes += length(&needed);
        sent.extend(needed);
        for topic in object.object.iter().flat_map(affects) {
            earlier.entry(topic).or_default().push(index);
        }
    }
    if start < objects.len() {
        batches.push(Batch {
            sent: sent.into_iter().collect(),
            judged: start..objects.len(),
        });
    }
    batches
}

/// An object and the earlier ones that its verdict depends on, without those that are `sent` anyway.
fn needs(
    objects: &[RegisterObject],
    earlier: &HashMap<(&str, &str), Vec<usize>>,
    index: usize,
    sent: &BTreeSet<usize>,
) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    let mut open = vec![index];
    while let Some(next) = open.pop() {
        if sent.contains(&next) || !needed.insert(next) {
            continue;
        }
        let object = objects.get(next).and_then(|object| object.object.as_ref());
        for topic in object.into_iter().flat_map(depends) {
            let others = earlier.get(&topic).into_iter().flatten();
            open.extend(others.filter(|other| **other < next));
        }
    }
    needed
}

#[cfg(test)]
mod tests;
