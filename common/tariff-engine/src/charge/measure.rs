//! Which energy a charge adds up: a register, and how each interval of it is rounded before.

use std::borrow::Cow;

use crate::exact::Exact;
use crate::load::Load;
use crate::reader::{At, Fields, Problems};
use crate::rounding::{MAX_PLACES, Mode};
use crate::statement::Register;

/// Decimal places of the units that a load holds.
const UNIT_PLACES: u32 = 9;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Measure {
    pub(crate) register: Register,
    /// Places and mode (`interval_kwh_rounding`, `RATING` 3.3).
    pub(crate) rounding: Option<(u32, Mode)>,
}

impl Measure {
    /// All of a register, as it was measured.
    pub(crate) fn plain(register: Register) -> Self {
        Self {
            register,
            rounding: None,
        }
    }

    /// Whether intervals count as they were measured.
    pub(crate) fn is_plain(&self) -> bool {
        self.rounding.is_none()
    }

    /// Reads `register` and `interval_kwh_rounding`.
    pub(crate) fn read(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Self> {
        let register = fields.maybe("register", problems, Register::read);
        let rounding = fields.maybe("interval_kwh_rounding", problems, |at, problems| {
            let mut fields = at.object(problems)?;
            let mode = fields
                .need("mode", problems)
                .and_then(|at| Mode::read(&at, problems));
            let places = fields
                .need("places", problems)
                .and_then(|at| at.count(MAX_PLACES, problems));
            fields.finish(problems);
            Some((places?, mode?))
        });
        Some(Self {
            register: register?.unwrap_or(Register::Import),
            rounding: rounding?,
        })
    }

    /// The values of a load, in 10^-9 kWh; `None` where it has none of the register.
    pub(crate) fn values<'l>(&self, load: &'l Load) -> Option<Cow<'l, [i64]>> {
        let values = load.column(&self.register)?;
        let Some((places, mode)) = self.rounding else {
            return Some(Cow::Borrowed(values));
        };
        let unit = 10_i64.checked_pow(UNIT_PLACES.checked_sub(places)?)?;
        Some(values.iter().map(|value| rounded(*value, unit, mode)).collect())
    }
}

/// The multiple of `unit` that is nearest.
fn rounded(value: i64, unit: i64, mode: Mode) -> i64 {
    let rest = value.checked_rem(unit).unwrap_or_default();
    let toward_zero = value.saturating_sub(rest);
    let away = match rest.saturating_abs().saturating_mul(2).cmp(&unit) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => match mode {
            Mode::HalfUp => true,
            Mode::HalfEven => toward_zero.checked_div(unit).is_some_and(|units| units & 1 != 0),
        },
    };
    let step = if away {
        unit.saturating_mul(value.signum())
    } else {
        0
    };
    toward_zero.saturating_add(step)
}

/// `sign`: 1, or -1 for credits.
pub(super) fn read_sign(fields: &mut Fields<'_>, problems: &mut Problems) -> Option<Exact> {
    let sign = fields.maybe("sign", problems, |at: &At<'_>, problems| {
        let sign = at.number(problems)?;
        if sign == Exact::ONE || sign == Exact::whole(-1) {
            return Some(sign);
        }
        at.wrong(problems, "must be 1 or -1")
    })?;
    Some(sign.unwrap_or(Exact::ONE))
}
