//! Values of headers that ureq never sees, since it logs every byte of a request's head at the level trace.
//!
//! A word that says nothing stands in for them, and gives way to them below ureq, on the way to the socket.

use std::{cell::RefCell, mem};

use http::{HeaderMap, HeaderValue};
use memchr::memchr;

const STAND_IN: &str = "~hidden";
/// How its line goes on after the name.
const REST: &[u8] = b": ~hidden\r\n";
/// Where in that the value begins, by a byte that heads have nowhere else, and where it ends.
const START: usize = 2;
const END: usize = REST.len() - 2;

thread_local! {
    /// The values that are missing from the request that this thread is about to send, in their order.
    static MISSING: RefCell<Vec<HeaderValue>> = const { RefCell::new(Vec::new()) };
}

/// The sensitive headers of the request that this thread sends while this lives.
///
/// It holds what was missing before: of a request that is being sent when a log's sink, called by ureq, sends another.
#[derive(Debug)]
pub(crate) struct Hidden(Vec<HeaderValue>);

impl Hidden {
    /// Takes the values of sensitive headers away.
    pub(crate) fn take(headers: &mut HeaderMap) -> Self {
        MISSING.with_borrow_mut(|missing| {
            #[expect(clippy::drain_collect, reason = "the room stays for this request's")]
            let before = missing.drain(..).collect();
            let sensitive = headers.values_mut().filter(|value| value.is_sensitive());
            missing.extend(sensitive.map(|value| {
                let stand_in = HeaderValue::from_static(STAND_IN);
                mem::replace(value, stand_in)
            }));
            Self(before)
        })
    }

    /// Appends what is to be sent, with what is hidden in its place.
    pub(crate) fn reveal(mut sent: &[u8], held: &mut Vec<u8>) {
        MISSING.with_borrow_mut(|missing| {
            // Room for all of it: what grows would leave copies behind.
            let values = missing.iter().map(HeaderValue::len).sum::<usize>();
            held.reserve(sent.len() + values);
            let mut found = 0;
            for value in missing.iter() {
                let Some(at) = stand_in(sent) else {
                    break;
                };
                held.extend_from_slice(&sent[..at]);
                held.extend_from_slice(value.as_bytes());
                sent = &sent[at + END - START..];
                found += 1;
            }
            missing.drain(..found);
        });
        held.extend_from_slice(sent);
    }
}

/// Where the next value that is missing belongs.
fn stand_in(sent: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr(REST[START], &sent[from..])?;
        let line = at.checked_sub(START).map(|line| &sent[line..]);
        if line.is_some_and(|line| line.starts_with(REST)) {
            return Some(at);
        }
        from = at + 1;
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        MISSING.with_borrow_mut(|missing| {
            missing.clear();
            missing.append(&mut self.0);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> HeaderMap {
        let sensitive = |text| {
            let mut value = HeaderValue::from_static(text);
            value.set_sensitive(true);
            value
        };
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("h"));
        headers.insert("authorization", sensitive("not-a-real-signature"));
        headers.insert("x-tc-action", HeaderValue::from_static("A"));
        headers.insert("x-tc-token", sensitive("not-a-real-token"));
        headers
    }

    /// The head of a request, as ureq writes it.
    fn head(headers: &HeaderMap) -> String {
        let lines = headers.iter().map(|(name, value)| {
            let value = value.to_str().unwrap();
            format!("{name}: {value}\r\n")
        });
        format!("POST / HTTP/1.1\r\n{}\r\n", lines.collect::<String>())
    }

    fn revealed(sent: &str) -> String {
        let mut held = Vec::new();
        Hidden::reveal(sent.as_bytes(), &mut held);
        String::from_utf8(held).unwrap()
    }

    #[test]
    fn what_is_sensitive_is_back_in_its_place_once() {
        let mut headers = headers();
        let whole = head(&headers);
        let hidden = Hidden::take(&mut headers);
        let covered = head(&headers);
        assert!(!covered.contains("not-a-real"), "{covered}");
        // A proxy is asked for a tunnel before the request is sent.
        let connect = "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\nA: ~b\r\n\r\n";
        assert_eq!(revealed(connect), connect);
        assert_eq!(revealed(&covered), whole);
        assert_eq!(revealed(&covered), covered);
        drop(hidden);
    }

    #[test]
    fn a_head_may_be_sent_line_by_line() {
        let mut headers = headers();
        let whole = head(&headers);
        let _hidden = Hidden::take(&mut headers);
        let covered = head(&headers);
        let sent = covered.split_inclusive("\r\n").map(revealed);
        assert_eq!(sent.collect::<String>(), whole);
    }

    #[test]
    fn what_was_not_sent_is_forgotten() {
        let mut headers = headers();
        drop(Hidden::take(&mut headers));
        let covered = head(&headers);
        assert_eq!(revealed(&covered), covered);
    }

    #[test]
    fn a_request_that_is_sent_meanwhile_gets_its_own() {
        let (mut outer, mut inner) = (headers(), HeaderMap::new());
        let mut other = HeaderValue::from_static("another");
        other.set_sensitive(true);
        inner.insert("authorization", other);
        let (outer_whole, inner_whole) = (head(&outer), head(&inner));
        let _outer = Hidden::take(&mut outer);
        let within = Hidden::take(&mut inner);
        assert_eq!(revealed(&head(&inner)), inner_whole);
        drop(within);
        assert_eq!(revealed(&head(&outer)), outer_whole);
    }

    #[test]
    fn without_a_sensitive_header_nothing_stands_in() {
        let mut headers = headers();
        headers.remove("authorization");
        headers.remove("x-tc-token");
        let before = headers.clone();
        let _hidden = Hidden::take(&mut headers);
        assert_eq!(headers, before);
    }
}
