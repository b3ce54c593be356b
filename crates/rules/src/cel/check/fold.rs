//! Macros: what their names stand for inside, and what comes out.

use super::{Checker, Mode, Typed, typed};
use crate::cel::node::{self, Node};
use crate::cel::syntax::ast::{Expr, Fold, How};
use crate::cel::types::Type;

impl Checker<'_> {
    pub(super) fn fold(&mut self, expr: &Expr, fold: &Fold) -> Option<Typed> {
        let name = fold.how.name(fold.key.is_some());
        let usual =
            matches!(fold.how, How::All | How::Exists | How::ExistsOne | How::Map | How::Filter);
        if self.is_strict() && !usual {
            return self.fault(expr.place, format!("`{name}` cannot be used here"));
        }
        let range = self.expr(&fold.range)?;
        let (key, item) = self.items(fold, &range)?;
        let depth = self.locals.len();
        if let Some(name) = &fold.key {
            self.locals.push((name.clone(), key.clone()));
        }
        self.locals.push((fold.item.clone(), item.clone()));
        let only = fold.only.as_ref().map(|only| self.answer(only, name));
        let body = match fold.how {
            How::All | How::Exists | How::ExistsOne | How::Filter => self.answer(&fold.body, name),
            _ => self.expr(&fold.body),
        };
        self.locals.truncate(depth);
        let (only, body) = (only.map_or(Some(None), |only| only.map(Some))?, body?);
        let kind = match fold.how {
            How::All | How::Exists | How::ExistsOne => Type::Bool,
            How::Map => Type::list(body.kind),
            How::Filter => Type::list(item),
            How::TransformMap => Type::map(key, body.kind),
            How::TransformMapEntry | How::Bind | How::OptFlatMap => body.kind,
            How::OptMap => Type::optional(body.kind),
        };
        let kind = if self.mode == Mode::Unchecked { Type::Dyn } else { kind };
        let fold = node::Fold {
            how: fold.how,
            range: range.node,
            key: fold.key.as_deref().map(Into::into),
            item: fold.item.as_str().into(),
            only: only.map(|only| only.node),
            body: body.node,
        };
        typed(Node::Fold(Box::new(fold)), kind)
    }

    /// The types of the key and the item.
    fn items(&mut self, fold: &Fold, range: &Typed) -> Option<(Type, Type)> {
        let two = fold.key.is_some();
        if fold.how == How::Bind {
            return Some((Type::Dyn, range.kind.clone()));
        }
        if let How::OptMap | How::OptFlatMap = fold.how {
            let inner = self.inner(fold.range.place, &range.kind)?;
            return Some((Type::Dyn, inner));
        }
        match self.types.outer(&range.kind) {
            Type::List(item) => Some((Type::Int, *item)),
            Type::Map(key, value) if two => Some((*key, *value)),
            Type::Map(key, _) => Some((Type::Dyn, *key)),
            Type::Dyn | Type::Variable(_) => Some((Type::Dyn, Type::Dyn)),
            _ if self.mode == Mode::Unchecked => Some((Type::Dyn, Type::Dyn)),
            _ => {
                let name = fold.how.name(two);
                let (shown, kind) = (self.shown(&range.node), self.in_words(&range.kind));
                let message = format!("`{name}` goes through a list, and `{shown}` is {kind}");
                self.fault(fold.range.place, message)
            }
        }
    }

    /// A part that must answer yes or no for each item.
    fn answer(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        let part = self.expr(expr)?;
        if self.mode == Mode::Unchecked || self.types.fits(&part.kind, &Type::Bool) {
            return Some(part);
        }
        let (shown, kind) = (self.shown(&part.node), self.in_words(&part.kind));
        let message = format!("`{name}` asks yes or no of each item, and `{shown}` is {kind}");
        self.fault(expr.place, message)
    }
}
