use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::{Services, Serving, bind, stop};
use crate::remote::{Link, LinkConfig};
use crate::{Readiness, Tasks};

/// Answers every call with success, once it may.
#[derive(Clone, Default)]
struct Patient {
    begun: Arc<Notify>,
    may_end: Arc<Notify>,
    ended: Arc<Notify>,
}

impl NamedService for Patient {
    const NAME: &'static str = "test.Patient";
}

impl tower::Service<http::Request<Body>> for Patient {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Request<Body>) -> Self::Future {
        let Self {
            begun,
            may_end,
            ended,
        } = self.clone();
        Box::pin(async move {
            begun.notify_one();
            may_end.notified().await;
            ended.notify_one();
            Ok(tonic::Status::ok("").into_http())
        })
    }
}

async fn serve(patient: &Patient) -> Serving {
    let readiness = Readiness::default();
    readiness.set(true);
    serve_of(patient, &readiness).await
}

async fn serve_of(patient: &Patient, readiness: &Readiness) -> Serving {
    let port = bind("a test", Some("127.0.0.1:0".parse().unwrap()))
        .await
        .unwrap()
        .unwrap();
    let services = Services::new(tonic_health::pb::FILE_DESCRIPTOR_SET).with(patient.clone());
    port.serve(services, CancellationToken::new(), readiness).unwrap()
}

fn link(serving: &Serving) -> Link {
    Link::new("the test", &LinkConfig::here(serving.address().port()), &[]).unwrap()
}

async fn call(link: &Link) -> Result<(), tonic::Status> {
    let request = http::Request::post("http://test/test.Patient/Wait")
        .body(Body::empty())
        .unwrap();
    tower::ServiceExt::oneshot(link.clone(), request)
        .await
        .map(|_| ())
}

#[tokio::test]
async fn health_is_told_for_the_port_and_each_service() {
    let serving = serve(&Patient::default()).await;
    let mut health = HealthClient::new(link(&serving));
    for (service, known) in [("", true), ("test.Patient", true), ("test.Nobody", false)] {
        let asked = HealthCheckRequest {
            service: service.to_owned(),
        };
        assert_eq!(health.check(asked).await.is_ok(), known, "{service}");
    }
    stop(Some(&serving), Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_port_is_as_well_as_its_process() {
    let readiness = Readiness::default();
    let (bus, cache) = (readiness.told_by("bus", true), readiness.told_by("cache", false));
    let serving = serve_of(&Patient::default(), &readiness).await;
    let (link, tasks) = (link(&serving), Tasks::default());
    link.watch(&tasks);
    let says = async |expected: Result<(), &str>| {
        let expected = expected.map_err(str::to_owned);
        let end = Instant::now() + Duration::from_secs(10);
        while link.state() != expected {
            assert!(Instant::now() < end, "{:?} instead of {expected:?}", link.state());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    says(Err("it is not ready: bus")).await;
    bus.up();
    says(Err("it is not ready")).await;
    readiness.set(true);
    says(Ok(())).await;
    cache.down("it is slow", "");
    bus.down("it is away", "");
    says(Err("it is not ready: bus")).await;

    let mut watched = HealthClient::new(link.clone());
    let asked = HealthCheckRequest {
        service: "test.Patient".to_owned(),
    };
    // A link takes whole answers: the stream of whoever watches ends with the port.
    let (changes, ()) = tokio::join!(watched.watch(asked), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bus.up();
        says(Ok(())).await;
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert!(serving.stop(Duration::from_secs(5)).await);
    });
    let mut changes = changes.unwrap().into_inner();
    let mut seen = Vec::new();
    while let Some(change) = changes.message().await.unwrap() {
        seen.push(change.status());
    }
    use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
    assert_eq!(seen, [NotServing, Serving, NotServing]);
    says(Err("it cannot be reached")).await;
    assert!(tasks.drain(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn the_end_waits_for_a_call_that_has_begun() {
    let patient = Patient::default();
    let serving = serve(&patient).await;
    let link = link(&serving);
    let (answer, drained, ()) = tokio::join!(
        call(&link),
        async {
            patient.begun.notified().await;
            serving.stop(Duration::from_secs(10)).await
        },
        async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            patient.may_end.notify_one();
        }
    );
    answer.unwrap();
    assert!(drained);
}

#[tokio::test]
async fn a_call_is_finished_although_its_caller_went_away() {
    let patient = Patient::default();
    let serving = serve(&patient).await;
    let link = link(&serving);
    tokio::select! {
        _ = call(&link) => panic!("nobody let it end"),
        () = patient.begun.notified() => {}
    }
    drop(link);
    patient.may_end.notify_one();
    tokio::time::timeout(Duration::from_secs(5), patient.ended.notified())
        .await
        .unwrap();
    assert!(serving.stop(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn the_end_has_a_deadline() {
    let patient = Patient::default();
    let serving = serve(&patient).await;
    let link = link(&serving);
    let began = Instant::now();
    tokio::select! {
        _ = call(&link) => panic!("nobody let it end"),
        drained = async {
            patient.begun.notified().await;
            serving.stop(Duration::from_millis(200)).await
        } => assert!(!drained),
    }
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_client_that_does_not_begin_to_speak_is_cut() {
    let serving = serve(&Patient::default()).await;
    let mut silent = TcpStream::connect(serving.address()).await.unwrap();
    silent.write_all(b"PRI *").await.unwrap();
    let mut answer = Vec::new();
    let patience = super::PREFACE_WITHIN + Duration::from_secs(5);
    let cut = tokio::time::timeout(patience, silent.read_to_end(&mut answer)).await;
    assert!(cut.is_ok(), "the server waits for ever");
    assert!(serving.stop(Duration::from_secs(5)).await);
}
