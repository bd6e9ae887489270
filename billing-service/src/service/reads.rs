//! What analytics asks: reads folded by group.

use std::sync::Arc;

use model::Stay;
use proto::billing::{
    ChangedDaysRequest, ChangedDaysResponse, DayWindowsRequest, DayWindowsResponse, GroupMinutes, GroupStay,
    MeterGroup, MeterGroupsRequest, MeterGroupsResponse,
};

use super::page;
use crate::error::Error;
use crate::office::Office;
use crate::reads::MinuteSum;
use crate::share::Desk;

/// Meters of one answer when the request says nothing, and at most.
const USUAL: u32 = 10_000;
const MOST: u32 = 50_000;
/// The list that a cursor belongs to.
const LIST: &str = "meter groups";

pub(super) async fn day_windows(
    office: &Office,
    desk: &Arc<Desk>,
    request: &DayWindowsRequest,
) -> Result<DayWindowsResponse, Error> {
    let stays_of = |meter: &str, stays: &mut Vec<Stay<usize>>| {
        stays.extend(office.register.index().stays_of(meter));
    };
    let held = desk.hold(request.shard).await?;
    let found = office
        .reads
        .day_windows(
            request.shard,
            request.day,
            (request.min_position, held.as_ref().map(|held| held.position)),
            &stays_of,
        )
        .await?;
    drop(held);
    // read after the fold: whoever knows this version already knows that no meter moved meanwhile
    let index = office.register.index();
    let group = |(number, minutes): (usize, Vec<MinuteSum>)| GroupMinutes {
        group: index.groups().get(number).cloned(),
        minute: minutes.iter().map(|sum| u32::from(sum.minute)).collect(),
        import: minutes.iter().map(|sum| sum.import).collect(),
        export: minutes.iter().map(|sum| sum.export).collect(),
        readings: minutes.iter().map(|sum| sum.readings).collect(),
    };
    Ok(DayWindowsResponse {
        position: found.position,
        groups: found.groups.into_iter().map(group).collect(),
        register_version: index.version,
        store_id: Some(desk.store().to_owned()),
    })
}

pub(super) async fn changed_days(
    office: &Office,
    desk: &Desk,
    request: &ChangedDaysRequest,
) -> Result<ChangedDaysResponse, Error> {
    let (position, day) = office
        .reads
        .changed_days(request.shard, request.after_position, request.min_position)
        .await?;
    Ok(ChangedDaysResponse {
        position,
        day,
        store_id: Some(desk.store().to_owned()),
    })
}

/// # Errors
/// [`Error::Invalid`] for a cursor that is none.
pub(super) fn meter_groups(
    office: &Office,
    desk: &Desk,
    request: &MeterGroupsRequest,
) -> Result<MeterGroupsResponse, Error> {
    let after = page::after(LIST, &request.cursor)?;
    let index = office.register.index();
    let mut answer = MeterGroupsResponse {
        register_version: index.version,
        store_id: Some(desk.store().to_owned()),
        ..MeterGroupsResponse::default()
    };
    if request.known_version == index.version && after.is_none() && index.version > 0 {
        return Ok(answer);
    }
    let limit = page::limit(request.limit, USUAL, MOST);
    let ids = index.meters_after(after).take(limit.saturating_add(1));
    let stay = |stay: Stay<usize>| GroupStay {
        group: index.groups().get(stay.place).cloned(),
        from_ms: Some(stay.from_ms).filter(|from| *from > i64::MIN),
        to_ms: Some(stay.to_ms).filter(|to| *to < i64::MAX),
    };
    let item = |id: &str| MeterGroup {
        meter_id: id.to_owned(),
        stays: index.stays_of(id).map(stay).collect(),
        heard: id.parse().is_ok_and(|id| office.reads.knows(&id)),
    };
    answer.items = ids.map(item).collect();
    answer.next_cursor = page::cut(LIST, &mut answer.items, limit, |item| item.meter_id.clone());
    Ok(answer)
}
