//! The door of the receiver as a device knows it: connect, show the token, send, and send the same again until there is a verdict.

mod backoff;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use proto::meter::meter_gateway_client::MeterGatewayClient;
use proto::meter::{Reading, Receipt, SendReadingRequest, SendReadingsRequest};
use tokio::task::JoinSet;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::error::Error;
use crate::tally::Tally;
use backoff::Backoff;
pub(crate) use backoff::may_retry;
use stream::Pipe;

/// The most readings of one call (a rule of the receiver).
pub const MAX_BATCH: usize = 1_000;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CALL_TIMEOUT: Duration = Duration::from_secs(60);

/// A device token; it is never shown.
#[derive(Clone)]
pub struct Token(MetadataValue<Ascii>);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(hidden)")
    }
}

impl std::str::FromStr for Token {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let problem = || Error::Settings {
            problems: vec!["the token has characters that no token has".to_owned()],
        };
        let header = format!("Bearer {}", text.trim());
        let mut value: MetadataValue<Ascii> = header.parse().map_err(|_| problem())?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

impl Token {
    /// The value of the `authorization` header.
    pub(crate) fn header(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Which of the three calls carries the readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Transport {
    /// `SendReading`: one call per reading.
    Unary,
    /// `SendReadings`: one call per batch.
    #[default]
    Batch,
    /// `StreamReadings`: one stream of batches.
    Stream,
}

/// How to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// By which call.
    pub transport: Transport,
    /// Readings per call, 1 to 1,000.
    pub batch: usize,
    /// Calls (or batches of a stream) without an answer yet, at least 1.
    pub in_flight: usize,
    /// How long to try a batch again before giving up.
    pub patience: Duration,
    /// From which the jitter of the waiting times follows.
    pub seed: u64,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            transport: Transport::Batch,
            batch: MAX_BATCH,
            in_flight: 4,
            patience: Duration::from_secs(600),
            seed: 1,
        }
    }
}

/// The receiver's door.
#[derive(Debug, Clone)]
pub struct Gateway {
    client: MeterGatewayClient<Channel>,
    token: Option<Token>,
}

impl Gateway {
    /// Connects to `endpoint`, for example `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// [`Error::Connect`] when the address is none or nobody answers.
    pub async fn connect(endpoint: &str, token: Option<Token>) -> Result<Self, Error> {
        let failed = |source: tonic::transport::Error| Error::Connect {
            endpoint: endpoint.to_owned(),
            source: Box::new(source),
        };
        let address = if endpoint.contains("://") {
            endpoint.to_owned()
        } else {
            format!("http://{endpoint}")
        };
        let endpoint = Endpoint::from_shared(address).map_err(failed)?;
        let endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
        let channel = endpoint.connect().await.map_err(failed)?;
        Ok(Self {
            client: MeterGatewayClient::new(channel),
            token,
        })
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(token) = &self.token {
            request.metadata_mut().insert("authorization", token.0.clone());
        }
        request
    }

    /// One call; the receipts in the order of the readings.
    async fn call(&self, readings: Vec<Reading>, transport: Transport) -> Result<Vec<Receipt>, Status> {
        let mut client = self.client.clone();
        if transport == Transport::Unary {
            let mut request = self.request(SendReadingRequest {
                reading: readings.into_iter().next(),
            });
            request.set_timeout(CALL_TIMEOUT);
            let response = client.send_reading(request).await?.into_inner();
            return Ok(response.receipt.into_iter().collect());
        }
        let mut request = self.request(SendReadingsRequest { readings });
        request.set_timeout(CALL_TIMEOUT);
        Ok(client.send_readings(request).await?.into_inner().receipts)
    }

    /// Sends one batch and what of it is to be sent again, until everything has a verdict.
    async fn send(&self, mut readings: Vec<Reading>, how: &Sending, number: u64) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let mut backoff = Backoff::new(how, number);
        while !readings.is_empty() {
            match self.call(readings.clone(), how.transport).await {
                Ok(receipts) => {
                    readings = settle(readings, &receipts, &mut tally)?;
                    if !readings.is_empty() {
                        backoff.after_retry_verdict().await?;
                    }
                }
                Err(status) => {
                    backoff.after(&status).await?;
                    tally.retried += readings.len() as u64;
                }
            }
        }
        Ok(tally)
    }
}

/// Counts the receipts; what is left is to be sent again.
fn settle(readings: Vec<Reading>, receipts: &[Receipt], tally: &mut Tally) -> Result<Vec<Reading>, Error> {
    if receipts.len() != readings.len() {
        let (sent, answered) = (readings.len(), receipts.len());
        return Err(Error::Protocol(format!(
            "{answered} receipts for {sent} readings"
        )));
    }
    let settled = readings.into_iter().zip(receipts);
    Ok(settled
        .filter_map(|(reading, receipt)| (!tally.count(receipt)).then_some(reading))
        .collect())
}

/// Sends batches with a bounded number of them under way.
#[derive(Debug)]
pub struct Sender {
    gateway: Arc<Gateway>,
    how: Sending,
    calls: JoinSet<Result<Tally, Error>>,
    pipe: Option<Pipe>,
    tally: Tally,
    batches: u64,
}

impl Sender {
    /// A sender through `gateway`.
    #[must_use]
    pub fn new(gateway: Gateway, how: Sending) -> Self {
        let gateway = Arc::new(gateway);
        let pipe = (how.transport == Transport::Stream).then(|| Pipe::new(Arc::clone(&gateway), how));
        Self {
            gateway,
            how,
            calls: JoinSet::new(),
            pipe,
            tally: Tally::default(),
            batches: 0,
        }
    }

    /// What has been answered so far.
    #[must_use]
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Sends `readings`, cut into batches; waits while too many batches are under way.
    ///
    /// # Errors
    /// [`Error::Refused`] and [`Error::GaveUp`] of this or an earlier batch, [`Error::Protocol`] for an answer that is none.
    pub async fn push(&mut self, readings: Vec<Reading>) -> Result<(), Error> {
        let size = if self.how.transport == Transport::Unary {
            1
        } else {
            self.how.batch.clamp(1, MAX_BATCH)
        };
        let mut readings = readings.into_iter();
        loop {
            let batch: Vec<Reading> = readings.by_ref().take(size).collect();
            if batch.is_empty() {
                return Ok(());
            }
            self.push_batch(batch).await?;
        }
    }

    async fn push_batch(&mut self, batch: Vec<Reading>) -> Result<(), Error> {
        self.batches += 1;
        if let Some(pipe) = &mut self.pipe {
            return pipe.push(batch, &mut self.tally).await;
        }
        while self.calls.len() >= self.how.in_flight.max(1) {
            self.collect_one().await?;
        }
        let (gateway, how, number) = (Arc::clone(&self.gateway), self.how, self.batches);
        self.calls
            .spawn(async move { gateway.send(batch, &how, number).await });
        Ok(())
    }

    async fn collect_one(&mut self) -> Result<(), Error> {
        if let Some(done) = self.calls.join_next().await {
            self.tally.add(&done??);
        }
        Ok(())
    }

    /// Waits until everything pushed has a verdict.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        if let Some(pipe) = &mut self.pipe {
            pipe.flush(&mut self.tally).await?;
        }
        while !self.calls.is_empty() {
            self.collect_one().await?;
        }
        Ok(())
    }
}
