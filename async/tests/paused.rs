//! Where tokio's clock is paused, a client's waits pass by it.

use std::{future::ready, sync::Mutex, time::Duration};

use tc3_async::{Client, Credential, billing::DescribeBillList};
use tc3_core::{
    Attempt,
    emulator::{Emulator, Fault, When},
};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_wait_is_over_when_tokios_clock_says() {
    let credential = Credential::new("AKIDEXAMPLE", "not-a-real-key").unwrap();
    let throttle = Fault::Throttle {
        retry_after: Some(30),
    };
    let service = Emulator::new(credential.clone()).with_fault(When::At(1), throttle);
    let service = Mutex::new(service);
    let send = move |attempt: Attempt| ready(service.lock().unwrap().send(&attempt));
    let client = Client::builder().credentials(credential).transport(send);

    let second = |text: &str| text.parse().unwrap();
    let january =
        DescribeBillList::new(second("2024-01-01 00:00:00"), second("2024-01-31 23:59:59"));
    let start = Instant::now();
    let reply = client.call(&january).await.unwrap();
    assert_eq!(reply.output.total, Some(42));
    // By another clock it would be waited for over and over, each time 30 s on this one.
    let waited = start.elapsed();
    assert!(
        (Duration::from_secs(30)..Duration::from_secs(35)).contains(&waited),
        "{waited:?}"
    );
}
