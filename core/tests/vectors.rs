//! Signatures made by the vendor's Python SDK, reproduced.

use tc3_core::{
    Credential, UnixTime,
    tc3::{CanonicalRequest, Payload, Signer},
};

#[derive(serde::Deserialize)]
struct Vector {
    name: String,
    secret_id: String,
    secret_key: String,
    timestamp: UnixTime,
    service: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    payload: String,
    authorization: String,
}

fn vectors() -> Vec<Vector> {
    let lines = include_str!("data/tc3.jsonl").lines();
    let vectors: Vec<Vector> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(vectors.len(), 60);
    vectors
}

#[test]
fn every_vector_is_signed_as_the_vendor_signs_it() {
    for vector in vectors() {
        let headers = vector.headers.iter();
        let headers: Vec<_> = headers.map(|(name, value)| (&**name, &**value)).collect();
        let request = CanonicalRequest::new(
            &vector.method,
            &vector.path,
            &vector.query,
            headers,
            Payload::Signed(vector.payload.as_bytes()),
        );
        let credential = Credential::new(vector.secret_id, vector.secret_key).unwrap();
        let authorization = Signer::new(credential)
            .sign(&request, &vector.service, vector.timestamp)
            .unwrap();
        assert_eq!(authorization, vector.authorization, "{}", vector.name);
    }
}

#[test]
#[cfg(feature = "emulator")]
fn every_vector_is_verified_as_a_request() {
    for vector in vectors() {
        let mut request = http::Request::builder()
            .method(&*vector.method)
            .uri(format!("{}?{}", vector.path, vector.query));
        for (name, value) in &vector.headers {
            request = request.header(name, value);
        }
        let mut request = request
            .header("Authorization", &vector.authorization)
            .body(vector.payload.into_bytes())
            .unwrap();
        let timestamp = vector.timestamp.seconds().into();
        request.headers_mut().insert("x-tc-timestamp", timestamp);

        let credential = Credential::new(vector.secret_id, vector.secret_key).unwrap();
        let verified = tc3_core::tc3::verify(&request, vector.timestamp, |id| {
            (id == credential.secret_id()).then_some(&credential)
        });
        assert_eq!(verified.unwrap().service, vector.service, "{}", vector.name);
    }
}
