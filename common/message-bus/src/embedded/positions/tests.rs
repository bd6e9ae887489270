use super::*;
use crate::embedded::disk::OsDisk;

fn positions(acked: Position) -> Positions {
    let mut positions = Positions::new(4, 99);
    positions.acked[1][4] = acked;
    positions.confirmed.bytes = acked;
    positions
}

fn read_back(folder: &Path) -> Option<Positions> {
    match read(folder).unwrap() {
        Found::Positions(_, positions) => Some(positions),
        Found::Missing | Found::Unreadable => None,
    }
}

#[test]
fn the_newer_slot_counts_and_the_other_one_stands_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let mut file = PositionsFile::open(folder.path(), 0).unwrap();
    for acked in 1..=5 {
        file.save(&OsDisk, &positions(acked)).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(acked)));
    }
    // Generation 5 lies in slot 1: whatever becomes of it, 4 is still there.
    let sound = std::fs::read(&path).unwrap();
    for at in (SLOT_BYTES..sound.len()).step_by(97) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, damaged).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(4)), "byte {at}");
        std::fs::write(&path, &sound[..at]).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(4)), "cut at {at}");
    }
}

#[test]
fn the_largest_number_of_shards_fits_a_slot() {
    let raw = Positions::new(super::super::MAX_SHARDS, 1).encode(7);
    assert_eq!(raw.len(), SLOT_BYTES);
    assert_eq!(
        Positions::decode(&raw),
        Some((7, Positions::new(super::super::MAX_SHARDS, 1)))
    );
}
