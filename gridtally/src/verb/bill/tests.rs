use proto::billing::{BillLine, Transition};

use super::*;

fn bill(id: &str) -> Bill {
    Bill {
        id: id.to_owned(),
        number: "GT-1".to_owned(),
        account_id: "acc, \"north\"".to_owned(),
        total: "12.34".to_owned(),
        currency: "EUR".to_owned(),
        totals: [("import".to_owned(), "5.5".to_owned())].into(),
        issued_at: "2026-11-04T06:00:00+01:00".to_owned(),
        history: vec![Transition::default()],
        lines: vec![BillLine {
            id: "energy".to_owned(),
            amount: "12.34".to_owned(),
            quantity: "5.5".to_owned(),
            unit: "kWh".to_owned(),
            explanation: "as in the bill".to_owned(),
            ..BillLine::default()
        }],
        ..Bill::default()
    }
}

#[test]
fn an_export_is_a_line_per_bill_in_order_of_their_ids() {
    let lines = |form, statement| {
        let text = exported(vec![bill("b"), bill("a")], form, statement).unwrap();
        let text = String::from_utf8(text).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let json = lines(Form::Json, false);
    assert!(
        json.len() == 2 && json[0].starts_with(r#"{"id":"a","number":"GT-1""#),
        "{json:?}"
    );
    let statement = lines(Form::Json, true);
    assert!(
        statement[1].starts_with(r#"{"id":"b","number":"""#),
        "{statement:?}"
    );
    assert_eq!(
        lines(Form::Csv, false)[..2],
        [
            "id,number,kind,account_id,agreement_id,service_point_id,from,to,tariff_id,totals.import,total,currency,issued_at,inputs_hash",
            "a,GT-1,,\"acc, \"\"north\"\"\",,,,,,5.5,12.34,EUR,2026-11-04T06:00:00+01:00,",
        ]
    );
    assert!(lines(Form::Csv, true)[2].starts_with("b,,"), "without number");
}

#[test]
fn an_export_is_no_table() {
    let refused = Form::of(Format::Table).unwrap_err();
    assert_eq!(refused.kind(), model::ErrorKind::Invalid);
    assert!(refused.to_string().contains("json or csv"));
}

#[test]
fn an_explained_bill_as_csv_has_a_line_per_line() {
    let explained = ExplainBillResponse {
        bill: Some(bill("a")),
        lines: vec![LineReads {
            line: "energy".to_owned(),
            explanation: "5.5 kWh at 2 EUR, rounded".to_owned(),
            intervals: 96,
            quality: [("ACTUAL".to_owned(), 95), ("ESTIMATED".to_owned(), 1)].into(),
            ..LineReads::default()
        }],
    };
    let mut text = Vec::new();
    output::write_list(&mut text, Format::Csv, EXPLAINED, &explained_lines(&explained)).unwrap();
    assert_eq!(
        String::from_utf8(text).unwrap(),
        "bill,id,quantity,unit,price,amount,currency,explanation,intervals,quality\n\
         a,energy,5.5,kWh,,12.34,EUR,\"5.5 kWh at 2 EUR, rounded\",96,ACTUAL=95 ESTIMATED=1\n"
    );
}
