//! The peer zen-engine, asked in two ways: by its decision graph, and by its bare expressions.
//!
//! `zen.json` holds the conditions once for both. The bare expressions get days as the peer's own
//! day values, made before the clock starts. The graph would turn those into text again at its
//! input, so it gets text.

use std::cell::RefCell;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Value, json};
use zen_engine::Decision;
use zen_engine::model::{DecisionContent, GraphContent};
use zen_expression::expression::Standard;
use zen_expression::vm::VM;
use zen_expression::{DateValue, Expression, Scope, Variable, compile_expression};

use crate::measure::{Engine, Letters, MET, one_by_one};
use crate::subjects::{Row, TODAY};

const CONDITIONS: &str = include_str!("../zen.json");

/// One line of `zen.json`.
struct Condition {
    /// The output's name.
    name: String,
    /// Its life event's place in the list; none where it is the life event's own condition.
    within: Option<usize>,
    when: String,
}

fn conditions() -> Result<Vec<Condition>> {
    let wrong = || "zen.json: each entry is `{\"name\": ..., \"when\": ...}`";
    let written: Vec<Value> = serde_json::from_str(CONDITIONS).with_context(wrong)?;
    let text = |one: &Value, key| one.get(key).and_then(Value::as_str).map(str::to_owned);
    let names: Vec<String> =
        written.iter().map(|one| text(one, "name")).collect::<Option<_>>().with_context(wrong)?;
    let conditions = written.iter().zip(&names).map(|(one, name)| {
        let event = name.split_once('/').map(|(event, _)| event);
        Some(Condition {
            name: name.clone(),
            within: match event {
                None => None,
                Some(event) => Some(names.iter().position(|name| name == event)?),
            },
            when: text(one, "when")?,
        })
    });
    conditions.collect::<Option<_>>().with_context(wrong)
}

/// Of the crate that is pinned in `Cargo.toml`.
fn version() -> String {
    let pinned = include_str!("../Cargo.toml").lines().find_map(|line| {
        line.strip_prefix("zen-engine = \"=")?.strip_suffix('"').map(str::to_owned)
    });
    pinned.unwrap_or_default()
}

/// A row as the peer's own nested value, days through `day`.
fn context(row: &Row, day: impl Fn(&str) -> Result<Variable>) -> Result<Variable> {
    let context = Variable::empty_object();
    context.dot_insert("today", day(&TODAY.to_string())?);
    for (path, given) in row.iter().filter(|(path, _)| path.contains('.')) {
        let value = match given.as_str() {
            Some(text) if path.ends_with("_on") => day(text)?,
            _ => Variable::from(given.clone()),
        };
        context.dot_insert(path, value);
    }
    Ok(context)
}

fn yes(value: &Variable) -> Result<bool> {
    value.as_bool().with_context(|| format!("a condition answered {value}, neither yes nor no"))
}

/// A decision graph with one node of expressions, compiled once. More nodes would only cost.
pub(crate) struct Graph {
    decision: Decision,
    conditions: Vec<Condition>,
    /// What the outputs are called inside the graph, where `.` and `/` have meanings.
    keys: Vec<String>,
}

impl Graph {
    pub(crate) fn boot() -> Result<Self> {
        let conditions = conditions()?;
        let keys: Vec<String> = (0..conditions.len()).map(|at| format!("o{at}")).collect();
        let expressions: Vec<Value> = conditions
            .iter()
            .zip(&keys)
            .map(|(one, key)| {
                let value = match one.within {
                    None => one.when.clone(),
                    Some(event) => format!("$.o{event} and ({})", one.when),
                };
                json!({"id": key, "key": key, "value": value})
            })
            .collect();
        let content = serde_json::from_value(json!({
            "nodes": [
                {"id": "in", "name": "facts", "type": "inputNode", "content": {}},
                {"id": "it", "name": "conditions", "type": "expressionNode",
                 "content": {"expressions": expressions}},
                {"id": "out", "name": "answers", "type": "outputNode", "content": {}},
            ],
            "edges": [
                {"id": "e1", "sourceId": "in", "targetId": "it"},
                {"id": "e2", "sourceId": "it", "targetId": "out"},
            ],
        }))?;
        let DecisionContent::Graph(graph) = content else {
            return Err(anyhow!("the peer read the graph as something else"));
        };
        let mut graph: GraphContent = Arc::unwrap_or_clone(graph);
        graph.compile();
        Ok(Self { decision: Decision::from(graph), conditions, keys })
    }
}

impl Engine for Graph {
    type Subjects<'e> = Vec<Variable>;
    type Answers = Letters;

    const NAME: &'static str = "zen-engine";

    fn version(&self) -> String {
        version()
    }

    fn outputs(&self) -> Vec<String> {
        self.conditions.iter().map(|one| one.name.clone()).collect()
    }

    fn load(&self, rows: &[Row]) -> Result<Vec<Variable>> {
        let day = |text: &str| Ok(Variable::String(text.into()));
        rows.iter().map(|row| context(row, day)).collect()
    }

    fn decide(&self, subjects: &Vec<Variable>) -> Result<Letters> {
        one_by_one(subjects, self.keys.len(), |subject, answers| {
            let response = pollster::block_on(self.decision.evaluate(subject.clone()))
                .map_err(|error| anyhow!("{error:?}"))?;
            for (key, to) in self.keys.iter().zip(answers) {
                let answer = response.result.dot(key).context("the graph left an output out")?;
                if yes(&answer)? {
                    *to = MET;
                }
            }
            Ok(())
        })
    }

    fn letters(&self, answers: Letters) -> Letters {
        answers
    }
}

/// The peer's expressions without its graph, each compiled once: the least that it can do.
pub(crate) struct Expressions {
    conditions: Vec<Condition>,
    compiled: Vec<Expression<Standard>>,
    vm: RefCell<VM>,
}

impl Expressions {
    pub(crate) fn boot() -> Result<Self> {
        let conditions = conditions()?;
        let compiled = conditions.iter().map(|one| {
            compile_expression(&one.when)
                .map_err(|error| anyhow!("zen.json: {}: {error}", one.name))
        });
        let compiled = compiled.collect::<Result<_>>()?;
        Ok(Self { conditions, compiled, vm: RefCell::new(VM::new()) })
    }
}

impl Engine for Expressions {
    type Subjects<'e> = Vec<Variable>;
    type Answers = Letters;

    const NAME: &'static str = "zen-expression";

    fn version(&self) -> String {
        version()
    }

    fn outputs(&self) -> Vec<String> {
        self.conditions.iter().map(|one| one.name.clone()).collect()
    }

    fn load(&self, rows: &[Row]) -> Result<Vec<Variable>> {
        let day =
            |text: &str| DateValue::from_text(text).with_context(|| format!("no day: {text}"));
        rows.iter().map(|row| context(row, day)).collect()
    }

    fn decide(&self, subjects: &Vec<Variable>) -> Result<Letters> {
        let mut vm = self.vm.borrow_mut();
        one_by_one(subjects, self.conditions.len(), |subject, answers| {
            let scope = Scope::new(subject.clone());
            for (at, (one, compiled)) in self.conditions.iter().zip(&self.compiled).enumerate() {
                let asked = one.within.is_none_or(|event| answers.get(event) == Some(&MET));
                if asked
                    && yes(&compiled.evaluate_with_scope(&scope, &mut vm)?)?
                    && let Some(to) = answers.get_mut(at)
                {
                    *to = MET;
                }
            }
            Ok(())
        })
    }

    fn letters(&self, answers: Letters) -> Letters {
        answers
    }
}
