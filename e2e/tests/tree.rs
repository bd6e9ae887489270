//! The rules of the tree that a compiler does not see: who may depend on whom, how long a file may be, what tests may not do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Arrows point to what knows less. A new arrow needs a decision record in `docs/adr`.
const ARROWS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("proto", &[]),
    ("tariff-engine", &["model"]),
    ("message-bus", &["model"]),
    ("service-kit", &["message-bus", "model"]),
    (
        "ingestion-service",
        &["message-bus", "model", "proto", "service-kit"],
    ),
    (
        "billing-service",
        &["message-bus", "model", "proto", "service-kit", "tariff-engine"],
    ),
    (
        "analytics-service",
        &["message-bus", "model", "proto", "service-kit"],
    ),
    ("api-gateway", &["model", "proto", "service-kit"]),
    ("gridtally-simulator", &["model", "proto"]),
    (
        "gridtally",
        &[
            "analytics-service",
            "api-gateway",
            "billing-service",
            "gridtally-simulator",
            "ingestion-service",
            "message-bus",
            "model",
            "proto",
            "service-kit",
            "tariff-engine",
        ],
    ),
    ("e2e", &["proto"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn crates_depend_only_on_what_knows_less() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo metadata runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ARROWS
        .iter()
        .map(|(from, to)| (*from, to.iter().copied().collect()))
        .collect();
    assert_eq!(
        ours,
        allowed.keys().copied().collect(),
        "every crate has its arrows listed here"
    );
    for package in packages {
        let from = package["name"].as_str().expect("a name");
        let normal = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|dep| dep["kind"].is_null());
        let found: BTreeSet<&str> = normal
            .filter_map(|dep| dep["name"].as_str())
            .filter(|name| ours.contains(name))
            .collect();
        let forbidden: Vec<_> = found.difference(&allowed[from]).collect();
        assert!(forbidden.is_empty(), "{from} must not depend on {forbidden:?}");
    }
}

#[expect(clippy::expect_used, reason = "without the tree there is nothing to test")]
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the tree").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_keep_the_house_rules() {
    let mut files = Vec::new();
    rust_files(&root(), &mut files);
    assert!(files.len() > 50, "the tree was found");
    let mut faults = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file is text");
        let shown = file.display();
        let lines = text.lines().count();
        if lines > 500 {
            faults.push(format!("{shown}: {lines} lines; 500 is the end"));
        }
        if file.ends_with("mod.rs") {
            faults.push(format!("{shown}: modules are named for what they hold"));
        }
        let skipping = concat!("#[", "ignore");
        if text.contains(skipping) {
            faults.push(format!("{shown}: a test that is never run proves nothing"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Every reason that code can give stands in `docs/errors.md`: upper-case words with an underscore in string literals of the services.
#[test]
fn every_reason_code_is_documented() {
    let documented = std::fs::read_to_string(root().join("docs/errors.md")).expect("docs/errors.md");
    let mut files = Vec::new();
    for folder in [
        "api-gateway/src",
        "ingestion-service/src",
        "billing-service/src",
        "analytics-service/src",
        "common",
    ] {
        rust_files(&root().join(folder), &mut files);
    }
    let mut missing = BTreeSet::new();
    for file in files
        .iter()
        .filter(|file| !["tests.rs", "testing.rs"].iter().any(|name| file.ends_with(name)))
        .filter(|file| !file.iter().any(|part| part == "tests"))
    {
        let text = std::fs::read_to_string(file).expect("a source file is text");
        for literal in text.split('"').skip(1).step_by(2) {
            let is_code = literal.contains('_')
                && literal.starts_with(|first: char| first.is_ascii_uppercase())
                && literal
                    .chars()
                    .all(|letter| letter.is_ascii_uppercase() || letter == '_');
            let is_wire = ["VERDICT_", "CHANNEL_", "QUALITY_", "GRIDTALLY_", "CARGO_", "OUT_"]
                .iter()
                .any(|prefix| literal.starts_with(prefix));
            if is_code && !is_wire && !documented.contains(&format!("`{literal}`")) {
                missing.insert(literal.to_owned());
            }
        }
    }
    assert!(missing.is_empty(), "docs/errors.md lacks {missing:?}");
}
