use super::*;
use crate::event::Event;
use crate::json::Node;

fn when(text: &str) -> Result<When, String> {
    let node = Node::parse(text).unwrap();
    let mut problems = Problems::default();
    let when = When::read(&At::root(&node), &mut problems);
    when.filter(|_| problems.all().is_empty())
        .ok_or_else(|| problems.to_string())
}

#[test]
fn rules_hold_by_local_date_and_clock() {
    let event = |from: &str, to: &str| {
        let text = format!(r#"{{"name": "storm", "date": "2024-06-10", "from": "{from}", "to": "{to}"}}"#);
        let node = Node::parse(&text).unwrap();
        Event::read(&At::root(&node), &mut Problems::default()).unwrap()
    };
    let calendar = Calendar {
        holidays: ["2024-05-01".parse().unwrap()].into(),
        events: vec![event("10:00", "12:30"), event("23:00", "01:00")],
    };
    let check = |rules: &str, day: &str, minute, expected: bool| {
        let holds = when(rules)
            .unwrap()
            .holds(day.parse().unwrap(), minute, &calendar);
        assert_eq!(holds, expected, "{rules} on {day} at {minute}");
    };
    check(r#"[{"days": ["wed"]}]"#, "2024-05-01", 0, false); // a holiday has only the name hol
    check(r#"[{"days": ["hol"]}]"#, "2024-05-01", 0, true);
    check(r#"[{"days": ["wed"]}]"#, "2024-05-08", 0, true);
    check(r#"[{"from": "22:00", "to": "06:00"}]"#, "2024-05-08", 1320, true);
    check(r#"[{"from": "22:00", "to": "06:00"}]"#, "2024-05-08", 359, true);
    check(r#"[{"from": "22:00", "to": "06:00"}]"#, "2024-05-08", 360, false);
    check(r#"[{"from": "22:00"}]"#, "2024-05-08", 1439, true);
    check(r#"[{"from": "08:00", "to": "24:00"}]"#, "2024-05-08", 1439, true);
    check(
        r#"[{"months": [12, 1], "days": ["sat"]}, {"months": [5]}]"#,
        "2024-05-08",
        5,
        true,
    );
    check(r#"[{"months": [12, 1]}]"#, "2024-05-08", 5, false);
    check(r#"[{}]"#, "2024-05-08", 5, true);
    // an event holds inside it, also past midnight, and only on its date
    let storm = r#"[{"event": "storm"}]"#;
    check(storm, "2024-06-10", 600, true);
    check(storm, "2024-06-10", 750, false);
    check(storm, "2024-06-10", 1380, true);
    check(storm, "2024-06-11", 59, true);
    check(storm, "2024-06-11", 60, false);
    check(storm, "2024-06-10", 30, false);
    check(storm, "2024-06-11", 600, false);
    check(r#"[{"event": "other"}]"#, "2024-06-10", 600, false);
    check(
        r#"[{"event": "storm", "from": "12:00"}]"#,
        "2024-06-10",
        600,
        false,
    );
}

#[test]
fn rules_that_say_nothing_clear_are_refused() {
    let check = |rules: &str, expected: &str| assert_eq!(when(rules), Err(expected.to_owned()), "{rules}");
    check("[]", "must have a rule: an empty list never holds");
    check(
        r#"[{"season": "dry"}]"#,
        "[0].season: this key is not supported here",
    );
    check(
        r#"[{"months": [0, 13]}]"#,
        "[0].months[0]: must be a month, 1 to 12; [0].months[1]: must be a month, 1 to 12",
    );
    check(
        r#"[{"days": ["Mon"]}]"#,
        "[0].days[0]: must be mon, tue, wed, thu, fri, sat, sun or hol",
    );
    check(
        r#"[{"from": "6:00"}]"#,
        "[0].from: must be a clock time from 00:00 to 24:00",
    );
    check(
        r#"[{"to": "24:01"}]"#,
        "[0].to: must be a clock time from 00:00 to 24:00",
    );
    check(
        r#"[{"from": "24:00", "to": "00:00"}]"#,
        "[0]: from and to leave it open whether this is nothing or the whole day",
    );
    check(
        r#"[{"from": "06:00", "to": "06:00"}]"#,
        "[0]: from and to leave it open whether this is nothing or the whole day",
    );
}

#[test]
fn rules_are_told_shortly() {
    let check = |rules: &str, expected: &str| assert_eq!(when(rules).unwrap().to_string(), expected);
    check(
        r#"[{"days": ["fri", "mon", "thu", "wed", "tue"], "from": "08:00", "to": "20:00"}]"#,
        "mon-fri 08:00-20:00",
    );
    check(
        r#"[{"days": ["sun", "sat", "hol"], "months": [7]}]"#,
        "sat sun hol in month 7",
    );
    check(r#"[{"months": [12, 1, 6, 7, 8]}]"#, "in months 1 and 6-8 and 12");
    check(
        r#"[{"event": "storm", "from": "22:00"}, {}]"#,
        "22:00-24:00 during storm or always",
    );
    check(
        r#"[{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "hol"]}]"#,
        "mon-sun hol",
    );
}

#[test]
fn bands_hold_outside_of_those_before() {
    let rule = |text: &str| Some(when(text).unwrap());
    let bands = [
        ("peak", rule(r#"[{"days": ["mon"], "from": "16:00"}]"#)),
        ("night", rule(r#"[{"to": "06:00"}]"#)),
        ("rest", None),
    ];
    let hours = Hours::of_bands(bands.into_iter());
    let words: Vec<&str> = hours.iter().map(|hours| &*hours.words).collect();
    assert_eq!(
        words,
        [
            "mon 16:00-24:00",
            "00:00-06:00, outside peak (mon 16:00-24:00)",
            "outside peak (mon 16:00-24:00) and night (00:00-06:00)",
        ]
    );
    assert_eq!(Hours::default().facts(), None);
    // Each of thousands of bands would name all before it.
    let many = (0..9).map(|_| ("band", rule(r#"[{"to": "06:00"}]"#)));
    let hours = Hours::of_bands(many.chain([("rest", None)]));
    let last = hours.last().unwrap();
    assert_eq!(&*last.words, "outside the 9 bands before it");
    assert_eq!(last.before().len(), 9);
}
