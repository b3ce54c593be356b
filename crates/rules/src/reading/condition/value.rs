//! The atoms of a condition and the values in it, in words.

use super::Teller;
use crate::cel::{Call, Node, Operation, Pattern, Slot, Telling, Value, Variable};
use crate::pack::country::ValueKind;

impl<'a> Teller<'a> {
    /// An atom that is no comparison.
    pub(super) fn atom(&self, node: &'a Node, yes: bool) -> String {
        match node {
            Node::Variable(slot) => {
                let path = self.path(*slot);
                let (role, label) =
                    (path.split_once('.').map_or(&*path, |it| it.0), self.words.label(&path));
                let role = self.words.role(role);
                if yes {
                    return self.words.statement(&path);
                }
                self.say(
                    &format!("{role}: không phải “{label}”"),
                    &format!("{role}: not “{label}”"),
                )
            }
            Node::Spoken(slot) => {
                let fact = self.words.fact(&self.path(*slot));
                if yes {
                    self.say(
                        &format!("đã có cơ quan cho biết {fact}"),
                        &format!("a register told {fact}"),
                    )
                } else {
                    self.say(
                        &format!("chưa có cơ quan nào cho biết {fact}"),
                        &format!("no register told {fact}"),
                    )
                }
            }
            Node::In(pair) => self.member(pair, yes),
            Node::Call(call) => self.called(call, node, yes),
            Node::Pattern(pattern) => self.told(pattern, yes),
            other => self.written(other, yes),
        }
    }

    fn member(&self, pair: &'a [Node; 2], yes: bool) -> String {
        let [a, b] = pair;
        let (left, right) = (self.beside(a, b), self.beside(b, a));
        match (matches!(b, Node::Variable(_)), yes) {
            (true, true) => {
                self.say(&format!("{right} có {left}"), &format!("{right} include {left}"))
            }
            (true, false) => self.say(
                &format!("{right} không có {left}"),
                &format!("{right} do not include {left}"),
            ),
            (false, true) => self.say(
                &format!("{left} là một trong: {right}"),
                &format!("{left} is one of: {right}"),
            ),
            (false, false) => self.say(
                &format!("{left} không phải là một trong: {right}"),
                &format!("{left} is none of: {right}"),
            ),
        }
    }

    /// A function that answers yes or no.
    fn called(&self, call: &'a Call, node: &'a Node, yes: bool) -> String {
        let args = self.args(call);
        let text = match (&*call.name, args.as_slice()) {
            ("is_working_day", [day]) => {
                self.say(&format!("{day} là ngày làm việc"), &format!("{day} is a working day"))
            }
            ("contains", [a, b]) => {
                self.say(&format!("{a} có chứa {b}"), &format!("{a} contains {b}"))
            }
            ("startsWith", [a, b]) => {
                self.say(&format!("{a} bắt đầu bằng {b}"), &format!("{a} begins with {b}"))
            }
            ("endsWith", [a, b]) => {
                self.say(&format!("{a} kết thúc bằng {b}"), &format!("{a} ends with {b}"))
            }
            _ => return self.written(node, yes),
        };
        if yes {
            text
        } else {
            self.say(&format!("không phải: {text}"), &format!("not so: {text}"))
        }
    }

    /// One telling after another.
    fn told(&self, pattern: &'a Pattern, yes: bool) -> String {
        let first = self.words.fact(&self.path(pattern.of));
        let then = pattern.then.map(|then| self.words.fact(&self.path(then))).unwrap_or_default();
        let days = pattern.days.as_ref().map(|days| self.value(days)).unwrap_or_default();
        let text = if pattern.what == Telling::Unfollowed {
            self.say(
                &format!("đã báo {first} hơn {days} ngày mà chưa báo {then}"),
                &format!("{first} was told more than {days} days ago, and {then} did not follow"),
            )
        } else {
            self.say(
                &format!("trong {days} ngày sau khi báo {first} có báo {then}"),
                &format!("within {days} days after {first} was told, {then} was told"),
            )
        };
        if yes {
            text
        } else {
            self.say(&format!("không phải: {text}"), &format!("not so: {text}"))
        }
    }

    /// What has no words of its own, as its author wrote it.
    fn written(&self, node: &Node, yes: bool) -> String {
        let text = self.condition.shown(node);
        if yes {
            self.say(&format!("biểu thức “{text}” đúng"), &format!("the expression “{text}” holds"))
        } else {
            self.say(
                &format!("biểu thức “{text}” không đúng"),
                &format!("the expression “{text}” does not hold"),
            )
        }
    }

