use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn value(content: u64, revision: u32, measured: bool) -> Mark {
    Mark::of_value(content << 32, (revision, measured))
}

#[test]
fn the_word_follows_rank_and_content() {
    let check = |known: &[Mark], new: Mark, expected: Word| {
        let mut memory = Memory::new(1 << 12);
        for mark in known {
            memory.learn(7, *mark);
        }
        assert_eq!(memory.learn(7, new), expected, "{known:?} then {new:?}");
    };
    let first = value(1, 0, true);
    check(&[], first, Word::Accepted);
    check(&[first], first, Word::Duplicate);
    check(&[first], value(2, 0, true), Word::Conflict);
    // A higher revision corrects; a lower one comes too late to matter.
    check(&[first], value(2, 1, true), Word::Accepted);
    check(&[value(2, 1, true)], first, Word::Accepted);
    // A measured value replaces an estimated one, whichever comes first.
    check(&[value(1, 0, false)], value(2, 0, true), Word::Accepted);
    check(&[first], value(2, 0, false), Word::Accepted);
    check(&[value(1, 0, false)], value(2, 0, false), Word::Conflict);
    // Two contents of a rank that no longer counts are no conflict.
    check(&[first, value(2, 1, true)], value(3, 0, true), Word::Accepted);
    check(&[first, value(2, 1, true)], value(3, 1, true), Word::Conflict);
    // What is repeated stays a repeat, in a conflict too.
    check(&[first, value(2, 0, true)], first, Word::Duplicate);
    // Telemetry never conflicts.
    check(
        &[Mark::of_telemetry(1 << 32)],
        Mark::of_telemetry(2 << 32),
        Word::Accepted,
    );
    check(
        &[Mark::of_telemetry(1 << 32)],
        Mark::of_telemetry(1 << 32),
        Word::Duplicate,
    );
}

#[test]
fn what_failed_is_forgotten() {
    let mut memory = Memory::new(1 << 12);
    let mark = value(1, 0, true);
    assert_eq!(memory.learn(9, mark), Word::Accepted);
    memory.forget(9, mark);
    assert_eq!(memory.learn(9, value(2, 0, true)), Word::Accepted);
    assert_eq!(memory.learn(9, mark), Word::Conflict);
}

#[test]
fn the_size_is_bounded() {
    for bytes in [0, 1, 64, 100, 4096, 1 << 20] {
        let memory = Memory::new(bytes);
        assert!(memory.sets.len() * 64 <= usize::try_from(bytes).unwrap().max(64));
        assert!(memory.sets.len().is_power_of_two());
    }
}

proptest! {
    /// As long as nothing had to be forgotten, a reading that was learned is a duplicate, and one that was not is none.
    #[test]
    fn it_agrees_with_a_map(readings in prop::collection::vec((0_u64..6, 0_u64..3), 0..40)) {
        let mut memory = Memory::new(1 << 12);
        let mut map: HashMap<u64, Vec<u64>> = HashMap::new();
        for (identity, content) in readings {
            let known = map.entry(identity).or_default();
            let word = memory.learn(identity + 1, value(content, 0, true));
            prop_assert_eq!(word == Word::Duplicate, known.contains(&content));
            prop_assert_eq!(word == Word::Accepted, known.is_empty());
            if !known.contains(&content) {
                known.push(content);
            }
        }
    }
}
