//! The emulator keeps the service's rules, for right requests and for wrong ones.
#![cfg(feature = "emulator")]

#[path = "emulator/accounts.rs"]
mod accounts;
#[path = "emulator/added.rs"]
mod added;
#[path = "emulator/allocation.rs"]
mod allocation;
#[path = "emulator/bill.rs"]
mod bill;
#[path = "emulator/bill_list.rs"]
mod bill_list;
mod common;
#[path = "emulator/described.rs"]
mod described;
#[path = "emulator/documented.rs"]
mod documented;
#[path = "emulator/fault_texts.rs"]
mod fault_texts;
#[path = "emulator/faults.rs"]
mod faults;
#[path = "emulator/first_version.rs"]
mod first_version;
#[path = "emulator/frequency.rs"]
mod frequency;
#[path = "emulator/hosts.rs"]
mod hosts;
#[path = "emulator/languages.rs"]
mod languages;
#[path = "emulator/ledger.rs"]
mod ledger;
#[path = "emulator/own_actions.rs"]
mod own_actions;
#[path = "emulator/refusals.rs"]
mod refusals;
#[path = "emulator/regions.rs"]
mod regions;
#[path = "emulator/roles.rs"]
mod roles;
#[path = "emulator/shape.rs"]
mod shape;
#[path = "emulator/until.rs"]
mod until;
#[path = "emulator/usage.rs"]
mod usage_detail;

use tc3_core::{
    Month,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

fn bills(start: &str, end: &str) -> DescribeBillList {
    DescribeBillList::new(start.parse().unwrap(), end.parse().unwrap())
}

fn allocations(year: i16, month: i8) -> DescribeAllocationSummaryByBusiness {
    DescribeAllocationSummaryByBusiness::new(Month::new(year, month).unwrap())
}

fn usage(start: &str, end: &str) -> ChannelDescribeBillUsageDetail {
    usage_of(Agent::new(Emulator::APP_ID), start, end)
}

fn usage_of(agent: Agent, start: &str, end: &str) -> ChannelDescribeBillUsageDetail {
    ChannelDescribeBillUsageDetail::new(agent, start.parse().unwrap(), end.parse().unwrap())
}
