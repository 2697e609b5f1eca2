use alloc::{
    boxed::Box,
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{ALGORITHM, CanonicalRequest, Hex, TERMINATOR};
use crate::{Credential, Invalid, UnixTime};

/// The length of a scope's date.
const DATE: usize = "yyyy-MM-dd".len();

/// The scope of a signature: one service on one UTC day.
///
/// ```
/// use tc3_core::{UnixTime, tc3::Scope};
///
/// let scope = Scope::new(UnixTime::new(1_551_113_065), "cvm")?;
/// assert_eq!(scope.as_str(), "2019-02-25/cvm/tc3_request");
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    text: String,
    service: String,
    day: i64,
}

impl Scope {
    /// The scope of a request to `service` at `time`.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years 0 to 9999.
    pub fn new(time: UnixTime, service: &str) -> Result<Self, Invalid> {
        let date = time.utc_date()?;
        if date.year() < 0 {
            return Err(Invalid::new("timestamp", "lies before the year 0"));
        }
        Ok(Self {
            text: [&*date.to_string(), service, TERMINATOR].join("/"),
            service: service.into(),
            day: time.day(),
        })
    }

    /// The scope as it stands in the string to sign and in the header, `date/service/tc3_request`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The UTC date, `yyyy-MM-dd`.
    pub fn date(&self) -> &str {
        self.text.get(..DATE).unwrap_or_default()
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }
}

/// The string to sign: the second stage of a signature.
///
/// ```
/// use tc3_core::{UnixTime, tc3};
///
/// let time = UnixTime::new(1_551_113_065);
/// let text = tc3::string_to_sign(time, &tc3::Scope::new(time, "cvm")?, &[0; 32]);
/// assert!(text.starts_with("TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n00"));
/// # Ok::<(), tc3_core::Invalid>(())
/// ```
pub fn string_to_sign(time: UnixTime, scope: &Scope, canonical_hash: &[u8; 32]) -> String {
    [
        ALGORITHM,
        itoa::Buffer::new().format(time.seconds()),
        scope.as_str(),
        Hex::new(canonical_hash).as_str(),
    ]
    .join("\n")
}

/// The value of the `Authorization` header: the last stage.
pub fn authorization(
    secret_id: &str,
    scope: &Scope,
    signed_headers: &str,
    signature: &Signature,
) -> String {
    [
        ALGORITHM,
        " Credential=",
        secret_id,
        "/",
        scope.as_str(),
        ", SignedHeaders=",
        signed_headers,
        ", Signature=",
        Hex::new(&signature.0).as_str(),
    ]
    .concat()
}

/// The key that signs one service's requests of one day; wiped when dropped.
#[derive(Clone)]
pub struct SigningKey(pub(crate) Hmac<Sha256>);

impl SigningKey {
    /// Derives the key from the secret key.
    pub fn derive(secret_key: &str, scope: &Scope) -> Self {
        let mut seed = Zeroizing::new(Vec::with_capacity(secret_key.len().saturating_add(3)));
        seed.extend_from_slice(b"TC3");
        seed.extend_from_slice(secret_key.as_bytes());
        let date = step(&seed, scope.date());
        let service = step(&*date, scope.service());
        Self(keyed(&*step(&*service, TERMINATOR)))
    }

    /// Signs a [`string_to_sign`].
    pub fn sign(&self, string_to_sign: &str) -> Signature {
        let mac = self.0.clone().chain_update(string_to_sign);
        Signature(mac.finalize().into_bytes().into())
    }
}

/// One HMAC of the derivation.
fn step(key: &[u8], message: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(
        keyed(key)
            .chain_update(message)
            .finalize()
            .into_bytes()
            .into(),
    )
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// An HMAC-SHA256, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy)]
pub struct Signature(pub(crate) [u8; 32]);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Hex::new(&self.0).as_str())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

/// How many derived keys a [`Signer`] keeps. A program that calls more services than that derives keys again.
const KEYS: usize = 16;

/// A credential that signs, and the keys that it has derived: one lasts for a service and a UTC day.
///
/// Deriving one takes 16 of the 28 hash compressions of a signature.
#[derive(Clone)]
pub struct Signer {
    credential: Credential,
    /// In boxes, since what is moved is left behind where it was.
    keys: VecDeque<Box<(Scope, SigningKey)>>,
}

impl Signer {
    /// A signer that has derived no key yet.
    pub const fn new(credential: Credential) -> Self {
        Self {
            credential,
            keys: VecDeque::new(),
        }
    }

    /// The credential that signs.
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Returns the `Authorization` header for a request to `service` at `time`.
    ///
    /// The request must carry `time` as its `X-TC-Timestamp`.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a time outside the years 0 to 9999.
    pub fn sign(
        &mut self,
        request: &CanonicalRequest,
        service: &str,
        time: UnixTime,
    ) -> Result<String, Invalid> {
        let id = self.credential.secret_id();
        let sign = |(scope, key): &(Scope, SigningKey)| {
            let signature = key.sign(&string_to_sign(time, scope, &request.hash()));
            authorization(id, scope, request.signed_headers(), &signature)
        };
        let is_right = |(scope, _): &&(Scope, SigningKey)| {
            scope.day == time.day() && scope.service() == service
        };
        if let Some(known) = self.keys.iter().map(Box::as_ref).find(is_right) {
            return Ok(sign(known));
        }
        let scope = Scope::new(time, service)?;
        let key = SigningKey::derive(self.credential.secret_key(), &scope);
        let derived = Box::new((scope, key));
        let header = sign(&derived);
        self.keys.truncate(KEYS.saturating_sub(1));
        self.keys.push_front(derived);
        Ok(header)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString, vec::Vec};

