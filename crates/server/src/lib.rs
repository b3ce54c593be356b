#![doc = include_str!("../README.md")]

pub mod answer;
pub mod api;
pub mod chance;
pub mod channels;
pub mod clock;
pub mod config;
pub mod error;
mod extract;
pub mod finder;
pub mod http;
pub mod models;
pub mod pack;
mod pages;
pub mod phrases;
pub mod portal;
pub mod prompts;
pub mod questions;
pub mod search;
pub mod secrets;
pub mod sign_in;
pub mod sources;
pub mod stream;
pub mod telemetry;
pub mod wiring;
