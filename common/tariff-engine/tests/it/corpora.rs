//! The corpora of the fuzz targets, run as plain tests.

use std::path::Path;

use super::hostile;

#[track_caller]
fn run(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        check(&std::fs::read(file.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 5, "{} is nearly empty", folder.display());
}

#[test]
fn tariffs_of_the_corpus() {
    run("tariff", hostile::tariff);
}

#[test]
fn cases_of_the_corpus() {
    run("case", hostile::case);
}

#[test]
fn loads_of_the_corpus() {
    run("load", hostile::load);
}