    use sha2::Digest;
    use zeroize::ZeroizeOnDrop;

    use super::*;
    use crate::tc3::Payload;

    /// The example that the vendor publishes, stage by stage.
    #[test]
    fn the_published_example_holds_at_every_stage() {
        let time = UnixTime::new(1_551_113_065);
        let body = r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("host", "cvm.tencentcloudapi.com"),
            ("x-tc-action", "DescribeInstances"),
        ];
        let request =
            CanonicalRequest::new("POST", "/", "", headers, Payload::Signed(body.as_bytes()));
        assert!(
            request
                .to_string()
                .ends_with("35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064")
        );
        assert_eq!(
            Hex::new(&request.hash()).as_str(),
            "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
        );

        let secret = "********************************";
        let date = step(format!("TC3{secret}").as_bytes(), "2019-02-25");
        let service = step(&*date, "cvm");
        let signing = step(&*service, TERMINATOR);
        for (key, published) in [
            (
                &date,
                "da98fb70dcf6b112dc21038d1eeeb3a95c74b4dcb12c1131f864f6066bd02be0",
            ),
            (
                &service,
                "8d70cbefb03939f929db64d32dc2ba89b1095620119fe3e050e2b18c5bd2752f",
            ),
            (
                &signing,
                "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af",
            ),
        ] {
            assert_eq!(Hex::new(key).as_str(), published);
        }

        let credential = Credential::new(format!("AKID{secret}"), secret).unwrap();
        let mut signer = Signer::new(credential);
        let expected = format!(
            "TC3-HMAC-SHA256 Credential=AKID{secret}/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host;x-tc-action, \
             Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
        );
        for _ in 0..2 {
            assert_eq!(signer.sign(&request, "cvm", time).unwrap(), expected);
        }
        assert_eq!(signer.keys.len(), 1);
    }

    #[test]
    fn each_day_and_service_has_a_key_of_its_own() {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let mut cached = Signer::new(credential.clone());
        let request = CanonicalRequest::new("POST", "/", "", [], Payload::Signed(b"{}"));
        // Twice around, so that keys are found again, forgotten and derived again.
        for (day, service) in (0..40)
            .chain(0..40)
            .flat_map(|day| [(day, "a"), (day, "b")])
        {
            let time = UnixTime::new(day * 86_400 + 86_399);
            let fresh = Signer::new(credential.clone()).sign(&request, service, time);
            assert_eq!(cached.sign(&request, service, time), fresh);
        }
        assert_eq!(cached.keys.len(), KEYS);
    }

    #[test]
    fn a_key_stays_where_it_is_until_it_is_wiped() {
        let mut signer = Signer::new(Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap());
        let request = CanonicalRequest::new("POST", "/", "", [], Payload::Signed(b"{}"));
        let mut places = Vec::new();
        for day in 0..16 {
            let time = UnixTime::new(day * 86_400);
            signer.sign(&request, "cvm", time).unwrap();
            places.insert(0, core::ptr::from_ref(&signer.keys[0].1));
            let now = signer
                .keys
                .iter()
                .map(|known| core::ptr::from_ref(&known.1));
            assert!(places.iter().copied().eq(now), "{day}");
        }
    }

    /// Keys are wiped when dropped, or this doesn't compile: what is derived on the way, and the states and
    /// buffers of the hashes that the HMAC of a [`SigningKey`] is made of.
    #[test]
    fn what_is_derived_is_wiped() {
        fn is_wiped<T: ZeroizeOnDrop>(_: &T) {}
        let date = step(b"TC3not-a-real-key", "2019-02-25");
        is_wiped(&date);
        is_wiped(&Sha256::new_with_prefix(*date));
        // An HMAC has two of them, and nothing else in which a key could be.
        assert!(size_of::<SigningKey>() <= 2 * size_of::<Sha256>());
    }

    #[test]
    fn no_debug_shows_a_key() {
        let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
        let mut signer = Signer::new(credential);
        let request = CanonicalRequest::new("POST", "/", "", [], Payload::Unsigned);
        signer.sign(&request, "cvm", UnixTime::new(0)).unwrap();
        assert_eq!(
            format!("{signer:?}"),
            "Signer { credential: Credential { secret_id: \"AKIDEXAMPLE\", secret_key: \"…\", \
             token: None, expires_at: None }, .. }"
        );
        let scope = Scope::new(UnixTime::new(0), "cvm").unwrap();
        let key = SigningKey::derive("not-a-real-key", &scope);
        assert_eq!(format!("{key:?}"), "SigningKey(…)");
        // What is sent may be seen.
        let signature = key.sign("");
        assert_eq!(format!("{signature:?}"), format!("Signature({signature})"));
        assert_eq!(
            format!("{request:?}"),
            format!("CanonicalRequest({:?})", request.to_string())
        );
    }
}
