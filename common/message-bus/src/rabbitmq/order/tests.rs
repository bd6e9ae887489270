//! Whatever the order of the confirms, the order of publishing is that of the release.

use proptest::prelude::*;

use super::*;

fn released(order: &mut InOrder<u64>) -> Vec<u64> {
    std::iter::from_fn(|| order.release())
        .map(|(stamp, message)| {
            assert_eq!(stamp, message);
            stamp
        })
        .collect()
}

#[test]
fn what_is_not_known_yet_holds_back_what_follows() {
    let mut order = InOrder::new();
    (1..=4).for_each(|stamp| order.published(stamp));
    order.kept(2, 2);
    order.kept(4, 4);
    assert_eq!(released(&mut order), Vec::<u64>::new());
    order.kept(1, 1);
    assert_eq!(released(&mut order), [1, 2]);
    order.refused(3);
    assert_eq!(released(&mut order), [4]);
    assert_eq!(order.end(), (vec![], false));
}

#[test]
fn at_the_end_the_durable_ones_leave_and_the_doubt_is_told() {
    let mut order = InOrder::new();
    (1..=4).for_each(|stamp| order.published(stamp));
    order.kept(4, 4);
    order.kept(2, 2);
    assert_eq!(order.end(), (vec![(2, 2), (4, 4)], true));
    assert_eq!(order.end(), (vec![], false));
}

proptest! {
    #[test]
    fn any_order_of_confirms_releases_all_in_order(stamps in Just((1..40_u64).collect::<Vec<_>>()).prop_shuffle()) {
        let mut order = InOrder::new();
        (1..40).for_each(|stamp| order.published(stamp));
        let mut all = Vec::new();
        for stamp in stamps {
            order.kept(stamp, stamp);
            all.extend(released(&mut order));
        }
        prop_assert_eq!(all, (1..40).collect::<Vec<_>>());
    }
}
