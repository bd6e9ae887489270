//! What lapin does with returned messages, played with promises: the unroutable one must never be reported as kept.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::*;

thread_local! {
    static POLLED: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The broker's side of a message.
#[derive(Clone, Default)]
struct Promise(Arc<Mutex<Option<Confirm>>>);

impl Promise {
    fn resolve(&self, confirm: Confirm) {
        *self.0.lock().unwrap() = Some(confirm);
    }
}

fn add(window: &mut Window<u32>, ticket: u32) -> Promise {
    let promise = Promise::default();
    let held = promise.clone();
    let confirming = std::future::poll_fn(move |_| {
        POLLED.with_borrow_mut(|polled| polled.push(ticket));
        held.0.lock().unwrap().take().map_or(Poll::Pending, Poll::Ready)
    });
    window.add(ticket, Box::pin(confirming));
    promise
}

/// A message that, when it is looked at, lets something else happen at the broker.
fn add_meanwhile(window: &mut Window<u32>, ticket: u32, mut happens: impl FnMut() + Send + 'static) {
    let confirming = std::future::poll_fn(move |_| {
        happens();
        Poll::Pending
    });
    window.add(ticket, Box::pin(confirming));
}

fn poll(window: &mut Window<u32>) -> Poll<Result<Vec<(u32, Fate)>, Broken>> {
    let polled = window.poll(&mut Context::from_waker(Waker::noop()));
    polled.map_ok(|settled| {
        settled
            .into_iter()
            .map(|settled| (settled.ticket, settled.fate))
            .collect()
    })
}

#[tokio::test]
async fn confirms_are_reported_and_messages_published_in_order() {
    let mut window = Window::new();
    let promises: Vec<Promise> = (0..4).map(|ticket| add(&mut window, ticket)).collect();
    assert_eq!(poll(&mut window), Poll::Pending);
    assert_eq!(POLLED.with_borrow(Clone::clone), [0, 1, 2, 3]);
    promises[2].resolve(Confirm::Ack);
    promises[0].resolve(Confirm::Nack);
    assert_eq!(
        poll(&mut window),
        Poll::Ready(Ok(vec![(0, Fate::Full), (2, Fate::Kept)]))
    );
    assert_eq!(window.len(), 2);
    promises[1].resolve(Confirm::Lost("gone".to_owned()));
    assert_eq!(
        poll(&mut window),
        Poll::Ready(Err(Broken::Lost("gone".to_owned())))
    );
}

/// lapin resolves the confirms of one `ack multiple` in no order, and the first one takes the return.
#[tokio::test]
async fn a_return_on_another_message_fails_everything_in_flight() {
    for carrier in [0_usize, 1, 2] {
        let mut window = Window::new();
        let promises: Vec<Promise> = (0..3).map(|ticket| add(&mut window, ticket)).collect();
        for (index, promise) in promises.iter().enumerate() {
            promise.resolve(if index == carrier {
                Confirm::Returned("7".to_owned())
            } else {
                Confirm::Ack
            });
        }
        assert_eq!(
            poll(&mut window),
            Poll::Ready(Err(Broken::Returned("7".to_owned())))
        );
    }
}

/// The carrier was looked at before it completed, the unroutable one after: one look in order would believe the latter.
#[tokio::test]
async fn a_return_that_comes_during_the_look_is_seen() {
    let mut window = Window::new();
    let carrier = add(&mut window, 0);
    let unroutable = Promise::default();
    let resolve = unroutable.clone();
    add_meanwhile(&mut window, 1, move || {
        carrier.resolve(Confirm::Returned("2".to_owned()));
        resolve.resolve(Confirm::Ack);
    });
    let held = unroutable.clone();
    let confirming =
        std::future::poll_fn(move |_| held.0.lock().unwrap().take().map_or(Poll::Pending, Poll::Ready));
    window.add(2, Box::pin(confirming));
    assert_eq!(
        poll(&mut window),
        Poll::Ready(Err(Broken::Returned("2".to_owned())))
    );
}
