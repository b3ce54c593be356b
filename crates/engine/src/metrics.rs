//! What an operator watches: counts and times, and nothing about anybody.
//!
//! Every metric stands here with all its labels. A label is a word of a closed list or an id of
//! the pack, never a text that came from outside: so no name, number or pseudonym can get in.
//! The registry is an argument of whoever counts; there is no global one.

use std::fmt;
use std::sync::Mutex;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use storage::{halts, jobs};

use crate::{App, EngineError};

/// Seconds, from what a cached answer takes to what a model does.
const BUCKETS: [f64; 12] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0];

/// What became of an input.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Taken {
    result: &'static str,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Done {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

/// What became of a letter on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Carried {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Scope {
    scope: String,
}

/// An answer to a request: the route as the router knows it, without ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

/// All metrics of one program.
pub struct Metrics {
    registry: Mutex<Registry>,
    inputs: Family<Taken, Counter>,
    jobs: Family<Done, Counter>,
    job_seconds: Family<Kind, Histogram>,
    letters: Family<Carried, Counter>,
    waiting: Family<State, Gauge>,
    queue_limit: Gauge,
    halted: Family<Scope, Gauge>,
    answers: Family<Answered, Counter>,
    answer_seconds: Family<Route, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        let times = || Histogram::new(BUCKETS);
        let metrics = Self {
            registry: Mutex::default(),
            inputs: Family::default(),
            jobs: Family::default(),
            job_seconds: Family::new_with_constructor(times as fn() -> Histogram),
            letters: Family::default(),
            waiting: Family::default(),
            queue_limit: Gauge::default(),
            halted: Family::default(),
            answers: Family::default(),
            answer_seconds: Family::new_with_constructor(times as fn() -> Histogram),
        };
        metrics.register();
        metrics
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    fn register(&self) {
        let Ok(mut registry) = self.registry.lock() else { return };
        let registry = registry.sub_registry_with_prefix("cotmoc");
        let mut add = |name: &str, help: &str, metric: &dyn Fn(&mut Registry, &str, &str)| {
            metric(registry, name, help);
        };
        add("inputs", "events taken in, by what became of them", &|to, name, help| {
            to.register(name, help, self.inputs.clone());
        });
        add("jobs", "jobs done, by kind and outcome", &|to, name, help| {
            to.register(name, help, self.jobs.clone());
        });
        add("job_seconds", "how long a job took", &|to, name, help| {
            to.register(name, help, self.job_seconds.clone());
        });
        add("letters", "letters by channel and what became of them", &|to, name, help| {
            to.register(name, help, self.letters.clone());
        });
        add("jobs_waiting", "jobs that are not done, by state", &|to, name, help| {
            to.register(name, help, self.waiting.clone());
        });
        add("queue_limit", "queued jobs above which events are refused", &|to, name, help| {
            to.register(name, help, self.queue_limit.clone());
        });
        add("halted", "1 for each scope that is stopped", &|to, name, help| {
            to.register(name, help, self.halted.clone());
        });
        add("http_answers", "answers by route, method and status", &|to, name, help| {
            to.register(name, help, self.answers.clone());
        });
        add("http_seconds", "how long an answer took", &|to, name, help| {
            to.register(name, help, self.answer_seconds.clone());
        });
    }

    pub(crate) fn input(&self, result: &'static str) {
        self.inputs.get_or_create(&Taken { result }).inc();
    }

    pub(crate) fn job(&self, kind: &'static str, outcome: &'static str, seconds: f64) {
        self.jobs.get_or_create(&Done { kind, outcome }).inc();
        self.job_seconds.get_or_create(&Kind { kind }).observe(seconds);
    }

    pub(crate) fn letter(&self, channel: domain::Channel, outcome: &'static str) {
        self.letters.get_or_create(&Carried { channel: channel.name(), outcome }).inc();
    }

    /// Counts one answer. `route` is the pattern of the path, and holds no id.
    pub fn answer(&self, route: &str, method: &'static str, status: u16, seconds: f64) {
        let answered = Answered { route: route.to_owned(), method, status };
        self.answers.get_or_create(&answered).inc();
        self.answer_seconds.get_or_create(&Route { route: route.to_owned() }).observe(seconds);
    }
}

impl App {
    /// All metrics, in the text format of `OpenMetrics` 1.0. What stands in the database is looked
    /// up now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn measured(&self) -> Result<String, EngineError> {
        let metrics = &self.operation.metrics;
        let mut conn = self.store.read().await?;
        let open = jobs::open_counts(&mut conn).await?;
        for (state, count) in [
            ("waiting", open.waiting),
            ("queued", open.queued),
            ("running", open.running),
            ("dead", open.dead),
        ] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            metrics.waiting.get_or_create(&State { state }).set(count);
        }
        let most = i64::try_from(self.operation.queue.most()).unwrap_or(i64::MAX);
        metrics.queue_limit.set(most);
        metrics.halted.clear();
        for scope in halts::in_force(&mut conn).await? {
            metrics.halted.get_or_create(&Scope { scope }).set(1);
        }
        let mut out = String::new();
        if let Ok(registry) = metrics.registry.lock() {
            // Writing to a `String` cannot fail.
            let _ = text::encode(&mut out, &registry);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told_in_the_text_format() {
        let metrics = Metrics::default();
        metrics.input("new");
        metrics.job("detect", "done", 0.02);
        metrics.letter(domain::Channel::Sms, "sent");
        metrics.answer("/v1/events", "POST", 202, 0.001);
        let mut out = String::new();
        text::encode(&mut out, &metrics.registry.lock().unwrap()).unwrap();
        for line in [
            "cotmoc_inputs_total{result=\"new\"} 1",
            "cotmoc_jobs_total{kind=\"detect\",outcome=\"done\"} 1",
            "cotmoc_job_seconds_bucket{le=\"0.03\",kind=\"detect\"} 1",
            "cotmoc_letters_total{channel=\"sms\",outcome=\"sent\"} 1",
            "cotmoc_http_answers_total{route=\"/v1/events\",method=\"POST\",status=\"202\"} 1",
            "# EOF",
        ] {
            assert!(out.contains(line), "no `{line}` in\n{out}");
        }
    }
}
