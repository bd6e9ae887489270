//! Periods of a rate record that its schedules never name, and schedules of periods that are not there.

use super::limits::number;
use super::{Finding, entry, walk};
use crate::json::Node;
use crate::urdb::Record;

/// Schedules and the structure whose periods they name.
const SCHEDULES: [(&str, &str); 5] = [
    ("energyweekdayschedule", "energyratestructure"),
    ("energyweekendschedule", "energyratestructure"),
    ("demandweekdayschedule", "demandratestructure"),
    ("demandweekendschedule", "demandratestructure"),
    ("flatdemandmonths", "flatdemandstructure"),
];

pub(super) fn unused(record: &Record) -> Vec<Finding> {
    let unused = record.unused_periods().into_iter().map(|(structure, period)| {
        let text = format!("no month and hour of the schedules is in period {period}");
        Finding::warning("PERIOD_UNUSED", format!("{structure}[{period}]"), text)
    });
    unused.collect()
}

/// Records have schedules of 0 alone where nothing depends on the time; another number means a period that somebody forgot.
pub(super) fn without_structure(record: &Node) -> Vec<Finding> {
    let alone = SCHEDULES.iter().filter_map(|(key, structure)| {
        let (name, schedule) = entry(record, key).filter(|_| entry(record, structure).is_none())?;
        let mut count = 0_usize;
        walk(schedule, "", &mut |_, node| {
            if number(node).is_some_and(|period| !period.is_zero()) {
                count = count.saturating_add(1);
            }
        });
        let text = format!("{count} entries name a period other than 0, and there is no {structure}");
        (count > 0).then(|| Finding::warning("PERIOD_MISSING", name, text))
    });
    alone.collect()
}
