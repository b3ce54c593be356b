//! Spans to an OpenTelemetry collector, off unless an address is set. What leaves is named here
//! one by one: a field that is added to a span somewhere stays inside until it is.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanEvents, SpanExporter,
};

/// The fields that leave: what was done and how it ended, by ids of the pack and of requests.
/// Pseudonyms are personal data to whoever holds the key, so none does.
const MAY_LEAVE: [&str; 12] = [
    "channel",
    "job.attempt",
    "job.id",
    "job.kind",
    "life_event",
    "method",
    "otel.kind",
    "portal.key",
    "request",
    "route",
    "status",
    "trace",
];
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans until it is dropped.
#[derive(Debug)]
pub struct Spans(SdkTracerProvider);

impl Spans {
    /// Sends `share` of all traces to the collector at `address` (OTLP over gRPC).
    pub(super) fn to(address: &str, share: f64) -> Result<Self, ExporterBuildError> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .with_endpoint(address)
            .with_timeout(PATIENCE)
            .build()?;
        Ok(Self(provider(exporter, share)))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer("cotmoc")
    }
}

impl Drop for Spans {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(error = %error, "the last spans did not reach the collector");
        }
    }
}

fn provider(exporter: impl SpanExporter + 'static, share: f64) -> SdkTracerProvider {
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
    SdkTracerProvider::builder()
        .with_batch_exporter(Plain(exporter))
        .with_sampler(sampler)
        .with_resource(Resource::builder_empty().with_service_name("cotmoc").build())
        .build()
}

/// Passes spans on without what must stay.
#[derive(Debug)]
struct Plain<E>(E);

impl<E: SpanExporter> SpanExporter for Plain<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.export(batch.into_iter().map(plain).collect()).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// The span without the fields that must stay, and without its log lines, which stay in the log.
fn plain(mut span: SpanData) -> SpanData {
    span.attributes.retain(|it| MAY_LEAVE.contains(&it.key.as_str()));
    span.events = SpanEvents::default();
    span
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl SpanExporter for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().unwrap().extend(batch);
            Ok(())
        }
    }

    #[test]
    fn what_was_done_leaves_and_who_it_was_about_stays() {
        let kept = Kept::default();
        let spans = Spans(provider(kept.clone(), 1.0));
        let layer = tracing_opentelemetry::layer().with_tracer(spans.tracer());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!(
                "engine.decide",
                life_event = "LE-BIRTH",
                subject.id = "sbj_0123",
                name = "Châu"
            );
            span.in_scope(|| tracing::info!(subject.id = "sbj_0123", "decided about Châu"));
        });
        drop(spans);
        let kept = kept.0.lock().unwrap();
        let [span] = kept.as_slice() else { panic!("{} spans", kept.len()) };
        assert_eq!(span.name, "engine.decide");
        assert!(span.attributes.iter().any(|it| it.key.as_str() == "life_event"));
        let all = format!("{span:?}");
        assert!(!all.contains("sbj_0123") && !all.contains("Châu"), "{all}");
    }
}
