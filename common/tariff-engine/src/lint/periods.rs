//! Periods of a rate record that its schedules never name.

use super::Finding;
use crate::urdb::Record;

pub(super) fn unused(record: &Record) -> Vec<Finding> {
    let unused = record.unused_periods().into_iter().map(|(structure, period)| {
        let text = format!("no month and hour of the schedules is in period {period}");
        Finding::warning("PERIOD_UNUSED", format!("{structure}[{period}]"), text)
    });
    unused.collect()
}
