//! The arithmetic that explanations are written in.

use tariff_engine::{Exact, Mode};

/// What a formula comes to, exactly.
pub(super) fn value(formula: &str) -> Result<Exact, String> {
    let mut reader = Reader { rest: formula };
    let value = reader
        .sum()
        .ok_or_else(|| format!("cannot be computed: {formula}"))?;
    if !reader.rest.trim().is_empty() {
        return Err(format!("{:?} is left of {formula}", reader.rest));
    }
    Ok(value)
}

struct Reader<'a> {
    rest: &'a str,
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

    /// However many digits it has.
    fn number(&mut self) -> Option<Exact> {
        let rest = self.rest.trim_start();
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (digits, rest) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = rest;
        if digits.is_empty() {
            return None;
        }
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let append = |number: Exact, digit: char| -> Option<Exact> {
            let digit = Exact::whole(digit.to_digit(10)?.into());
            Some(number.times(Exact::whole(10)).plus(digit))
        };
        let number = whole
            .chars()
            .chain(decimals.chars())
            .try_fold(Exact::ZERO, append)?;
        let tenth = Exact::ratio(1, 10)?;
        Some(decimals.chars().fold(number, |number, _| number.times(&tenth)))
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
