use proto::billing::Transition;

use super::*;

#[test]
fn a_statement_leaves_out_what_issuing_adds() {
    let draft = Bill {
        id: "a.2026-01-01.0".to_owned(),
        total: "1.00".to_owned(),
        ..Bill::default()
    };
    let issued = Bill {
        number: "GT-INV-2026-000001".to_owned(),
        status: "issued".to_owned(),
        issued_at: "2026-02-04T06:00:00Z".to_owned(),
        history: vec![Transition::default()],
        ..draft.clone()
    };
    assert_eq!(line(&draft, Form::Statement), line(&issued, Form::Statement));
    assert_ne!(line(&draft, Form::Full), line(&issued, Form::Full));
    let shown = line(&issued, Form::Statement);
    assert!(
        shown.starts_with(r#"{"account_id":"","agreement_id":"","carry_in":"","#),
        "{shown}"
    );
    assert!(!shown.contains("history") && !shown.contains('\n'));
    let back: Value = serde_json::from_str(&line(&issued, Form::Full)).unwrap();
    assert_eq!(serde_json::from_value::<Bill>(back).unwrap(), issued);
}
