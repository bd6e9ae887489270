//! The arithmetic that explanations are written in.

use tariff_engine::{Exact, Mode};

/// What a formula comes to.
pub(super) struct Outcome {
    pub(super) value: Exact,
    /// Some number of it goes on, so that it is not exact.
    pub(super) goes_on: bool,
}

impl Outcome {
    /// Whether both are one number, as far as one that goes on tells.
    pub(super) fn is(&self, other: &Self) -> bool {
        if !self.goes_on && !other.goes_on {
            return self.value == other.value;
        }
        let off = self.value.minus(&other.value);
        let most: Exact = "0.00000000000000000001".parse().unwrap();
        off <= most && off.negated() <= most
    }
}

/// What a formula comes to.
pub(super) fn value(formula: &str) -> Result<Outcome, String> {
    let mut reader = Reader {
        rest: formula,
        goes_on: false,
    };
    let value = reader
        .sum()
        .ok_or_else(|| format!("cannot be computed: {formula}"))?;
    if !reader.rest.trim().is_empty() {
        return Err(format!("{:?} is left of {formula}", reader.rest));
    }
    Ok(Outcome {
        value,
        goes_on: reader.goes_on,
    })
}

struct Reader<'a> {
    rest: &'a str,
    goes_on: bool,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn sum(&mut self) -> Option<Exact> {
        let mut sum = self.product()?;
        loop {
            if self.takes("+") {
                sum = sum.plus(self.product()?);
            } else if self.takes("-") {
                sum = sum.minus(self.product()?);
            } else {
                return Some(sum);
            }
        }
    }

    fn product(&mut self) -> Option<Exact> {
        let mut product = self.single()?;
        loop {
            if self.takes("x") {
                product = product.times(self.single()?);
            } else if self.takes("/") {
                product = product.over(self.single()?)?;
            } else {
                return Some(product);
            }
        }
    }

    fn single(&mut self) -> Option<Exact> {
        if self.takes("-") {
            return Some(self.single()?.negated());
        }
        for (name, of) in FUNCTIONS {
            if self.takes(&format!("{name}(")) {
                let mut arguments = vec![self.sum()?];
                while self.takes(",") {
                    arguments.push(self.sum()?);
                }
                return self.takes(")").then(|| of(&arguments))?;
            }
        }
        self.number()
    }

    fn number(&mut self) -> Option<Exact> {
        let rest = self.rest.trim_start();
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (digits, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        self.goes_on |= self.takes("…");
        digits.parse().ok()
    }
}

type Function = fn(&[Exact]) -> Option<Exact>;

/// The longer of two that begin alike first.
const FUNCTIONS: [(&str, Function); 7] = [
    ("", |all| single(all).cloned()),
    ("max", |all| all.iter().max().cloned()),
    ("min", |all| all.iter().min().cloned()),
    ("root", |all| Some(single(all)?.root())),
    ("up", |all| Some(single(all)?.rounded_up())),
    ("round_even", |all| rounded(all, Mode::HalfEven)),
    ("round", |all| rounded(all, Mode::HalfUp)),
];

fn single(all: &[Exact]) -> Option<&Exact> {
    if let [one] = all { Some(one) } else { None }
}

fn rounded(all: &[Exact], mode: Mode) -> Option<Exact> {
    let [number, places] = all else { return None };
    Some(number.rounded(u32::try_from(places.to_whole()?).ok()?, mode))
}
