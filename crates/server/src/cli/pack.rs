//! `cotmoc check` and `cotmoc test`: what authors of life events run after every change.

pub(super) mod check;
pub(super) mod test;
mod watch;
