use super::*;

#[test]
fn spans_need_a_unit() {
    let ms = |text: &str| text.parse::<Span>().map(Span::as_millis);
    assert_eq!(ms("500ms"), Ok(500));
    assert_eq!(ms("30s"), Ok(30_000));
    assert_eq!(ms("15m"), Ok(900_000));
    assert_eq!(ms("2w"), Ok(1_209_600_000));
    for bad in [
        "",
        "15",
        "m",
        "-1s",
        "1.5h",
        "1y",
        "99999999999999999999d",
        "18446744073709551615d",
    ] {
        assert_eq!(ms(bad), Err(InvalidSpan), "{bad}");
    }
}

#[test]
fn intervals_divide_a_day() {
    let seconds = |text: &str| text.parse::<Interval>().map(Interval::as_secs);
    assert_eq!(seconds("15m"), Ok(900));
    assert_eq!(seconds("1d"), Ok(86_400));
    for bad in ["7m", "0s", "2d", "500ms", "x"] {
        assert_eq!(seconds(bad), Err(InvalidInterval), "{bad}");
    }
}

#[test]
fn starts_are_multiples_of_the_interval() {
    let quarter = Interval::QUARTER_HOUR;
    assert_eq!(quarter.first_start(0), 0);
    assert_eq!(quarter.first_start(1), 900_000);
    assert_eq!(quarter.first_start(-1), 0);
    assert_eq!(quarter.first_start(-900_001), -900_000);
}
