use super::*;

#[test]
fn ids_are_of_few_characters() {
    let longest = "x".repeat(64);
    for good in ["m", "A.b_c:d-9", longest.as_str()] {
        assert_eq!(
            good.parse::<MeterId>().map(|id| id.to_string()),
            Ok(good.to_owned())
        );
    }
    let too_long = "x".repeat(65);
    for bad in ["", "a b", "a/b", "a\nb", "é", "*", "../x", too_long.as_str()] {
        assert_eq!(bad.parse::<MeterId>(), Err(InvalidId), "{bad:?}");
    }
}
