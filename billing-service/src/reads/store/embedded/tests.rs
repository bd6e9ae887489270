use super::super::contract::{self, Backend};
use super::*;
use model::{Channel, MeasuredQuantity};

struct Folder(tempfile::TempDir);

#[async_trait::async_trait]
impl Backend for Folder {
    async fn open(&self) -> Arc<dyn ReadsStore> {
        let embedded = Embedded::open(self.0.path()).unwrap();
        Arc::new(EmbeddedReads::new(&embedded).unwrap())
    }
}

#[tokio::test]
async fn passes_the_contract() {
    contract::run(|| Folder(tempfile::tempdir().unwrap())).await;
}

#[test]
fn keys_come_out_as_they_went_in_and_sort_as_they_should() {
    let series = [
        Series::Interval(Channel::Import),
        Series::Interval(Channel::Reactive),
        Series::Register(Channel::Import, "day".into()),
        Series::Register(Channel::Import, "night".into()),
        Series::Register(Channel::Export, "day".into()),
    ];
    let mut keys = Vec::new();
    for day in [i32::MIN, -1, 0, 20_000, i32::MAX] {
        for meter in [0, 1, 256, u32::MAX] {
            keys.extend(series.iter().map(|series| BlockKey {
                day,
                meter,
                series: series.clone(),
            }));
        }
    }
    assert!(keys.is_sorted());
    let bytes: Vec<Vec<u8>> = keys.iter().map(|key| key::of_block(7, key)).collect();
    assert!(bytes.is_sorted());
    for (key, bytes) in keys.into_iter().zip(bytes) {
        assert_eq!(key::parse(&bytes), Some((7, key)));
    }
    let telemetry = BlockKey {
        day: 3,
        meter: 4,
        series: Series::Telemetry(MeasuredQuantity::Pressure),
    };
    assert_eq!(key::parse(&key::of_block(1, &telemetry)), Some((1, telemetry)));
    assert_eq!(key::parse(b"short"), None);
    assert_eq!(key::parse(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1]), None);
}
