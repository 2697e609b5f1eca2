use std::{collections::BTreeMap, fmt};

/// How many different values of a topic are counted one by one.
const MOST: usize = 100;

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Topic {
    /// A `BusinessCode` that isn't in the table of services: the category is "Other".
    Service,
    /// An `ActionType` that isn't in the table: the row is an adjustment.
    Action,
    /// A `RegionId` whose region code isn't known.
    Region,
    /// A `ZoneName` whose zone code isn't known.
    Zone,
    /// A unit that isn't in the table: it is called "Unit".
    Unit,
    /// A list price that doesn't give the list cost: the unit price is derived from the cost.
    ListPrice,
    /// A cost for no quantity: the quantity is 1.
    Quantity,
    /// A cloud marketplace product: who publishes it isn't in the bill.
    Publisher,
    /// A name or an id that isn't ASCII: it is in the `x_` column alone.
    Name,
    /// A `BillMonth` that isn't the month that the line was listed for.
    BillMonth,
    /// Usage that reserved instances cover without hours, or without a fee in the month: its effective cost is 0.
    NoFee,
    /// Usage that a savings plan covers without a rate: its effective cost is 0.
    NoRate,
    /// A commitment of which more is used than was paid in the month: it has no unused row.
    Overused,
    /// A `FeeEndTime` before `FeeBeginTime`: the charge period is one second.
    Period,
    /// Payments that differ a little from `RealCost`: what is billed is what was paid.
    Drift,
    /// A line without components: it has no rows.
    NoComponent,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "service not known",
            Self::Action => "action type not known",
            Self::Region => "region without a known code",
            Self::Zone => "zone without a known code",
            Self::Unit => "unit not known",
            Self::ListPrice => "list price times quantity isn't the list cost",
            Self::Quantity => "cost for no quantity",
            Self::Publisher => "publisher not in the bill",
            Self::Name => "text isn't ASCII, in its x_ column alone",
            Self::BillMonth => "BillMonth isn't the listed month",
            Self::NoFee => "reserved instances without hours, or a fee in the month",
            Self::NoRate => "savings plan without a rate",
            Self::Overused => "more of a commitment used than paid",
            Self::Period => "FeeEndTime before FeeBeginTime, of line",
            Self::Drift => "payments a little off RealCost, of line",
            Self::NoComponent => "no components, so no rows, of line",
        })
    }
}

/// What was met that isn't known, and what rows were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    values: BTreeMap<Topic, BTreeMap<String, u64>>,
    further: BTreeMap<Topic, u64>,
    categories: BTreeMap<&'static str, u64>,
}

impl Notes {
    /// Each topic and value with how often it was met.
    ///
    /// Of each topic, the first 100 values are counted one by one.
    pub fn values(&self) -> impl Iterator<Item = (Topic, &str, u64)> {
        let topics = self.values.iter();
        topics.flat_map(|(topic, values)| {
            let values = values.iter();
            values.map(|(value, count)| (*topic, value.as_str(), *count))
        })
    }

    /// How often further values were met.
    pub fn further(&self) -> impl Iterator<Item = (Topic, u64)> {
        self.further.iter().map(|(topic, count)| (*topic, *count))
    }

    /// How many rows there are of each charge category.
    pub fn categories(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.categories.iter().map(|(name, count)| (*name, *count))
    }

    pub(super) fn met(&mut self, topic: Topic, value: &str) {
        let values = self.values.entry(topic).or_default();
        let is_full = values.len() >= MOST;
        let count = match values.get_mut(value) {
            Some(count) => count,
            None if is_full => self.further.entry(topic).or_default(),
            None => values.entry(value.to_owned()).or_default(),
        };
        *count += 1;
    }

    pub(super) fn row(&mut self, category: &'static str) {
        *self.categories.entry(category).or_default() += 1;
    }
}
