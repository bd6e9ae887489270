use std::io::ErrorKind as Io;
use std::process::ExitCode;

use model::ErrorKind;
use service_kit::{Fault, KitError};

use super::{CommandError, chain};

#[test]
fn exit_codes_are_a_contract() {
    let answer = |kind| CommandError::Answer(Fault::new(kind, "R", "text"));
    let taken = KitError::FolderInUse {
        folder: "d".into(),
        pid: None,
    };
    let file = |kind: Io| CommandError::Input {
        file: "f".into(),
        source: kind.into(),
    };
    let config = |kind: Io| {
        CommandError::Kit(KitError::File {
            doing: "read",
            file: "f".into(),
            source: kind.into(),
        })
    };
    let table = [
        (CommandError::Broken, 1),
        (answer(ErrorKind::Unavailable), 1),
        (CommandError::Invalid(String::new()), 2),
        (CommandError::Kit(KitError::Config { problems: Vec::new() }), 2),
        (CommandError::Unwritten(String::new()), 1),
        (CommandError::Partial(String::new()), 3),
        (CommandError::NotFound(String::new()), 4),
        (file(Io::NotFound), 4),
        (config(Io::NotFound), 4),
        (file(Io::InvalidData), 2),
        (config(Io::IsADirectory), 2),
        (file(Io::PermissionDenied), 1),
        (answer(ErrorKind::NotFound), 4),
        (CommandError::Kit(taken), 5),
        (answer(ErrorKind::Conflict), 5),
    ];
    for (error, code) in table {
        assert_eq!(
            format!("{:?}", error.exit_code()),
            format!("{:?}", ExitCode::from(code)),
            "{error:?}"
        );
    }
}

#[test]
fn an_error_is_shown_with_its_causes() {
    let error = CommandError::failed("cannot write", std::io::Error::other("disk full"));
    assert_eq!(chain(&error), "cannot write: disk full");
}
