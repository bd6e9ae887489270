use model::Quality::{self, Actual, Edited, Estimated};

use super::*;

fn content(value: i64, quality: Quality, revision: u32) -> Content {
    Content {
        value,
        interval_seconds: 900,
        quality,
        revision,
    }
}

fn entries(contents: &[Content]) -> Vec<Entry> {
    let entry = |content: &Content| Entry {
        offset_ms: 0,
        received_s: 0,
        content: *content,
    };
    contents.iter().map(entry).collect()
}

#[test]
fn rank_decides_and_the_rest_is_a_conflict() {
    check(&[content(1, Actual, 0)], Some((1, false)));
    check(
        &[content(1, Actual, 0), content(2, Estimated, 1)],
        Some((2, false)),
    );
    check(
        &[content(1, Estimated, 0), content(2, Actual, 0)],
        Some((2, false)),
    );
    check(
        &[
            content(1, Estimated, 0),
            content(2, Actual, 0),
            content(3, Actual, 1),
        ],
        Some((3, false)),
    );
    check(&[], None);
    // two actual values of one revision: the smaller hash is shown
    let (one, two) = (content(1, Actual, 0), content(2, Edited, 0));
    let shown = if content_hash(&one) < content_hash(&two) {
        1
    } else {
        2
    };
    check(&[one, two], Some((shown, true)));
    check(&[two, one], Some((shown, true)));
    check(&[one, two, content(9, Estimated, 0)], Some((shown, true)));
    check(&[one, two, content(9, Estimated, 1)], Some((9, false)));

    fn check(contents: &[Content], expected: Option<(i64, bool)>) {
        let winner = of_energy(&entries(contents));
        assert_eq!(
            winner.map(|winner| (winner.entry.content.value, winner.conflict)),
            expected
        );
    }
}

#[test]
fn telemetry_takes_the_later_revision_then_the_larger_hash() {
    let (one, two, later) = (
        content(1, Actual, 0),
        content(2, Actual, 0),
        content(3, Estimated, 1),
    );
    let larger = if content_hash(&one) > content_hash(&two) {
        one
    } else {
        two
    };
    check(&[one, two], larger);
    check(&[two, one], larger);
    check(&[one, two, later], later);

    fn check(contents: &[Content], expected: Content) {
        let winner = of_telemetry(&entries(contents)).unwrap();
        assert_eq!((winner.entry.content, winner.conflict), (expected, false));
    }
}

#[test]
fn a_dispute_is_open_until_a_higher_rank_decides() {
    let (one, two) = (content(1, Actual, 0), content(2, Edited, 0));
    let (guess, other_guess) = (content(3, Estimated, 0), content(4, Estimated, 0));
    let (later, later_guess) = (content(5, Actual, 1), content(6, Estimated, 1));
    check(&[one], None);
    check(&[one, guess], None);
    check(&[one, later], None);
    check(&[one, two], Some(Dispute::Open));
    check(&[one, two, guess, other_guess], Some(Dispute::Open));
    check(&[guess, other_guess], Some(Dispute::Open));
    check(&[guess, other_guess, one], Some(Dispute::Settled));
    check(&[one, two, later], Some(Dispute::Settled));
    check(&[one, two, later_guess], Some(Dispute::Settled));
    check(&[one, guess, later, later_guess], None);
    check(&[one, later, content(9, Actual, 1)], Some(Dispute::Open));

    fn check(contents: &[Content], expected: Option<Dispute>) {
        let mut entries = entries(contents);
        crate::block::canonical(&mut entries);
        let found: Vec<(u32, Dispute)> = disputes(&entries, &entries[..1]).collect();
        let expected: Vec<(u32, Dispute)> = expected.map(|dispute| (0, dispute)).into_iter().collect();
        assert_eq!(found, expected, "{contents:?}");
        assert_eq!(disputes(&entries, &[]).count(), 0, "only what is asked for");
        let conflict = of_energy(&entries).is_some_and(|winner| winner.conflict);
        assert_eq!(conflict, found == [(0, Dispute::Open)]);
    }
}

#[test]
fn identities_are_the_starts() {
    let mut all = entries(&[
        content(1, Actual, 0),
        content(2, Actual, 0),
        content(3, Actual, 0),
    ]);
    all[2].offset_ms = 900_000;
    let sizes: Vec<usize> = identities(&all).map(<[Entry]>::len).collect();
    assert_eq!(sizes, [2, 1]);
}
