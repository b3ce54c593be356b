#![doc = include_str!("../README.md")]

pub mod embed;
pub mod generate;
pub mod gguf;
mod kernels;
pub mod manifest;
pub mod nearest;
pub mod pull;
pub mod reach;
pub mod remote;
pub mod score;
pub mod serve;
mod share;
pub mod store;
pub mod text;
pub mod tokenizer;
