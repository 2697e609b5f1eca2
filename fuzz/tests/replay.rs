//! The seeds of every target, run on stable with `cargo test`.

use std::{fs, path::Path};

use tc3_core::{
    ChannelDescribeBillUsageDetail, DescribeAllocationSummaryByBusiness, DescribeBillList,
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
    assert!(seeds.len() > 6, "some seeds are refusals and misfits");
}
