use proto::billing::{Bill, Hold};

use super::{examples, sums};

fn bill(id: &str, tariff: &str, total: &str) -> Bill {
    Bill {
        id: id.to_owned(),
        tariff_id: tariff.to_owned(),
        total: total.to_owned(),
        currency: "EUR".to_owned(),
        ..Bill::default()
    }
}

#[test]
fn two_of_every_tariff_are_shown() {
    let bills: Vec<Bill> = (0..5)
        .map(|n| bill(&n.to_string(), if n == 3 { "b" } else { "a" }, "1.00"))
        .collect();
    let shown: Vec<&str> = examples(&bills).iter().map(|bill| bill.id.as_str()).collect();
    assert_eq!(shown, ["0", "1", "3"]);
}

#[test]
fn sums_are_exact_and_count_what_is_held() {
    let held = Bill {
        holds: vec![Hold::default()],
        ..bill("h", "a", "0.00")
    };
    let rows = sums(
        &[
            bill("1", "a", "0.10"),
            bill("2", "a", "0.20"),
            bill("3", "a", "-1.35"),
        ],
        &[held],
    );
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["total"], "-1.05");
    assert_eq!(rows[0]["bills"], 3);
    assert_eq!(rows[0]["held"], 1);
}
