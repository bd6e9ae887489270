//! Days that no version covers.

use super::{Finding, Subject};

/// A bill with such a day is refused (`TARIFF_GAP`).
pub(super) fn gaps(subject: &Subject<'_>) -> Vec<Finding> {
    let versions = &subject.tariff.versions;
    let gap = |(index, pair): (usize, &[crate::tariff::Version])| match pair {
        [earlier, later] if earlier.to != later.from => {
            let (to, from) = (earlier.to?, later.from?);
            let path = format!("versions[{}]", index.saturating_add(1));
            let text = format!("no version covers the days from {to} up to {from}");
            Some(Finding::warning("VERSION_GAP", path, text))
        }
        _ => None,
    };
    versions.windows(2).enumerate().filter_map(gap).collect()
}
