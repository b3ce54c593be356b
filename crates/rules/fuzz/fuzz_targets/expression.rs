//! Any text as an expression: it is refused with a place inside the text, or it evaluates.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rules::cel::{Activation, Program, Slot, StandardLibrary, Type, Value};

/// One variable that is known, and nothing else.
struct One;

impl Activation for One {
    fn variable(&self, slot: Slot) -> Option<Value<'_>> {
        (slot == Slot(0)).then_some(Value::Int(7))
    }
}

fuzz_target!(|source: &str| {
    let mut library = StandardLibrary::default();
    library.variables.insert("x".to_owned(), Type::Int);
    library.variables.insert("a.b".to_owned(), Type::Dyn);
    for program in [Program::compile(source, &library), Program::unchecked(source, &library)] {
        match program {
            Ok(program) => {
                let _ = program.evaluate(&One);
            }
            Err(faults) => {
                assert!(!faults.is_empty());
                assert!(faults.iter().all(|fault| fault.start <= source.len()));
            }
        }
    }
});
