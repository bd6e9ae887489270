//! Every line computed again from what explains it: the engine's own state, the tariff and the load are not asked.

mod formula;

use serde_json::Value;
use tariff_engine::{Exact, Mode};

/// Whether what explains the lines of these bills is enough to compute them again.
pub(crate) fn check(bills: &Value) -> Result<(), String> {
    let edition = &bills["tariff_edition"];
    for bill in bills["bills"].as_array().unwrap() {
        let lines = bill["lines"].as_array().unwrap();
        for (index, line) in lines.iter().enumerate() {
            let how = &line["how"];
            let fault = |what: String| format!("{} {}: {what}: {line}", bill["from"], line["id"]);
            check_amount(line).map_err(fault)?;
            check_numbers(how).map_err(fault)?;
            check_parts(line).map_err(fault)?;
            check_of(&how["of"], &lines[..index]).map_err(fault)?;
            let is_placed = ["from", "to"]
                .iter()
                .all(|edge| how[edge].as_str().is_some_and(|text| text.len() >= 10));
            if !is_placed || how["tariff_edition"] != *edition || how["version"] != line["version"] {
                return Err(fault("of no time or tariff".to_owned()));
            }
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// The formula comes to what it says, is part of the sentence, and is rounded to the amount.
fn check_amount(line: &Value) -> Result<(), String> {
    let how = &line["how"];
    let (formula, unrounded) = (text(how, "formula"), text(how, "unrounded"));
    let found = formula::value(formula)?;
    if found != formula::value(unrounded)? {
        return Err(format!("{formula} is {found}, not {unrounded}"));
    }
    let amount: Exact = text(line, "amount").parse().unwrap();
    let rounded = match how["rounding"].as_object() {
        Some(rounding) => {
            let mode = match rounding["mode"].as_str() {
                Some("half_up") => Mode::HalfUp,
                Some("half_even") => Mode::HalfEven,
                other => return Err(format!("rounds {other:?}")),
            };
            found.rounded(u32::try_from(rounding["places"].as_u64().unwrap()).unwrap(), mode)
        }
        None if found == amount => amount.clone(),
        // A quotient that does not end cannot stand there as it is.
        None => found.rounded(8, Mode::HalfUp),
    };
    if rounded != amount {
        return Err(format!("{unrounded} is not rounded to {amount}"));
    }
    check_sentence(line, &found)
}

/// Decimal places of what stands in a sentence in place of a fraction that nobody can type.
const PLACES: u32 = 8;
/// The most characters of a fraction that stands as it is.
const TYPED: usize = 24;

/// Who reads only the sentence comes to the same: exactly where its numbers can be typed, otherwise nearly.
fn check_sentence(line: &Value, found: &Exact) -> Result<(), String> {
    let how = &line["how"];
    let (formula, unrounded, sentence) = (
        text(how, "formula"),
        text(how, "unrounded"),
        text(line, "explanation"),
    );
    let is_whole = !formula
        .split(['(', ')', ' '])
        .any(|part| part.contains('/') && part.len() > TYPED);
    if is_whole && !sentence.contains(formula) {
        return Err(format!("the sentence says nothing of {formula}"));
    }
    if !is_whole {
        let (said, _) = sentence.rsplit_once(" = ").ok_or("no arithmetic")?;
        let (_, said) = said.rsplit_once(": ").ok_or("no words")?;
        let off = formula::value(&said.replace("about ", ""))?.minus(found);
        let most: Exact = "0.000001".parse().unwrap();
        if off > most || off.negated() > most {
            return Err(format!("{said} is not {formula}"));
        }
    }
    let amount: Exact = text(line, "amount").parse().unwrap();
    let outcome = if unrounded.contains('/') && unrounded.len() > TYPED {
        format!("about {}", found.to_fixed(PLACES, Mode::HalfUp))
    } else {
        unrounded.to_owned()
    };
    if amount != *found && !sentence.contains(&outcome) {
        return Err(format!("the sentence says nothing of {outcome}"));
    }
    if sentence.contains('…') {
        return Err("a number is cut off".to_owned());
    }
    Ok(())
}

/// The numbers of the formula are among the facts.
fn check_numbers(how: &Value) -> Result<(), String> {
    let mut facts = how.as_object().unwrap().clone();
    for key in ["formula", "unrounded", "from", "to", "tariff_edition"] {
        facts.remove(key);
    }
    let facts = Value::Object(facts).to_string();
    let formula = text(how, "formula");
    // Minutes of an hour, and months of a year.
    let known = ["60", "12"];
    let numbers = formula.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    for number in numbers.filter(|number| number.len() > 1 && !known.contains(number)) {
        if !facts.contains(number) {
            return Err(format!("no fact says {number}"));
        }
    }
    Ok(())
}

/// What facts say of how they were worked out themselves.
fn check_parts(line: &Value) -> Result<(), String> {
    let how = &line["how"];
    let is = |formula: &Value, number: &Value| -> Result<(), String> {
        let (formula, number) = (formula.as_str().unwrap(), number.as_str().unwrap());
        if formula::value(formula)? == formula::value(number)? {
            return Ok(());
        }
        Err(format!("{formula} is not {number}"))
    };
    if !how["billed_formula"].is_null() {
        is(&how["billed_formula"], &how["billed_kw"])?;
    }
    if !how["power_factor"].is_null() {
        is(&how["power_factor"]["formula"], &how["power_factor"]["factor"])?;
    }
    for source in [&how["energy"], &how["import"], &how["export"]] {
        if let Some(reads) = source["reads"].as_array() {
            let parts: Vec<&str> = reads.iter().map(|read| text(read, "formula")).collect();
            is(&Value::from(parts.join(" + ")), &source["kwh"])?;
        }
    }
    let tiers = how["tiers"].as_array().filter(|_| how["kind"] == "tiers");
    if let Some(tiers) = tiers {
        let parts: Vec<&str> = tiers.iter().map(|tier| text(tier, "kwh")).collect();
        is(&Value::from(parts.join(" + ")), &how["energy"]["kwh"])?;
    }
    if !how["bank"].is_null() {
        is(&Value::from(balance(how)), &how["bank"]["after"]["kwh"])?;
    }
    Ok(())
}

/// What a bank has after a line: what it had, less what it gave and what expired, and what was put into it.
fn balance(how: &Value) -> String {
    let sum = |lots: &Value| {
        let lots = lots.as_array().unwrap().iter().map(|lot| text(lot, "kwh"));
        lots.fold("0".to_owned(), |sum, kwh| format!("{sum} + {kwh}"))
    };
    let (before, banked) = (sum(&how["bank"]["before"]["lots"]), sum(&how["banked"]));
    format!(
        "{before} - ({banked}) - {} + {}",
        text(&how["bank"], "expired"),
        text(how, "surplus")
    )
}

/// The lines that a line is worked out from are lines of the bill, with their amounts.
fn check_of(of: &Value, before: &[Value]) -> Result<(), String> {
    for named in of.as_array().into_iter().flatten() {
        let amount = |line: &&Value| line["id"] == named["line"];
        let line = before
            .iter()
            .find(amount)
            .ok_or(format!("no line {}", named["line"]))?;
        let (found, said) = (
            formula::value(text(line, "amount"))?,
            formula::value(text(named, "amount"))?,
        );
        if found.to_short() != said.to_short() {
            return Err(format!("{} is not {}", line["amount"], named["amount"]));
        }
    }
    Ok(())
}
