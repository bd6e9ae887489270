//! Staff queries on the port of the devices.

use api_gateway::auth::Role;
use proto::analytics::OverviewRequest;
use proto::analytics::analytics_client::AnalyticsClient;
use proto::billing::billing_client::BillingClient;
use proto::billing::quarantine_client::QuarantineClient;
use proto::billing::register_client::RegisterClient;
use proto::billing::{
    GetBillRequest, IssueBillRequest, ListBillsRequest, ListMetersRequest, ListRegisterRequest,
    PutManyRequest, RegisterObject, Seller,
};
use proto::billing::{
    ListQuarantinedRequest, ReplayQuarantinedRequest, RunBillsRequest, register_object::Object,
};
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ListServiceResponse, ServerReflectionRequest};

use crate::world::{World, config};

async fn channel(world: &World) -> Channel {
    let url = format!("http://{}", world.gateway.device_addr());
    Endpoint::from_shared(url).unwrap().connect().await.unwrap()
}

fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn seller() -> RegisterObject {
    let seller = Seller {
        id: "s1".to_owned(),
        ..Seller::default()
    };
    RegisterObject {
        object: Some(Object::Seller(seller)),
    }
}

#[tokio::test]
async fn staff_ask_and_the_actor_is_who_the_token_names() {
    let world = World::start().await;
    let channel = channel(&world).await;
    let token = world.token(Role::Billing);
    let mut billing = BillingClient::new(channel.clone());
    let bills = billing
        .list_bills(with_token(ListBillsRequest::default(), &token))
        .await
        .unwrap();
    assert_eq!(bills.into_inner().items[0].total, "12.34");
    let run = RunBillsRequest {
        actor: "somebody else".to_owned(),
        ..RunBillsRequest::default()
    };
    billing.run_bills(with_token(run, &token)).await.unwrap();
    assert!(
        world.fakes.last().contains("actor: \"m-1\""),
        "{}",
        world.fakes.last()
    );
    let issue = IssueBillRequest {
        id: "b".to_owned(),
        actor: "somebody else".to_owned(),
    };
    billing.issue_bill(with_token(issue, &token)).await.unwrap();
    assert!(
        world.fakes.last().contains("actor: \"m-1\""),
        "{}",
        world.fakes.last()
    );
    let mut register = RegisterClient::new(channel.clone());
    assert!(
        register
            .put(with_token(seller(), &token))
            .await
            .unwrap()
            .into_inner()
            .created
    );
    let mut analytics = AnalyticsClient::new(channel);
    let overview = analytics
        .overview(with_token(OverviewRequest {}, &token))
        .await
        .unwrap();
    assert_eq!(overview.into_inner().meters_seen, 3);
    let held = GetBillRequest {
        id: "held".to_owned(),
    };
    let status = billing.get_bill(with_token(held, &token)).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(service_kit::fault_of(&status).reason, "HELD");
}

/// What `role` gets for reading, and for each of the calls that change something.
async fn codes(world: &World, role: Option<Role>) -> Vec<Code> {
    let channel = channel(world).await;
    let token = role.map(|role| world.token(role));
    fn ask<T>(message: T, token: Option<&str>) -> Request<T> {
        match token {
            Some(token) => with_token(message, token),
            None => Request::new(message),
        }
    }
    let token = token.as_deref();
    let mut billing = BillingClient::new(channel.clone());
    let mut register = RegisterClient::new(channel.clone());
    let mut analytics = AnalyticsClient::new(channel.clone());
    let mut quarantine = QuarantineClient::new(channel);
    let list = ListRegisterRequest {
        kind: "seller".to_owned(),
        ..ListRegisterRequest::default()
    };
    let answers = [
        billing
            .list_meters(ask(ListMetersRequest::default(), token))
            .await
            .err(),
        register.list(ask(list, token)).await.err(),
        analytics.overview(ask(OverviewRequest {}, token)).await.err(),
        quarantine
            .list_quarantined(ask(ListQuarantinedRequest::default(), token))
            .await
            .err(),
        quarantine
            .replay_quarantined(ask(ReplayQuarantinedRequest::default(), token))
            .await
            .err(),
        billing
            .run_bills(ask(RunBillsRequest::default(), token))
            .await
            .err(),
        billing
            .issue_bill(ask(IssueBillRequest::default(), token))
            .await
            .err(),
        register.put(ask(seller(), token)).await.err(),
        register
            .put_many(ask(PutManyRequest::default(), token))
            .await
            .err(),
    ];
    answers
        .into_iter()
        .map(|status| status.map_or(Code::Ok, |status| status.code()))
        .collect()
}

#[tokio::test]
async fn every_role_gets_what_it_may() {
    let world = World::start().await;
    let (ok, denied, unknown) = (Code::Ok, Code::PermissionDenied, Code::Unauthenticated);
    assert_eq!(codes(&world, None).await, [unknown; 9]);
    assert_eq!(codes(&world, Some(Role::Device)).await, [denied; 9]);
    let looks = [ok, ok, ok, ok, denied, denied, denied, denied, denied];
    assert_eq!(codes(&world, Some(Role::Viewer)).await, looks);
    let operates = [ok, ok, ok, ok, ok, denied, denied, denied, denied];
    assert_eq!(codes(&world, Some(Role::Operator)).await, operates);
    let bills = [ok, ok, ok, ok, denied, ok, ok, ok, ok];
    assert_eq!(codes(&world, Some(Role::Billing)).await, bills);
    assert_eq!(codes(&world, Some(Role::Admin)).await, [ok; 9]);
    let metrics = world.metrics();
    assert!(
        metrics.contains("gridtally_gateway_staff_calls_total{outcome=\"ok\"} 26"),
        "{metrics}"
    );
    assert!(metrics.contains("gridtally_gateway_staff_calls_total{outcome=\"refused\"} 28"));
}

#[tokio::test]
async fn anybody_may_ask_whether_it_is_well() {
    let world = World::start().await;
    let mut health = HealthClient::new(channel(&world).await);
    for service in [
        "",
        "gridtally.meter.v1.MeterGateway",
        "gridtally.billing.v1.Billing",
    ] {
        let ask = HealthCheckRequest {
            service: service.to_owned(),
        };
        assert_eq!(
            health.check(ask).await.unwrap().into_inner().status,
            1,
            "{service}"
        );
    }
}

async fn services(world: &World) -> Result<Vec<String>, Code> {
    let mut client = ServerReflectionClient::new(channel(world).await);
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let answers = client.server_reflection_info(tokio_stream::iter([ask])).await;
    let answer = answers
        .map_err(|status| status.code())?
        .into_inner()
        .message()
        .await;
    match answer.unwrap().unwrap().message_response {
        Some(MessageResponse::ListServicesResponse(ListServiceResponse { service })) => {
            Ok(service.into_iter().map(|service| service.name).collect())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn reflection_names_the_services_of_the_port_unless_switched_off() {
    let world = World::start().await;
    let mut found = services(&world).await.unwrap();
    found.sort();
    assert_eq!(
        found,
        [
            "gridtally.analytics.v1.Analytics",
            "gridtally.billing.v1.Billing",
            "gridtally.billing.v1.Quarantine",
            "gridtally.billing.v1.Register",
            "gridtally.meter.v1.MeterGateway",
            "grpc.health.v1.Health",
        ]
    );
    let silent = World::with(api_gateway::Config {
        reflection: false,
        ..config()
    })
    .await;
    assert_eq!(services(&silent).await, Err(Code::Unimplemented));
}
