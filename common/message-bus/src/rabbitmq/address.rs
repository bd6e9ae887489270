//! Where the broker is, as the setting `bus` says it.

use lapin::uri::{AMQPScheme, AMQPUri};
use url::Url;

use super::tls::Tls;
use crate::BusError;

/// Seconds without a sign of life after which either side asks for one; after twice this, or a little more, the connection is given up and
/// what it held is handed to others. RabbitMQ's manual takes less than this for too little.
const HEARTBEAT_SECONDS: u16 = 5;
/// What may follow the `?` of any address: how the connection lives, and how we say who we are.
const QUERY: [&str; 2] = [HEARTBEAT, "auth_mechanism"];
const HEARTBEAT: &str = "heartbeat";
const FORM: &str = "the bus must be amqp://user:password@host:port/vhost, or amqps:// with TLS";

/// Where the broker is. Its password is never shown.
#[derive(Clone)]
pub(super) struct Address {
    pub(super) uri: AMQPUri,
    /// Of `amqps`.
    pub(super) tls: Option<Tls>,
}

impl Address {
    /// Reads `amqp://user:password@host:port/vhost` (port 5672 if none is given) or `amqps://...` (port 5671), with what may follow
    /// a `?`: [`QUERY`], and of `amqps` what [`Tls`] takes. Whatever else follows is refused.
    ///
    /// # Errors
    /// [`BusError::Invalid`], [`BusError::Address`].
    pub(super) fn parse(text: &str) -> Result<Self, BusError> {
        let form = || BusError::Invalid(FORM);
        let url = Url::parse(text).map_err(|_| form())?;
        check(&url)?;
        let mut uri: AMQPUri = text.parse().map_err(|_| form())?;
        let Some(host) = url.host() else {
            return Err(form());
        };
        // lapin would take an address of version 6 for none, and none for localhost.
        uri.authority.host = host.to_string().trim_matches(['[', ']']).to_owned();
        uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT_SECONDS));
        let secured = uri.scheme == AMQPScheme::AMQPS;
        let tls = secured
            .then(|| Tls::read(&uri.authority.host, &url))
            .transpose()?;
        Ok(Self { uri, tls })
    }

    /// Whether what it names on this machine, certificates and a key, can be used now.
    ///
    /// # Errors
    /// [`BusError::File`], [`BusError::Address`].
    pub(super) fn check(&self) -> Result<(), BusError> {
        self.tls.as_ref().map_or(Ok(()), |tls| tls.connector().map(drop))
    }

    /// Host and port, for people.
    pub(super) fn shown(&self) -> String {
        let host = &self.uri.authority.host;
        let port = self.uri.authority.port;
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }
}

/// Looks at what follows the `?`. Values are not repeated: one may be a secret in a wrong place.
fn check(url: &Url) -> Result<(), BusError> {
    let wrong = |what: String| Err(BusError::Address(what));
    for (key, value) in url.query_pairs() {
        let (ours, of_tls) = (QUERY.contains(&&*key), Tls::QUERY.contains(&&*key));
        if of_tls && url.scheme() == "amqp" {
            return wrong(format!(
                "{key} is for amqps://, and the address of the bus is without TLS"
            ));
        }
        if !ours && !of_tls {
            return wrong(format!(
                "{key} is not known in the address of the bus (docs/services.md says what is)"
            ));
        }
        if key == HEARTBEAT && value.parse::<u16>().is_err() {
            return wrong(format!(
                "{HEARTBEAT} in the address of the bus must be seconds, 0 to 65535"
            ));
        }
    }
    Ok(())
}
