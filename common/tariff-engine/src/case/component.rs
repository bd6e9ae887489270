//! What a line is for, so that bills under tariffs of different build can be compared.

use crate::how::How;
use crate::statement::{Line, Register};

/// The part of a bill that a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    /// Energy that was taken.
    Energy,
    /// Energy that was given, and what became of it.
    Export,
    /// Power, and reactive energy.
    Demand,
    /// What is paid for days.
    Fixed,
    /// Tax: percentages with a category of tax; where the tariff names no category, all that are above zero.
    Tax,
    /// Minimums, discounts and everything else that is worked out from other lines.
    Other,
}

impl Component {
    /// All of them, as bills are read.
    pub const ALL: [Self; 6] = [
        Self::Energy,
        Self::Export,
        Self::Demand,
        Self::Fixed,
        Self::Tax,
        Self::Other,
    ];

    /// A word for tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Energy => "energy",
            Self::Export => "export",
            Self::Demand => "demand",
            Self::Fixed => "fixed",
            Self::Tax => "tax",
            Self::Other => "other",
        }
    }

    /// Of a line of the engine; `names_taxes` = some line of its bill has a category of tax. Where none has, nothing tells a tax from a
    /// levy, and a percentage that is added is looked for among taxes; one that is taken off is a discount.
    pub(super) fn of(line: &Line, names_taxes: bool) -> Self {
        match &line.how {
            How::Energy(_) | How::Indexed(_) | How::Tiers(_)
                if line
                    .how
                    .source()
                    .is_some_and(|source| source.register == Register::Export) =>
            {
                Self::Export
            }
            How::Energy(_)
            | How::Indexed(_)
            | How::Tiers(_)
            | How::Package { .. }
            | How::Step { .. }
            | How::NetEnergy(_)
            | How::Rebates(_)
            | How::Previous { .. } => Self::Energy,
            How::Expired(_) => Self::Export,
            How::Demand(_)
            | How::Coincident(_)
            | How::Reactive(_)
            | How::ContractedBand(_)
            | How::ContractedFee { .. }
            | How::ContractedExcess(_) => Self::Demand,
            How::Days { .. } => Self::Fixed,
            How::Lines(_) if line.tax.is_some() => Self::Tax,
            How::Lines(how) if !names_taxes && how.rule.adds_a_share() => Self::Tax,
            How::Lines(_) => Self::Other,
        }
    }
}
