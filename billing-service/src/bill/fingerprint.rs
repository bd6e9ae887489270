//! The hash of everything a statement is computed from.
//!
//! SHA-256 over these fields in this order, each number as 8 bytes (two's complement, little-endian), each text and list preceded by
//! its length as such a number: `gridtally bill inputs 1`; the rating rules; bill, agreement, account and service point ids; currency;
//! zone; start and end of the period in milliseconds since 1970 UTC; the zone's offsets inside it (start, offset); billing day; tariff
//! edition; values (name, decimal as written); the hash of what is carried in; the terms: sign, meter, channel, begin, end, configured
//! seconds, and its runs of reads: start, step, seconds as sent, quality, revision, and the values in 10^-6 kWh. Only where reads are in
//! conflict there follow `conflicts` and, for each term, its starts in conflict with all contents that contest them: value, seconds as
//! sent, quality; what was outranked contests nothing.
//! When a read was received is not in it: the same reads in any order of arrival have the same hash.

use sha2::{Digest, Sha256};
use tariff_engine::{RATING_RULES, Tariff, local};

use super::Subject;
use crate::store::BillInputs;

/// The hash of carrying nothing from one bill to the next: SHA-256 of no bytes.
pub(crate) const NOTHING_CARRIED: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// See the module; in hexadecimal.
pub(crate) fn inputs_hash(subject: &Subject, inputs: &BillInputs, tariff: &Tariff) -> String {
    let offsets = local::offsets(subject.zone, inputs.start_ms, inputs.end_ms).unwrap_or_default();
    hash_with(subject, inputs, tariff, &offsets)
}

/// As [`inputs_hash`], where the zone's offsets in the period are known.
pub(super) fn hash_with(
    subject: &Subject,
    inputs: &BillInputs,
    tariff: &Tariff,
    offsets: &[local::OffsetPiece],
) -> String {
    let mut hash = Fields(Sha256::new());
    hash.text("gridtally bill inputs 1");
    hash.number(i64::from(RATING_RULES));
    for text in [
        &subject.bill_id,
        &subject.agreement_id,
        &subject.account_id,
        &subject.service_point_id,
    ] {
        hash.text(text);
    }
    hash.text(&subject.currency);
    hash.text(subject.zone.name());
    hash.number(inputs.start_ms);
    hash.number(inputs.end_ms);
    hash.length(offsets.len());
    for piece in offsets {
        hash.number(piece.start_ms);
        hash.number(piece.offset_ms);
    }
    hash.number(i64::from(inputs.billing_day));
    hash.text(tariff.edition());
    hash.length(inputs.values.len());
    for (name, value) in &inputs.values {
        hash.text(name);
        hash.text(value);
    }
    hash.text(NOTHING_CARRIED);
    hash.terms(inputs);
    if inputs.terms.iter().any(|term| !term.contests.is_empty()) {
        hash.text("conflicts");
        hash.contests(inputs);
    }
    hash.0
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: i64) {
        self.0.update(number.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(i64::try_from(length).unwrap_or(i64::MAX));
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.update(text.as_bytes());
    }

    fn terms(&mut self, inputs: &BillInputs) {
        self.length(inputs.terms.len());
        let mut bytes = Vec::new();
        for term in &inputs.terms {
            self.number(i64::from(term.sign));
            self.text(&term.meter_id);
            self.number(i64::from(term.channel));
            self.number(term.from_ms);
            self.number(term.to_ms);
            self.number(i64::from(term.default_seconds));
            self.length(term.sent.len());
            for run in &term.sent {
                self.number(run.start_ms);
                for number in [run.step_ms, run.interval_seconds, run.quality, run.revision] {
                    self.number(i64::from(number));
                }
                self.length(run.values.len());
                bytes.clear();
                bytes.extend(run.values.iter().flat_map(|value| value.to_le_bytes()));
                self.0.update(&bytes);
            }
        }
    }

    fn contests(&mut self, inputs: &BillInputs) {
        for term in &inputs.terms {
            self.length(term.contests.len());
            for contest in &term.contests {
                self.number(contest.start_ms);
                self.length(contest.rivals.len());
                for rival in &contest.rivals {
                    self.number(rival.value);
                    self.number(i64::from(rival.interval_seconds));
                    self.number(i64::from(rival.quality));
                }
            }
        }
    }
}