    /// A value, as it stands in a sentence.
    pub(super) fn value(&self, node: &'a Node) -> String {
        match node {
            Node::Constant(value) => self.constant(value),
            Node::Variable(slot) => self.variable(*slot),
            Node::Negate(inner) => format!("−{}", self.value(inner)),
            Node::Compute(how, pair) => {
                let [a, b] = &**pair;
                format!("({} {} {})", self.value(a), sign(*how), self.value(b))
            }
            Node::List(items) => {
                let items: Vec<String> = items.iter().map(|(item, _)| self.value(item)).collect();
                items.join(", ")
            }
            Node::Choose(choose) => {
                let when = self.sentence(&choose.when, true).inline();
                let (yes, no) = (self.value(&choose.yes), self.value(&choose.no));
                self.say(
                    &format!("({yes} nếu {when}; {no} nếu không)"),
                    &format!("({yes} if {when}; {no} if not)"),
                )
            }
            Node::Call(call) => self.call(call).unwrap_or_else(|| self.quoted(node)),
            Node::Pattern(pattern) => self.pattern(pattern),
            other => self.quoted(other),
        }
    }

    /// A value that is compared with `other`: codes of provinces are told by their names.
    pub(super) fn beside(&self, node: &'a Node, other: &'a Node) -> String {
        let Node::Constant(value) = node else { return self.value(node) };
        if !self.is_province(other) {
            return self.constant(value);
        }
        let place = |value: &Value<'_>| match value {
            Value::String(code) => {
                format!("{} ({})", self.words.place(code.as_str()), code.as_str())
            }
            other => self.constant(other),
        };
        match value {
            Value::List(list) => {
                let places: Vec<String> = list.iter().map(|item| place(&item)).collect();
                places.join(", ")
            }
            one => place(one),
        }
    }

    /// Whether a value is the code of a province.
    fn is_province(&self, node: &Node) -> bool {
        let Node::Variable(slot) = node else { return false };
        let province = &self.words.pack.head().person.province;
        let place = self.words.life_event.place.as_ref();
        match self.condition.variable(*slot) {
            Some(Variable::Fact { role, attribute }) => {
                *attribute == province.value
                    || place.is_some_and(|place| place.value == format!("{role}.{attribute}"))
            }
            _ => false,
        }
    }

    fn quoted(&self, node: &Node) -> String {
        format!("“{}”", self.condition.shown(node))
    }

    fn constant(&self, value: &Value<'_>) -> String {
        match value {
            Value::Bool(true) => self.say("có", "yes"),
            Value::Bool(false) => self.say("không", "no"),
            Value::Int(number) => number.to_string(),
            Value::String(text) => format!("“{}”", text.as_str()),
            Value::Date(day) => self.words.day(*day),
            Value::List(list) => {
                let items: Vec<String> = list.iter().map(|item| self.constant(&item)).collect();
                items.join(", ")
            }
            other => format!("{other:?}"),
        }
    }

    fn variable(&self, slot: Slot) -> String {
        match self.condition.variable(slot) {
            Some(Variable::Today) => self.say("ngày đang xét", "the day that is asked about"),
            Some(Variable::Role(role)) => self.words.role(role),
            Some(Variable::Fact { role, attribute }) => {
                self.words.fact(&format!("{role}.{attribute}"))
            }
            Some(Variable::Parameter { name, field }) => self.parameter(name, field),
            None => String::new(),
        }
    }

    /// A dated value of the law, as it is or was from when on.
    fn parameter(&self, name: &str, field: &str) -> String {
        let rows = self.words.pack.parameter(name).iter().filter(|row| row.place.is_none());
        let told: Vec<(String, String)> = rows
            .filter_map(|row| {
                let value = self.words.dated(row.values.get(field)?);
                Some((value, self.words.day(row.in_force.from)))
            })
            .collect();
        let table = self.say(
            &format!("mức “{field}” của bảng “{name}”"),
            &format!("“{field}” in the table “{name}”"),
        );
        let first = told.first().map(|(value, _)| value.clone()).unwrap_or_default();
        if told.iter().all(|(value, _)| *value == first) {
            return format!("{first} ({table})");
        }
        let from = self.say("từ", "from");
        let each: Vec<String> =
            told.iter().map(|(value, day)| format!("{value} {from} {day}")).collect();
        format!("{table} ({})", each.join("; "))
    }

    fn path(&self, slot: Slot) -> String {
        match self.condition.variable(slot) {
            Some(Variable::Fact { role, attribute }) => format!("{role}.{attribute}"),
            _ => self.variable(slot),
        }
    }

    /// The arguments that the author wrote, in words.
    fn args(&self, call: &'a Call) -> Vec<String> {
        let written = call.args.len().saturating_sub(call.hidden);
        call.args.iter().take(written).map(|arg| self.value(arg)).collect()
    }

    fn call(&self, call: &'a Call) -> Option<String> {
        let args = self.args(call);
        Some(match (&*call.name, args.as_slice()) {
            ("years_between", [a, b]) => self.say(
                &format!("số năm tròn từ {a} đến {b}"),
                &format!("the number of full years from {a} to {b}"),
            ),
            ("months_between", [a, b]) => self.say(
                &format!("số tháng tròn từ {a} đến {b}"),
                &format!("the number of full months from {a} to {b}"),
            ),
            ("days_between", [a, b]) => self.say(
                &format!("số ngày từ {a} đến {b}"),
                &format!("the number of days from {a} to {b}"),
            ),
            ("working_days_between", [a, b]) => self.say(
                &format!("số ngày làm việc từ {a} đến {b}"),
                &format!("the number of working days from {a} to {b}"),
            ),
            ("age", [day]) => self.say(
                &format!("tuổi tròn tính từ {day}"),
                &format!("age in full years since {day}"),
            ),
            ("year", [day]) => self.say(&format!("năm của {day}"), &format!("the year of {day}")),
            ("month", [day]) => {
                self.say(&format!("tháng của {day}"), &format!("the month of {day}"))
            }
            ("day", [day]) => self.say(
                &format!("ngày trong tháng của {day}"),
                &format!("the day of the month of {day}"),
            ),
            ("add_days", [day, n]) => self.later(day, n, ["ngày", "days"]),
            ("add_months", [day, n, ..]) => self.later(day, n, ["tháng", "months"]),
            ("add_years", [day, n, ..]) => self.later(day, n, ["năm", "years"]),
            ("add_working_days", [day, n]) => self.later(day, n, ["ngày làm việc", "working days"]),
            ("first_day_of_month", [day]) => self.say(
                &format!("ngày đầu tháng của {day}"),
                &format!("the first day of the month of {day}"),
            ),
            ("last_day_of_month", [day]) => self.say(
                &format!("ngày cuối tháng của {day}"),
                &format!("the last day of the month of {day}"),
            ),
            ("size", [list]) => {
                self.say(&format!("số lượng {list}"), &format!("the number of {list}"))
            }
            _ => return None,
        })
    }

    /// A day so many units later, or earlier where the number is negative.
    fn later(&self, day: &str, n: &str, [vi, en]: [&str; 2]) -> String {
        match n.strip_prefix(['-', '−']) {
            Some(n) => {
                self.say(&format!("({day}, trừ {n} {vi})"), &format!("({day}, less {n} {en})"))
            }
            None => {
                self.say(&format!("({day}, thêm {n} {vi})"), &format!("({day}, plus {n} {en})"))
            }
        }
    }

    /// When, or how often, something was told.
    fn pattern(&self, pattern: &'a Pattern) -> String {
        let fact = self.words.fact(&self.path(pattern.of));
        let days = pattern.days.as_ref().map(|days| self.value(days)).unwrap_or_default();
        match pattern.what {
            Telling::Times => self.say(
                &format!("những ngày đã báo {fact}"),
                &format!("the days on which {fact} was told"),
            ),
            Telling::First => self.say(
                &format!("ngày đầu tiên báo {fact}"),
                &format!("the first day on which {fact} was told"),
            ),
            Telling::Last => self.say(
                &format!("ngày gần nhất báo {fact}"),
                &format!("the last day on which {fact} was told"),
            ),
            Telling::Within => self.say(
                &format!("số lần báo {fact} trong {days} ngày gần đây"),
                &format!("how often {fact} was told in the last {days} days"),
            ),
            Telling::Followed | Telling::Unfollowed => self.told(pattern, true),
        }
    }

    /// Whether a value is a day, so that it lies before or after and not below or above.
    pub(super) fn is_day(&self, node: &Node) -> bool {
        match node {
            Node::Constant(value) => matches!(value, Value::Date(_)),
            Node::Variable(slot) => match self.condition.variable(*slot) {
                Some(Variable::Today) => true,
                Some(Variable::Fact { role, attribute }) => {
                    let kind = self.words.life_event.roles.get(role.as_str()).map(|role| role.kind);
                    let definition =
                        kind.and_then(|kind| self.words.pack.attribute(kind, attribute));
                    definition
                        .is_some_and(|it| matches!(it.kind, ValueKind::Date | ValueKind::Time))
                }
                _ => false,
            },
            Node::Call(call) => {
                call.name.starts_with("add_")
                    || call.name.ends_with("_day_of_month")
                    || &*call.name == "date"
            }
            Node::Pattern(pattern) => matches!(pattern.what, Telling::First | Telling::Last),
            Node::Choose(choose) => self.is_day(&choose.yes),
            _ => false,
        }
    }
}

fn sign(how: Operation) -> &'static str {
    match how {
        Operation::Add => "+",
        Operation::Subtract => "−",
        Operation::Multiply => "×",
        Operation::Divide => "÷",
        Operation::Remainder => "mod",
    }
}
