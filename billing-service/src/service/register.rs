//! Calls about the register, meters and exceptions.

use proto::billing::register_object::Object;
use proto::billing::{
    Account, Agreement, Calendar, Exception, Installation, ListExceptionsRequest, ListExceptionsResponse,
    ListMetersRequest, ListMetersResponse, ListRegisterRequest, ListRegisterResponse, Meter, MeterView,
    PutManyRequest, PutManyResponse, PutResponse, PutResult, RegisterKey, RegisterObject, Seller,
    ServicePoint, Tariff,
};

use super::{page, readings};
use crate::consequence::Watcher;
use crate::error::Error;
use crate::exception::Kind;
use crate::office::Office;
use crate::register::Outcome;
use crate::store::RegisterDocument;

/// The lists that cursors belong to, beside the kinds of the register.
const METERS: &str = "meters seen";
const EXCEPTIONS: &str = "exceptions";

/// Calls `$call::<D>` for the document type that a word of [`RegisterKey`] means, and wraps what it gives.
macro_rules! by_kind {
    ($kind:expr, $call:ident ( $($argument:expr),* )) => {
        match $kind {
            "service_point" => $call::<ServicePoint>($($argument),*, Object::ServicePoint).await,
            "meter" => $call::<Meter>($($argument),*, Object::Meter).await,
            "installation" => $call::<Installation>($($argument),*, Object::Installation).await,
            "account" => $call::<Account>($($argument),*, Object::Account).await,
            "agreement" => $call::<Agreement>($($argument),*, Object::Agreement).await,
            "calendar" => $call::<Calendar>($($argument),*, Object::Calendar).await,
            "tariff" => $call::<Tariff>($($argument),*, Object::Tariff).await,
            "seller" => $call::<Seller>($($argument),*, Object::Seller).await,
            other => Err(Error::Invalid {
                reason: "BAD_KIND",
                message: format!(
                    "the register has no {other:?}; it has service_point, meter, installation, account, agreement, calendar, tariff, seller"
                ),
            }),
        }
    };
}

pub(super) async fn put(
    office: &Office,
    watcher: &Watcher,
    object: RegisterObject,
) -> Result<PutResponse, Error> {
    let meter = meter_of(&object).map(str::to_owned);
    let written = office.register.put(object).await?;
    if let Some(meter) = meter {
        watcher.registered(&meter).await?;
    }
    Ok(PutResponse {
        created: written.outcome == Outcome::Created,
        register_version: written.version,
    })
}

pub(super) async fn put_many(
    office: &Office,
    watcher: &Watcher,
    request: PutManyRequest,
) -> Result<PutManyResponse, Error> {
    let meters: Vec<Option<String>> = request
        .objects
        .iter()
        .map(|object| meter_of(object).map(str::to_owned))
        .collect();
    let many = office.register.put_many(request.objects, request.dry_run).await?;
    if !request.dry_run {
        let kept = meters
            .iter()
            .zip(&many.results)
            .filter(|(_, result)| result.is_ok());
        for meter in kept.filter_map(|(meter, _)| meter.as_deref()) {
            watcher.registered(meter).await?;
        }
    }
    Ok(PutManyResponse {
        results: many.results.into_iter().map(result_of).collect(),
        register_version: many.version,
    })
}

/// The meter whose reads may mean something else to the rest after this object.
fn meter_of(object: &RegisterObject) -> Option<&str> {
    match &object.object {
        Some(Object::Meter(meter)) => Some(&meter.id),
        Some(Object::Installation(installation)) => Some(&installation.meter_id),
        _ => None,
    }
}

fn result_of(result: Result<Outcome, Error>) -> PutResult {
    let (word, reason, message) = match result {
        Ok(Outcome::Created) => ("created", "", String::new()),
        Ok(Outcome::Replaced) => ("replaced", "", String::new()),
        Ok(Outcome::Unchanged) => ("unchanged", "", String::new()),
        Err(error) => ("refused", error.reason(), error.to_string()),
    };
    PutResult {
        result: word.to_owned(),
        reason: reason.to_owned(),
        message,
    }
}

pub(super) async fn get(office: &Office, key: &RegisterKey) -> Result<RegisterObject, Error> {
    by_kind!(key.kind.as_str(), find(office, &key.id))
}

