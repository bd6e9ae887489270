//! Registers from files.

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::program;
use serde_json::{Value, json};

/// More meters than a call carries, their point, and an installation each; one names a meter that is nowhere, one is there twice.
const METERS: usize = 1_100;

fn file() -> Value {
    let meters = (0..METERS).map(|number| json!({"meter": {"id": format!("m{number}")}}));
    let point = json!({"service_point": {"id": "p", "zone": "Europe/Berlin"}});
    let place = |id: String, meter: String| json!({"installation": {"id": id, "meter_id": meter, "service_point_id": "p", "from": "2020-01-01T00:00:00+01:00"}});
    let places = (0..METERS).map(|number| place(format!("i{number}"), format!("m{number}")));
    let wrong = [
        place("x".to_owned(), "nobody".to_owned()),
        place("y".to_owned(), "m7".to_owned()),
    ];
    meters.chain([point]).chain(places).chain(wrong).collect()
}

/// How many objects had each result, by its word.
type Counts = Vec<(String, usize)>;

/// The exit code, the results counted, and the results.
fn import(arguments: &[&str]) -> Result<(Option<i32>, Counts, Vec<Value>)> {
    let done = program::gridtally(arguments)?;
    let rows: Vec<Value> = serde_json::from_slice(&done.stdout).with_context(|| format!("{done:?}"))?;
    let mut counts = std::collections::BTreeMap::new();
    for row in &rows {
        let result = row["result"].as_str().unwrap_or_default().to_owned();
        *counts.entry(result).or_default() += 1;
    }
    Ok((done.status.code(), counts.into_iter().collect(), rows))
}

#[test]
fn a_file_is_imported_in_its_order_and_every_object_has_its_result() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (data, path) = (folder.path().join("data"), folder.path().join("register.json"));
    std::fs::write(&path, serde_json::to_vec(&file())?)?;
    let platform = Platform::up(&data)?;
    let (data, path) = (data.to_string_lossy(), path.to_string_lossy());
    let real = ["register", "import", &*path, "--data", &*data, "--output", "json"];
    let dry = [&real[..], &["--dry-run"]].concat();
    let created = ("created".to_owned(), 2 * METERS + 1);
    let refused = ("refused".to_owned(), 2);
    let first = (Some(3), vec![created, refused.clone()]);

    for _ in 0..2 {
        let (code, counts, rows) = import(&dry)?;
        assert_eq!((code, counts), first, "a dry run keeps nothing");
        let reasons: Vec<_> = rows
            .iter()
            .rev()
            .take(2)
            .map(|row| row["reason"].clone())
            .collect();
        assert_eq!(reasons, ["INSTALLATION_OVERLAP", "NOT_FOUND"]);
    }
    let (code, counts, rows) = import(&real)?;
    assert_eq!((code, counts), first);
    assert_eq!(rows.last().map(|row| row["id"].clone()), Some(json!("y")));
    let unchanged = ("unchanged".to_owned(), 2 * METERS + 1);
    let again = (Some(3), vec![refused, unchanged]);
    let (code, counts, _) = import(&real)?;
    assert_eq!((code, counts), again);
    platform.stop()?;
    let (code, counts, _) = import(&dry)?;
    assert_eq!((code, counts), again, "from the folder alone");
    Ok(())
}
