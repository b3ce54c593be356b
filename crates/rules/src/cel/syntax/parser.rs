//! Makes a tree of words: operators by how strongly they bind, calls, lists, maps.
//!
//! # Invariants
//!
//! - **Bounded.** Brackets nest at most [`DEEPEST`] levels and no expression is higher than
//!   that, so that no walk overflows a stack. Chains of `&&` and `||` are built as balanced
//!   trees: two hundred of them are eight levels.
//! - **Total.** Any text gives a tree or a fault with its place.

use super::ast::{Entry, Expr, Fold, Item, Kind, Literal, Place, operator};
use super::lexer::{Token, Word, words};
use super::{DEEPEST, Fault, LONGEST_SOURCE, MOST_PARTS, macros};

/// Names that mean something in other languages and may stand only after a dot.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Parses one whole expression.
pub(crate) fn parse(source: &str) -> Result<Expr, Fault> {
    if source.len() > LONGEST_SOURCE {
        let message = format!("an expression may have {LONGEST_SOURCE} bytes");
        return Err(Fault::at(Place::default(), message));
    }
    let mut parser = Parser { words: words(source)?, next: 0, depth: 0, parts: 0 };
    let expr = parser.expr()?;
    match parser.peek() {
        Word::End => Ok(expr),
        _ => Err(parser.misplaced()),
    }
}

struct Parser {
    words: Vec<Token>,
    next: usize,
    depth: usize,
    parts: usize,
}

/// The operators between two values, by how weakly they bind.
fn binary(sign: &str) -> Option<(u8, &'static str)> {
    Some(match sign {
        "||" => (1, operator::OR),
        "&&" => (2, operator::AND),
        "==" => (3, operator::EQUAL),
        "!=" => (3, operator::NOT_EQUAL),
        "<" => (3, operator::LESS),
        "<=" => (3, operator::LESS_OR_EQUAL),
        ">" => (3, operator::GREATER),
        ">=" => (3, operator::GREATER_OR_EQUAL),
        "in" => (3, operator::IN),
        "+" => (4, operator::ADD),
        "-" => (4, operator::SUBTRACT),
        "*" => (5, operator::MULTIPLY),
        "/" => (5, operator::DIVIDE),
        "%" => (5, operator::REMAINDER),
        _ => return None,
    })
}

impl Parser {
    fn peek(&self) -> &Word {
        self.words.get(self.next).map_or(&Word::End, |token| &token.word)
    }

    fn place(&self) -> Place {
        self.words.get(self.next).map(|token| token.place).unwrap_or_default()
    }

