use super::{Band, Bill, Civil, Load, Ratio, Tariff, berlin, show};

#[test]
fn fractions_round_ties_away_from_zero() {
    for (text, cents) in [
        ("0.125", 13),
        ("-0.125", -13),
        ("0.1249", 12),
        ("1", 100),
        ("-0.004", 0),
    ] {
        assert_eq!(Ratio::decimal(text).cents_half_up(), cents, "{text}");
    }
    assert_eq!(Ratio::decimal("10").over(31).times(31), Ratio::decimal("10.00"));
}

#[test]
fn dates_and_the_clock_of_berlin() {
    assert_eq!(Civil::new(2024, 3, 31).days(), 19_813);
    assert_eq!(Civil::from_days(19_813), Civil::new(2024, 3, 31));
    assert_eq!(Civil::new(2024, 3, 31).weekday(), 6);
    for (month, hours) in [(3, 743), (10, 745), (5, 744)] {
        let first = Civil::new(2024, month, 1);
        let minutes = berlin::midnight(first.next_month()) - berlin::midnight(first);
        assert_eq!(minutes, hours * 60, "month {month}");
    }
}

/// `RATING`'s case n01 with its published result, the daily fee being none.
#[test]
fn a_bill_whose_amounts_are_published() {
    let tariff = Tariff {
        bands: vec![Band {
            name: "high",
            rate: "0.40",
            weekdays: 0..5,
            minutes: 6 * 60..22 * 60,
        }],
        otherwise: ("low", "0.22"),
        flat: "0",
        monthly: "10.00",
        daily: "0",
        vat: "0.20",
    };
    // All of n01's high energy in one interval at a Monday noon, all of its low energy on a Sunday.
    let monday = berlin::midnight(Civil::new(2024, 3, 18)) + 12 * 60;
    let sunday = berlin::midnight(Civil::new(2024, 3, 31)) + 12 * 60;
    let load = Load::from([(monday, 168_511_300), (sunday, 147_903_900)]);
    let bill = tariff.bill(&load, Civil::new(2024, 3, 15), Civil::new(2024, 4, 15));
    let lines = [
        ("energy.high", 6740),
        ("energy.low", 3254),
        ("levy", 0),
        ("base", 1015),
        ("meter", 0),
        ("vat", 2202),
    ];
    let expected = Bill {
        lines: lines.map(|(id, cents)| (id.to_owned(), cents)).to_vec(),
        total: 13_211,
    };
    assert_eq!(bill, expected);
    assert_eq!(show(bill.total), "132.11");
    assert_eq!(show(-5), "-0.05");
}
