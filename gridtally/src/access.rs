//! How a command reaches the platform of a data folder: the one that runs, or one it starts for itself and stops again.

use std::str::FromStr as _;
use std::time::Duration;

use api_gateway::auth::{Grant, KeyError, Keys, Role};
use api_gateway::run_file;
use model::{Clock as _, ErrorKind, SystemClock};
use proto::billing::billing_client::BillingClient;
use proto::billing::register_client::RegisterClient;
use service_kit::trace::TraceConfig;
use service_kit::{Fault, FolderLock, KitError, telemetry};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::cli::Settings;
use crate::config::Config;
use crate::error::CommandError;
use crate::platform::Platform;
use crate::up;

/// A command is over long before.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A page of bills with their lines, or of reads.
const MAX_ANSWER_BYTES: usize = 64 << 20;

/// Adds the token to every call.
#[derive(Debug, Clone)]
pub(crate) struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

/// A connection with a token.
pub(crate) type Authorized = InterceptedService<Channel, Bearer>;

/// The platform of a data folder, as the person at the command line.
pub(crate) struct Access {
    connection: Authorized,
    started: Option<Platform>,
    grace: Duration,
}

impl Access {
    /// Finds the running instance of the data folder, or starts one without the outside noticing.
    ///
    /// # Errors
    /// [`CommandError::NotFound`] without a data folder, and what a start may say.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, CommandError> {
        let config = Config::of_command(settings)?;
        // A command that soon ends is not traced, wherever the environment may send traces.
        let telemetry = telemetry::start(&config.log, &TraceConfig::default(), up::NAME)?;
        if !config.data.is_dir() {
            let text = format!(
                "there is no data folder {}; `gridtally up` makes one",
                config.data.display()
            );
            return Err(CommandError::NotFound(text));
        }
        let grace = config.shutdown_grace;
        let (started, address) = match FolderLock::take(&config.data) {
            Ok(lock) => {
                let platform = Platform::start_with(config.clone(), lock, &telemetry).await?;
                let address = platform.ready().device_grpc;
                (Some(platform), address)
            }
            Err(KitError::FolderInUse { folder, pid }) => match run_file::read(&config.data) {
                Some(ready) => (None, ready.device_grpc),
                // It is starting or stopping.
                None => return Err(KitError::FolderInUse { folder, pid }.into()),
            },
            Err(error) => return Err(error.into()),
        };
        let connection = connect(&address.to_string(), own_token(&config)?.as_deref()).await?;
        Ok(Self {
            connection,
            started,
            grace,
        })
    }

    /// Bills, reads and usage.
    #[must_use]
    pub(crate) fn billing(&self) -> BillingClient<Authorized> {
        BillingClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The register.
    #[must_use]
    pub(crate) fn register(&self) -> RegisterClient<Authorized> {
        RegisterClient::new(self.connection.clone()).max_decoding_message_size(MAX_ANSWER_BYTES)
    }

    /// The connection itself, for other services.
    #[must_use]
    pub(crate) fn connection(&self) -> Authorized {
        self.connection.clone()
    }

    /// Stops what was started for this command.
    pub(crate) async fn close(self) {
        if let Some(platform) = self.started {
            platform.stop(self.grace).await;
        }
    }
}

/// A connection to `address` that shows `token`.
///
/// # Errors
/// [`CommandError::Failed`] when nobody answers there.
pub(crate) async fn connect(address: &str, token: Option<&str>) -> Result<Authorized, CommandError> {
    let failed =
        |error: tonic::transport::Error| CommandError::failed(format!("cannot reach {address}"), error);
    let endpoint = Endpoint::from_str(&format!("http://{address}")).map_err(failed)?;
    let channel = endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(failed)?;
    let value = token
        .map(|token| MetadataValue::from_str(&format!("Bearer {token}")))
        .transpose();
    let mut value = value.map_err(|error| CommandError::failed("cannot show the token", error))?;
    if let Some(value) = &mut value {
        value.set_sensitive(true);
    }
    Ok(InterceptedService::new(channel, Bearer(value)))
}

/// A token of the person who may read the keys; none where an instance without tokens made none.
fn own_token(config: &Config) -> Result<Option<String>, CommandError> {
    match Keys::open(&config.keys()) {
        Ok(keys) => issue(&keys, Role::Admin, "command-line", Some(TOKEN_LIFETIME)).map(Some),
        Err(KeyError::NoKeys(_)) => Ok(None),
        Err(error) => Err(key_fault(&error)),
    }
}

/// A token signed by `keys`.
///
/// # Errors
/// [`CommandError::Answer`] for a subject or a lifetime that the role does not allow.
pub(crate) fn issue(
    keys: &Keys,
    role: Role,
    subject: &str,
    lifetime: Option<Duration>,
) -> Result<String, CommandError> {
    let grant = Grant {
        role,
        subject: subject.to_owned(),
        lifetime,
    };
    keys.issue(&grant, SystemClock.now())
        .map_err(|error| key_fault(&error))
}

/// What is wrong with keys, as an answer of this command.
#[must_use]
pub(crate) fn key_fault(error: &KeyError) -> CommandError {
    let text = crate::error::chain(error);
    match error.kind() {
        ErrorKind::Invalid => CommandError::Invalid(text),
        ErrorKind::NotFound => CommandError::NotFound(text),
        kind => CommandError::Answer(Fault::new(kind, "KEYS", text)),
    }
}
