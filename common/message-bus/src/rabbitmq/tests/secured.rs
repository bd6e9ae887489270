//! TLS: the contract through it, and what is not believed.
//!
//! The broker that `AMQPS_URL` names knows clients by certificates; beside its authority lies one of a stranger.

use super::*;

fn secured() -> String {
    named("AMQPS_URL")
}

/// What the bus says of an address that it does not get on with.
async fn refusal(url: &str) -> String {
    let options = Options {
        connect_within: Duration::ZERO,
        ..Options::new(1)
    };
    let Err(error) = open(url, options).await.map(drop) else {
        panic!("{url} was believed");
    };
    match error {
        BusError::Unavailable(said) => said,
        BusError::Address(said) => said,
        BusError::File { .. } => format!("{error}: {}", std::error::Error::source(&error).unwrap()),
        other => panic!("{url}: {other:?}"),
    }
}

async fn keeps_the_contract() {
    let broker = Broker {
        url: secured(),
        ..Broker::at(url())
    };
    contract::check(&broker).await.unwrap();
    broker.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_the_contract() {
    keeps_the_contract().await;
}

#[tokio::test]
async fn passes_the_contract_on_one_thread() {
    keeps_the_contract().await;
}

#[tokio::test]
async fn who_is_not_known_is_not_believed() {
    let good = secured();
    let (place, query) = good.split_once('?').unwrap();
    let authority = query.split('&').next().unwrap();
    for (url, said) in [
        (
            good.replace("authority.pem", "stranger.pem"),
            "invalid peer certificate: UnknownIssuer",
        ),
        // Those that browsers know.
        (place.to_owned(), "invalid peer certificate: UnknownIssuer"),
        (good.replace("localhost", "127.0.0.1"), "not valid for name"),
        (
            format!("{good}&server_name_indication=example.org"),
            "not valid for name",
        ),
        // The broker's refusal comes with its first answer.
        (format!("{place}?{authority}"), "CertificateRequired"),
        // There is no TLS at that port.
        (good.replace(port(&good), port(&url())), "connect to the broker"),
        (
            good.replace("amqps", "amqp").replace(&format!("?{query}"), ""),
            "connect to the broker",
        ),
        (
            good.replace("authority.pem", "nobody.pem"),
            "nobody.pem: No such file",
        ),
        (
            good.replace("authority.pem", "authority.key"),
            "authority.key holds no certificate",
        ),
        (
            good.replace("client.key", "client.pem"),
            "client.pem holds no certificate or key",
        ),
    ] {
        let refused = refusal(&url).await;
        assert!(refused.contains(said), "{url}: {refused}");
    }
    let mixed = refusal(&good.replace("client.key", "broker.key")).await;
    assert_eq!(mixed, "keyfile does not hold the key of certfile");
}

/// The broker that a name leads to may be called something else.
#[tokio::test]
async fn the_name_of_the_certificate_can_be_told() {
    let url =
        secured().replace("localhost", "127.0.0.1") + "&server_name_indication=localhost&verify=verify_peer";
    let broker = Broker {
        url,
        ..Broker::at(self::url())
    };
    let bus = open(&broker.url, broker.options()).await.unwrap();
    bus.publish(vec![message(readings(0), 1)]).await.unwrap();
    bus.close().await.unwrap();
    broker.clear().await;
}

fn port(url: &str) -> &str {
    let place = url.split('/').nth(2).unwrap();
    place.rsplit_once(':').unwrap().1
}

#[test]
fn addresses_of_version_6_are_themselves() {
    for (url, shown) in [
        ("amqp://[2001:db8::1]/%2f", "[2001:db8::1]:5672"),
        ("amqps://[2001:db8::1]:1/%2f", "[2001:db8::1]:1"),
        ("amqps://127.0.0.1", "127.0.0.1:5671"),
        ("amqp://one.example", "one.example:5672"),
    ] {
        assert_eq!(Address::parse(url).unwrap().shown(), shown, "{url}");
    }
}
