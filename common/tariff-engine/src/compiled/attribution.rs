//! Which lines an interval went into, for explanations.

use super::Compiled;
use crate::statement::Register;

impl Compiled {
    /// The ids of the lines whose quantity the energy of an interval that starts at `instant_ms` is part of, and of which register;
    /// none outside the period.
    #[must_use]
    pub fn lines_at(&self, instant_ms: i64) -> Vec<(String, Register)> {
        let slot = self.segments.cursor().slot_at(instant_ms);
        let Some((part, picks)) = slot.and_then(|slot| self.segments.slot(slot)) else {
            return Vec::new();
        };
        let Some(part) = self.parts.get(part) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for (charge, pick) in part.charges().iter().zip(picks) {
            let pricing = charge.pricing();
            if pricing.is_energy() {
                let id = part.line_id(&charge.id, pricing.suffix(*pick));
                let registers = pricing.measures().into_iter().map(|measure| measure.register);
                lines.extend(registers.map(|register| (id.clone(), register)));
            }
        }
        lines
    }
}
