//! A general CEL expression: parsed, checked where asked, evaluated as a whole.
//!
//! Rules do not use it; the conformance tests and benchmarks do, over the same parser, checker and
//! evaluator that the rules have.

use std::collections::BTreeMap;

use super::activation::Activation;
use super::check::{Checked, Declarations, Mode, check};
use super::declare::{Declared, standard};
use super::evaluate::{Evaluator, Silent};
use super::syntax::{Fault, parse};
use super::types::Type;
use super::undetermined::Undetermined;
use super::value::Value;

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct Program {
    checked: Checked,
}

impl Program {
    /// Parses and checks `source`. Everything that is wrong is told at once.
    pub fn compile(source: &str, declarations: &dyn Declarations) -> Result<Self, Vec<Fault>> {
        Self::new(source, declarations, Mode::Checked)
    }

    /// Parses `source` and leaves types to be found out when it is evaluated.
    pub fn unchecked(source: &str, declarations: &dyn Declarations) -> Result<Self, Vec<Fault>> {
        Self::new(source, declarations, Mode::Unchecked)
    }

    fn new(source: &str, declarations: &dyn Declarations, mode: Mode) -> Result<Self, Vec<Fault>> {
        let expr = parse(source).map_err(|fault| vec![fault])?;
        check(&expr, declarations, mode).map(|checked| Self { checked })
    }

    /// The type of its value, as far as the checker knows it.
    #[must_use]
    pub fn result(&self) -> &Type {
        &self.checked.result
    }

    /// The names of its variables, by slot.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.checked.variables.0
    }

    /// Its value, or why it has none.
    pub fn evaluate<'a, A: Activation + ?Sized>(
        &'a self,
        activation: &'a A,
    ) -> Result<Value<'a>, Undetermined> {
        let names = &self.checked.variables;
        Evaluator::of_whole(activation, names, Silent).value(&self.checked.node)
    }
}

/// Declarations with all functions of CEL, for expressions that are no conditions.
#[derive(Debug, Clone, Default)]
pub struct StandardLibrary {
    /// The container whose names need not be written out.
    pub container: String,
    /// Variables by name.
    pub variables: BTreeMap<String, Type>,
    /// More functions, which can be checked and not called.
    pub functions: BTreeMap<String, Declared>,
}

impl Declarations for StandardLibrary {
    fn variable(&self, name: &str) -> Option<Type> {
        self.variables.get(name).cloned()
    }

    fn function(&self, name: &str) -> Option<&Declared> {
        self.functions.get(name).or_else(|| standard().get(name))
    }

    fn function_names(&self) -> Vec<&str> {
        let own = self.functions.keys().map(String::as_str);
        own.chain(standard().keys().copied()).collect()
    }

    fn container(&self) -> &str {
        &self.container
    }
}
