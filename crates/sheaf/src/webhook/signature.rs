//! Signatures of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;
use sheaf_types::DeliveryId;

/// What the headers of a signed request say.
pub(super) struct Signed {
    /// Seconds since 1970.
    pub(super) timestamp: String,
    /// `v1,` and the signature in base64.
    pub(super) signature: String,
}

/// Signs a body for now: receivers refuse what is older than some minutes, so every attempt is signed anew.
pub(super) fn sign(secret: &[u8], id: DeliveryId, body: &str) -> Signed {
    let timestamp = Timestamp::now().as_second().to_string();
    let signature = signature(secret, &id.to_string(), &timestamp, body);
    Signed { timestamp, signature }
}

/// A secret as its owner sees it: what libraries of Standard Webhooks take.
pub(crate) fn shown(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(secret))
}

fn signature(secret: &[u8], id: &str, timestamp: &str, body: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is fine");
    for part in [id, ".", timestamp, ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification and of its libraries' tests.
    #[test]
    fn a_signature_is_the_one_of_the_specification() {
        let secret = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(shown(&secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }
}
