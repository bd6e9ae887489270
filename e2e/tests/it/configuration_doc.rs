//! `docs/configuration.md` lists every key that a program takes, no more and no less. With `UPDATE_DOCS=1` this writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use e2e::configuration::{self, PROGRAMS};
use e2e::program;

const HEAD: &str = "# Configuration

Every key of every program, generated from their configuration structs by `make docs`. A key comes from a TOML file (`--config`; the part
before the last dot is the section), then from the environment, then from a flag; the later one counts. Times have units (`500ms`, `20s`,
`5m`, `1h`, `30d`), sizes too (`16MiB`, `1GiB`), addresses are `host:port`, where port 0 picks a free one. An unknown key, or a value that
cannot be, is refused; `--print-config` (`gridtally config check`) tells every problem at once with exit code 2.

A program is `gridtally` (`up` and `demo`: all services in one process) or one of the four in [services.md](services.md). A default without a
program's name holds for all that take the key; a dash is none.

| key | default | taken by | environment | flag | meaning |
|---|---|---|---|---|---|
";

/// How the programs say which flag stands for which key.
const FLAGS: [(&str, &[&str]); 5] = [
    ("gridtally", &["gridtally/src/config.rs"]),
    (
        "api-gateway",
        &[
            "api-gateway/src/program.rs",
            "common/service-kit/src/program/flags.rs",
        ],
    ),
    (
        "ingestion-service",
        &[
            "ingestion-service/src/program.rs",
            "common/service-kit/src/program/flags.rs",
        ],
    ),
    (
        "billing-service",
        &[
            "billing-service/src/program.rs",
            "common/service-kit/src/program/flags.rs",
        ],
    ),
    (
        "analytics-service",
        &[
            "analytics-service/src/program.rs",
            "common/service-kit/src/program/flags.rs",
        ],
    ),
];

#[derive(Debug, Default)]
struct Row {
    meaning: String,
    defaults: Vec<(&'static str, String)>,
    variables: Vec<String>,
    flags: Vec<String>,
}

impl Row {
    fn takers(&self) -> Vec<&'static str> {
        self.defaults.iter().map(|(name, _)| *name).collect()
    }
}

fn add(list: &mut Vec<String>, text: String) {
    if !list.contains(&text) {
        list.push(text);
    }
}

fn rows() -> Result<(Vec<String>, BTreeMap<String, Row>)> {
    let mut order = Vec::new();
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for ((name, file, root), (_, sources)) in PROGRAMS.into_iter().zip(FLAGS) {
        let mut printed = configuration::defaults(name)?;
        let help = help(name)?;
        let flags = configuration::pairs(sources)?;
        let aliases = configuration::pairs(&[file])?;
        for key in configuration::keys(file, root)? {
            add(&mut order, key.key.clone());
            let row = rows.entry(key.key.clone()).or_default();
            // The program that has the key for itself says it best.
            if row.meaning.len() < key.meaning.len() {
                row.meaning = key.meaning;
            }
            row.defaults
                .push((name, printed.remove(&key.key).unwrap_or_default()));
            let variable = format!("GRIDTALLY_{}", key.key.to_uppercase().replace('.', "_"));
            add(&mut row.variables, variable);
            for (alias, of) in &aliases {
                if alias.starts_with("GRIDTALLY_") && *of == key.key {
                    add(&mut row.variables, alias.clone());
                }
            }
            for (flag, of) in &flags {
                let flag = format!("--{}", flag.trim_start_matches("--"));
                if *of == key.key && help.contains(&format!("{flag} ")) | help.contains(&format!("{flag}\n"))
                {
                    add(&mut row.flags, flag);
                }
            }
        }
        ensure!(
            printed.is_empty(),
            "{name} prints keys that its structs do not have: {printed:?}"
        );
    }
    Ok((order, rows))
}

fn help(name: &str) -> Result<String> {
    let mut command = program::command(name)?;
    if name == "gridtally" {
        command.arg("up");
    }
    Ok(String::from_utf8(command.arg("--help").output()?.stdout)?)
}

fn default_of(defaults: &[(&str, String)]) -> String {
    let shown = |value: &str| {
        if value.is_empty() {
            "-".to_owned()
        } else {
            format!("`{value}`")
        }
    };
    match defaults {
        [(_, first), rest @ ..] if rest.iter().all(|(_, value)| value == first) => shown(first),
        _ => {
            let mut of_value: Vec<(&str, Vec<&str>)> = Vec::new();
            for (name, value) in defaults {
                match of_value.iter_mut().find(|(known, _)| known == value) {
                    Some((_, names)) => names.push(name),
                    None => of_value.push((value, vec![name])),
                }
            }
            let each: Vec<String> = of_value
                .iter()
                .map(|(value, names)| format!("{} ({})", shown(value), together(names)))
                .collect();
            each.join(", ")
        }
    }
}

/// Programs in as few words as possible.
fn together(names: &[&str]) -> String {
    match names.len() {
        5 => "all".to_owned(),
        4 if !names.contains(&"gridtally") => "the four".to_owned(),
        _ => names.join(", "),
    }
}

fn code(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

#[test]
fn every_key_is_documented() -> Result<()> {
    let (order, rows) = rows()?;
    ensure!(rows.len() > 50, "few keys: {}", rows.len());
    let mut page = HEAD.to_owned();
    for key in order {
        let row = &rows[&key];
        writeln!(
            page,
            "| `{key}` | {} | {} | {} | {} | {} |",
            default_of(&row.defaults),
            together(&row.takers()),
            code(&row.variables),
            code(&row.flags),
            row.meaning
        )?;
    }
    let path = program::repository().join("docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page)?;
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, page,
        "docs/configuration.md is not what the programs take; run `make docs`"
    );
    Ok(())
}
