//! What can only happen between processes: a service that dies, is slow, or has too much to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use api_gateway::Remote;
use model::ErrorKind;
use proto::billing::billing_server::Billing;
use proto::billing::{GetBillRequest, RegisterObject, RunBillsRequest};
use service_kit::remote::LinkConfig;
use service_kit::{Fault, Readiness, Tasks, fault_of};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Request, Status};

use crate::behind::{link, serve};
use crate::fakes::Fakes;

/// How long a service that is back may stay unnoticed.
const FOUND_WITHIN: Duration = Duration::from_secs(3);

/// The fakes in a runtime of their own, which can die as a process does: with its sockets, and without a word.
struct Process {
    runtime: Runtime,
    address: SocketAddr,
    fakes: Arc<Fakes>,
}

impl Process {
    async fn start(address: Option<SocketAddr>) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let fakes = Arc::new(Fakes::default());
        let served = Arc::clone(&fakes);
        let serving = runtime.spawn(async move { serve(&served, address).await });
        let address = serving.await.unwrap().address();
        Self {
            runtime,
            address,
            fakes,
        }
    }

    fn die(self) -> SocketAddr {
        self.runtime.shutdown_background();
        self.address
    }

    fn link(&self) -> LinkConfig {
        LinkConfig::here(self.address.port())
    }
}

fn billing(config: &LinkConfig) -> Arc<dyn Billing> {
    Remote::new(config, config, config).unwrap().billing()
}

async fn get(billing: &Arc<dyn Billing>, id: &str) -> Result<String, Status> {
    let asked = GetBillRequest { id: id.to_owned() };
    let answer = billing.get_bill(Request::new(asked)).await?;
    Ok(answer.into_inner().id)
}

async fn fault(billing: &Arc<dyn Billing>, id: &str) -> Fault {
    fault_of(&get(billing, id).await.unwrap_err())
}

fn is_unavailable(fault: &Fault) -> bool {
    (fault.kind, fault.reason.as_str()) == (ErrorKind::Unavailable, "UNAVAILABLE")
}

async fn until<F: AsyncFnMut() -> bool>(mut holds: F) {
    let found = timeout(FOUND_WITHIN, async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    });
    found.await.unwrap();
}

#[tokio::test]
async fn what_a_service_says_passes_through_as_it_is() {
    let process = Process::start(None).await;
    let remote = billing(&process.link());
    let direct: Arc<dyn Billing> = Arc::<Fakes>::clone(&process.fakes);
    for id in ["missing", "broken", "away", "held", "full"] {
        let (over, here) = (
            get(&remote, id).await.unwrap_err(),
            get(&direct, id).await.unwrap_err(),
        );
        assert_eq!((over.code(), over.message()), (here.code(), here.message()));
        assert_eq!(fault_of(&over), fault_of(&here));
    }
    assert_eq!(get(&remote, "b-1").await.unwrap(), "b-1");
    process.die();
}

#[tokio::test]
async fn a_service_that_dies_in_the_middle_of_a_call_is_unavailable_and_found_when_it_is_back() {
    let process = Process::start(None).await;
    let remote = billing(&process.link());
    let asked = {
        let remote = Arc::clone(&remote);
        async move { fault(&remote, "slow").await }
    };
    let began = Instant::now();
    let (fault_seen, address) = tokio::join!(asked, async {
        until(async || process_was_asked(&process.fakes)).await;
        process.die()
    });
    assert!(is_unavailable(&fault_seen), "{fault_seen:?}");
    assert!(
        fault_seen.message.contains("the outcome is not known"),
        "{fault_seen:?}"
    );
    assert!(began.elapsed() < FOUND_WITHIN, "it took {:?}", began.elapsed());

    let gone = fault(&remote, "b-1").await;
    assert!(is_unavailable(&gone), "{gone:?}");

    let again = Process::start(Some(address)).await;
    until(async || get(&remote, "b-1").await.is_ok()).await;
    again.die();
}

fn process_was_asked(fakes: &Fakes) -> bool {
    !fakes.asked.lock().unwrap().is_empty()
}

