use super::*;
use crate::{Channel, MeasuredQuantity, Quality};

/// Written down on the first day: receipts handed out then must stay true.
#[test]
fn hashes_never_change() {
    let meter = meter_hash("meter-1");
    let content = Content {
        value: 1_234_567,
        interval_seconds: 900,
        quality: Quality::Actual,
        revision: 0,
    };
    let start = 1_700_000_000_000;
    let series = [
        Series::Interval(Channel::Import),
        Series::Register(Channel::Import, "day".into()),
        Series::Telemetry(MeasuredQuantity::Power),
    ];
    let found = (
        meter,
        content_hash(&content),
        series.map(|series| identity_hash(meter, &series, start)),
    );
    assert_eq!(found, FIRST_DAY, "{found:#x?}");
}

const FIRST_DAY: (u64, u64, [u64; 3]) = (
    0x8b9d_05d9_208d_0a0c,
    0xd862_51be_bde7_70eb,
    [
        0xfb22_f3ff_fd23_f937,
        0xb2bd_ffc5_2b66_7904,
        0xf17e_7887_5230_a7ae,
    ],
);

#[test]
fn shards_are_used_evenly() {
    let mut counts = [0_u32; 4];
    for meter in 0..40_000 {
        counts[usize::from(shard_of(meter_hash(&format!("meter-{meter}")), 4))] += 1;
    }
    assert!(
        counts.iter().all(|count| (9_500..10_500).contains(count)),
        "{counts:?}"
    );
}
