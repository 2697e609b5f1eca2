//! Texts that stand for something: dates, amounts, settings, scripts.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use serde::{Serialize, de::DeserializeOwned};
use tc3_core::{
    BeijingTime, CompactDate, Credential, Fen, Month, Region, Session, Settings, UnixTime, Untyped,
    Yuan,
    emulator::{Fault, Scripted, When},
    proxy::{Proxies, ProxyUrl},
    session::{Endpoint, Language},
    tc3,
    types::{BeijingSecond, BillDate, Percent, lenient},
    wire::request,
};

use crate::message::{NOW, credential};

/// Any text is read as what it is, or refused; what was read is printed and read again as the same, and a
/// date, an amount or a setting is printed as it was written. What was read can be used.
///
/// # Panics
///
/// When that does not hold.
pub fn texts(bytes: &[u8]) {
    json(bytes);
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    dates(text);
    amounts(text);
    again::<Region>(text);
    again::<Language>(text);
    again::<When>(text);
    again::<Fault>(text);
    again::<Scripted>(text);
    settings(text);
}

/// What the text is printed as, if it is read at all.
fn again<T: FromStr + Display + Debug + PartialEq>(text: &str) -> Option<String> {
    let value: T = text.parse().ok()?;
    let printed = value.to_string();
    match printed.parse::<T>() {
        Ok(again) => {
            assert_eq!(again, value, "{printed:?}");
            assert_eq!(again.to_string(), printed);
        }
        Err(_) => panic!("{value:?} is printed as {printed:?}"),
    }
    Some(printed)
}

/// The same, and as a text in JSON.
fn in_json<T>(text: &str) -> Option<String>
where
    T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let json = serde_json::to_string(text).expect("a text");
    let read: Option<T> = serde_json::from_str(&json).ok();
    assert_eq!(read, text.parse().ok(), "{json}");
    if let Some(value) = read {
        let json = serde_json::to_string(&value).expect("what is read is written");
        assert_eq!(serde_json::from_str::<T>(&json).ok(), Some(value), "{json}");
    }
    again::<T>(text)
}

fn dates(text: &str) {
    for printed in [
        in_json::<BeijingSecond>(text),
        in_json::<CompactDate>(text),
        in_json::<BillDate>(text),
        in_json::<Month>(text),
    ] {
        assert!(printed.is_none_or(|printed| printed == text), "{text}");
    }
    if let Some(printed) = in_json::<BeijingTime>(text) {
        // Its zeros at the end may be others.
        let exact = |text: &str| match text.split_once('.') {
            Some((second, fraction)) => (second.to_owned(), fraction.trim_end_matches('0').len()),
            None => (text.to_owned(), 0),
        };
        assert_eq!(exact(&printed), exact(text));
        let time: BeijingTime = text.parse().expect("it was read before");
        assert_eq!(time.second().to_string(), text[..19]);
        assert_eq!(BeijingSecond::from_unix(time.to_unix()), Ok(time.second()));
    }
}

fn amounts(text: &str) {
    if let Some(printed) = in_json::<Yuan>(text) {
        let amount: Yuan = text.parse().expect("it was read before");
        assert!(same_amount(text, &printed), "{text} became {printed}");
        if let Some(fen) = amount.to_fen() {
            assert_eq!(fen.to_yuan(), amount);
        }
        assert_eq!(
            amount.checked_sub(amount).unwrap_or_default(),
            Yuan::ZERO,
            "{text}"
        );
        if let Some(twice) = amount.checked_add(amount) {
            assert_eq!(twice.checked_sub(amount), Some(amount));
        }
    }
    if let Some(printed) = in_json::<Fen>(text) {
        let whole: Yuan = text.parse().expect("an amount of fen is an amount");
        assert_eq!(printed.parse(), Ok(whole));
    }
}

/// Whether two decimal numbers, the first of which may have an exponent, are the same to the digit. That
/// an exponent makes zeros at the end of it is not looked at.
fn same_amount(written: &str, printed: &str) -> bool {
    let digits = |text: &str| {
        let (number, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (sign, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number),
        };
        let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
        let all = format!("{whole}{decimals}");
        let significant = all.trim_start_matches('0').trim_end_matches('0').to_owned();
        let zeros = all.len() - all.trim_end_matches('0').len();
        let exponent: i128 = exponent.parse().expect("an exponent is an integer");
        // The place of the last digit that is not 0.
        let place = exponent - decimals.len() as i128 + zeros as i128;
        let place = if significant.is_empty() { 0 } else { place };
        (sign, significant, place)
    };
    let decimals = |text: &str| {
        text.split_once('.')
            .map_or(0, |(_, decimals)| decimals.len())
    };
    let kept = written.contains(['e', 'E']) || decimals(written) == decimals(printed);
    kept && digits(written) == digits(printed)
}

