//! A real process, killed at any moment: whatever it was told is durable is there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

const FOLDER: &str = "GRIDTALLY_TEST_JOURNAL";
const ROUND: &str = "GRIDTALLY_TEST_ROUND";
const ROUNDS: u128 = 30;

fn options(folder: &Path) -> Options {
    Options {
        segment_bytes: 20_000,
        ..small(folder)
    }
}

/// Not a test of its own: the process that [`every_confirmed_message_survives_kill`] kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let (Some(folder), Some(round)) = (std::env::var_os(FOLDER), std::env::var_os(ROUND)) else {
        return;
    };
    let round: u128 = round.to_str().unwrap().parse().unwrap();
    let journal = open(options(Path::new(&folder))).unwrap();
    let mut reader = journal
        .subscribe(Group::Billing, readings(1), None)
        .await
        .unwrap();
    let publisher = |number: u128| {
        let journal = &journal;
        async move {
            for index in 0_u128.. {
                let id = (round * 10 + number) * 1_000_000 + index;
                let both = vec![message(readings(0), id), message(readings(1), id)];
                journal.publish(both).await.unwrap();
                println!("\nconfirmed {id}");
            }
        }
    };
    let consumer = async {
        loop {
            if let Delivery::Message { position, .. } = reader.next().await.unwrap() {
                reader.ack(position).await.unwrap();
            }
        }
    };
    tokio::select! {
        _ = futures_util::future::join_all((0..4).map(publisher)) => {}
        () = consumer => {}
    }
}

fn start(folder: &Path, round: u128) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "embedded::tests::kill::victim",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn every_confirmed_message_survives_kill() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("journal");
    let mut confirmed = Vec::new();
    for round in 0..ROUNDS {
        let mut child = start(&folder, round);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // A different number of confirmations each time; the kill comes at whatever moment that is.
        let wanted = usize::try_from(round * 37 % 401).unwrap();
        let parse = |line: String| {
            line.strip_prefix("confirmed ")
                .and_then(|id| id.parse::<u128>().ok())
        };
        let mut seen = 0;
        while seen < wanted {
            let line = lines.next().unwrap().unwrap();
            seen += usize::from(parse(line.clone()).inspect(|id| confirmed.push(*id)).is_some());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        confirmed.extend(lines.map_while(Result::ok).filter_map(parse));
        // Sometimes several kills before anybody looks.
        if round % 3 == 2 {
            check(&folder, &confirmed).await;
        }
    }
    assert!(confirmed.len() > 1_000);
    check(&folder, &confirmed).await;
}

/// Every confirmed id is there once in both shards, and each publisher's ids without a hole.
async fn check(folder: &Path, confirmed: &[u128]) {
    let before = verify(folder).unwrap();
    assert_eq!(before.damages, vec![]);
    let journal = open(options(folder)).unwrap();
    let ids = delivered_ids(&journal, Group::Billing, readings(0)).await;
    let mut counts: BTreeMap<u128, u32> = BTreeMap::new();
    for id in &ids {
        *counts.entry(*id).or_default() += 1;
    }
    for id in confirmed {
        assert_eq!(counts.get(id), Some(&1), "{id}");
    }
    let mut next: BTreeMap<u128, u128> = BTreeMap::new();
    for id in &ids {
        let expected = next.entry(id / 1_000_000).or_default();
        assert_eq!(
            id % 1_000_000,
            *expected,
            "nothing that was not sent, nothing left out"
        );
        *expected += 1;
    }
    // Both messages of a publish, or neither.
    let both = delivered_ids(&journal, Group::Analytics, readings(1)).await;
    assert_eq!(both, ids);
    journal.close().await.unwrap();
}
