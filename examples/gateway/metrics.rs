//! The page that a monitoring system scrapes.

use crate::Gateway;
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{encoding::text::encode, registry::Registry};
use sharded::export::prometheus::Collector;
use std::sync::Arc;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is exported: the statistics of every map. No field is named here, so one that is added later is exported as
/// well.
pub(crate) fn registry(gateway: Arc<Gateway>) -> Arc<Registry> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Collector::new(gateway)));
    Arc::new(registry)
}

/// The text format of Prometheus.
pub(crate) async fn scrape(State(registry): State<Arc<Registry>>) -> Response {
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