/// What JSON can hold beyond texts.
fn json(bytes: &[u8]) {
    fn number<T>(bytes: &[u8])
    where
        T: lenient::FromScalar + Debug + PartialEq + Display,
    {
        let read = |bytes: &[u8]| {
            let mut json = serde_json::Deserializer::from_slice(bytes);
            let value: T = lenient::required(&mut json).ok()?;
            json.end().ok().map(|()| value)
        };
        if let Some(value) = read(bytes) {
            let text = serde_json::to_string(&value.to_string()).expect("a text");
            assert_eq!(read(text.as_bytes()), Some(value), "{text}");
        }
    }
    number::<i64>(bytes);
    number::<u64>(bytes);
    number::<UnixTime>(bytes);
    number::<String>(bytes);

    let number: Option<Yuan> = serde_json::from_slice(bytes).ok();
    let text = str::from_utf8(bytes).unwrap_or_default();
    if serde_json::from_str::<serde_json::Number>(text).is_ok() {
        assert_eq!(number, text.trim().parse().ok(), "a number's digits count");
    }
    assert_eq!(serde_json::from_reader::<_, Yuan>(bytes).ok(), number);
    if let Ok(percent) = serde_json::from_slice::<Percent>(bytes) {
        let json = serde_json::to_string(&percent).expect("what is read is written");
        assert_eq!(serde_json::from_str::<Percent>(&json).ok(), Some(percent));
    }
}

fn settings(text: &str) {
    let mut used = Settings::default();
    if let Ok(region) = Region::new(text) {
        let endpoint = Endpoint::regional(&region);
        used = used.with_endpoint(endpoint).with_region(region);
    }
    if let Ok(language) = Language::new(text) {
        used = used.with_language(language);
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert_eq!(again::<Endpoint>(text), Some(endpoint.url("billing")));
        let plain = Endpoint::plain_http_readable_by_anyone(text);
        assert_eq!(plain.as_ref(), Ok(&endpoint));
        used = used.with_endpoint(endpoint);
    } else if let Ok(endpoint) = Endpoint::plain_http_readable_by_anyone(text) {
        assert!(endpoint.url("billing").starts_with("http://"));
        used = used.with_endpoint(endpoint);
    }
    let mut signer = credential();
    if let Ok(credential) = Credential::new("AKIDEXAMPLE", text) {
        let other = Credential::new("AKIDEXAMPLE", "x").expect("a right credential");
        assert_eq!(format!("{credential:?}"), format!("{other:?}"));
        signer = credential.with_token(text).expect("what a key may be");
    }
    if let Ok(credential) = Credential::new(text, "not-a-real-key") {
        signer = credential;
    }
    signs(&signer, used);

    if let Ok(proxy) = ProxyUrl::new(text) {
        assert_eq!(proxy.expose(), text);
        let shown = format!("{proxy:?}");
        assert!(!shown.contains('@'), "{shown}");
        let url = shown.trim_start_matches("ProxyUrl(").trim_end_matches(')');
        let again = ProxyUrl::new(url).expect("a proxy without its user");
        assert_eq!(format!("{again:?}"), shown);
    }
    proxies(text);
}

/// Whatever the environment has as proxies and exceptions, a host is asked for through none, through what can be
/// used, or not at all.
fn proxies(text: &str) {
    let mut lines = text.splitn(2, '\n').map(|line| line.as_bytes().to_vec());
    let (proxy, exceptions) = (lines.next(), lines.next());
    let proxies = Proxies::from_variables(|name| match name {
        "ALL_PROXY" => proxy.clone(),
        "NO_PROXY" => exceptions.clone(),
        _ => None,
    });
    for host in [
        "https://billing.example:8443",
        "http://10.0.0.1",
        "http://[2001:db8::1]:80",
    ] {
        match proxies.choose(&host.parse().expect("a URI")) {
            Ok(None) => {}
            Ok(Some(proxy)) => assert_eq!(ProxyUrl::new(proxy.expose()).as_ref(), Ok(proxy)),
            Err(invalid) => assert_eq!(invalid.field(), "ALL_PROXY"),
        }
    }
    let loopback = "http://127.0.0.1".parse().expect("a URI");
    assert_eq!(proxies.choose(&loopback), Ok(None));
}

/// Checks that requests can be signed with what was read.
pub(crate) fn signs(credential: &Credential, settings: Settings) {
    let mut session = Session::new(credential.clone()).with_settings(settings);
    let action = Untyped::new("billing", "2018-07-09", "A", serde_json::json!({}));
    let signed = request::sign(&action, &mut session, NOW).expect("what was read can be sent");
    let verified = tc3::verify(&signed, NOW, |id| {
        (id == credential.secret_id()).then_some(credential)
    });
    assert!(verified.is_ok(), "{verified:?}");
}
