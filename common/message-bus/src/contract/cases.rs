//! What is kept, in which order, and for whom.

use bytes::Bytes;

use super::{Outcome, PATIENCE, Place, SHARDS, ids, message, next, publish_each, read, readings, same};
use crate::embedded::MAX_BODY_BYTES;
use crate::{BusError, Group, Message, Topic};

pub(super) async fn in_order(place: &dyn Place) -> Outcome {
    let bus = place.open().await?;
    let topic = readings(2);
    publish_each(&*bus, topic, 0..5).await?;
    bus.publish((5..100).map(|id| message(topic, id)).collect())
        .await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let all = read(&mut *reader, 100).await?;
    same("ids", &ids(&all), &(0..100).collect())?;
    same(
        "a position of 0",
        &all.iter().any(|got| got.position == 0),
        &false,
    )?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn topics_apart(place: &dyn Place) -> Outcome {
    let bus = place.open().await?;
    same("shards", &bus.shards(), &SHARDS)?;
    let shards = (0..SHARDS).map(readings);
    let topics: Vec<Topic> = shards.chain([Topic::Events]).collect();
    for round in 0..20 {
        let numbered = (0..).zip(&topics);
        let all = numbered.map(|(index, topic)| message(*topic, round * 100 + index));
        bus.publish(all.collect()).await?;
    }
    for (index, topic) in (0..).zip(&topics) {
        let mut reader = bus.subscribe(Group::Billing, *topic, None).await?;
        let all = read(&mut *reader, 20).await?;
        same(
            "ids",
            &ids(&all),
            &(0..20).map(|round| round * 100 + index).collect(),
        )?;
    }
    bus.close().await?;
    Ok(())
}

pub(super) async fn survives(place: &dyn Place) -> Outcome {
    for opened in 0..4_u128 {
        let bus = place.open().await?;
        publish_each(&*bus, readings(0), opened * 10..(opened + 1) * 10).await?;
        let mut reader = bus.subscribe(Group::Analytics, readings(0), None).await?;
        let expected = (opened + 1) * 10;
        let all = read(&mut *reader, usize::try_from(expected)?).await?;
        same("ids", &ids(&all), &(0..expected).collect())?;
        bus.close().await?;
    }
    Ok(())
}

pub(super) async fn comes_again(place: &dyn Place) -> Outcome {
    let topic = readings(1);
    let bus = place.open().await?;
    publish_each(&*bus, topic, 0..10).await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let first = read(&mut *reader, 10).await?;
    drop(reader);
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    same("ids again", &ids(&read(&mut *reader, 10).await?), &ids(&first))?;
    let fourth = first.get(3).ok_or("there are ten")?;
    reader.ack(fourth.position).await?;
    drop(reader);
    bus.close().await?;
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let all = read(&mut *reader, 6).await?;
    same("ids after the acknowledged", &ids(&all), &(4..10).collect())?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn never_back(place: &dyn Place) -> Outcome {
    let topic = Topic::Events;
    let bus = place.open().await?;
    publish_each(&*bus, topic, 0..10).await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let all = read(&mut *reader, 10).await?;
    for index in [7, 2, 5] {
        let got = all.get(index).ok_or("there are ten")?;
        reader.ack(got.position).await?;
    }
    drop(reader);
    bus.close().await?;
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    same(
        "ids after the highest",
        &ids(&read(&mut *reader, 2).await?),
        &vec![8, 9],
    )?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn groups_apart(place: &dyn Place) -> Outcome {
    let topic = readings(3);
    let bus = place.open().await?;
    publish_each(&*bus, topic, 0..10).await?;
    let mut billing = bus.subscribe(Group::Billing, topic, None).await?;
    let all = read(&mut *billing, 10).await?;
    let last = all.last().ok_or("there are ten")?;
    billing.ack(last.position).await?;
    let mut analytics = bus.subscribe(Group::Analytics, topic, None).await?;
    same(
        "ids of the other group",
        &ids(&read(&mut *analytics, 10).await?),
        &ids(&all),
    )?;
    bus.close().await?;
    Ok(())
}

/// Two readers of one group overlap for a while, as after a takeover: whatever one of them did not acknowledge reaches the other.
pub(super) async fn two_readers(place: &dyn Place) -> Outcome {
    let topic = readings(0);
    let bus = place.open().await?;
    publish_each(&*bus, topic, 0..10).await?;
    let mut first = bus.subscribe(Group::Billing, topic, None).await?;
    let mut second = bus.subscribe(Group::Billing, topic, None).await?;
    let all = read(&mut *first, 10).await?;
    let fifth = all.get(4).ok_or("there are ten")?;
    first.ack(fifth.position).await?;
    drop(first);
    publish_each(&*bus, topic, 10..12).await?;
    let mut seen = Vec::new();
    while seen.last() != Some(&11) {
        seen.push(next(&mut *second).await?.id);
    }
    for id in 5..12 {
        same("seen by the second", &seen.contains(&id), &true)?;
    }
    bus.close().await?;
    Ok(())
}

pub(super) async fn twice(place: &dyn Place) -> Outcome {
    let topic = readings(2);
    let bus = place.open().await?;
    for id in [1, 2, 2, 1, 3] {
        bus.publish(vec![message(topic, id)]).await?;
    }
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let mut seen = Vec::new();
    while seen.last() != Some(&3) {
        seen.push(next(&mut *reader).await?.id);
    }
    // A backend may drop the repetition or deliver it.
    seen.sort_unstable();
    seen.dedup();
    same("ids", &seen, &vec![1, 2, 3])?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn sizes(place: &dyn Place) -> Outcome {
    let topic = readings(1);
    let bus = place.open().await?;
    let sizes = [0, 1, 100, 65_536, 1 << 20, MAX_BODY_BYTES - 1, MAX_BODY_BYTES];
    let body = |size: usize| -> Bytes {
        (0..size)
            .map(|at| u8::try_from(at % 251).unwrap_or_default())
            .collect()
    };
    for size in sizes {
        let body = body(size);
        bus.publish(vec![Message {
            body,
            ..message(topic, size as u128)
        }])
        .await?;
    }
    for again in [false, true] {
        let group = if again { Group::Analytics } else { Group::Billing };
        let mut reader = bus.subscribe(group, topic, None).await?;
        for size in sizes {
            let got = next(&mut *reader).await?;
            same("id", &got.id, &(size as u128))?;
            same("body of the right bytes", &(got.body == body(size)), &true)?;
        }
    }
    bus.close().await?;
    Ok(())
}

pub(super) async fn refused(place: &dyn Place) -> Outcome {
    let bus = place.open().await?;
    let large = Message {
        body: Bytes::from(vec![0; MAX_BODY_BYTES + 1]),
        ..message(readings(0), 1)
    };
    let outcome = bus.publish(vec![message(readings(0), 2), large]).await;
    same(
        "too large",
        &matches!(outcome, Err(BusError::TooLarge { .. })),
        &true,
    )?;
    let outcome = bus.publish(vec![message(readings(SHARDS), 3)]).await;
    same(
        "no such shard",
        &matches!(outcome, Err(BusError::Invalid(_))),
        &true,
    )?;
    let outcome = bus.subscribe(Group::Billing, readings(SHARDS), None).await;
    same(
        "no such shard to read",
        &matches!(outcome.err(), Some(BusError::Invalid(_))),
        &true,
    )?;
    bus.publish(Vec::new()).await?;
    // None of it was published.
    bus.publish(vec![message(readings(0), 4)]).await?;
    let mut reader = bus.subscribe(Group::Billing, readings(0), None).await?;
    let got = tokio::time::timeout(PATIENCE, next(&mut *reader)).await??;
    same("the only message", &got.id, &4)?;
    bus.close().await?;
    Ok(())
}
