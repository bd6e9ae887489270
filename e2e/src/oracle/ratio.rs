//! Fractions of whole numbers, always in lowest terms.

/// `numerator / denominator`, the denominator above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self {
            numerator: 0,
            denominator: 1,
        }
    }

    /// The number that a decimal such as `0.3412` or `-5` writes.
    ///
    /// # Panics
    /// When it writes none: the test is wrong.
    #[must_use]
    pub fn decimal(text: &str) -> Self {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits: Option<i128> = format!("{whole}{fraction}").parse().ok();
        let places = u32::try_from(fraction.len()).ok();
        match (digits, places) {
            (Some(numerator), Some(places)) => Self {
                numerator,
                denominator: 10_i128.pow(places),
            }
            .lowest(),
            _ => unreachable!("{text} is no decimal"),
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let numerator = self.numerator * other.denominator + other.numerator * self.denominator;
        Self {
            numerator,
            denominator: self.denominator * other.denominator,
        }
        .lowest()
    }

    /// `self` x `factor`.
    #[must_use]
    pub fn times(self, factor: i128) -> Self {
        Self {
            numerator: self.numerator * factor,
            ..self
        }
        .lowest()
    }

    /// `self` / `divisor`, which is above zero.
    #[must_use]
    pub fn over(self, divisor: i128) -> Self {
        Self {
            denominator: self.denominator * divisor,
            ..self
        }
        .lowest()
    }

    /// Hundredths, ties away from zero.
    #[must_use]
    pub fn cents_half_up(self) -> i128 {
        let doubled = self.numerator.abs() * 200;
        let rounded = (doubled / self.denominator + 1) / 2;
        if self.numerator < 0 { -rounded } else { rounded }
    }

    fn lowest(self) -> Self {
        let (mut a, mut b) = (self.numerator.abs(), self.denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Self {
            numerator: self.numerator / a.max(1),
            denominator: self.denominator / a.max(1),
        }
    }
}
