//! Tests of the crate from outside, on the pack's own corpus.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod index;
#[cfg(test)]
mod model;
#[cfg(test)]
mod procedures;
#[cfg(test)]
mod quality;
#[cfg(test)]
mod search;
#[cfg(test)]
mod source;
#[cfg(test)]
mod support;