async fn find<D: RegisterDocument>(
    office: &Office,
    id: &str,
    wrap: fn(D) -> Object,
) -> Result<RegisterObject, Error> {
    let object = wrap(office.register.find::<D>(id).await?);
    Ok(RegisterObject { object: Some(object) })
}

pub(super) async fn list(
    office: &Office,
    request: &ListRegisterRequest,
) -> Result<ListRegisterResponse, Error> {
    let limit = page::limit(request.limit, page::USUAL, page::MOST);
    by_kind!(request.kind.as_str(), list_of(office, &request.cursor, limit))
}

async fn list_of<D: RegisterDocument>(
    office: &Office,
    cursor: &str,
    limit: usize,
    wrap: fn(D) -> Object,
) -> Result<ListRegisterResponse, Error> {
    let after = page::after(D::KIND, cursor)?;
    let mut found = office.register.list::<D>(after, limit.saturating_add(1)).await?;
    let next_cursor = page::cut(D::KIND, &mut found, limit, |document| document.id());
    let items = found
        .into_iter()
        .map(|document| RegisterObject {
            object: Some(wrap(document)),
        })
        .collect();
    Ok(ListRegisterResponse { items, next_cursor })
}

pub(super) async fn meters(
    office: &Office,
    request: &ListMetersRequest,
) -> Result<ListMetersResponse, Error> {
    let limit = page::limit(request.limit, page::USUAL, page::MOST);
    let after = page::after(METERS, &request.cursor)?;
    let fetch = limit.saturating_add(1);
    let mut ids: Vec<String> = {
        let index = office.register.index();
        index.meters_after(after).take(fetch).map(str::to_owned).collect()
    };
    ids.extend(office.reads.meters(after, fetch).iter().map(ToString::to_string));
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(fetch);
    let next_cursor = page::cut(METERS, &mut ids, limit, Clone::clone);
    let mut items = Vec::with_capacity(ids.len());
    for id in &ids {
        items.push(meter(office, id).await?);
    }
    Ok(ListMetersResponse { items, next_cursor })
}

/// A meter as it is now, registered or only heard of.
pub(super) async fn meter(office: &Office, id: &str) -> Result<MeterView, Error> {
    let missing = || Error::NotFound {
        what: "meter",
        id: id.to_owned(),
    };
    let meter_id = id.parse().map_err(|_| missing())?;
    let registered = office.register.lookup::<Meter>(id).await?;
    if registered.is_none() && !office.reads.knows(&meter_id) {
        return Err(missing());
    }
    let mut view = MeterView {
        id: id.to_owned(),
        state: if registered.is_some() {
            "registered"
        } else {
            "unknown"
        }
        .to_owned(),
        latest_reading: readings::latest(office, &meter_id).await?,
        ..MeterView::default()
    };
    if let Some(meter) = registered {
        view.serial = meter.serial;
        view.interval_seconds = meter.interval_seconds;
    }
    let index = office.register.index();
    if let Some(place) = index.place_of(id, office.clock.now_ms()) {
        view.service_point_id = place.point.to_string();
        let group = index
            .group_of(id, office.clock.now_ms())
            .and_then(|number| index.groups().get(number));
        if let Some(group) = group {
            view.region.clone_from(&group.region);
            view.feeder.clone_from(&group.feeder);
            view.tariff_class.clone_from(&group.tariff_class);
            view.zone.clone_from(&group.zone);
        }
    }
    Ok(view)
}

pub(super) async fn exceptions(
    office: &Office,
    request: &ListExceptionsRequest,
) -> Result<ListExceptionsResponse, Error> {
    let kind = match request.kind.as_str() {
        "" => None,
        word => match Kind::from_word(word) {
            Some(kind) => Some(kind),
            None => {
                return Err(Error::Invalid {
                    reason: "BAD_KIND",
                    message: format!("no exception is of kind {word:?}"),
                });
            }
        },
    };
    let limit = page::limit(request.limit, page::USUAL, page::MOST);
    let after = page::after(EXCEPTIONS, &request.cursor)?;
    let mut items: Vec<Exception> = office
        .exceptions
        .list(kind, "", after, limit.saturating_add(1))
        .await?;
    let next_cursor = page::cut(EXCEPTIONS, &mut items, limit, |exception| exception.id.clone());
    Ok(ListExceptionsResponse { items, next_cursor })
}
