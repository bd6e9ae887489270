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
    let mut file = PositionsFile::open(folder.path(), &OsDisk, Slot::default(), &positions(0)).unwrap();
    file.save_synced(&OsDisk, &positions(1)).unwrap();
    for acked in 2..=5 {
        file.save(&OsDisk, &positions(acked)).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(acked)));
    }
    // Whatever becomes of what was not synced, the last synced is still there.
    let sound = std::fs::read(&path).unwrap();
    assert_eq!(sound.len(), 2 * SLOT_BYTES);
    for at in (0..SLOT_BYTES).step_by(97) {
        let mut damaged = sound.clone();
        damaged[at] ^= 1;
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(1)), "byte {at}");
        damaged[at..SLOT_BYTES].fill(0);
        std::fs::write(&path, &damaged).unwrap();
        assert_eq!(read_back(folder.path()), Some(positions(1)), "zeros from {at}");
    }
    // And the other way round.
    let mut damaged = sound;
    damaged[SLOT_BYTES + 99] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    assert_eq!(read_back(folder.path()), Some(positions(5)));
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
