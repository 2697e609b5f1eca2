//! Headers that ureq never sees, since it logs every byte of a request's head at the level trace.
//!
//! A header that says nothing stands in for them, and gives way to them below ureq, on the way to the socket.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
use zeroize::Zeroizing;

const NAME: HeaderName = HeaderName::from_static("x-stand-in");
const VALUE: &str = "1";
/// The end of the line before, and the header's own line without its end.
const LINE: &[u8] = b"\r\nx-stand-in: 1\r\n";

type Lines = Zeroizing<Vec<u8>>;

thread_local! {
    /// The lines that are missing from the request that this thread is about to send.
    static MISSING: RefCell<Lines> = RefCell::default();
}

/// The sensitive headers of the request that this thread sends while this lives.
#[derive(Debug)]
pub(crate) struct Hidden(());

impl Hidden {
    /// Takes the sensitive headers away.
    pub(crate) fn take(headers: &mut HeaderMap) -> Self {
        let lines = || {
            let sensitive = headers.iter().filter(|(_, value)| value.is_sensitive());
            sensitive.flat_map(|(name, value)| {
                [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"]
            })
        };
        // Room for all of them: what grows would leave copies behind.
        let room = lines().map(<[u8]>::len).sum();
        if room == 0 {
            return Self(());
        }
        let mut missing = Lines::new(Vec::with_capacity(room));
        lines().for_each(|part| missing.extend_from_slice(part));
        let sensitive = headers.iter().filter(|(_, value)| value.is_sensitive());
        let names: Vec<HeaderName> = sensitive.map(|(name, _)| name.clone()).collect();
        MISSING.set(missing);
        for name in names {
            headers.remove(name);
        }
        headers.insert(NAME, HeaderValue::from_static(VALUE));
        Self(())
    }

    /// Appends what is to be sent, with what is hidden in its place.
    pub(crate) fn reveal(sent: &[u8], held: &mut Vec<u8>) {
        let at = MISSING.with_borrow(|missing| match missing.is_empty() {
            true => None,
            false => memmem::find(sent, LINE),
        });
        let Some(at) = at else {
            held.extend_from_slice(sent);
            return;
        };
        let (before, after) = (&sent[..at + 2], &sent[at + LINE.len()..]);
        let lines = MISSING.take();
        held.reserve(before.len() + lines.len() + after.len());
        for part in [before, &lines, after] {
            held.extend_from_slice(part);
        }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // The lines are wiped.
        drop(MISSING.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        let mut secret = HeaderValue::from_static("not-a-real-token");
        secret.set_sensitive(true);
        headers.insert("x-tc-token", secret);
        headers
    }

    fn revealed(sent: &str) -> String {
        let mut held = Vec::new();
        Hidden::reveal(sent.as_bytes(), &mut held);
        String::from_utf8(held).unwrap()
    }

    #[test]
    fn what_is_sensitive_is_back_in_its_place_once() {
        let mut headers = headers();
        let hidden = Hidden::take(&mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[NAME], VALUE);
        assert!(!headers.contains_key("x-tc-token"));
        // A proxy is asked for a tunnel before the request is sent.
        let connect = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n";
        assert_eq!(revealed(connect), connect);
        let head = "POST / HTTP/1.1\r\nhost: h\r\nx-stand-in: 1\r\na: b\r\n\r\n";
        let whole = "POST / HTTP/1.1\r\nhost: h\r\nx-tc-token: not-a-real-token\r\na: b\r\n\r\n";
        assert_eq!(revealed(head), whole);
        assert_eq!(revealed(head), head);
        drop(hidden);
    }

    #[test]
    fn what_was_not_sent_is_forgotten() {
        let mut headers = headers();
        drop(Hidden::take(&mut headers));
        let head = "POST / HTTP/1.1\r\nx-stand-in: 1\r\n\r\n";
        assert_eq!(revealed(head), head);
    }

    #[test]
    fn without_a_sensitive_header_nothing_stands_in() {
        let mut headers = headers();
        headers.remove("x-tc-token");
        let before = headers.clone();
        let _hidden = Hidden::take(&mut headers);
        assert_eq!(headers, before);
    }
}
