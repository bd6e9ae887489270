use model::ErrorKind;

use super::{Fault, REASON_KEY, RETRY_AFTER_KEY, fault_of, http_status, status_of};

const KINDS: [ErrorKind; 8] = [
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::Unauthenticated,
    ErrorKind::Denied,
    ErrorKind::Exhausted,
    ErrorKind::Unavailable,
    ErrorKind::Internal,
];

#[test]
fn a_fault_survives_the_wire() {
    for kind in KINDS.into_iter().filter(|kind| *kind != ErrorKind::Internal) {
        let fault = Fault::new(kind, "TARIFF_GAP", "no tariff covers the day");
        assert_eq!(fault_of(&status_of(&fault)), fault);
    }
}

#[test]
fn an_internal_fault_shows_only_an_id() {
    let status = status_of(&Fault::new(
        ErrorKind::Internal,
        "STORE",
        "cannot read /secret/place",
    ));
    assert!(
        status.message().starts_with("internal error; see the log for "),
        "{}",
        status.message()
    );
    assert!(!status.message().contains("secret"));
    let forwarded = status_of(&fault_of(&status));
    assert_eq!(
        forwarded.message(),
        status.message(),
        "the next service keeps the id"
    );
}

#[test]
fn exhausted_says_when_to_come_back() {
    let status = status_of(&Fault::new(
        ErrorKind::Exhausted,
        "QUEUE_FULL",
        "too much at once",
    ));
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "QUEUE_FULL");
    assert!(
        status
            .metadata()
            .get(RETRY_AFTER_KEY)
            .unwrap()
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
}

#[test]
fn every_kind_has_its_http_status() {
    let statuses: Vec<u16> = KINDS.into_iter().map(|kind| http_status(kind).as_u16()).collect();
    assert_eq!(statuses, [400, 404, 409, 401, 403, 429, 503, 500]);
}
