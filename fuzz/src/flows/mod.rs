//! Flows in any weather.

mod list;
mod outcome;
mod weather;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tc3_core::{
    Call, Error, Flow, Pages, Paginate, Step, Untyped, Walk,
    billing::{DescribeAllocationSummaryByBusiness, DescribeBillList},
    essbasic::ChannelDescribeBillUsageDetail,
    pagination::{Fetch, Prefetch, Turn},
};

use crate::chance::Chance;
use list::{Kind, expected, record};
use weather::{Out, Weather};

/// How many pages a stored walk that may be over any range is walked on.
const FAR: usize = 24;

/// A call, calls side by side, a walk, or a walk with several pages at once: whatever is answered, in whatever
/// order it is driven and whatever the clocks do, it ends, and says so when it is driven on. A walk that ends
/// without an error, and was not lied to, gave all records once, however often it was stored and resumed. A
/// write is sent once, unless it surely had no effect. When the bytes are over, the weather is fair.
///
/// # Panics
///
/// When that does not hold.
pub fn flow(bytes: &[u8]) {
    let mut chance = Chance::new(bytes);
    let what = chance.below(4);
    let kind = chance.below(3);
    let width = chance.pick(&[1, 2, 3, 6, 0]);
    let mut weather = Weather::new(chance);
    if what == 0 {
        calls(&mut weather, width);
        return;
    }
    match kind {
        0 => listed::<DescribeBillList>(&mut weather, what, width),
        1 => listed::<DescribeAllocationSummaryByBusiness>(&mut weather, what, width),
        _ => listed::<ChannelDescribeBillUsageDetail>(&mut weather, what, width),
    }
}

/// Any text as a stored walk: it is refused, or written again as the same and walked on to an end.
///
/// # Panics
///
/// When that does not hold.
pub fn walk(stored: &[u8]) {
    stored_walk::<DescribeBillList>(stored);
    stored_walk::<DescribeAllocationSummaryByBusiness>(stored);
    stored_walk::<ChannelDescribeBillUsageDetail>(stored);
}

fn stored_walk<A>(stored: &[u8])
where
    A: Paginate + Serialize + DeserializeOwned,
{
    let Ok(walk) = serde_json::from_slice::<Walk<A>>(stored) else {
        return;
    };
    let mut weather = Weather::new(Chance::new(&[]));
    let mut pages = Out::new(Pages::new(again(&walk)));
    for _ in 0..FAR {
        let page = loop {
            if let Some(page) = weather.go_on(&mut pages) {
                break page;
            }
        };
        pages.rest();
        again(pages.flow.walk());
        if !matches!(page, Some(Ok(_))) {
            assert!(weather.is_over(&mut pages.flow), "a page after the end");
            return;
        }
    }
}

/// A walk as it is after it was stored.
fn again<A>(walk: &Walk<A>) -> Walk<A>
where
    A: Paginate + Serialize + DeserializeOwned,
{
    let stored = serde_json::to_string(walk).expect("a walk can be stored");
    let again = serde_json::from_str(&stored).expect("what is stored can be read");
    assert_eq!(serde_json::to_string(&again).ok(), Some(stored));
    again
}

fn calls(weather: &mut Weather<'_>, many: usize) {
    let inputs = [
        json!({"StartTime": "2024-01-01 00:00:00", "EndTime": "2024-03-31 23:59:59", "Offset": 0, "Limit": 9}),
        json!({}),
        json!([]),
    ];
    let mut out = Vec::new();
    for _ in 0..many {
        let input = &inputs[weather.chance.below(inputs.len())];
        let action = Untyped::new("billing", "2018-07-09", "DescribeBillList", input.clone());
        out.push(if weather.chance.below(2) == 0 {
            Out::new(Call::new(&action.repeatable()))
        } else {
            Out::new(Call::new(&action)).of_a_write()
        });
    }
    while !out.is_empty() {
        let place = weather.chance.below(out.len());
        let Some(result) = weather.go_on(&mut out[place]) else {
            continue;
        };
        let mut ended = out.swap_remove(place);
        match result {
            Ok(_) => assert!(ended.sends > 0),
            Err(error) => {
                assert!(!format!("{error} {error:?}").is_empty());
                let input_alone = matches!(error, Error::Input(_));
                assert!(input_alone || error.attempts() == ended.sends, "{error:?}");
            }
        }
        let Step::Done(Err(Error::Ended)) = ended.flow.step(&mut weather.session, weather.now)
        else {
            panic!("{:?} goes on after its end", ended.flow);
        };
    }
}

