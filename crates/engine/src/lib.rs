#![doc = include_str!("../README.md")]

mod app;
mod compose;
mod cron;
mod decide;
mod deliver;
mod detect;
mod error;
pub mod intake;
mod known;
mod letters;
pub mod population;
mod query;
pub mod sandbox;
mod suggest;
pub mod view;
mod work;
mod worker;

pub use app::{App, Reader, Writing};
pub use cron::Timetable;
pub use error::{EngineError, OutcomeError};
pub use query::AskAt;
pub use rules::Purpose;
pub use worker::{Worked, Worker};
