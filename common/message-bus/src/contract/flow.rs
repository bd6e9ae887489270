//! Waiting, waking, giving up, crowding, and the bound.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all, try_join};

use super::{Outcome, PATIENCE, Place, SMALL_BYTES, ids, message, next, publish_each, read, readings, same};
use crate::{Bus, BusError, Delivery, Group, Message, Subscription, Topic, Traced};

pub(super) async fn nothing_yet(place: &dyn Place) -> Outcome {
    let topic = readings(0);
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    same("before anything", &reader.try_next().await?, &None)?;
    publish_each(&*bus, topic, 0..1).await?;
    same("the first", &next(&mut *reader).await?.id, &0)?;
    same("after the last", &reader.try_next().await?, &None)?;
    // Another topic's messages are nothing here.
    publish_each(&*bus, Topic::Events, 1..2).await?;
    same("beside another topic", &reader.try_next().await?, &None)?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn woken(place: &dyn Place) -> Outcome {
    let topic = readings(3);
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    for id in 0..20 {
        // The reader is polled first, so it waits already.
        let (got, published) = join(next(&mut *reader), bus.publish(vec![message(topic, id)])).await;
        published?;
        same("woken by", &got?.id, &id)?;
    }
    bus.close().await?;
    Ok(())
}

/// A reader that is dropped while it waits, again and again, misses nothing.
pub(super) async fn gives_up(place: &dyn Place) -> Outcome {
    let topic = readings(1);
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let publish = async {
        publish_each(&*bus, topic, 0..200).await?;
        Outcome::Ok(())
    };
    let consume = async {
        let mut seen = Vec::new();
        let mut patience = 1;
        while seen.len() < 200 {
            // Shorter and longer than anything takes; the longest is only reached if something hangs.
            patience = patience * 7 % 1009;
            let wait = if patience > 900 {
                PATIENCE
            } else {
                Duration::from_micros(patience)
            };
            match tokio::time::timeout(wait, reader.next()).await {
                Err(_) => {}
                Ok(delivery) => match delivery? {
                    Delivery::Message { id, .. } if seen.last() != Some(&id) => seen.push(id),
                    Delivery::Message { .. } => {}
                    Delivery::Gap { .. } => return Err("a gap".into()),
                },
            }
        }
        same("ids", &seen, &(0..200).collect())
    };
    try_join(publish, consume).await?;
    bus.close().await?;
    Ok(())
}

pub(super) async fn many_publishers(place: &dyn Place) -> Outcome {
    const PUBLISHERS: u128 = 16;
    const EACH: u128 = 40;
    let bus = place.open().await?;
    let publisher = |number: u128| {
        let bus = &bus;
        async move {
            for index in 0..EACH {
                let id = number * 1000 + index;
                let both = vec![message(readings(0), id), message(readings(1), id)];
                bus.publish(both).await?;
            }
            Ok::<_, BusError>(())
        }
    };
    for outcome in join_all((0..PUBLISHERS).map(publisher)).await {
        outcome?;
    }
    for shard in [0, 1] {
        let mut reader = bus.subscribe(Group::Billing, readings(shard), None).await?;
        let all = ids(&read(&mut *reader, usize::try_from(PUBLISHERS * EACH)?).await?);
        for number in 0..PUBLISHERS {
            let own: Vec<u128> = all.iter().copied().filter(|id| id / 1000 == number).collect();
            same(
                "ids of a publisher",
                &own,
                &(0..EACH).map(|index| number * 1000 + index).collect(),
            )?;
        }
    }
    bus.close().await?;
    Ok(())
}

/// More than any memory of newest messages holds, read from the start.
pub(super) async fn far_behind(place: &dyn Place) -> Outcome {
    const COUNT: u128 = 300;
    let bus = place.open().await?;
    let body = Bytes::from(vec![7; 100_000]);
    for id in 0..COUNT {
        let body = body.clone();
        let batch = vec![
            Message {
                body,
                ..message(readings(0), id)
            },
            message(readings(1), id),
        ];
        bus.publish(batch).await?;
    }
    let mut reader = bus.subscribe(Group::Billing, readings(1), None).await?;
    let all = read(&mut *reader, usize::try_from(COUNT)?).await?;
    same("ids of the small", &ids(&all), &(0..COUNT).collect())?;
    let mut reader = bus.subscribe(Group::Billing, readings(0), None).await?;
    for id in 0..COUNT {
        let got = next(&mut *reader).await?;
        same("id of the large", &got.id, &id)?;
        same("body of the large", &(got.body == body), &true)?;
    }
    bus.close().await?;
    Ok(())
}

/// A reader that keeps up is told which rows are traced, and of a message without any nothing.
pub(super) async fn traced(place: &dyn Place) -> Outcome {
    let topic = readings(1);
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let parts: Vec<Traced> = (1..4)
        .map(|number| Traced {
            parent: format!("00-0af7651916cd43dd8448eb211c80319c-000000000000000{number}-01"),
            first: number,
            rows: number * 10,
        })
        .collect();
    let with = Message {
        traced: parts.clone(),
        ..message(topic, 1)
    };
    bus.publish(vec![with, message(topic, 2)]).await?;
    for expected in [parts, Vec::new()] {
        match tokio::time::timeout(PATIENCE, reader.next()).await?? {
            Delivery::Message { traced, .. } => same("what is traced", &traced, &expected)?,
            gap @ Delivery::Gap { .. } => return Err(format!("{gap:?}").into()),
        }
    }
    bus.close().await?;
    Ok(())
}

/// At the bound nothing is published; after billing's acknowledgement something is.
pub(super) async fn full(place: &dyn Place) -> Outcome {
    const BODY: usize = 64 << 10;
    let bus = place.open().await?;
    let topic = readings(2);
    let large = |id: u128| Message {
        body: Bytes::from(vec![1; BODY]),
        ..message(topic, id)
    };
    let most = u128::from(SMALL_BYTES) / BODY as u128 + 1;
    let mut accepted = 0;
    let refused = loop {
        match bus.publish(vec![large(accepted)]).await {
            Ok(()) if accepted > most => return Err("the bound does not hold".into()),
            Ok(()) => accepted += 1,
            Err(error) => break error,
        }
    };
    same(
        "refused as full",
        &matches!(refused, BusError::Full { .. }),
        &true,
    )?;
    let mut reader = bus.subscribe(Group::Billing, topic, None).await?;
    let mut last = 0;
    for id in 0..accepted {
        let got = next(&mut *reader).await?;
        same("id before the refused", &got.id, &id)?;
        last = got.position;
    }
    same("the refused", &reader.try_next().await?, &None)?;
    reader.ack(last).await?;
    tokio::time::timeout(PATIENCE, room_again(&*bus, large(accepted))).await??;
    same(
        "the first after the refused",
        &next(&mut *reader).await?.id,
        &accepted,
    )?;
    bus.close().await?;
    Ok(())
}

/// Publishes as a sender does that is told to come back later.
async fn room_again(bus: &dyn Bus, message: Message) -> Result<(), BusError> {
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    loop {
        pause.tick().await;
        match bus.publish(vec![message.clone()]).await {
            Err(BusError::Full { .. }) => {}
            other => return other,
        }
    }
}

pub(super) async fn closed(place: &dyn Place) -> Outcome {
    let bus = place.open().await?;
    let mut reader = bus.subscribe(Group::Billing, Topic::Events, None).await?;
    let waiting = async { tokio::time::timeout(PATIENCE, reader.next()).await };
    let (ended, closed) = join(waiting, bus.close()).await;
    closed?;
    same("a waiting reader is told", &ended?.is_err(), &true)?;
    let outcome = bus.publish(vec![message(Topic::Events, 1)]).await;
    same(
        "publishing is refused",
        &matches!(outcome, Err(BusError::Unavailable(_))),
        &true,
    )?;
    same("accepting", &bus.health().accepting, &false)?;
    bus.close().await?;
    let bus = place.open().await?;
    let mut reader: Box<dyn Subscription> = bus.subscribe(Group::Billing, Topic::Events, None).await?;
    same("nothing was published", &reader.try_next().await?, &None)?;
    bus.close().await?;
    Ok(())
}
