//! `gridtally log ...`: the journal of the embedded bus, read as it lies on the disk.

use std::ops::ControlFlow;

use chrono::{DateTime, SecondsFormat};
use message_bus::Topic;
use message_bus::embedded::{self, Dumped};
use prost::Message as _;
use proto::meter::ReadingColumns;
use serde::Serialize;

use crate::cli::{LogCommand, Query};
use crate::config::Config;
use crate::error::CommandError;
use crate::output::{self, Column};

const FILES: &[Column] = &[
    ("SEGMENT", "file"),
    ("FIRST", "first"),
    ("LAST", "last"),
    ("MESSAGES", "messages"),
    ("BYTES", "bytes"),
];
const RECORDS: &[Column] = &[
    ("POSITION", "position"),
    ("TOPIC", "topic"),
    ("TIME", "time"),
    ("KIND", "kind"),
    ("READINGS", "readings"),
    ("BYTES", "bytes"),
    ("ID", "id"),
];

/// One segment.
#[derive(Debug, Serialize)]
struct Segment {
    file: String,
    first: Option<u64>,
    last: Option<u64>,
    messages: u64,
    bytes: u64,
}

/// One record.
#[derive(Debug, Serialize)]
struct Record {
    position: u64,
    topic: String,
    time: String,
    kind: String,
    readings: Option<usize>,
    bytes: usize,
    id: String,
}

/// Runs `log ...`.
///
/// # Errors
/// [`CommandError::NotFound`] without a journal, [`CommandError::Damaged`].
pub(crate) fn run(command: LogCommand) -> Result<(), CommandError> {
    match command {
        LogCommand::Verify { query } => verify(&query),
        LogCommand::Dump { query } => dump(&query),
    }
}

fn journal(query: &Query) -> Result<std::path::PathBuf, CommandError> {
    let config = Config::of_command(&query.settings)?;
    let folder = config.journal();
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(CommandError::NotFound(format!(
            "there is no journal in {}",
            folder.display()
        )))
    }
}

fn verify(query: &Query) -> Result<(), CommandError> {
    let report = embedded::verify(&journal(query)?)?;
    let segments: Vec<Segment> = report
        .segments
        .iter()
        .map(|segment| Segment {
            file: segment.file.display().to_string(),
            first: segment.positions.map(|(first, _)| first),
            last: segment.positions.map(|(_, last)| last),
            messages: segment.messages,
            bytes: segment.bytes,
        })
        .collect();
    output::list(query.output, FILES, &segments)?;
    if let Some(end) = &report.unfinished {
        output::note(&format!(
            "{}: bytes {} to {} are an unfinished write ({}); the next start cuts it",
            end.file.display(),
            end.from,
            end.to,
            end.what
        ));
    }
    for damage in &report.damages {
        let (file, what) = (damage.file.display(), damage.what);
        output::note(&format!(
            "{file}: damaged from byte {} to byte {}: {what}",
            damage.from, damage.to
        ));
    }
    match report.damages.len() {
        0 => {
            output::note("the journal is whole");
            Ok(())
        }
        count => Err(CommandError::Damaged(count)),
    }
}

fn dump(query: &Query) -> Result<(), CommandError> {
    let mut records = Vec::new();
    let mut damages = 0;
    embedded::dump(&journal(query)?, 0..=u64::MAX, &mut |dumped| {
        match dumped {
            Dumped::Message {
                position,
                topic,
                id,
                kind,
                time_ms,
                body,
            } => records.push(Record {
                position,
                topic: named(topic),
                time: DateTime::from_timestamp_millis(time_ms).map_or_else(String::new, |time| {
                    time.to_rfc3339_opts(SecondsFormat::Millis, true)
                }),
                readings: rows(&kind, &body),
                kind,
                bytes: body.len(),
                id: format!("{id:032x}"),
            }),
            Dumped::Damage(damage) => {
                damages += 1;
                let (file, what) = (damage.file.display(), damage.what);
                output::note(&format!(
                    "{file}: damaged from byte {} to byte {}: {what}",
                    damage.from, damage.to
                ));
            }
        }
        ControlFlow::Continue(())
    })?;
    output::list(query.output, RECORDS, &records)?;
    if damages == 0 {
        Ok(())
    } else {
        Err(CommandError::Damaged(damages))
    }
}

fn named(topic: Topic) -> String {
    match topic {
        Topic::Readings { shard } => format!("readings.{shard}"),
        Topic::Events => "events".to_owned(),
    }
}

/// How many readings a batch carries, if it is one.
fn rows(kind: &str, body: &[u8]) -> Option<usize> {
    if kind != "gridtally.meter.v1.ReadingColumns" {
        return None;
    }
    let columns = ReadingColumns::decode(body).ok()?;
    columns.check().is_ok().then(|| columns.rows())
}
