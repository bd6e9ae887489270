//! A second opinion: `tests/oracle` prices random tariffs and loads with other arithmetic, another language and other time zones, and
//! the engine must agree in every line. ORACLE_SEED and ORACLE_CASES choose others and more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tariff_engine::case::{Case, Files};

#[test]
fn the_oracle_agrees_to_the_last_digit() {
    let worlds = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
    if worlds.exists() {
        std::fs::remove_dir_all(&worlds).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/worlds.py");
    let done = Command::new("python3")
        .arg("-B")
        .arg(script)
        .arg(&worlds)
        .output()
        .expect("the oracle needs python3");
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let (mut count, mut faults) = (0, Vec::new());
    for world in std::fs::read_dir(&worlds).unwrap() {
        let world = world.unwrap().path();
        count += 1;
        if let Err(fault) = check(&world) {
            faults.push(format!("{}: {fault}", world.display()));
        }
    }
    assert!(count >= 100, "{count} worlds are too few");
    assert!(faults.is_empty(), "{said}{}", faults.join("\n"));
}

fn check(world: &Path) -> Result<(), String> {
    let text = |name: &str| std::fs::read_to_string(world.join(name)).unwrap();
    let expected: Value = serde_json::from_str(&text("expected.json")).unwrap();
    let case = Case::parse(&text("case.json")).map_err(|problems| problems.to_string())?;
    let prices = case.paths.prices.as_deref().map(text);
    let files = Files {
        tariff: &text("tariff.json"),
        load: Some(&text("load.csv")),
        prices: prices.as_deref(),
    };
    let bills = case.bills(files).map_err(|error| error.to_string())?.bills;
    let expected = expected.as_array().unwrap();
    assert_eq!(bills.len(), expected.len());
    for (bill, expected) in bills.iter().zip(expected) {
        let lines = bill
            .lines
            .iter()
            .map(|line| (line.id.clone(), units(&line.amount)));
        let lines: BTreeMap<String, i128> = lines.collect();
        assert_eq!(lines.len(), bill.lines.len(), "ids of lines are unique");
        let wanted = expected["lines"].as_object().unwrap().iter();
        let wanted: BTreeMap<String, i128> = wanted.map(|(id, amount)| (id.clone(), whole(amount))).collect();
        let ids: std::collections::BTreeSet<_> = lines.keys().chain(wanted.keys()).collect();
        for id in ids {
            if lines.get(id) != wanted.get(id) {
                let (found, wanted) = (lines.get(id), wanted.get(id));
                return Err(format!(
                    "{} {id}: {found:?} instead of {wanted:?} (10^-8)",
                    bill.from
                ));
            }
        }
        let (total, wanted) = (units(&bill.total), whole(&expected["total"]));
        if total != wanted {
            return Err(format!(
                "{} total: {total} instead of {wanted} (10^-8)",
                bill.from
            ));
        }
    }
    Ok(())
}

fn whole(value: &Value) -> i128 {
    value.as_str().unwrap().parse().unwrap()
}

/// A decimal of at most 8 places in units of the last.
fn units(text: &str) -> i128 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{decimals:0<8}").parse().unwrap()
}
