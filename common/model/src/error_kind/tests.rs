use std::io::{Error, ErrorKind as Io};

use super::*;

#[test]
fn a_file_that_is_not_there_is_not_found() {
    let table = [
        (Io::NotFound, ErrorKind::NotFound),
        (Io::IsADirectory, ErrorKind::Invalid),
        (Io::InvalidData, ErrorKind::Invalid),
        (Io::PermissionDenied, ErrorKind::Internal),
    ];
    for (kind, expected) in table {
        assert_eq!(ErrorKind::of_file(&Error::from(kind)), expected, "{kind}");
    }
}
