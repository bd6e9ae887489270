//! Clients that are not ours: Python with grpcio, generated from our .proto by the test, and grpcurl by reflection alone.

use std::process::Command;

use anyhow::{Context as _, Result};
use e2e::platform::Platform;
use e2e::{client, program, tools, wait};

use crate::sending::{self, EPOCH};

const PYTHON: &str = r#"
import sys, grpc
sys.path.insert(0, sys.argv[3])
from google.protobuf.timestamp_pb2 import Timestamp
from gridtally.meter.v1 import meter_pb2, meter_pb2_grpc
address, token, start = sys.argv[1], sys.argv[2], int(sys.argv[4])
metadata = [("authorization", "Bearer " + token)]
with grpc.insecure_channel(address) as channel:
    stub = meter_pb2_grpc.MeterGatewayStub(channel)
    def reading(number, kwh):
        return meter_pb2.Reading(device_id="python-1", timestamp=Timestamp(seconds=start + 900 * number),
                                 usage_kwh=kwh, interval_seconds=900, channel=meter_pb2.CHANNEL_IMPORT)
    one = stub.SendReading(meter_pb2.SendReadingRequest(reading=reading(0, 0.5)), metadata=metadata).receipt
    many = stub.SendReadings(meter_pb2.SendReadingsRequest(readings=[reading(0, 0.5), reading(1, 0.25), reading(2, -1)]), metadata=metadata).receipts
    batches = iter([meter_pb2.SendReadingsRequest(readings=[reading(3, 1.5)]), meter_pb2.SendReadingsRequest(readings=[reading(4, 0.125)])])
    streamed = [receipt for answer in stub.StreamReadings(batches, metadata=metadata) for receipt in answer.receipts]
    for receipt in [one, *many, *streamed]:
        print(meter_pb2.Verdict.Name(receipt.verdict), receipt.reason or "-")
    try:
        stub.SendReading(meter_pb2.SendReadingRequest(reading=reading(0, 0.5)))
    except grpc.RpcError as error:
        print(error.code().name)
"#;

fn run(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("{command:?} cannot be started"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{command:?}: {}: {said}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn a_python_client_generated_from_our_proto_sends_readings() -> Result<()> {
    let python = tools::find("venv/bin/python")?;
    let (data, generated) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let protos = program::repository().join("common/proto/proto");
    let out = generated.path().display();
    let mut protoc = Command::new(&python);
    protoc.args(["-m", "grpc_tools.protoc", "-I"]).arg(&protos);
    protoc.args([format!("--python_out={out}"), format!("--grpc_python_out={out}")]);
    run(protoc.args([
        "gridtally/meter/v1/meter.proto",
        "gridtally/meter/v1/columns.proto",
    ]))?;

    let platform = Platform::up(data.path())?;
    let token = platform.token("device", "python-*")?;
    let mut client = Command::new(&python);
    client
        .args(["-c", PYTHON, &platform.ready().device_grpc, &token])
        .arg(generated.path())
        .arg(EPOCH.to_string());
    let printed = run(&mut client)?;
    let expected = [
        "VERDICT_ACCEPTED -",
        "VERDICT_DUPLICATE DUPLICATE",
        "VERDICT_ACCEPTED -",
        "VERDICT_REJECTED NEGATIVE",
        "VERDICT_ACCEPTED -",
        "VERDICT_ACCEPTED -",
        "UNAUTHENTICATED",
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);

    let mut billing = client::billing(
        &platform.ready().device_grpc,
        &platform.token("viewer", "tester")?,
    )
    .await?;
    wait::eventually(async || {
        let kept: Vec<i64> = sending::kept(&mut billing, "python-1")
            .await?
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        anyhow::ensure!(kept == [500_000, 250_000, 1_500_000, 125_000], "{kept:?}");
        Ok(())
    })
    .await?;
    platform.stop()?;
    Ok(())
}

#[tokio::test]
async fn grpcurl_needs_nothing_but_reflection() -> Result<()> {
    let grpcurl = tools::find("bin/grpcurl")?;
    let data = tempfile::tempdir()?;
    let platform = Platform::up(data.path())?;
    let address = &platform.ready().device_grpc;
    let call = |token: &str, arguments: &[&str]| {
        let mut command = Command::new(&grpcurl);
        command.args(["-plaintext", "-H", &format!("authorization: Bearer {token}")]);
        run(command.args(arguments))
    };
    let listed = run(Command::new(&grpcurl).args(["-plaintext", address, "list"]))?;
    for service in [
        "gridtally.meter.v1.MeterGateway",
        "gridtally.billing.v1.Billing",
        "grpc.health.v1.Health",
    ] {
        assert!(
            listed.lines().any(|line| line == service),
            "{service} is not in {listed}"
        );
    }
    let healthy = run(Command::new(&grpcurl).args(["-plaintext", address, "grpc.health.v1.Health/Check"]))?;
    assert!(healthy.contains("SERVING"), "{healthy}");

    let token = platform.token("device", "curl-1")?;
    let reading =
        r#"{"reading": {"device_id": "curl-1", "timestamp": "2025-10-01T00:00:00Z", "usage_kwh": 0.25}}"#;
    let sent = call(
        &token,
        &[
            "-d",
            reading,
            address,
            "gridtally.meter.v1.MeterGateway/SendReading",
        ],
    )?;
    assert!(sent.contains("VERDICT_ACCEPTED"), "{sent}");
    let viewer = platform.token("viewer", "tester")?;
    let query = r#"{"meter_id": "curl-1", "from": "2025-10-01T00:00:00Z", "to": "2025-10-02T00:00:00Z"}"#;
    wait::eventually(async || {
        let answer = call(
            &viewer,
            &["-d", query, address, "gridtally.billing.v1.Billing/ListReadings"],
        )?;
        anyhow::ensure!(answer.contains("\"usageKwh\": \"0.25\""), "{answer}");
        Ok(())
    })
    .await?;
    platform.stop()?;
    Ok(())
}
