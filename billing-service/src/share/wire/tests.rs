use proptest::prelude::*;
use prost::Message as _;
use proto::assist::EnsureRequest;

use super::*;
use crate::share::remote::portions;

fn series() -> impl Strategy<Value = Series> {
    let channel = prop_oneof![
        Just(Channel::Import),
        Just(Channel::Export),
        Just(Channel::Reactive)
    ];
    (channel, prop::option::of("[a-z0-9.]{1,12}")).prop_map(|(channel, register)| match register {
        None => Series::Interval(channel),
        Some(name) => Series::Register(channel, name.into()),
    })
}

fn touched() -> impl Strategy<Value = Touched> {
    let identities = || prop::collection::vec((series(), any::<i64>()), 0..4);
    let crowded = prop::collection::vec((Just(Channel::Export), any::<i32>()), 0..3);
    (
        "[a-z0-9.:-]{1,64}",
        any::<(i64, i64)>(),
        identities(),
        identities(),
        crowded,
    )
        .prop_map(|(meter, (start, end), conflicts, settled, crowded)| Touched {
            meter: meter.parse().unwrap(),
            range_ms: Range { start, end },
            conflicts,
            settled,
            crowded,
        })
}

proptest! {
    #[test]
    fn what_was_touched_arrives_as_it_was_said(touched in touched()) {
        let bytes = touched_out(&touched, None).encode_to_vec();
        let back = touched_in(&WireTouched::decode(bytes.as_slice()).unwrap()).unwrap();
        prop_assert_eq!(back, touched);
    }

    #[test]
    fn news_arrive_as_they_were_said(
        meters in prop::collection::vec("[a-z]{1,9}", 0..5),
        days in prop::collection::vec(any::<i32>(), 0..5),
        span in prop::option::of(any::<(i32, i32)>()),
        position in any::<u64>(),
    ) {
        let news = News { meters, days, span, position };
        prop_assert_eq!(news_in(news_out(7, 3, &news)), news);
    }
}

#[test]
fn reports_and_messages_for_the_quarantine_arrive_as_they_were_said() {
    let report = Report {
        assistant: u64::MAX,
        number: 3,
        turn: 9,
        shards: [1, 255].into(),
        held: [(1, 77)].into(),
        store: "0123456789abcdef".to_owned(),
    };
    assert_eq!(report_in(&report_out(&report)).unwrap(), report);
    let wishes = Wishes {
        turn: 4,
        shards: [2].into(),
        hold: [2, 4].into(),
    };
    assert_eq!(wishes_in(&wishes_out(&wishes)).unwrap(), wishes);
    let unusable = Unusable {
        shard: 2,
        position: 8,
        id: u128::MAX - 1,
        kind: "kind".to_owned(),
        time_ms: -1,
        body: b"body".as_slice().into(),
        reason: "no batch".to_owned(),
    };
    assert_eq!(unusable_in(unusable_out(1, unusable.clone())).unwrap(), unusable);
    let short = QuarantineRequest {
        message_id: vec![1],
        ..unusable_out(1, unusable)
    };
    assert!(matches!(
        unusable_in(short),
        Err(Error::Invalid {
            reason: "BAD_MESSAGE",
            ..
        })
    ));
    assert!(matches!(shard(1 << 16), Err(Error::NoShard(65_536))));
}

/// A month of conflicts of every meter is still said, in messages that the other side takes.
#[test]
fn much_is_said_in_messages_that_are_small_enough() {
    let of = |meter: usize| Touched {
        meter: format!("meter-{meter:058}").parse().unwrap(),
        range_ms: 0..i64::MAX,
        conflicts: (0..if meter == 7 { 5_000 } else { 30 })
            .map(|at| (Series::Register(Channel::Import, "r".repeat(64).into()), at))
            .collect(),
        settled: vec![(Series::Interval(Channel::Import), 1)],
        crowded: vec![(Channel::Import, 1)],
    };
    let all: Vec<Touched> = (0..1_024).map(of).collect();
    let portions = portions(&all);
    assert!(portions.len() > 8);
    for portion in &portions {
        let request = EnsureRequest {
            assistant: 1,
            shard: 1,
            touched: portion.iter().map(|touched| touched_out(touched, None)).collect(),
        };
        assert!(request.encoded_len() < service_kit::internal::MAX_REQUEST_BYTES);
    }
    let identities = |all: &mut dyn Iterator<Item = &Touched>| {
        let mut said: Vec<_> = all
            .flat_map(|touched| {
                let of = |(series, at): &(Series, i64)| (touched.meter.clone(), series.clone(), *at);
                touched.conflicts.iter().map(of).collect::<Vec<_>>()
            })
            .collect();
        said.sort();
        said
    };
    assert_eq!(
        identities(&mut portions.iter().flatten()),
        identities(&mut all.iter())
    );
}
