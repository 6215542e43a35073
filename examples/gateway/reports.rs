//! Analysts' reports on each instrument. They are slow to get, so each is loaded once for all clients that ask at the
//! same time.

use crate::{Gateway, failure::Failure, prices::Symbol};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use sharded::LoadError;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// One analyst's word.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    symbol: String,
    /// How many reports the source had written by then.
    number: u64,
    advice: Arc<str>,
}

/// Where reports come from: in a real service another one, behind a network.
#[derive(Default)]
pub(crate) struct Source {
    written: AtomicU64,
}

impl Source {
    async fn report(&self, symbol: Symbol) -> Result<Report, Failure> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let symbol = symbol.to_text();
        // There is no analyst for it: an error, which all who wait for this report get.
        if symbol == "PINE" {
            return Err(Failure::new(StatusCode::NOT_FOUND, format!("nobody reports on `{symbol}`")));
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed) + 1;
        let advice = if number.is_multiple_of(2) { "sell" } else { "buy" };
        Ok(Report { symbol, number, advice: advice.into() })
    }
}

/// The report on an instrument that is listed.
pub(crate) async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
) -> Result<Json<Report>, Failure> {
    let symbol = gateway.listed(&name)?;
    // The first who asks loads it and the others wait, as tasks; nobody holds a lock meanwhile. Once it is a minute
    // old, the next who asks loads it anew, and the others get this one until that is there.
    let report = gateway.reports().get_or_try_insert_async(symbol, || gateway.source.report(symbol)).await;
    report.map(Json).map_err(|error| match error {
        LoadError::Failed(failure) => Failure::clone(&failure),
        // The source asks for no report itself.
        LoadError::Recursive => Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "a report waits for itself"),
    })
}
