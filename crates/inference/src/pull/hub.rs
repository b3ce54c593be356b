//! Files from the model hub.

use std::path::PathBuf;

use hf_hub::api::sync::{ApiBuilder, ApiError};
use hf_hub::{Repo, RepoType};

use super::{PullError, Work, io};

impl Work<'_> {
    pub(super) fn fetch_from_hub(
        &mut self,
        repo: &str,
        revision: &str,
        path: &str,
    ) -> Result<Vec<PathBuf>, PullError> {
        self.say(&format!("{path} of {repo}"));
        let failed = |error: ApiError| PullError::Hub {
            repo: repo.to_owned(),
            path: path.to_owned(),
            said: error.to_string(),
        };
        let cache = self.partial.join("hub");
        // The models are public: no token of whoever runs this is sent.
        let mut builder =
            ApiBuilder::from_env().with_cache_dir(cache).with_token(None).with_progress(false);
        if let Some(endpoint) = &self.options.hub_endpoint {
            builder = builder.with_endpoint(endpoint.clone());
        }
        let pinned = Repo::with_revision(repo.to_owned(), RepoType::Model, revision.to_owned());
        let api = builder.build().map_err(failed)?.repo(pinned);
        let link =
            api.download_with_progress(path, Bar { work: self, bytes: 0 }).map_err(failed)?;
        // What the library returns is a link into its cache.
        Ok(vec![link.canonicalize().map_err(io(&link))?])
    }
}

/// The library's progress, passed on.
struct Bar<'b, 'a> {
    work: &'b mut Work<'a>,
    bytes: u64,
}

impl hf_hub::api::Progress for Bar<'_, '_> {
    fn init(&mut self, _size: usize, _filename: &str) {
        self.bytes = 0;
    }

    fn update(&mut self, size: usize) {
        self.bytes += size as u64;
        self.work.at(self.bytes);
    }

    fn finish(&mut self) {}
}
