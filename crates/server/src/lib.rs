#![doc = include_str!("../README.md")]

pub mod clock;
pub mod config;
pub mod models;
pub mod pack;
