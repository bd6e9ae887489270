use proptest::prelude::*;

use super::*;

fn written(numbers: &[i64]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.column(numbers);
    writer.into_bytes()
}

fn read(bytes: &[u8], count: usize) -> Result<Vec<i64>, Malformed> {
    let mut reader = Reader::new(bytes);
    let mut numbers = Vec::new();
    reader.column(count, "test", &mut |number| numbers.push(number))?;
    reader.end()?;
    Ok(numbers)
}

fn numbers() -> impl Strategy<Value = Vec<i64>> {
    let number = prop_oneof![
        0_i64..4,
        -1_000_i64..1_000,
        any::<i64>(),
        Just(i64::MIN),
        Just(i64::MAX)
    ];
    let repeated = prop::collection::vec((number.clone(), 1_usize..30), 0..8);
    let repeated = repeated.prop_map(|runs| {
        runs.into_iter()
            .flat_map(|(number, times)| std::iter::repeat_n(number, times))
            .collect()
    });
    let tens = prop::collection::vec(-50_i64..50, 0..40)
        .prop_map(|numbers| numbers.into_iter().map(|number| number * 1_000).collect());
    prop_oneof![prop::collection::vec(number, 0..100), repeated, tens]
}

proptest! {
    #[test]
    fn what_is_written_is_read(numbers in numbers()) {
        prop_assert_eq!(read(&written(&numbers), numbers.len()), Ok(numbers));
    }

    #[test]
    fn bits_of_every_width(width in 0_u32..=64, numbers in prop::collection::vec(any::<u64>(), 0..50)) {
        let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0);
        let mut bytes = Vec::new();
        push_bits(&mut bytes, width, numbers.iter().map(|number| number & mask));
        prop_assert_eq!(bytes.len(), (numbers.len() * width as usize).div_ceil(8));
        let mut reader = BitReader::new(&bytes, width);
        for number in numbers {
            prop_assert_eq!(reader.next(), number & mask);
        }
    }
}

/// Each way is taken where it is the shortest.
#[test]
fn ways_and_their_sizes() {
    check(&[], &[CONSTANT, 0]);
    check(&[-1; 96], &[CONSTANT, 1]);
    check(&[0, 5, 10, 15], &[STRIDE, 0, 10]);
    check(&[7, 5, 6, 4], &[PACKED, 8, 2, 0b0010_0111]);
    check(
        &[7_000, 5_000, 6_000, 4_000],
        &[PACKED | 3 << 3, 8, 2, 0b0010_0111],
    );
    check(
        &[100_000, 100_001, 100_003, 100_004],
        &[PACKED, 192, 154, 12, 3, 200, 8],
    );
    check(&[0, 1_001, 2_003, 3_004, 4_006], &[STEPS, 0, 210, 15, 1, 0b1010]);

    fn check(numbers: &[i64], expected: &[u8]) {
        assert_eq!(written(numbers), expected, "{numbers:?}");
    }
}

#[test]
fn runs_are_short() {
    let mut numbers = vec![204_300; 40];
    numbers.extend([178_700; 30]);
    numbers.extend([171_100; 26]);
    let bytes = written(&numbers);
    assert_eq!(bytes.first(), Some(&RUNS));
    assert!(bytes.len() <= 20, "{} bytes", bytes.len());
}

#[test]
fn impossible_columns_are_refused() {
    check(&[5], 1, Malformed::Range("test"));
    check(&[PACKED, 0, 65], 1, Malformed::Range("test"));
    check(&[PACKED, 0, 8, 1], 2, Malformed::CutOff);
    check(&[PACKED | 19 << 3, 0, 0], 1, Malformed::Range("test"));
    check(&[RUNS, 9, CONSTANT, 0, CONSTANT, 0], 2, Malformed::Range("test"));
    check(&[RUNS, 1, CONSTANT, 0, CONSTANT, 2], 2, Malformed::Range("test"));
    check(&[RUNS, 1, RUNS, 0], 2, Malformed::Range("test"));
    check(
        &[CONSTANT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        1,
        Malformed::Range("varint"),
    );

    fn check(bytes: &[u8], count: usize, expected: Malformed) {
        assert_eq!(read(bytes, count), Err(expected), "{bytes:?}");
    }
}