fn listed<A>(weather: &mut Weather<'_>, what: usize, width: usize)
where
    A: Kind + Serialize + DeserializeOwned,
    A::Item: Serialize,
{
    let expected = expected::<A>(weather.records);
    let limit = weather.chance.pick(&[None, Some(5), Some(2), Some(1)]);
    let walk = A::walk(limit);
    let (records, error) = if what == 1 {
        one_by_one(weather, walk)
    } else {
        at_once(weather, walk, width)
    };
    if weather.lied {
        return;
    }
    match error {
        None => assert_eq!(records, *expected),
        Some(error) => {
            assert!(expected.starts_with(&records), "{error:?}");
            assert!(!weather.is_sane() || width == 0, "{error:?}");
        }
    }
}

/// All records, and the error if there came one again and again, in fair weather as well.
type Walked = (Vec<String>, Option<Error>);

fn one_by_one<A>(weather: &mut Weather<'_>, walk: Walk<A>) -> Walked
where
    A: Paginate + Serialize + DeserializeOwned,
    A::Item: Serialize,
{
    let (mut records, mut chances) = (Vec::new(), 4);
    let mut pages = Out::new(Pages::new(walk)).of_a_walk();
    loop {
        if weather.chance.below(16) == 15 {
            pages = Out::new(Pages::new(again(pages.flow.walk()))).of_a_walk();
        }
        let Some(page) = weather.go_on(&mut pages) else {
            continue;
        };
        pages.rest();
        match page {
            Some(Ok(reply)) => records.extend(A::into_items(reply.output).iter().map(record)),
            None => {
                assert!(weather.is_over(&mut pages.flow), "a page after the end");
                return (records, None);
            }
            Some(Err(error)) => {
                assert!(weather.is_over(&mut pages.flow), "a page after an error");
                if weather.lied || chances == 0 {
                    return (records, Some(error));
                }
                chances -= u32::from(weather.chance.is_over());
                weather.clear_up(&error);
                pages = Out::new(Pages::new(again(pages.flow.walk()))).of_a_walk();
            }
        }
    }
}

/// With as many fetches out as the planner likes, some of them of an older planner of the same walk.
fn at_once<A>(weather: &mut Weather<'_>, walk: Walk<A>, width: usize) -> Walked
where
    A: Paginate + Serialize + DeserializeOwned,
    A::Item: Serialize,
{
    let (mut records, mut chances) = (Vec::new(), 4);
    let mut planner = Prefetch::new(walk).with_width(width);
    let mut out: Vec<Out<Fetch<A>>> = Vec::new();
    // How many of them an older planner gave out.
    let mut old = 0;
    loop {
        weather.count();
        let choice = weather.chance.below(8);
        if choice == 7 {
            planner = Prefetch::new(again(planner.walk())).with_width(width);
            old = out.len();
        }
        let mut drive = choice > 3 && !out.is_empty();
        if !drive {
            match planner.turn(weather.session.settings()) {
                Turn::Fetch(fetch) => {
                    out.push(Out::new(fetch));
                    // One more may be a page that is looked at again.
                    assert!(out.len() - old <= width + 1, "{} are out", out.len());
                }
                Turn::Wait => {
                    assert!(out.len() > old, "waits for nothing");
                    drive = true;
                }
                Turn::Page(Ok(reply)) => {
                    records.extend(A::into_items(reply.output).iter().map(record));
                }
                Turn::Page(Err(error)) => {
                    assert!(planner.is_ended());
                    let turn = planner.turn(weather.session.settings());
                    assert!(matches!(turn, Turn::End), "a turn after an error");
                    if weather.lied || chances == 0 {
                        return (records, Some(error));
                    }
                    chances -= u32::from(weather.chance.is_over());
                    weather.clear_up(&error);
                    planner = Prefetch::new(again(planner.walk())).with_width(width);
                    old = out.len();
                }
                Turn::End => {
                    let turn = planner.turn(weather.session.settings());
                    assert!(matches!(turn, Turn::End), "a turn after the end");
                    return (records, None);
                }
            }
        }
        if drive {
            // When the weather is fair, the newest: the older ones are waited for by nobody.
            let place = out.len() - 1 - weather.chance.below(out.len());
            if let Some(fetched) = weather.go_on(&mut out[place]) {
                out.remove(place);
                old -= usize::from(place < old);
                planner.take(fetched);
            }
        }
    }
}
