use std::{any::type_name, cell::RefCell, collections::BTreeMap, rc::Rc};

use serde::Serialize;
use tc3_core::{
    Flow, Month, Now, Pages, Paginate, Session, Step, Walk,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    emulator::Emulator,
    essbasic::{Agent, ChannelDescribeBillUsageDetail},
};

use crate::message::{NOW, credential};

/// An action with a list that is walked over.
pub(super) trait Kind: Paginate {
    /// Several windows or lists.
    fn walk(limit: Option<u32>) -> Walk<Self>
    where
        Self: Sized;
}

impl Kind for DescribeBillList {
    fn walk(limit: Option<u32>) -> Walk<Self> {
        let time = |text: &str| text.parse().expect("a time");
        let mut action = Self::new(time("2024-02-29 12:00:00"), time("2025-12-31 23:59:59"));
        action.limit = limit;
        action.into()
    }
}

impl Kind for DescribeAllocationSummaryByBusiness {
    fn walk(limit: Option<u32>) -> Walk<Self> {
        let month = |month| Month::new(2024, month).expect("a month");
        let mut action = Self::new(month(1));
        action.limit = limit;
        Walk::over(action.through(month(3)).expect("three months"))
    }
}

impl Kind for ChannelDescribeBillUsageDetail {
    fn walk(limit: Option<u32>) -> Walk<Self> {
        let day = |text: &str| text.parse().expect("a day");
        let agent = Agent::new(Emulator::APP_ID);
        let mut action = Self::new(agent, day("20240115"), day("20240310"));
        action.limit = limit;
        action.into()
    }
}

/// What tells a record from others.
pub(super) fn record(item: &impl Serialize) -> String {
    serde_json::to_string(item).expect("a record can be written")
}

/// The records of a list, by its action and how many the service has.
type Known = BTreeMap<(&'static str, u64), Rc<Vec<String>>>;

/// All records of the walk, as they come when nothing goes wrong.
pub(super) fn expected<A>(records: u64) -> Rc<Vec<String>>
where
    A: Kind,
    A::Item: Serialize,
{
    thread_local! {
        static KNOWN: RefCell<Known> = RefCell::default();
    }
    let key = (type_name::<A>(), records);
    if let Some(known) = KNOWN.with_borrow(|known| known.get(&key).cloned()) {
        return known;
    }
    let mut service = Emulator::new(credential()).with_records(records);
    let mut session = Session::new(credential());
    let (mut pages, mut all) = (Pages::new(A::walk(None)), Vec::new());
    let mut now = Now::new(NOW, std::time::Duration::ZERO, 0);
    loop {
        match pages.step(&mut session, now) {
            Step::Send(attempt) => pages.handle(Ok(service.handle(NOW, &attempt.request))),
            Step::Wait(delay) => now.tick += delay,
            Step::Done(Some(page)) => {
                let page = page.expect("nothing goes wrong");
                all.extend(A::into_items(page.output).iter().map(record));
            }
            Step::Done(None) => break,
        }
    }
    let all = Rc::new(all);
    KNOWN.with_borrow_mut(|known| known.insert(key, Rc::clone(&all)));
    all
}
