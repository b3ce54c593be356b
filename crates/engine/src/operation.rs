//! What the operator of an installation decides, whatever the country.

use storage::access_log::Access;

use crate::brake::Brake;
use crate::carrier::Carriers;
use crate::contact::Contact;
use crate::intake::{Input, Intake};
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::together::Together;

/// Limits, channels and hours of one installation.
#[derive(Debug, Default)]
pub struct Operation {
    /// How much work may wait.
    pub queue: Queue,
    /// What takes letters out, beside the inbox.
    pub carriers: Carriers,
    /// How people may be disturbed.
    pub contact: Contact,
    /// When a life event is stopped by itself.
    pub brake: Brake,
    /// What is counted.
    pub metrics: Metrics,
    /// Who stores at this moment.
    pub now: Now,
}

/// What is being stored at this moment, by callers who share a transaction.
#[derive(Debug, Default)]
pub struct Now {
    pub(crate) intake: Together<Vec<Input>, Vec<Intake>>,
    pub(crate) readings: Together<Access, ()>,
}
