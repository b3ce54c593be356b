//! What a portal may read a person's data for. A closed list: each purpose has its law,
//! which is logged with the reading and shown to the person.

use engine::Reader;
use serde::Deserialize;
use utoipa::ToSchema;

/// Why a person's data is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    /// To offer the person the services that their life events open.
    ProactiveService,
}

impl Purpose {
    /// The reading of `portal` for this purpose.
    pub(super) fn reader(self, portal: &str) -> Reader {
        match self {
            Self::ProactiveService => Reader {
                by: portal.to_owned(),
                purpose: "proactive_service".to_owned(),
                legal_basis: "Điều 16, Nghị định 224/2026/NĐ-CP".to_owned(),
            },
        }
    }
}
