//! Macros: what is done with each item of a list or each key of a map.

use std::sync::Arc;

use super::{Evaluator, Outcome, Watch, junction};
use crate::cel::activation::Activation;
use crate::cel::node::{Fold, Node};
use crate::cel::syntax::ast::How;
use crate::cel::undetermined::{Problem, Undetermined};
use crate::cel::value::{List, Map, Value};

impl<'a, A: Activation + ?Sized, W: Watch> Evaluator<'a, A, W> {
    pub(super) fn fold(&mut self, node: &'a Node, fold: &'a Fold) -> Outcome<'a> {
        let range = self.value(&fold.range)?;
        let depth = self.locals.len();
        self.folds += 1;
        let outcome = match (fold.how, range) {
            (How::Bind, value) => self.with(None, value, &fold.body),
            (How::OptMap | How::OptFlatMap, Value::Optional(inner)) => self.optional(fold, inner),
            (_, Value::List(list)) => self.over(fold, &list),
            (_, Value::Map(map)) => self.over_map(fold, &map),
            _ => Err(Undetermined::Error(Problem::NoOverload)),
        };
        self.folds -= 1;
        self.locals.truncate(depth);
        match outcome {
            // Told here once, and not for each item.
            Err(Undetermined::Error(problem)) => Err(self.fail(node, problem)),
            outcome => outcome,
        }
    }

    /// `body` with names given to a key and an item.
    fn with(&mut self, key: Option<Value<'a>>, item: Value<'a>, body: &'a Node) -> Outcome<'a> {
        let depth = self.locals.len();
        self.locals.extend(key);
        self.locals.push(item);
        let outcome = self.value(body);
        self.locals.truncate(depth);
        outcome
    }

    /// The yes or no of `body`.
    fn answer(
        &mut self,
        key: Option<Value<'a>>,
        item: Value<'a>,
        body: &'a Node,
    ) -> Result<bool, Undetermined> {
        match self.with(key, item, body)? {
            Value::Bool(yes) => Ok(yes),
            _ => Err(Undetermined::Error(Problem::NoOverload)),
        }
    }

    fn optional(&mut self, fold: &'a Fold, inner: Option<Arc<Value<'a>>>) -> Outcome<'a> {
        let Some(inner) = inner else { return Ok(Value::Optional(None)) };
        let value = self.with(None, (*inner).clone(), &fold.body)?;
        match (fold.how, value) {
            (How::OptMap, value) => Ok(Value::some(value)),
            (_, Value::Optional(inner)) => Ok(Value::Optional(inner)),
            _ => Err(Undetermined::Error(Problem::NoOverload)),
        }
    }

    fn over(&mut self, fold: &'a Fold, list: &List<'a>) -> Outcome<'a> {
        let items = list.iter().enumerate().map(|(place, item)| {
            let key = i64::try_from(place).map_or(Value::Null, Value::Int);
            (fold.key.is_some().then_some(key), item)
        });
        self.gather(fold, items)
    }

    fn over_map(&mut self, fold: &'a Fold, map: &Map<'a>) -> Outcome<'a> {
        let items = map.0.iter().map(|(key, value)| {
            if fold.key.is_some() {
                (Some(key.clone()), value.clone())
            } else {
                (None, key.clone())
            }
        });
        self.gather(fold, items)
    }

    fn gather(
        &mut self,
        fold: &'a Fold,
        items: impl Iterator<Item = (Option<Value<'a>>, Value<'a>)>,
    ) -> Outcome<'a> {
        match fold.how {
            How::All => self.quantify(fold, items, false),
            How::Exists => self.quantify(fold, items, true),
            How::ExistsOne => self.exactly_one(fold, items),
            How::Map | How::Filter => self.transform(fold, items),
            _ => self.transform_map(fold, items),
        }
    }

    /// Kleene over all items: one that decides is enough.
    fn quantify(
        &mut self,
        fold: &'a Fold,
        items: impl Iterator<Item = (Option<Value<'a>>, Value<'a>)>,
        decides: bool,
    ) -> Outcome<'a> {
        let mut so_far = Ok(!decides);
        for (key, item) in items {
            self.step(1)?;
            so_far = junction(decides, so_far, self.answer(key, item, &fold.body));
            if so_far == Ok(decides) {
                break;
            }
        }
        so_far.map(Value::Bool)
    }

    fn exactly_one(
        &mut self,
        fold: &'a Fold,
        items: impl Iterator<Item = (Option<Value<'a>>, Value<'a>)>,
    ) -> Outcome<'a> {
        let mut count = 0;
        let mut missing: Option<Undetermined> = None;
        for (key, item) in items {
            self.step(1)?;
            match self.answer(key, item, &fold.body) {
                Ok(yes) => count += usize::from(yes),
                Err(more) => missing = Some(missing.map_or(more, |m| m.and(more))),
            }
        }
        missing.map_or(Ok(Value::Bool(count == 1)), Err)
    }

    fn transform(
        &mut self,
        fold: &'a Fold,
        items: impl Iterator<Item = (Option<Value<'a>>, Value<'a>)>,
    ) -> Outcome<'a> {
        let mut made = Vec::new();
        for (key, item) in items {
            self.step(1)?;
            if fold.how == How::Filter {
                if self.answer(key, item.clone(), &fold.body)? {
                    made.push(item);
                }
            } else if self.counts(fold, key.as_ref(), &item)? {
                made.push(self.with(key, item, &fold.body)?);
            }
        }
        Ok(Value::list(made))
    }

    /// Whether the macro's own filter lets the item through.
    fn counts(
        &mut self,
        fold: &'a Fold,
        key: Option<&Value<'a>>,
        item: &Value<'a>,
    ) -> Result<bool, Undetermined> {
        match &fold.only {
            None => Ok(true),
            Some(only) => self.answer(key.cloned(), item.clone(), only),
        }
    }

    fn transform_map(
        &mut self,
        fold: &'a Fold,
        items: impl Iterator<Item = (Option<Value<'a>>, Value<'a>)>,
    ) -> Outcome<'a> {
        let mut made = Map::default();
        for (key, item) in items {
            // Each new key is compared with those before it.
            self.step(1 + u32::try_from(made.0.len() / 8).unwrap_or(u32::MAX / 2))?;
            if !self.counts(fold, key.as_ref(), &item)? {
                continue;
            }
            let own = key.clone().unwrap_or(Value::Null);
            let value = self.with(key, item, &fold.body)?;
            let entries = match (fold.how, value) {
                (How::TransformMapEntry, Value::Map(entries)) => entries.0.clone(),
                (How::TransformMapEntry, _) => {
                    return Err(Undetermined::Error(Problem::NoOverload));
                }
                (_, value) => vec![(own, value)],
            };
            for (key, value) in entries {
                if made.get(&key).is_some() {
                    return Err(Undetermined::Error(Problem::BadKey));
                }
                made.0.push((key, value));
            }
        }
        Ok(Value::Map(Arc::new(made)))
    }
}