    /// The end of the last word that was taken.
    fn end(&self) -> usize {
        let last = self.next.checked_sub(1).and_then(|at| self.words.get(at));
        last.map_or(0, |token| token.place.end)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Word::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn want(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take(sign) { Ok(()) } else { Err(self.lacks(sign)) }
    }

    fn lacks(&self, sign: &str) -> Fault {
        let mut fault = self.misplaced();
        if *self.peek() != Word::End {
            fault.help = Some(format!("`{sign}` is wanted here"));
        }
        fault
    }

    /// The next word cannot stand where it does.
    fn misplaced(&self) -> Fault {
        let what = match self.peek() {
            Word::End => return Fault::at(self.place(), "the condition ends in the middle"),
            Word::Sign(sign) => format!("`{sign}`"),
            Word::Name(name) | Word::Quoted(name) => format!("`{name}`"),
            Word::Literal(Literal::String(_) | Literal::Bytes(_)) => "a text".to_owned(),
            Word::Literal(_) | Word::Smallest => "this value".to_owned(),
        };
        Fault::at(self.place(), format!("this is not a condition: {what} cannot stand here"))
    }

    /// An expression made of `kind`, if it is not too high and not one too many.
    fn node(&mut self, start: usize, kind: Kind) -> Result<Expr, Fault> {
        let place = Place { start, end: self.end() };
        self.parts += 1;
        if self.parts > MOST_PARTS {
            return Err(Fault::at(place, format!("an expression may have {MOST_PARTS} parts")));
        }
        let mut expr = Expr { place, height: 0, kind };
        let highest = expr.children().into_iter().map(|child| child.height).max();
        expr.height = highest.unwrap_or_default() + 1;
        if expr.height > DEEPEST { Err(too_deep(place)) } else { Ok(expr) }
    }

    fn call(
        &mut self,
        start: usize,
        function: &str,
        args: Vec<Expr>,
        at: Place,
    ) -> Result<Expr, Fault> {
        let function = function.to_owned();
        self.node(start, Kind::Call { target: None, function, args, at })
    }

    /// `a ? b : c`, or anything that binds stronger.
    fn expr(&mut self) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(too_deep(self.place()));
        }
        let start = self.place().start;
        let mut expr = self.operators(1)?;
        let at = self.place();
        if self.take("?") {
            let yes = self.operators(1)?;
            self.want(":")?;
            let no = self.expr()?;
            expr = self.call(start, operator::CHOOSE, vec![expr, yes, no], at)?;
        }
        self.depth -= 1;
        Ok(expr)
    }

    /// Values joined by operators that bind at least as strongly as `weakest`.
    fn operators(&mut self, weakest: u8) -> Result<Expr, Fault> {
        let start = self.place().start;
        let mut left = self.unary()?;
        // Chains of `&&` and `||` wait here until they end: they become balanced trees.
        loop {
            let at = self.place();
            let found = match self.peek() {
                Word::Sign(sign) => binary(sign).filter(|(strength, _)| *strength >= weakest),
                _ => None,
            };
            let Some((strength, function)) = found else { return Ok(left) };
            if strength <= 2 {
                left = self.chain(left, strength, function)?;
            } else {
                self.next += 1;
                let right = self.operators(strength + 1)?;
                left = self.call(start, function, vec![left, right], at)?;
            }
        }
    }

    /// `a && b && c …`, of which `first` is parsed.
    fn chain(&mut self, first: Expr, strength: u8, function: &str) -> Result<Expr, Fault> {
        let sign = if function == operator::AND { "&&" } else { "||" };
        let mut terms = vec![(Place::default(), first)];
        let mut at = self.place();
        while self.take(sign) {
            terms.push((at, self.operators(strength + 1)?));
            at = self.place();
        }
        self.balanced(terms, function)
    }

    /// The middle operator of a chain is the outermost.
    fn balanced(&mut self, mut terms: Vec<(Place, Expr)>, function: &str) -> Result<Expr, Fault> {
        // With n terms there are n - 1 operators; the one at (n - 1) / 2 parts them.
        let right = terms.split_off(terms.len().saturating_sub(1) / 2 + 1);
        let Some((at, _)) = right.first() else {
            return match terms.pop() {
                Some((_, only)) => Ok(only),
                None => Err(self.misplaced()),
            };
        };
        let at = *at;
        let left = self.balanced(terms, function)?;
        let right = self.balanced(right, function)?;
        let (start, end) = (left.place.start, right.place.end);
        let mut whole = self.call(start, function, vec![left, right], at)?;
        whole.place.end = end;
        Ok(whole)
    }

    /// Signs before a value. The last minus before a number belongs to the number.
    fn unary(&mut self) -> Result<Expr, Fault> {
        let mut signs = Vec::new();
        loop {
            let at = self.place();
            if self.take("!") {
                signs.push((at, operator::NOT));
            } else if self.take("-") {
                signs.push((at, operator::NEGATE));
            } else {
                break;
            }
        }
        let negative = matches!(signs.last(), Some((_, operator::NEGATE)));
        let minus = if negative && self.negate_number() { signs.pop() } else { None };
        let mut expr = self.member(minus.map(|(at, _)| at.start))?;
        for (at, sign) in signs.into_iter().rev() {
            expr = self.call(at.start, sign, vec![expr], at)?;
        }
        Ok(expr)
    }

    /// Turns the number that comes next into its negative.
    fn negate_number(&mut self) -> bool {
        let Some(token) = self.words.get_mut(self.next) else { return false };
        token.word = match &token.word {
            Word::Smallest => Word::Literal(Literal::Int(i64::MIN)),
            Word::Literal(Literal::Int(number)) => Word::Literal(Literal::Int(-number)),
            Word::Literal(Literal::Double(number)) => Word::Literal(Literal::Double(-number)),
            _ => return false,
        };
        true
    }

    /// A value with what follows it: `.field`, `.call(...)`, `[index]`.
    fn member(&mut self, minus: Option<usize>) -> Result<Expr, Fault> {
        let start = minus.unwrap_or(self.place().start);
        let mut expr = self.primary(start)?;
        loop {
            let at = self.place();
            if self.take(".") {
                expr = self.after_dot(start, expr)?;
            } else if self.take("[") {
                let optional = self.take("?");
                let index = self.expr()?;
                self.want("]")?;
                let function = if optional { operator::OPTIONAL_INDEX } else { operator::INDEX };
                expr = self.call(start, function, vec![expr, index], at)?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn after_dot(&mut self, start: usize, operand: Expr) -> Result<Expr, Fault> {
        let optional = self.take("?");
        let at = self.place();
        let (field, quoted) = match self.peek() {
            Word::Name(name) => (name.clone(), false),
            Word::Quoted(name) => (name.clone(), true),
            _ => return Err(self.misplaced()),
        };
        self.next += 1;
        if optional || quoted || !self.take("(") {
            let operand = Box::new(operand);
            return self.node(start, Kind::Select { operand, field, test: false, optional });
        }
        let args = self.args(")")?;
        match macros::member(operand, &field, args, at)? {
            Ok(fold) => self.node(start, Kind::Fold(Box::<Fold>::new(fold))),
            Err((target, args)) => {
                let target = Some(Box::new(target));
                self.node(start, Kind::Call { target, function: field, args, at })
            }
        }
    }

    /// Expressions parted by commas up to `end`, which is taken.
    fn args(&mut self, end: &str) -> Result<Vec<Expr>, Fault> {
        let mut args = Vec::new();
        while !self.take(end) {
            args.push(self.expr()?);
            if !self.take(",") {
                self.want(end)?;
                break;
            }
            if end == ")" && matches!(self.peek(), Word::Sign(")")) {
                return Err(self.misplaced());
            }
        }
        Ok(args)
    }

    fn primary(&mut self, start: usize) -> Result<Expr, Fault> {
        let at = self.place();
        match self.peek().clone() {
            Word::Literal(literal) => {
                self.next += 1;
                self.node(start, Kind::Literal(literal))
            }
            Word::Smallest => Err(Fault::at(at, "this number is too large")),
            Word::Name(name) => {
                self.next += 1;
                self.name(start, name, at)
            }
            Word::Sign("(") => {
                self.next += 1;
                let mut inner = self.expr()?;
                self.want(")")?;
                inner.place = Place { start, end: self.end() };
                Ok(inner)
            }
            Word::Sign("[") => {
                self.next += 1;
                self.list(start)
            }
            Word::Sign("{") => {
                self.next += 1;
                self.map(start)
            }
            Word::Sign(".") => {
                self.next += 1;
                let Word::Name(name) = self.peek().clone() else { return Err(self.misplaced()) };
                let at = self.place();
                self.next += 1;
                self.name(start, format!(".{name}"), at)
            }
            _ => Err(self.misplaced()),
        }
    }

    /// A name alone, a call, or a message.
    fn name(&mut self, start: usize, name: String, at: Place) -> Result<Expr, Fault> {
        if RESERVED.contains(&name.trim_start_matches('.')) {
            return Err(Fault::at(at, format!("`{name}` cannot be used as a name")));
        }
        if self.take("(") {
            let args = self.args(")")?;
            if name == "has" {
                let kind = macros::has(args, at)?;
                return self.node(start, kind);
            }
            return self.call(start, &name, args, at);
        }
        if let Some(whole) = self.message_name(&name) {
            return self.message(start, whole);
        }
        self.node(start, Kind::Ident(name))
    }

    /// `a.b.C` where a `{` follows: a message's name, which is then taken.
    fn message_name(&mut self, first: &str) -> Option<String> {
        let mut name = first.to_owned();
        let mut at = self.next;
        let word = |at: usize| self.words.get(at).map(|token| &token.word);
        while let (Some(Word::Sign(".")), Some(Word::Name(part))) = (word(at), word(at + 1)) {
            name = format!("{name}.{part}");
            at += 2;
        }
        if word(at) != Some(&Word::Sign("{")) {
            return None;
        }
        self.next = at + 1;
        Some(name)
    }

    fn message(&mut self, start: usize, name: String) -> Result<Expr, Fault> {
        let mut fields = Vec::new();
        while !self.take("}") {
            self.take("?");
            let (Word::Name(field) | Word::Quoted(field)) = self.peek().clone() else {
                return Err(self.misplaced());
            };
            self.next += 1;
            self.want(":")?;
            fields.push((field, self.expr()?));
            if !self.take(",") {
                self.want("}")?;
                break;
            }
        }
        self.node(start, Kind::Message { name, fields })
    }

    fn list(&mut self, start: usize) -> Result<Expr, Fault> {
        let mut items = Vec::new();
        while !self.take("]") {
            let optional = self.take("?");
            items.push(Item { value: self.expr()?, optional });
            if !self.take(",") {
                self.want("]")?;
                break;
            }
        }
        self.node(start, Kind::List(items))
    }

    fn map(&mut self, start: usize) -> Result<Expr, Fault> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let optional = self.take("?");
            let key = self.expr()?;
            self.want(":")?;
            entries.push(Entry { key, value: self.expr()?, optional });
            if !self.take(",") {
                self.want("}")?;
                break;
            }
        }
        self.node(start, Kind::Map(entries))
    }
}

fn too_deep(place: Place) -> Fault {
    let mut fault = Fault::at(place, "this condition is nested too deeply");
    fault.help = Some(format!("at most {DEEPEST} levels"));
    fault
}
