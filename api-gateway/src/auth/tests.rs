use super::{AuthError, Identity, Permission, Role};

fn device(subject: &str) -> Identity {
    Identity {
        role: Role::Device,
        subject: subject.into(),
        expires: 0,
    }
}

#[test]
fn a_device_speaks_for_itself_or_its_prefix() {
    let check = |subject: &str, device_id: &str, expected: bool| {
        assert_eq!(
            device(subject).may_speak_for(device_id),
            expected,
            "{subject} for {device_id}"
        );
    };
    check("meter-1", "meter-1", true);
    check("meter-1", "meter-10", false);
    check("meter-1", "meter-", false);
    check("meter-1", "", false);
    check("meter-*", "meter-10", true);
    check("meter-*", "meter-", true);
    check("meter-*", "meter", false);
    check("meter-*", "Meter-1", false);
    check("*", "anything", true);
    check("m*r", "m*r", true);
    check("m*r", "meter", false);
}

#[test]
fn staff_speak_for_meters_only_as_operators() {
    let with = |role| Identity {
        role,
        ..device("meter-1")
    };
    assert!(!with(Role::Viewer).may_speak_for("meter-1"));
    assert!(!with(Role::Billing).may_speak_for("meter-1"));
    assert!(with(Role::Operator).may_speak_for("meter-1"));
    assert!(with(Role::Admin).may_speak_for("another"));
    assert!(Identity::anybody().may_speak_for("another"));
}

#[test]
fn every_role_has_its_permissions() {
    use Permission::{Bill, Operate, Read, SendReadings};
    let table = [
        (Role::Device, [true, false, false, false]),
        (Role::Viewer, [false, true, false, false]),
        (Role::Billing, [false, true, true, false]),
        (Role::Operator, [true, true, false, true]),
        (Role::Admin, [true, true, true, true]),
    ];
    for (role, expected) in table {
        assert_eq!(
            [SendReadings, Read, Bill, Operate].map(|wanted| role.may(wanted)),
            expected,
            "{role:?}"
        );
        assert_eq!(Role::named(role.name()), Some(role));
        assert!(role.default_lifetime() <= role.max_lifetime());
    }
    assert_eq!(Role::named("root"), None);
}

#[test]
fn a_forger_learns_nothing() {
    for error in AuthError::ALL {
        let fault = error.fault();
        let expected = match error {
            AuthError::Missing => "TOKEN_MISSING",
            AuthError::Expired => "TOKEN_EXPIRED",
            AuthError::NotYet => "TOKEN_NOT_YET_VALID",
            AuthError::Denied => "ROLE_DENIED",
            _ => "TOKEN_INVALID",
        };
        assert_eq!(fault.reason, expected);
        assert_eq!(
            fault.message.contains("not valid here"),
            expected == "TOKEN_INVALID"
        );
    }
}
