//! Puts the demo's sites into the register, unless they are there from an earlier start.

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use proto::billing::register_client::RegisterClient;
use proto::billing::register_object::Object;
use proto::billing::{RegisterKey, RegisterObject};

use super::site::{self, Site};
use super::{Demo, month};
use crate::access::Authorized;
use crate::error::CommandError;
use crate::output::Progress;

/// Sites that are registered at the same time.
const AT_ONCE: usize = 16;

impl Demo<'_> {
    /// Registers everything; for every site, the instant from which it has an agreement.
    ///
    /// # Errors
    /// The first refusal.
    pub(super) async fn register(&self, now: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, CommandError> {
        let register = RegisterClient::new(self.connect().await?);
        for object in site::shared_objects() {
            put(&mut register.clone(), object).await?;
        }
        let sites = &self.feed.sites;
        let progress = Progress::new("sites", u64::try_from(sites.len()).unwrap_or(u64::MAX));
        let work = stream::iter(sites.iter().enumerate()).map(|(number, site)| {
            let mut register = register.clone();
            let progress = &progress;
            async move {
                let from = put_site(&mut register, site, number, now).await?;
                progress.step(&site.meter);
                Ok::<_, CommandError>(from)
            }
        });
        let froms = work.buffered(AT_ONCE).try_collect().await?;
        progress.done();
        Ok(froms)
    }
}

/// A site that was there keeps the beginning it had.
async fn put_site(
    register: &mut RegisterClient<Authorized>,
    site: &Site,
    number: usize,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, CommandError> {
    let key = RegisterKey {
        kind: "agreement".to_owned(),
        id: site::agreement_id(site),
    };
    match register.get(key).await {
        Ok(found) => {
            if let Some(Object::Agreement(agreement)) = found.into_inner().object {
                let from = DateTime::parse_from_rfc3339(&agreement.from);
                return from.map(|from| from.to_utc()).map_err(|error| {
                    CommandError::failed(format!("agreement {} begins at no instant", agreement.id), error)
                });
            }
        }
        Err(status) if status.code() == tonic::Code::NotFound => {}
        Err(status) => return Err(status.into()),
    }
    let (first, _) = month::last_complete(now, site.zone);
    let from = month::midnight(first, site.zone);
    for object in site::objects(site, number, from) {
        put(register, object).await?;
    }
    Ok(from)
}

async fn put(register: &mut RegisterClient<Authorized>, object: Object) -> Result<(), CommandError> {
    register.put(RegisterObject { object: Some(object) }).await?;
    Ok(())
}
