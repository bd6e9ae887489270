//! Where the broker is, as the setting `bus` says it.

use lapin::uri::{AMQPScheme, AMQPUri};
use url::Url;

use super::tls::Tls;
use crate::BusError;

/// Seconds without a sign of life after which either side asks for one; after twice this, or a little more, the connection is given up and
/// what it held is handed to others. RabbitMQ's manual takes less than this for too little.
const HEARTBEAT_SECONDS: u16 = 5;
/// What may follow the `?`, beside what concerns certificates: lapin's.
const QUERY: [&str; 4] = ["heartbeat", "frame_max", "channel_max", "auth_mechanism"];
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
    /// a `?`: lapin's settings of a connection, and of `amqps` those of [`Tls`]. Whatever else follows is refused.
    ///
    /// # Errors
    /// [`BusError::Invalid`].
    pub(super) fn parse(text: &str) -> Result<Self, BusError> {
        let form = || BusError::Invalid(FORM);
        let mut uri: AMQPUri = text.parse().map_err(|_| form())?;
        let url = Url::parse(text).map_err(|_| form())?;
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
        for (key, _) in url.query_pairs() {
            let known = QUERY.contains(&&*key) || secured && Tls::QUERY.contains(&&*key);
            if !known {
                return Err(BusError::Invalid(
                    "the address of the bus says something after the ? that is not known (docs/services.md lists what is)",
                ));
            }
        }
        Ok(Self { uri, tls })
    }

    /// Whether what it names on this machine, certificates and a key, can be used now.
    ///
    /// # Errors
    /// [`BusError::File`], [`BusError::Invalid`].
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
