//! Which lines an interval went into, for explanations.

use super::Compiled;
use crate::charge::Kind;
use crate::statement::Register;

impl Compiled {
    /// The ids of the lines whose quantity the energy of an interval that starts at `instant_ms` is part of, and of which register;
    /// none outside the period.
    #[must_use]
    pub fn lines_at(&self, instant_ms: i64) -> Vec<(String, Register)> {
        let Some((part_index, bands)) = self
            .segments
            .cursor()
            .slot_at(instant_ms)
            .and_then(|slot| self.segments.slot(slot))
        else {
            return Vec::new();
        };
        let Some(part) = self.parts.get(part_index) else {
            return Vec::new();
        };
        let charges = self
            .tariff
            .versions
            .get(part.version)
            .map_or(&[][..], |version| &version.charges);
        let energies = charges.iter().filter_map(|charge| match &charge.kind {
            Kind::Energy(energy) => Some((charge, energy)),
            Kind::Daily(_) | Kind::Monthly(_) | Kind::Annual(_) => None,
        });
        let line = |((charge, energy), band): ((&crate::charge::Charge, &crate::charge::Energy), &usize)| {
            (part.line_id(&charge.id, energy.band_name(*band)), energy.register)
        };
        energies.zip(bands).map(line).collect()
    }
}
