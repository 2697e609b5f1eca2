//! Calls and walks of a client, and all that it prints and logs meanwhile.

use std::{
    io::{Read, Write},
    net::TcpListener,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tc3_core::{
    Credential, Region, Settings, UnixTime,
    billing::DescribeBillList,
    credential::Source,
    emulator::{Emulator, Fault, When},
    flow::Retry,
    session::{Endpoint, Wire},
    sts::{AssumeRole, AssumeRoleWithWebIdentity},
};

use crate::{
    Client, Transport,
    driver::{Builder, serve, wait},
    logs,
    marks::{ID, KEY, Texts, credential},
};

fn january() -> DescribeBillList {
    let second = |text: &str| text.parse().unwrap();
    DescribeBillList::new(second("2024-01-01 00:00:00"), second("2024-01-31 23:59:59"))
        .with_limit(10)
}

/// A service in which each third request goes wrong in another way.
fn faulty() -> Emulator {
    let faults = [
        "throttle",
        "refuse=InternalError",
        "status=502",
        "cut",
        "lost",
    ];
    let script = faults.iter().zip(1_u64..);
    script.fold(Emulator::new(credential()), |emulator, (fault, at)| {
        let fault: Fault = fault.parse().unwrap();
        emulator.with_fault(When::At(at * 3), fault)
    })
}

fn settings(endpoint: Endpoint) -> Settings {
    let settings = Settings::default().with_endpoint(endpoint);
    settings.with_deadline(Duration::from_secs(10))
}

fn with(credential: Credential, settings: Settings) -> Builder {
    Client::builder().credentials(credential).settings(settings)
}

fn builder(credential: Credential, endpoint: Endpoint) -> Builder {
    with(credential, settings(endpoint))
}

/// Walks over a list in both ways, and looks at all that there is to print.
fn walk(client: &Client, width: usize, texts: &mut Texts) {
    texts.debug("Client", client);
    let mut pages = client.pages(january()).width(width);
    while let Some(page) = wait(pages.next()) {
        match page {
            Ok(page) => texts.debug("Reply", &page),
            Err(error) => texts.error("Error", &error),
        }
        texts.debug("Pages", &pages);
        texts.add("Walk", serde_json::to_string(pages.walk()).unwrap());
    }
    let mut items = client.items(january());
    while let Some(Ok(_)) = wait(items.next()) {
        texts.debug("Items", &items);
    }
}

/// A proxy that reads a request and answers so.
fn proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        stream.write_all(answer.as_bytes()).unwrap();
    });
    format!("http://user:MARKED-not-a-real-password@{address}")
}

/// Walks with keys that are taken at the service, throttled at first, and renewed on the way.
fn roles(texts: &mut Texts) {
    let sources: [fn(&Endpoint) -> Source; 2] = [
        |_| {
            let role = AssumeRole::new(Emulator::ROLE_ARN, "report");
            Source::role(role, credential())
        },
        |endpoint| Source::cvm_role_at(endpoint.clone(), None),
    ];
    for (source, throttled) in sources.into_iter().zip([1, 4]) {
        let service = faulty().with_machine_role("billing-reader");
        let fault = Fault::Throttle { retry_after: None };
        let service = service
            .with_longest_role(1)
            .with_fault(When::At(throttled), fault);
        let endpoint = serve(service);
        let builder = builder(credential(), endpoint.clone()).credentials(source(&endpoint));
        let client = builder.build();
        walk(&client, 1, texts);
        // Until the keys have expired.
        thread::sleep(Duration::from_millis(1_100));
        walk(&client, 1, texts);
    }
}

/// Makes calls and walks that go well and that don't, the last one with a transport that panics, and looks at all that
/// is printed and logged meanwhile. Returns what was logged.
pub(crate) fn look(texts: &mut Texts, panicking: impl Transport) -> Vec<String> {
    logs::collect();
    let panics = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&panics);
    panic::set_hook(Box::new(move |panic| {
        seen.lock().unwrap().push(panic.to_string())
    }));

    for (wire, width) in [
        (Wire::Post, 1),
        (Wire::Post, 3),
        (Wire::PostUnsigned, 1),
        (Wire::Get, 1),
    ] {
        let builder = with(credential(), settings(serve(faulty())).with_wire(wire));
        texts.debug("Builder", &builder);
        walk(&builder.build(), width, texts);
    }
    let forger = Credential::new(ID, format!("{KEY}-2")).unwrap();
    let client = with(forger, settings(serve(faulty())).with_retry(Retry::NEVER)).build();
    walk(&client, 1, texts);
    client.set_credential(credential());
    walk(&client, 1, texts);

    // Keys and tokens in bodies that a program asks for and sends itself.
    let region = Region::new("ap-guangzhou").unwrap();
    let client = builder(credential(), serve(faulty()))
        .region(region)
        .build();
    let role = AssumeRole::new(Emulator::ROLE_ARN, "report");
    let assumed = wait(client.call(&role)).unwrap().output;
    let identity = AssumeRoleWithWebIdentity::new(
        "provider",
        Emulator::WEB_IDENTITY_TOKEN,
        Emulator::ROLE_ARN,
        "report",
    );
    wait(client.call(&identity)).unwrap();
    let given = Credential::try_from(assumed).unwrap();
    for text in [given.secret_key(), given.token().unwrap()] {
        assert!(text.starts_with("not-a-real-"), "{text}");
    }

    // TLS with what does not speak it, and a proxy that refuses, and one that lets through what it doesn't speak.
    let plain = serve(faulty())
        .url("billing")
        .replace("http:", "https:")
        .parse()
        .unwrap();
    walk(
        &with(credential(), settings(plain).with_retry(Retry::NEVER)).build(),
        1,
        texts,
    );
    for answer in [
        "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nno TLS",
    ] {
        let builder = with(
            credential(),
            settings(Endpoint::PUBLIC).with_retry(Retry::NEVER),
        );
        let builder = builder.proxy(&proxy(answer)).unwrap();
        texts.debug("Builder", &builder);
        walk(&builder.build(), 1, texts);
    }
    let client = builder(credential(), Endpoint::PUBLIC).transport(panicking);
    texts.debug("Client", &client);
    panic::catch_unwind(AssertUnwindSafe(|| wait(client.call(&january())))).unwrap_err();
    texts.debug("Client", &client);

    roles(texts);
    let _ = panic::take_hook();
    let panics = panics.lock().unwrap();
    assert_eq!(panics.len(), 1);
    texts.add("a panic", &panics[0]);
    let logged = logs::taken();
    // What this crate logs is among them, and keys were renewed on the way.
    for told in [
        "DEBUG tc3::call",
        "WARN tc3::walk",
        "tc3::attempt",
        "tc3::wait",
        "tc3::walk",
    ] {
        assert!(logged.iter().any(|line| line.contains(told)), "{told}");
    }
    let found = |source: &str| {
        let line = format!("source={source:?}");
        logged.iter().filter(|it| it.contains(&line)).count()
    };
    assert!(found("CVM role") > 0 && found(&format!("role {}", Emulator::ROLE_ARN)) > 1);
    for line in &logged {
        // What the emulator hands out, and what it takes as a token.
        assert!(!line.contains("not-a-real-"), "{line}");
        texts.add("a log", line);
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let now = i64::try_from(now).unwrap();
    // It may have been the day before when the test began.
    texts.assert_clean("billing", [UnixTime::new(now), UnixTime::new(now - 86_400)]);
    logged
}