#[tokio::test]
async fn while_a_service_is_away_calls_fail_at_once() {
    let address = Process::start(None).await.die();
    let remote = billing(&LinkConfig::here(address.port()));
    let began = Instant::now();
    for _ in 0..200 {
        let gone = fault(&remote, "b-1").await;
        assert!(is_unavailable(&gone), "{gone:?}");
    }
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "it took {:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn an_answer_that_does_not_come_has_an_unknown_outcome() {
    let process = Process::start(None).await;
    let remote = billing(&LinkConfig {
        deadline: Duration::from_millis(200),
        ..process.link()
    });
    let late = fault(&remote, "slow").await;
    assert!(is_unavailable(&late), "{late:?}");
    assert!(late.message.contains("did not answer in time"), "{late:?}");
    assert_eq!(
        get(&remote, "b-1").await.unwrap(),
        "b-1",
        "one late call is no outage"
    );
    process.die();
}

#[tokio::test]
async fn more_calls_than_the_bound_wait_for_their_turn() {
    let process = Process::start(None).await;
    let remote = billing(&LinkConfig {
        in_flight: 1,
        deadline: Duration::from_millis(400),
        ..process.link()
    });
    let began = Instant::now();
    let (first, second) = tokio::join!(fault(&remote, "slow"), async {
        until(async || process_was_asked(&process.fakes)).await;
        (get(&remote, "b-1").await, began.elapsed())
    });
    assert!(is_unavailable(&first), "{first:?}");
    let (second, waited) = second;
    assert_eq!(second.unwrap(), "b-1");
    assert!(
        waited >= Duration::from_millis(400),
        "it went ahead after {waited:?}"
    );
    process.die();
}

#[tokio::test]
async fn a_request_beyond_its_bound_never_leaves() {
    let process = Process::start(None).await;
    let config = process.link();
    let register = Remote::new(&config, &config, &config).unwrap().register();
    let large = RegisterObject {
        object: Some(proto::billing::register_object::Object::Tariff(
            proto::billing::Tariff {
                body: "x".repeat(2 << 20),
                ..proto::billing::Tariff::default()
            },
        )),
    };
    let refused = register.put(Request::new(large)).await.unwrap_err();
    assert_eq!(fault_of(&refused).kind, ErrorKind::Invalid, "{refused:?}");
    process.die();
}

#[tokio::test]
async fn readiness_names_a_service_that_is_away() {
    let process = Process::start(None).await;
    let config = process.link();
    let (readiness, tasks) = (Readiness::default(), Tasks::default());
    readiness.set(true);
    Remote::new(&config, &config, &config)
        .unwrap()
        .watch(&readiness, &tasks);
    let all_up = "ready\ningestion: up\nbilling: up\nanalytics: up\n";
    until(async || readiness.report() == (true, all_up.to_owned())).await;
    let address = process.die();
    let away = "ingestion: down (it cannot be reached)";
    until(async || {
        let (ready, said) = readiness.report();
        !ready && said.contains(away)
    })
    .await;
    let again = Process::start(Some(address)).await;
    until(async || readiness.report().0).await;
    assert!(tasks.drain(Duration::from_secs(5)).await);
    again.die();
}

#[tokio::test]
async fn a_port_that_stops_finishes_what_it_began_and_takes_nothing_new() {
    let fakes = Arc::new(Fakes::default());
    let serving = serve(&fakes, None).await;
    let link_config = link(&serving);
    let remote = billing(&link_config);
    get(&remote, "b-1").await.unwrap();
    assert!(serving.stop(Duration::from_secs(5)).await, "nobody is calling");
    let gone = fault(&remote, "b-1").await;
    assert!(is_unavailable(&gone), "{gone:?}");
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_stop_what_it_asked_for() {
    let fakes = Arc::new(Fakes::default());
    let serving = serve(&fakes, None).await;
    let remote = billing(&link(&serving));
    let gave_up = timeout(
        Duration::from_millis(100),
        remote.run_bills(Request::new(RunBillsRequest::default())),
    );
    // Whether the answer or the end of patience came first, the run was asked for once and ends.
    drop(gave_up.await);
    until(async || fakes.asked.lock().unwrap().len() == 1).await;
    assert!(serving.stop(Duration::from_secs(5)).await);
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_runs() {
    for url in [
        "",
        "billing:50053",
        "https://billing:50053",
        "http://billing",
        "http://a@b:1",
        "http://b:1/path",
    ] {
        let config = LinkConfig {
            url: url.to_owned(),
            ..LinkConfig::here(1)
        };
        let problems = config.problems("billing.");
        assert_eq!(problems.len(), 1, "{url}: {problems:?}");
        assert_eq!(problems[0].key, "billing.url");
    }
    assert!(LinkConfig::here(1).problems("").is_empty());
}
