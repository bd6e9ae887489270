//! What is written is read again, and what strangers write does no harm.

use super::*;

fn part(first: u32) -> Traced {
    Traced {
        parent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned(),
        first,
        rows: 2,
    }
}

#[test]
fn parts_come_back_up_to_the_bound() {
    let many: Vec<Traced> = (0..20).map(part).collect();
    assert_eq!(parse(&text(&many)), many[..MAX_TRACED]);
    assert_eq!(parse(&text(&[])), []);
}

#[test]
fn what_cannot_be_read_is_left_out() {
    let good = text(&[part(7)]);
    for (given, expected) in [
        ("", vec![]),
        ("a b c", vec![]),
        ("a 1", vec![]),
        ("a 1 2 3", vec![]),
        ("a -1 2", vec![]),
        (&*format!("a,{good}, "), vec![part(7)]),
    ] {
        assert_eq!(parse(given), expected, "{given}");
    }
    let flood = "a 1 2,".repeat(10_000);
    assert_eq!(parse(&flood).len(), MAX_TRACED);
}
