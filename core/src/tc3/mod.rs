//! The signature `TC3-HMAC-SHA256`, stage by stage.
//!
//! [`CanonicalRequest`] → [`string_to_sign`] → [`SigningKey::sign`] → [`authorization`], each of
//! which can be looked at and checked; [`Signer`] goes all the way with the day's key cached. With the
//! feature `emulator`, `verify` is the server's side.
//!
//! ```
//! use tc3_core::{Credential, UnixTime, tc3};
//!
//! let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key")?;
//! let request = tc3::CanonicalRequest::new(
//!     "POST",
//!     "/",
//!     "",
//!     &[("Content-Type", "application/json"), ("Host", "cvm.tencentcloudapi.com")],
//!     tc3::Payload::Signed(b"{}"),
//! );
//! assert_eq!(request.signed_headers(), "content-type;host");
//! let authorization =
//!     tc3::Signer::new(credential).sign(&request, "cvm", UnixTime::new(1551113065))?;
//! assert!(authorization.starts_with(
//!     "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2019-02-25/cvm/tc3_request, \
//!      SignedHeaders=content-type;host, Signature="
//! ));
//! # Ok::<(), tc3_core::Invalid>(())
//! ```
//!
//! Source: the vendor's page "Signature v3" of each service's API documentation.

mod canonical;
mod sign;

#[cfg(feature = "emulator")]
pub use crate::emulator::signature::{MAX_CLOCK_SKEW, Rejection, Verified, verify};
pub use canonical::{CanonicalRequest, Payload, UNSIGNED_PAYLOAD};
pub use sign::{Scope, Signature, Signer, SigningKey, authorization, string_to_sign};

/// The algorithm's name, as it begins the `Authorization` header and the string to sign.
pub const ALGORITHM: &str = "TC3-HMAC-SHA256";

/// The last part of a scope.
pub(crate) const TERMINATOR: &str = "tc3_request";

/// A hash in lower-case hexadecimal digits.
pub(crate) struct Hex(pub(crate) [u8; 64]);

impl Hex {
    pub(crate) fn new(hash: &[u8; 32]) -> Self {
        const fn digit(nibble: u8) -> u8 {
            let zero = if nibble < 10 { b'0' } else { b'a' - 10 };
            zero.wrapping_add(nibble)
        }
        let mut digits = [0; 64];
        let (pairs, _) = digits.as_chunks_mut();
        for (pair, byte) in pairs.iter_mut().zip(hash) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        Self(digits)
    }

    pub(crate) fn as_str(&self) -> &str {
        #[expect(clippy::expect_used, reason = "digits are ASCII")]
        str::from_utf8(&self.0).expect("digits are ASCII")
    }
}
