//! Rounding by which no bill can be issued.

use super::{Finding, Subject};
use crate::rounding::Scope;

pub(super) fn not_per_line(subject: &Subject<'_>) -> Vec<Finding> {
    match subject.tariff.rounding().scope {
        Scope::Line => Vec::new(),
        Scope::Total | Scope::None => {
            let text = "lines are not rounded: the platform holds bills under this tariff (ROUNDING), offline it is priced";
            vec![Finding::warning("ROUNDING", "rounding", text)]
        }
    }
}
