//! TLS to the broker: rustls, as the database's driver has it.
//!
//! lapin's own TLS is not built in: it would bring a reader of PKCS#12 with DES and RC2. lapin takes any stream that it is given, here by a
//! runtime of its own kind that is Tokio with another type of stream.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_rs::Tokio;
use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use futures_util::io::{AsyncRead, AsyncWrite};
use futures_util::{Stream, TryFutureExt as _};
use lapin::uri::AMQPUri;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};
use tokio_util::either::Either;
use url::Url;

use crate::BusError;

/// What is between us and the broker.
type Socket = Compat<Either<TcpStream, TlsStream<TcpStream>>>;

/// How the broker is known, and how it knows us. Names of keys as RabbitMQ's documentation has them for addresses.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    /// Who the broker's certificate must be for.
    name: ServerName<'static>,
    /// `cacertfile`: PEM, the authorities that count; without it those that browsers know.
    authorities: Option<PathBuf>,
    /// `certfile` and `keyfile`: PEM, a certificate of ours with what leads to its authority, and its key.
    own: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// The keys that it takes after the `?` of an address.
    pub(super) const QUERY: [&str; 5] = [
        "cacertfile",
        "certfile",
        "keyfile",
        "server_name_indication",
        "verify",
    ];

    /// Reads what `url` says after its `?`.
    ///
    /// # Errors
    /// [`BusError::Invalid`]; files are not looked at.
    pub(super) fn read(host: &str, url: &Url) -> Result<Self, BusError> {
        let value = |key: &str| {
            url.query_pairs()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value.into_owned())
        };
        if value("verify").is_some_and(|verify| verify != "verify_peer") {
            return Err(BusError::Invalid(
                "the certificate of the broker is always verified: name its authority by cacertfile",
            ));
        }
        let name = value("server_name_indication").unwrap_or_else(|| host.to_owned());
        let name = ServerName::try_from(name)
            .map_err(|_| BusError::Invalid("no certificate can be for that name of the broker"))?;
        let own = match (value("certfile"), value("keyfile")) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(BusError::Invalid("certfile and keyfile belong together")),
        };
        Ok(Self {
            name,
            authorities: value("cacertfile").map(PathBuf::from),
            own,
        })
    }

    /// What makes connections. Files are read each time, so that certificates can be renewed without a restart.
    ///
    /// # Errors
    /// [`BusError::File`], [`BusError::Address`].
    pub(super) fn connector(&self) -> Result<TlsConnector, BusError> {
        let mut roots = RootCertStore::empty();
        match &self.authorities {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                for authority in certificates(file)? {
                    roots.add(authority).map_err(|_| {
                        unusable("cacertfile holds a certificate that cannot be one of an authority")
                    })?;
                }
            }
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| unusable("TLS is not built in"))?
            .with_root_certificates(roots);
        let config = match &self.own {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
                builder
                    .with_client_auth_cert(certificates(certificate)?, key)
                    .map_err(|_| unusable("keyfile does not hold the key of certfile"))?
            }
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// All certificates of a file, at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, BusError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unreadable(file, error))?
        .collect();
    match found.map_err(|error| unreadable(file, error))? {
        none if none.is_empty() => Err(unreadable(file, pem::Error::NoItemsFound)),
        some => Ok(some),
    }
}

fn unreadable(file: &Path, error: pem::Error) -> BusError {
    match error {
        pem::Error::Io(source) => BusError::file("read", file, source),
        pem::Error::NoItemsFound => unusable(&format!(
            "{} holds no certificate or key in PEM that is looked for",
            file.display()
        )),
        other => unusable(&format!("{} is no PEM: {other}", file.display())),
    }
}

fn unusable(what: &str) -> BusError {
    BusError::Address(what.to_owned())
}

/// Tokio, with [`Socket`] as its stream.
#[derive(Debug, Clone)]
pub(super) struct Kit(Tokio);

impl Kit {
    /// On the runtime that calls it.
    pub(super) fn current() -> Self {
        Self(Tokio::current())
    }
}

/// Connects to the broker at `uri`, through TLS if `tls` says how.
pub(super) async fn connect(uri: &AMQPUri, tls: Option<&Tls>) -> io::Result<Socket> {
    let plain = TcpStream::connect((uri.authority.host.as_str(), uri.authority.port)).await?;
    plain.set_nodelay(true)?;
    let socket = match tls {
        None => Either::Left(plain),
        Some(tls) => {
            let connector = tls.connector().map_err(|error| match error {
                BusError::File { file, source, .. } => {
                    io::Error::new(source.kind(), format!("cannot read {}: {source}", file.display()))
                }
                other => io::Error::other(other),
            })?;
            Either::Right(connector.connect(tls.name.clone(), plain).await?)
        }
    };
    Ok(socket.compat())
}

impl RuntimeKit for Kit {}

impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        work: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(work)
    }
}

impl Reactor for Kit {
    type TcpStream = Socket;
    type Sleep = tokio::time::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.0.register(socket)
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        addr: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        TcpStream::connect(addr).map_ok(|plain| Either::Left(plain).compat())
    }
}
