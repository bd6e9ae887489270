//! Texts from anywhere: whatever stands in them, the engine answers, and what it takes it takes consistently. The fuzz targets in
//! `fuzz/` call these functions; their corpora are run here.

use std::sync::Arc;

use tariff_engine::case::{Case, Files};
use tariff_engine::lint::{Severity, lint};
use tariff_engine::{Carry, Inputs, Outline, Period, Picture, Rows, Tariff};

/// Two days of quarter-hours would do; hours are faster.
const LOAD: &str = include_str!("../data/loads/own_ties_60.csv");
const NEUTRAL: &str = include_str!("../data/every_kind.json");
const RECORD: &str = include_str!("../data/tariffs/urdb/own_tou_tiers_steep.json");
/// The days of the load.
const DAYS: (&str, &str) = ("2024-06-03", "2024-06-04");

/// A tariff file.
pub(crate) fn tariff(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let findings = lint(text);
    let parsed = Tariff::parse(text);
    if findings
        .iter()
        .all(|finding| finding.severity == Severity::Warning)
    {
        assert!(
            Picture::of(text, None).is_ok(),
            "what has no errors has a picture"
        );
    }
    let Ok(tariff) = parsed else { return };
    assert!(Outline::of(text).is_ok());
    let again = Tariff::parse(tariff.canonical()).expect("the canonical text is the tariff");
    assert_eq!(
        (again.edition(), again.canonical()),
        (tariff.edition(), tariff.canonical())
    );
    let tariff = Arc::new(tariff);
    let date = |text: &str| text.parse().expect("a date");
    let Ok(period) = Period::of_dates(tariff.zone(), date(DAYS.0), date(DAYS.1)) else {
        return;
    };
    let load = Rows::parse(LOAD).expect("a load").as_of(None);
    let inputs = Inputs {
        load: Some(&load),
        prices: None,
    };
    if let Ok(compiled) = tariff.compile(&period) {
        drop(compiled.bill(inputs, &Carry::default()));
    }
}

/// A case file, under a neutral tariff and under a record.
pub(crate) fn case(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(case) = Case::parse(text) else { return };
    for tariff in [NEUTRAL, RECORD] {
        let files = Files {
            tariff,
            load: case.paths.load.as_ref().map(|_| LOAD),
            prices: None,
        };
        if let Ok(bills) = case.bills(files) {
            drop(bills.to_json());
        }
    }
}

/// A load file.
pub(crate) fn load(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(rows) = Rows::parse(text) else { return };
    let load = rows.as_of(None);
    if let Some((start, end)) = load.span() {
        assert!(start < end, "intervals take time");
        std::hint::black_box(load.first_fault(start, end));
    }
    drop(rows.as_of(Some(0)));
}
