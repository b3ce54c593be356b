//! What a portal may read a person's data for. A closed list: each purpose has its law,
//! which is logged with the reading and shown to the person.

use serde::Deserialize;
use utoipa::ToSchema;

/// Why a person's data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    /// To offer the person the services that their life events open.
    ProactiveService,
}

impl From<Purpose> for engine::Purpose {
    fn from(asked: Purpose) -> Self {
        match asked {
            Purpose::ProactiveService => Self::ProactiveService,
        }
    }
}
