//! The calls: requests into questions to the office, answers into messages. In one process they are called directly, between processes
//! over gRPC; it is the same trait.

mod bills;
mod page;
mod quarantine;
mod readings;
mod reads;
mod register;
mod usage;

use std::sync::Arc;

use model::ErrorKind;
use proto::billing::{
    Bill, ChangedDaysRequest, ChangedDaysResponse, DayWindowsRequest, DayWindowsResponse, ExplainBillRequest,
    ExplainBillResponse, GetBillRequest, GetMeterRequest, GetUsageRequest, GetUsageResponse,
    IssueBillRequest, ListBillsRequest, ListBillsResponse, ListExceptionsRequest, ListExceptionsResponse,
    ListMetersRequest, ListMetersResponse, ListReadingsRequest, ListReadingsResponse, ListRegisterRequest,
    ListRegisterResponse, MeterGroupsRequest, MeterGroupsResponse, MeterView, PutManyRequest,
    PutManyResponse, PutResponse, RegisterKey, RegisterObject, RunBillsRequest, RunBillsResponse,
    billing_server, reads_server, register_server,
};
use service_kit::{Fault, status_of};
use tonic::{Request, Response, Status};

use crate::consequence::Watcher;
use crate::error::Error;
use crate::export::{self, Form};
use crate::office::Office;
use crate::share::Desk;
pub(crate) use quarantine::Quarantine;

/// The services `Billing`, `Register` and `Reads`.
#[derive(Clone)]
pub struct Service {
    office: Arc<Office>,
    watcher: Arc<Watcher>,
    desk: Arc<Desk>,
}

impl Service {
    pub(crate) fn new(office: Arc<Office>, watcher: Arc<Watcher>, desk: Arc<Desk>) -> Self {
        Self {
            office,
            watcher,
            desk,
        }
    }

    /// Issued bills after `after`, at most `limit`, in order of their ids: each on a line of canonical JSON.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn export(
        &self,
        form: Form,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Exported>, Error> {
        let bills = self.office.store.list::<Bill>("", after, limit).await?;
        Ok(bills
            .into_iter()
            .map(|bill| Exported {
                line: export::line(&bill, form),
                id: bill.id,
            })
            .collect())
    }

    /// Whether an issued bill, computed again from what was kept with it, states the same to the byte.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a bill that was not issued, [`Error::Store`].
    pub async fn verify(&self, bill_id: &str) -> Result<bool, Error> {
        self.office.verify(bill_id).await
    }
}

/// An issued bill, written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Where the next page begins.
    pub id: String,
    /// Without a line break.
    pub line: String,
}

/// An answer, or the status of its error. Whoever does not lead answers nothing: neither when it is asked, nor when it has an answer.
pub(crate) async fn answer<T>(
    office: &Office,
    outcome: impl Future<Output = Result<T, Error>>,
) -> Result<Response<T>, Status> {
    let led = async {
        office.store.leading()?;
        let found = outcome.await?;
        office.store.leading()?;
        Ok::<T, Error>(found)
    };
    led.await.map(Response::new).map_err(|error| {
        let kind = error.kind();
        match (&error, kind) {
            // Said to whoever asks too early, and over in a moment: nobody must act.
            (Error::Behind { .. } | Error::Unheld(_), _) => tracing::debug!(%error, "a call came too early"),
            (_, ErrorKind::Internal | ErrorKind::Unavailable) => {
                tracing::error!(error = crate::reads::error_chain(&error), "a call failed");
            }
            _ => {}
        }
        status_of(&Fault::new(kind, error.reason(), error.to_string()))
    })
}

#[tonic::async_trait]
impl billing_server::Billing for Service {
    async fn list_bills(
        &self,
        request: Request<ListBillsRequest>,
    ) -> Result<Response<ListBillsResponse>, Status> {
        answer(&self.office, bills::list(&self.office, &request.into_inner())).await
    }

    async fn get_bill(&self, request: Request<GetBillRequest>) -> Result<Response<Bill>, Status> {
        answer(&self.office, self.office.bill(&request.into_inner().id)).await
    }

