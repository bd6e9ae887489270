//! Unary calls: a verdict for every reading, a status only for the call.

use api_gateway::auth::Role;
use bytes::Bytes;
use proptest::prelude::*;
use prost::Message as _;
use proto::columns::{KIND_REGISTER, KIND_TELEMETRY};
use proto::meter::{Reading, SendReadingRequest, Verdict};
use service_kit::{REASON_KEY, RETRY_AFTER_KEY};
use tonic::client::Grpc;
use tonic::{Code, Request, Status};

use super::{Fate, Port, Raw, batch, reading, verdicts};
use crate::world::now;

fn one(reading: Reading) -> SendReadingRequest {
    SendReadingRequest {
        reading: Some(reading),
    }
}

fn good() -> Reading {
    reading("m-1", now().timestamp(), 0.25)
}

#[tokio::test]
async fn bad_readings_get_a_verdict_and_cost_nothing_else() {
    let port = Port::open(&[]).await;
    let mut client = port.client().await;
    let mut check = async |change: fn(&mut Reading), expected: &str| {
        let mut bad = good();
        change(&mut bad);
        let answer = client.send_reading(port.signed(one(bad.clone()))).await;
        let receipt = answer.unwrap().into_inner().receipt.unwrap();
        assert_eq!(
            (receipt.verdict(), receipt.reason.as_str()),
            (Verdict::Rejected, expected)
        );
        assert!(receipt.id.is_empty() && !receipt.message.is_empty());
        let around = batch(vec![good(), bad, good()]);
        let answer = client
            .send_readings(port.signed(around))
            .await
            .unwrap()
            .into_inner();
        let accepted = (Verdict::Accepted, "");
        let expected = [accepted, (Verdict::Rejected, expected), accepted];
        assert_eq!(verdicts(&answer.receipts), expected);
    };
    check(|r| r.usage_kwh = Some(f64::NAN), "NOT_FINITE").await;
    check(|r| r.usage_kwh = Some(f64::INFINITY), "NOT_FINITE").await;
    check(|r| r.usage_kwh = Some(-1.0), "NEGATIVE").await;
    check(|r| r.usage_kwh = Some(1e300), "TOO_LARGE").await;
    check(|r| r.usage_kwh = None, "NO_VALUE").await;
    check(|r| r.register_kwh = Some(1.0), "TWO_VALUES").await;
    check(
        |r| (r.usage_kwh, r.register_kwh) = (None, Some(1.0)),
        "BAD_REGISTER",
    )
    .await;
    check(|r| r.timestamp = None, "BAD_TIMESTAMP").await;
    check(|r| r.channel = 17, "UNKNOWN_ENUM").await;
    check(|r| r.quality = -1, "UNKNOWN_ENUM").await;
    check(|r| r.device_id = String::new(), "BAD_ID").await;
    check(|r| r.device_id = "m-1; drop table".to_owned(), "BAD_ID").await;
    check(|r| r.device_id = "n-1".to_owned(), "NOT_YOURS").await;
}

#[tokio::test]
async fn what_ingestion_gets_is_what_was_sent() {
    let port = Port::open(&[]).await;
    let mut client = port.client().await;
    let mut sent = good();
    sent.timestamp.as_mut().unwrap().nanos = 123_999_999;
    sent.interval_seconds = 900;
    sent.channel = 2;
    sent.quality = 2;
    sent.revision = 3;
    sent.sequence = 4;
    sent.voltage_v = Some(231.5);
    let dial = Reading {
        usage_kwh: None,
        register_kwh: Some(4_711.5),
        register: "night".to_owned(),
        ..good()
    };
    let telemetry = Reading {
        usage_kwh: None,
        temperature_c: Some(-3.25),
        ..good()
    };
    let answer = client
        .send_readings(port.signed(batch(vec![sent, dial, telemetry])))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answer.server_time.unwrap().seconds, now().timestamp());
    assert_eq!(
        answer.receipts[0].id,
        format!("{:016x}{:016x}", now().timestamp_millis() + 123, 250_000)
    );
    let columns = port.submitted().pop().unwrap();
    assert_eq!(
        (columns.meters.as_str(), columns.registers.as_str()),
        ("m-1", "night")
    );
    let row = columns.row(0);
    assert_eq!(row.start_ms, now().timestamp_millis() + 123);
    assert_eq!((row.value, row.interval_seconds, row.channel), (250_000, 900, 2));
    assert_eq!((row.quality, row.revision, row.sequence), (2, 3, 4));
    let dial = columns.row(1);
    assert_eq!(
        (dial.kind, dial.register, dial.value),
        (KIND_REGISTER, 0, 4_711_500_000)
    );
    assert_eq!(columns.row(2).kind, KIND_TELEMETRY);
    let telemetry: Vec<_> = columns.telemetry().collect();
    assert_eq!(telemetry, [(0, 2, 231_500), (2, 5, -3_250)]);
}

#[tokio::test]
async fn without_a_good_token_nothing_is_read() {
    let port = Port::open(&[]).await;
    let mut client = port.client().await;
    let mut check = async |token: Option<String>, code: Code, reason: &str| {
        let mut request = Request::new(one(good()));
        if let Some(token) = token {
            let token = token.parse().unwrap();
            request.metadata_mut().insert("authorization", token);
        }
        let status = client.send_reading(request).await.unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(status.metadata().get(REASON_KEY).unwrap(), reason);
    };
    check(None, Code::Unauthenticated, "TOKEN_MISSING").await;
    check(
        Some("Bearer x.y.z".to_owned()),
        Code::Unauthenticated,
        "TOKEN_INVALID",
    )
    .await;
    let viewer = port.token(Role::Viewer, "ann", None);
    check(Some(viewer), Code::PermissionDenied, "ROLE_DENIED").await;
    assert!(port.submitted().is_empty());
}

