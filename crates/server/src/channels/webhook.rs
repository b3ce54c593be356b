//! A signed call to a portal, after Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`,
//! `webhook-signature`. The body is thin: that a message waits, and for whom by pseudonym; the
//! portal fetches it with its key and its purpose.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Clock;
use engine::carrier::{Carrier, Carrying, NotCarried, Parcel};
use hmac::{Hmac, KeyInit as _, Mac as _};
use inference::reach::Reach;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Url};
use sha2::Sha256;

use super::http::{client, send};
use super::message_ready;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// Calls one portal.
pub struct Webhook {
    url: Url,
    /// The one in use first; while they are changed, the one before too.
    secrets: Vec<Vec<u8>>,
    allow_private: bool,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not an address.
    #[error("the address of the webhook is none")]
    Address(#[source] <Url as std::str::FromStr>::Err),
    /// An address that would reach inside.
    #[error(
        "the address of the webhook must begin with https:// and be public, unless `allow_private` is set"
    )]
    Inside,
    /// Not a secret.
    #[error("a secret must be `{PREFIX}` and base64 of 24 to 64 bytes, one on a line")]
    Secret,
    /// No client.
    #[error("no HTTP client could be made")]
    Client(#[source] reqwest::Error),
}

impl Webhook {
    /// Calls `url`, signing with each of `secrets`, one a line.
    ///
    /// # Errors
    /// When the address or a secret cannot be used.
    pub fn new(
        url: &str,
        secrets: &str,
        allow_private: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WebhookError> {
        let url: Url = url.parse().map_err(WebhookError::Address)?;
        if !allow_private && !may_be_called(&url) {
            return Err(WebhookError::Inside);
        }
        let secrets = secrets.lines().map(read_secret).collect::<Option<Vec<_>>>();
        let secrets = secrets.filter(|it| !it.is_empty()).ok_or(WebhookError::Secret)?;
        let client = client(!allow_private).map_err(WebhookError::Client)?;
        Ok(Self { url, secrets, allow_private, client, clock })
    }

    async fn call(&self, parcel: &Parcel) -> Result<(), NotCarried> {
        let (id, at) = (parcel.id.to_string(), self.clock.now().as_second().to_string());
        let body = message_ready(parcel);
        let signatures: Vec<String> =
            self.secrets.iter().filter_map(|secret| sign(secret, &id, &at, &body)).collect();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/cloudevents+json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &at)
            .header("webhook-signature", signatures.join(" "))
            .body(body);
        send(request).await
    }
}

impl Carrier for Webhook {
    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(self.call(parcel))
    }
}

/// Without the address, which may hold a token, and without the secrets.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("secrets", &self.secrets.len())
            .field("allow_private", &self.allow_private)
            .finish_non_exhaustive()
    }
}

/// Whether `url` may be called at all: over https, and not an inner address written out.
fn may_be_called(url: &Url) -> bool {
    url.scheme() == "https" && Reach::Public.allows_host(url)
}

fn read_secret(line: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(line.trim().strip_prefix(PREFIX)?).ok()?;
    (24..=64).contains(&bytes.len()).then_some(bytes)
}

/// `v1,` and base64 of HMAC-SHA256 over id, moment and body.
fn sign(secret: &[u8], id: &str, at: &str, body: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use domain::FixedClock;

    use super::*;

    /// The example of the Standard Webhooks specification's reference libraries.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", r#"{"test": 2432232314}"#);
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_address_inside_and_a_bad_secret_are_refused() {
        let clock = || Arc::new(FixedClock::at(jiff::Timestamp::UNIX_EPOCH)) as Arc<dyn Clock>;
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let make = |url: &str, secret: &str, allow| Webhook::new(url, secret, allow, clock());
        assert!(matches!(make("https://10.0.0.1/", good, false), Err(WebhookError::Inside)));
        assert!(matches!(make("http://portal.example/", good, false), Err(WebhookError::Inside)));
        let metadata = "https://169.254.169.254/latest/meta-data";
        assert!(matches!(make(metadata, good, false), Err(WebhookError::Inside)));
        assert!(make("https://1.1.1.1/", good, false).is_ok());
        assert!(make("http://10.0.0.1/", good, true).is_ok());
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!"] {
            let made = make("https://portal.example/", bad, false);
            assert!(matches!(made, Err(WebhookError::Secret)), "{bad}");
        }
        let two = format!("{good}\n{good}");
        let shown = format!("{:?}", make("https://portal.example/t0ken", &two, false).unwrap());
        assert!(shown.contains("secrets: 2") && !shown.contains("t0ken"), "{shown}");
    }
}