    async fn explain_bill(
        &self,
        request: Request<ExplainBillRequest>,
    ) -> Result<Response<ExplainBillResponse>, Status> {
        answer(&self.office, bills::explain(&self.office, &request.into_inner())).await
    }

    async fn list_readings(
        &self,
        request: Request<ListReadingsRequest>,
    ) -> Result<Response<ListReadingsResponse>, Status> {
        answer(&self.office, readings::list(&self.office, &request.into_inner())).await
    }

    async fn get_usage(
        &self,
        request: Request<GetUsageRequest>,
    ) -> Result<Response<GetUsageResponse>, Status> {
        answer(&self.office, usage::get(&self.office, &request.into_inner())).await
    }

    async fn list_meters(
        &self,
        request: Request<ListMetersRequest>,
    ) -> Result<Response<ListMetersResponse>, Status> {
        answer(
            &self.office,
            register::meters(&self.office, &request.into_inner()),
        )
        .await
    }

    async fn get_meter(&self, request: Request<GetMeterRequest>) -> Result<Response<MeterView>, Status> {
        answer(
            &self.office,
            register::meter(&self.office, &request.into_inner().id),
        )
        .await
    }

    async fn list_exceptions(
        &self,
        request: Request<ListExceptionsRequest>,
    ) -> Result<Response<ListExceptionsResponse>, Status> {
        answer(
            &self.office,
            register::exceptions(&self.office, &request.into_inner()),
        )
        .await
    }

    async fn run_bills(
        &self,
        request: Request<RunBillsRequest>,
    ) -> Result<Response<RunBillsResponse>, Status> {
        let request = request.into_inner();
        answer(&self.office, Box::pin(bills::run(&self.office, &request))).await
    }

    async fn issue_bill(&self, request: Request<IssueBillRequest>) -> Result<Response<Bill>, Status> {
        let request = request.into_inner();
        answer(&self.office, Box::pin(bills::issue(&self.office, &request))).await
    }
}

#[tonic::async_trait]
impl register_server::Register for Service {
    async fn put(&self, request: Request<RegisterObject>) -> Result<Response<PutResponse>, Status> {
        answer(
            &self.office,
            register::put(&self.office, &self.watcher, request.into_inner()),
        )
        .await
    }

    async fn put_many(&self, request: Request<PutManyRequest>) -> Result<Response<PutManyResponse>, Status> {
        answer(
            &self.office,
            register::put_many(&self.office, &self.watcher, request.into_inner()),
        )
        .await
    }

    async fn get(&self, request: Request<RegisterKey>) -> Result<Response<RegisterObject>, Status> {
        answer(&self.office, register::get(&self.office, &request.into_inner())).await
    }

    async fn list(
        &self,
        request: Request<ListRegisterRequest>,
    ) -> Result<Response<ListRegisterResponse>, Status> {
        answer(&self.office, register::list(&self.office, &request.into_inner())).await
    }
}

#[tonic::async_trait]
impl reads_server::Reads for Service {
    async fn day_windows(
        &self,
        request: Request<DayWindowsRequest>,
    ) -> Result<Response<DayWindowsResponse>, Status> {
        answer(
            &self.office,
            reads::day_windows(&self.office, &self.desk, &request.into_inner()),
        )
        .await
    }

    async fn changed_days(
        &self,
        request: Request<ChangedDaysRequest>,
    ) -> Result<Response<ChangedDaysResponse>, Status> {
        answer(
            &self.office,
            reads::changed_days(&self.office, &self.desk, &request.into_inner()),
        )
        .await
    }

    async fn meter_groups(
        &self,
        request: Request<MeterGroupsRequest>,
    ) -> Result<Response<MeterGroupsResponse>, Status> {
        answer(&self.office, async {
            reads::meter_groups(&self.office, &self.desk, &request.into_inner())
        })
        .await
    }
}

#[cfg(test)]
pub(crate) mod tests;
