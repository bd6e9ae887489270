//! The way to a database: its address, the options of the driver, and what is looked at before it is used.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error as DriverError, ErrorKind as DriverErrorKind};
use mongodb::options::{
    Acknowledgment, ClientOptions, ConnectionString, CreateCollectionOptions, DatabaseOptions, ReadConcern,
    ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::results::{CollectionSpecification, CollectionType};
use tokio::sync::Semaphore;

use super::{
    CONNECT, DEADLINE, Mongo, MongoError, NAMESPACE_EXISTS, POOL, REPLACEMENTS_IN_FLIGHT, SELECTION,
    answer_of,
};

/// What MongoDB 4.4 speaks.
const MIN_WIRE_VERSION: i32 = 9;
/// The database when the address names none.
const DATABASE: &str = "gridtally";

/// A server that answers and is recent enough.
pub(super) async fn connect(url: &str) -> Result<Mongo, MongoError> {
    let options = options(url).await?;
    let servers: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let name = options
        .default_database
        .clone()
        .unwrap_or_else(|| DATABASE.to_owned());
    let client = Client::with_options(options).map_err(|error| wrong_address(url, &error))?;
    let mut mongo = Mongo {
        database: client.database(&name),
        servers: servers.join(",").into(),
        replacements: Arc::new(Semaphore::new(REPLACEMENTS_IN_FLIGHT)),
        answered: Arc::default(),
    };
    if check_server(&mongo).await? {
        // what is read was acknowledged by a majority, so that it cannot vanish with a server; the others refuse or ignore this
        let stable = DatabaseOptions::builder()
            .read_concern(ReadConcern::majority())
            .build();
        mongo.database = client.database_with_options(&name, stable);
    }
    Ok(mongo)
}

/// Whether `url` can be read; no server is asked for.
///
/// # Errors
/// [`MongoError::Address`].
pub(super) fn check(url: &str) -> Result<(), MongoError> {
    let read = ConnectionString::parse(url);
    read.map(drop).map_err(|error| wrong_address(url, &error))
}

/// What the address says, and what it may not change. The driver repeats writes by itself only where the server knows a repeated one,
/// which a server that stands alone does not; ours may be repeated anywhere.
pub(super) async fn options(url: &str) -> Result<ClientOptions, MongoError> {
    let parsed = tokio::time::timeout(DEADLINE, ClientOptions::parse(url)).await;
    let parsed = parsed.map_err(|_| MongoError::Address("looking it up took too long".to_owned()))?;
    let mut options = parsed.map_err(|error| wrong_address(url, &error))?;
    options.app_name.get_or_insert_with(|| DATABASE.to_owned());
    options.max_pool_size.get_or_insert(POOL);
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(CONNECT);
    options.write_concern = Some(durable());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

/// What was acknowledged survives the loss of any minority of servers.
fn durable() -> WriteConcern {
    WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .build()
}

/// What the driver says about an address, without the password in it.
fn wrong_address(url: &str, error: &DriverError) -> MongoError {
    let mut text = error.kind.to_string();
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    if let Some((user_info, _)) = authority.rsplit_once('@') {
        let parts = user_info.split([':', '/', '@', '?']).skip(1);
        for secret in parts.filter(|part| !part.is_empty()) {
            text = text.replace(secret, "***");
        }
    }
    MongoError::Address(text)
}

/// Refuses a server that is too old. Says whether it is one of several with the same data.
async fn check_server(mongo: &Mongo) -> Result<bool, MongoError> {
    let hello = mongo
        .within(mongo.database.run_command(doc! { "hello": 1 }).into_future())
        .await?;
    let newest = hello.get_i32("maxWireVersion").unwrap_or_default();
    if newest < MIN_WIRE_VERSION {
        return Err(unsuitable(
            mongo,
            format!(
                "it speaks wire version {newest}; MongoDB 4.4 or later is needed, which speaks {MIN_WIRE_VERSION}"
            ),
        ));
    }
    let replicated = hello.contains_key("setName") || hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    tracing::info!(
        servers = &*mongo.servers,
        database = mongo.database.name(),
        wire_version = newest,
        replicated,
        "connected to MongoDB"
    );
    Ok(replicated)
}

/// Makes the collections that are missing, and refuses those in which `_id` would not be unique and in order of bytes. No other index
/// is needed: everything is found by `_id`.
pub(super) async fn prepare(mongo: &Mongo, collections: &[&str]) -> Result<(), MongoError> {
    let found: Vec<CollectionSpecification> = mongo
        .within(async { mongo.database.list_collections().await?.try_collect().await })
        .await?;
    for name in collections {
        match found.iter().find(|known| known.name == *name) {
            Some(known) => check_collection(mongo, known).await?,
            None => create(mongo, name).await?,
        }
    }
    Ok(())
}

async fn create(mongo: &Mongo, name: &str) -> Result<(), MongoError> {
    let made = mongo
        .within(answer_of(mongo.database.create_collection(name)))
        .await?;
    match made {
        // another process was first
        Err(error) if !is_there(&error) => Err(mongo.failed(error)),
        _ => Ok(()),
    }
}

fn is_there(error: &DriverError) -> bool {
    matches!(&*error.kind, DriverErrorKind::Command(error) if error.code == NAMESPACE_EXISTS)
}

async fn check_collection(mongo: &Mongo, known: &CollectionSpecification) -> Result<(), MongoError> {
    let CreateCollectionOptions {
        capped,
        collation,
        clustered_index,
        ..
    } = &known.options;
    let wrong = if !matches!(known.collection_type, CollectionType::Collection) {
        Some("is a view or holds time series")
    } else if capped.unwrap_or(false) {
        Some("is capped: it would forget")
    } else if collation.is_some() {
        Some("has a collation: ids that differ would count as equal")
    } else if known.id_index.is_some() || clustered_index.is_some() {
        None
    } else {
        let target = mongo.database.collection::<Document>(&known.name);
        let indexes = mongo.within(target.list_index_names().into_future()).await?;
        (!indexes.iter().any(|index| index == "_id_")).then_some("has no index of _id")
    };
    match wrong {
        Some(wrong) => Err(unsuitable(mongo, format!("collection {} {wrong}", known.name))),
        None => Ok(()),
    }
}

fn unsuitable(mongo: &Mongo, reason: String) -> MongoError {
    MongoError::Unsuitable {
        servers: mongo.servers.to_string(),
        reason,
    }
}
