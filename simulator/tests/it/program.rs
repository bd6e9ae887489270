//! The program as a person or a script uses it: output, exit codes, Ctrl-C.

use std::process::{Child, Command, Output, Stdio};

use crate::fake::{Answer, Fake};

fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gridtally-simulator"));
    command
        .args(arguments.split_whitespace())
        .env_remove("GRIDTALLY_TOKEN");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Waits for the program without keeping the receiver of the test from answering.
async fn finish(child: Child) -> Output {
    tokio::task::spawn_blocking(move || child.wait_with_output().unwrap())
        .await
        .unwrap()
}

async fn output(arguments: &str) -> (Option<i32>, String, String) {
    let output = finish(command(arguments).spawn().unwrap()).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const PAST: &str = "--from 2026-10-01 --period 6h --speed max --meters 30";

#[tokio::test]
async fn a_dry_run_is_the_same_every_time() {
    let arguments =
        format!("run --dry-run {PAST} --anomaly-rate 0.9 --duplicate-rate 0.1 --late-rate 0.1 --telemetry");
    let (first, second) = (output(&arguments).await, output(&arguments).await);
    assert_eq!((first.0, first.2.as_str()), (Some(0), ""));
    assert!(first.1.lines().count() > 700);
    assert_eq!(first, second);
    let other = output(&format!("{arguments} --seed 2")).await;
    assert_ne!(first.1, other.1);
    let line: serde_json::Value = serde_json::from_str(first.1.lines().next().unwrap()).unwrap();
    assert_eq!(line["device_id"], "sim-north-001");
    assert_eq!(line["timestamp"], "2026-10-01T00:00:00Z");
}

#[tokio::test]
async fn a_dry_run_can_be_csv() {
    let (code, text, _) = output("run --dry-run=csv --from 2026-10-01 --period 15m --meters 1").await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(code, Some(0));
    assert!(
        lines[0].starts_with(
            "due,device_id,timestamp,interval_seconds,channel,usage_kwh,quality,revision,fault,"
        )
    );
    assert!(lines[1].starts_with("2026-10-01T00:15:00Z,sim-north-001,2026-10-01T00:00:00Z,900,IMPORT,0."));
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn exit_codes_say_what_happened() {
    let running = Fake::start(|_| Answer::Accept).await;
    let (code, text, error) = output(&format!(
        "run {PAST} --output json --endpoint {}",
        running.endpoint
    ))
    .await;
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["accepted"], summary["sent"]);
    assert_eq!(
        running.fake.kept().len() as u64,
        summary["sent"].as_u64().unwrap()
    );

    let refusing = Fake::start(|_| Answer::Reject).await;
    let (code, text, _) = output(&format!("run {PAST} --endpoint {}", refusing.endpoint)).await;
    assert_eq!(code, Some(3));
    assert!(text.contains("rejected") && text.contains("TOO_OLD"), "{text}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (code, _, error) = output(&format!("run {PAST} --endpoint http://{closed}")).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot reach"), "{error}");
    let (code, _, error) = output(&format!("load --duration 1s --endpoint http://{closed}")).await;
    assert_eq!(code, Some(1), "{error}");

    for (arguments, code, words) in [
        ("run --meters 0 --dry-run", 2, "meters must be 1 to 100000"),
        ("run --interval 7m --dry-run", 2, "divide a day"),
        ("run --late-rate 2 --dry-run", 2, "rate of late"),
        ("replay --meters a", 2, "--load"),
        ("replay --meters a/b --load Cargo.toml --dry-run", 2, ""),
        ("replay --meters a --load /no/such/file", 4, "/no/such/file"),
        ("load --from 2999-01-01", 2, "not over yet"),
    ] {
        let (found, _, error) = output(arguments).await;
        assert_eq!(found, Some(code), "{arguments}: {error}");
        assert!(error.contains(words), "{arguments}: {error}");
    }
}

#[tokio::test]
async fn the_truth_file_labels_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.jsonl");
    let arguments =
        "run --dry-run --from 2026-10-01 --period 14d --interval 1h --meters 20 --anomaly-rate 0.7 --truth";
    let (code, _, _) = output(&format!("{arguments} {}", truth.display())).await;
    assert_eq!(code, Some(0));
    let lines = std::fs::read_to_string(&truth).unwrap();
    let labels: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut distinct: Vec<String> = labels
        .iter()
        .map(|label| format!("{} {}", label["meter"], label["from"]))
        .collect();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), labels.len(), "each episode once");
    assert!((15..60).contains(&labels.len()), "{}", labels.len());
    assert!(
        labels
            .iter()
            .all(|label| label["meter"].as_str().unwrap().starts_with("sim-"))
    );
}

#[tokio::test]
async fn a_load_is_replayed_into_a_month() {
    let folder = tempfile::tempdir().unwrap();
    let load = folder.path().join("load.csv");
    std::fs::write(
        &load,
        "start_utc,import_kwh\n2018-10-04T00:00:00Z,1.25\n2018-10-04T00:15:00Z,0.5\n",
    )
    .unwrap();
    let arguments = format!(
        "replay --dry-run=csv --load {} --prefix home- --count 2 --into 2026-10",
        load.display()
    );
    let (code, text, error) = output(&arguments).await;
    assert_eq!((code, error.as_str()), (Some(0), ""));
    let lines: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(lines.len(), 4);
    assert!(
        lines[1].starts_with("2026-10-01T00:15:00Z,home-0002,2026-10-01T00:00:00Z,900,IMPORT,1.25,ACTUAL,0,"),
        "{text}"
    );
}

#[tokio::test]
async fn one_interrupt_ends_a_run_with_its_summary() {
    let running = Fake::start(|_| Answer::Accept).await;
    let child = command(&format!("run --meters 5 --endpoint {}", running.endpoint))
        .spawn()
        .unwrap();
    running.fake.arrival().await;
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let output = finish(child).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("stopped after"), "{text}");
}

#[tokio::test]
async fn the_load_prints_a_table_or_json() {
    let arguments = "load --empty-server --mode columns --meters 1000 --count 5000 --connections 2";
    let (code, text, _) = output(arguments).await;
    assert_eq!(code, Some(0));
    assert!(
        text.contains("latency, corrected") && text.contains("accepted 5000"),
        "{text}"
    );
    let (_, text, _) = output(&format!("{arguments} --output json")).await;
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (report["readings"].as_u64(), report["mode"].as_str()),
        (Some(5_000), Some("columns"))
    );
    assert!(report["latency_us"]["p999"].as_u64().is_some());
}
