//! Where and how a tariff rounds (`RATING` 3.1).

use crate::exact::Exact;
use crate::reader::{At, Problems};

/// The most decimal places a tariff may round to.
pub(crate) const MAX_PLACES: u32 = 8;

/// What becomes of a tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Away from zero.
    HalfUp,
    /// To the even digit.
    HalfEven,
}

impl Mode {
    /// The word in tariffs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HalfUp => "half_up",
            Self::HalfEven => "half_even",
        }
    }

    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        match at.text(problems)? {
            "half_up" => Some(Self::HalfUp),
            "half_even" => Some(Self::HalfEven),
            _ => at.wrong(problems, "must be half_up or half_even"),
        }
    }
}

/// What is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every line when it is made; the total is the sum of rounded lines.
    Line,
    /// The total alone, once.
    Total,
    /// Nothing.
    None,
}

/// The rounding of a tariff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounding {
    /// What is rounded.
    pub scope: Scope,
    /// How ties go.
    pub mode: Mode,
    /// To how many decimal places.
    pub places: u32,
}

impl Rounding {
    pub(crate) fn read(at: &At<'_>, problems: &mut Problems) -> Option<Self> {
        let mut fields = at.object(problems)?;
        let scope = fields
            .need("scope", problems)
            .and_then(|at| match at.text(problems)? {
                "line" => Some(Scope::Line),
                "total" => Some(Scope::Total),
                "none" => Some(Scope::None),
                _ => at.wrong(problems, "must be line, total or none"),
            });
        let optional = scope == Some(Scope::None);
        let mut part = |key, problems: &mut Problems| {
            if optional {
                fields.get(key)
            } else {
                fields.need(key, problems)
            }
        };
        let mode = part("mode", problems).map(|at| Mode::read(&at, problems));
        let places = part("places", problems).map(|at| at.count(MAX_PLACES, problems));
        fields.finish(problems);
        Some(Self {
            scope: scope?,
            mode: mode.unwrap_or(Some(Mode::HalfUp))?,
            places: places.unwrap_or(Some(0))?,
        })
    }

    /// A line's amount from its exact value.
    pub(crate) fn line(&self, exact: &Exact) -> Exact {
        match self.scope {
            Scope::Line => exact.rounded(self.places, self.mode),
            Scope::Total | Scope::None => exact.clone(),
        }
    }

    /// The total from the sum of the lines' amounts.
    pub(crate) fn total(&self, sum: &Exact) -> Exact {
        match self.scope {
            Scope::Total => sum.rounded(self.places, self.mode),
            Scope::Line | Scope::None => sum.clone(),
        }
    }

    /// A line's amount as text: with the places it was rounded to, otherwise as a decimal.
    pub(crate) fn show_line(&self, amount: &Exact) -> String {
        match self.scope {
            Scope::Line => amount.to_fixed(self.places, self.mode),
            Scope::Total | Scope::None => amount.to_decimal(),
        }
    }

    /// The total as text.
    pub(crate) fn show_total(&self, total: &Exact) -> String {
        match self.scope {
            Scope::Line | Scope::Total => total.to_fixed(self.places, self.mode),
            Scope::None => total.to_decimal(),
        }
    }
}
