//! A second opinion: `tests/oracle` prices random tariffs and loads with other arithmetic, another language and other time zones, and
//! the engine must agree in every line. `ORACLE_SEED` and `ORACLE_CASES` choose others and more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tariff_engine::case::{Case, Files};

use super::recomputed;

#[test]
fn the_oracle_agrees_to_the_last_digit() {
    let worlds = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oracle");
    if worlds.exists() {
        std::fs::remove_dir_all(&worlds).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/write.py");
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
    let load = case.paths.load.as_deref().map(text);
    let prices = case.paths.prices.as_deref().map(text);
    let files = Files {
        tariff: &text("tariff.json"),
        load: load.as_deref(),
        prices: prices.as_deref(),
    };
    let bills = case.bills(files).map_err(|error| error.to_string())?;
    let shown = bills.to_json();
    recomputed::check(&shown)?;
    let bills = bills.bills;
    let expected = expected.as_array().unwrap();
    assert_eq!(bills.len(), expected.len());
    for (number, (bill, expected)) in bills.iter().zip(expected).enumerate() {
        let balance = &shown["bills"][number]["balance"];
        check_balance(balance, &expected["balance"]).map_err(|fault| format!("{} {fault}", bill.from))?;
        let lines = bill
            .lines
            .iter()
            .map(|line| (line.id.clone(), shortest(&line.amount)));
        let lines: BTreeMap<String, String> = lines.collect();
        assert_eq!(lines.len(), bill.lines.len(), "ids of lines are unique");
        let wanted = expected["lines"].as_object().unwrap().iter();
        let wanted: BTreeMap<String, String> = wanted
            .map(|(id, amount)| (id.clone(), amount.as_str().unwrap().to_owned()))
            .collect();
        let ids: std::collections::BTreeSet<_> = lines.keys().chain(wanted.keys()).collect();
        for id in ids {
            if lines.get(id) != wanted.get(id) {
                let (found, wanted) = (lines.get(id), wanted.get(id));
                return Err(format!("{} {id}: {found:?} instead of {wanted:?}", bill.from));
            }
        }
        let (total, wanted) = (shortest(&bill.total), expected["total"].as_str().unwrap());
        if total != wanted {
            return Err(format!("{} total: {total} instead of {wanted}", bill.from));
        }
    }
    Ok(())
}

/// Of a prepaying customer.
fn check_balance(found: &Value, expected: &Value) -> Result<(), String> {
    for (key, wanted) in expected.as_object().into_iter().flatten() {
        let mut found = found[key].clone();
        if let Some(midnights) = found.as_array() {
            found = midnights
                .iter()
                .map(|midnight| midnight["balance"].clone())
                .collect();
        }
        if found != *wanted {
            return Err(format!("balance {key}: {found} instead of {wanted}"));
        }
    }
    Ok(())
}

/// Without needless zeros.
fn shortest(text: &str) -> String {
    let is_fraction = text.contains('.');
    let text = if is_fraction {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    };
    text.to_owned()
}