async fn raw(port: &Port, method: &'static str, message: Vec<u8>) -> Result<Bytes, Status> {
    let mut client = Grpc::new(port.channel().await);
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static(method);
    let answer = client.unary(port.signed(Bytes::from(message)), path, Raw).await?;
    Ok(answer.into_inner())
}

#[tokio::test]
async fn what_is_no_message_is_an_invalid_argument() {
    const ONE: &str = "/gridtally.meter.v1.MeterGateway/SendReading";
    const MANY: &str = "/gridtally.meter.v1.MeterGateway/SendReadings";
    let port = Port::open(&[]).await;
    let check = async |method: &'static str, message: Vec<u8>, reason: &str| {
        let status = raw(&port, method, message).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(status.metadata().get(REASON_KEY).unwrap(), reason);
    };
    check(ONE, vec![0xff; 9], "MALFORMED").await;
    check(MANY, vec![0x0a, 0x05, 0x01], "MALFORMED").await;
    check(MANY, [0x0a, 0].repeat(1_001), "TOO_MANY_READINGS").await;
    check(MANY, [0x0a, 0].repeat(300_000), "MESSAGE_TOO_LARGE").await;
    let status = raw(&port, ONE, vec![0xff; 5_000_000]).await.unwrap_err();
    assert_eq!(status.metadata().get(REASON_KEY).unwrap(), "MESSAGE_TOO_LARGE");
    assert!(status.message().contains("524288 bytes"), "{status:?}");
    // An unknown field is none of our business.
    assert!(raw(&port, MANY, vec![0x50, 1]).await.is_ok());
    let reason = async |message: Vec<u8>| {
        let answer = raw(&port, ONE, message).await.unwrap();
        let answer = proto::meter::SendReadingResponse::decode(answer).unwrap();
        answer.receipt.unwrap().reason
    };
    assert_eq!(reason(vec![]).await, "NO_READING");
    assert_eq!(reason(vec![0x0a, 0]).await, "BAD_ID", "there, and empty");
    let status = raw(&port, "/gridtally.meter.v1.MeterGateway/Nothing", vec![]).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn an_outcome_that_is_not_known_is_never_a_success() {
    let exhausted = service_kit::status_of(&service_kit::Fault::new(
        model::ErrorKind::Exhausted,
        "QUEUE_FULL",
        "later",
    ));
    let fates = [Fate::Failed(exhausted), Fate::Failed(Status::unavailable("gone"))];
    let port = Port::open(&fates).await;
    let mut client = port.client().await;
    let status = client.send_reading(port.signed(one(good()))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.metadata().get(RETRY_AFTER_KEY).is_some());
    let status = client.send_reading(port.signed(one(good()))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    // What was refused at the door needs no outcome.
    let bad = Reading {
        usage_kwh: None,
        ..good()
    };
    let answer = client.send_reading(port.signed(one(bad))).await.unwrap();
    assert_eq!(answer.into_inner().receipt.unwrap().verdict(), Verdict::Rejected);
}

#[tokio::test]
async fn readings_are_counted_by_verdict() {
    let port = Port::open(&[]).await;
    let mut client = port.client().await;
    let foreign = reading("n-1", 0, 1.0);
    let sent = batch(vec![good(), foreign, good()]);
    client.send_readings(port.signed(sent)).await.unwrap();
    let text = prometheus::TextEncoder::new()
        .encode_to_string(&port.registry.gather())
        .unwrap();
    for line in [
        "gridtally_device_readings_total{verdict=\"accepted\"} 2",
        "gridtally_device_readings_total{verdict=\"rejected\"} 1",
        "gridtally_device_readings_total{verdict=\"retry\"} 0",
        "gridtally_device_faults_total{reason=\"NOT_YOURS\"} 1",
        "gridtally_device_calls_total{method=\"send_readings\"} 1",
        "gridtally_device_connections 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// 0 is refused at the door; every other number is the verdict that ingestion gives.
fn mixed() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(0_u8..=5, 1..50), 12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// Each reading has its own receipt at its own place, whatever is beside it.
    #[test]
    fn receipts_come_in_the_order_of_the_readings(batches in mixed()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let port = Port::open(&vec![Fate::ByValue; batches.len()]).await;
            let mut client = port.client().await;
            for wanted in batches {
                let readings = (0_i64..).zip(&wanted).map(|(second, verdict)| {
                    let id = if *verdict == 0 { "n-1" } else { "m-1" };
                    reading(id, second, f64::from(*verdict) / 1e6)
                });
                let sent = batch(readings.collect());
                let answer = client.send_readings(port.signed(sent)).await.unwrap().into_inner();
                assert_eq!(answer.receipts.len(), wanted.len());
                for (second, (receipt, wanted)) in answer.receipts.iter().zip(wanted).enumerate() {
                    let expected = if wanted == 0 { 4 } else { i32::from(wanted) };
                    assert_eq!(receipt.verdict, expected);
                    let kept = (1..=3).contains(&wanted);
                    let id = if kept { format!("{:016x}{wanted:016x}", second * 1_000) } else { String::new() };
                    assert_eq!(receipt.id, id);
                }
            }
        });
    }
}
