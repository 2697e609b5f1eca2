//! The seeds of every target, run on stable with `cargo test`.

use std::{fs, path::Path};

use tc3_core::{
    Credential,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::ChannelDescribeBillUsageDetail,
    sts::AssumeRole,
    tc3,
};

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let files = fs::read_dir(folder).expect("the target has seeds");
    files
        .map(|file| fs::read(file.expect("a file").path()).expect("a seed"))
        .collect()
}

#[test]
fn decode() {
    let seeds = seeds("decode");
    seeds.iter().for_each(|seed| tc3_fuzz::decode(seed));

    // Seeds that no action takes would leave the outputs untested.
    let taken = |read: fn(&[u8]) -> bool| seeds.iter().filter(|seed| read(seed)).count();
    assert!(taken(tc3_fuzz::decode_as::<DescribeBillList>) >= 1);
    assert!(taken(tc3_fuzz::decode_as::<DescribeAllocationSummaryByBusiness>) >= 2);
    assert!(taken(tc3_fuzz::decode_as::<ChannelDescribeBillUsageDetail>) >= 3);
    assert!(taken(tc3_fuzz::decode_role::<AssumeRole>) >= 1);
    assert!(seeds.len() > 6, "some seeds are refusals and misfits");
}

#[test]
fn verify() {
    let seeds = seeds("verify");
    seeds.iter().for_each(|seed| tc3_fuzz::verify(seed));

    let requests = seeds.iter().filter_map(|seed| tc3_fuzz::request(seed));
    let accepted = requests.filter(|request| {
        let known = tc3_fuzz::credential();
        tc3::verify(request, tc3_core::UnixTime::new(1_760_000_000), |_| {
            Some(&known)
        })
        .is_ok()
    });
    assert!(accepted.count() >= 1, "a seed is signed");
}

#[test]
fn emulator() {
    let seeds = seeds("emulator");
    seeds.iter().for_each(|seed| tc3_fuzz::emulator(seed));

    let requests = seeds.iter().filter_map(|seed| tc3_fuzz::request(seed));
    assert!(requests.count() >= 12, "most seeds are requests");
}

#[test]
fn flow() {
    let seeds = seeds("flow");
    assert!(seeds.len() >= 6);
    seeds.iter().for_each(|seed| tc3_fuzz::flow(seed));
}

#[test]
fn walk() {
    let seeds = seeds("walk");
    assert!(seeds.len() >= 5);
    seeds.iter().for_each(|seed| tc3_fuzz::walk(seed));
}

#[test]
fn texts() {
    let seeds = seeds("texts");
    assert!(seeds.len() >= 20);
    seeds.iter().for_each(|seed| tc3_fuzz::texts(seed));
}

#[test]
fn credentials() {
    let seeds = seeds("credentials");
    seeds.iter().for_each(|seed| tc3_fuzz::credentials(seed));

    let read = |read: fn(&[u8]) -> bool| seeds.iter().any(|seed| read(seed));
    assert!(read(
        |seed| Credential::from_profile(seed, "default").is_ok()
    ));
    assert!(read(|seed| Credential::from_tccli(seed).is_ok()));
    assert!(read(|seed| Credential::from_metadata(seed).is_ok()));
}
