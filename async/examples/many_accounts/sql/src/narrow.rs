//! Which lists a query needs, and how much of them.
//!
//! Filters that name only constant columns are evaluated by DataFusion on the constants of each list, so exactly. All
//! others only leave out what surely has no row of the result, and DataFusion filters the rows again: a list by its
//! constants and its days, as DataFusion prunes files by their statistics, and within a list what the service filters
//! itself.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{
            ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
            cast::AsArray,
        },
        datatypes::{DataType, Field, Schema},
    },
    catalog::Session,
    common::{
        Column, DFSchema, DataFusionError, Result as DataFusionResult, ScalarValue, plan_err,
        pruning::PruningStatistics,
    },
    logical_expr::{Expr, TableProviderFilterPushDown, utils::conjunction},
    physical_expr::{
        PhysicalExpr,
        utils::{Guarantee, LiteralGuarantee},
    },
    physical_optimizer::pruning::PruningPredicateBuilder,
};
use tc3_async::{
    BeijingTime, Client, Paginate,
    core::types::jiff::{Span, civil::Date},
};

use crate::{
    columns::{TIME_ZONE, microseconds},
    table::{Days, List, ListTable},
};

/// All values that a constant column may be compared with.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) column: String,
    pub(crate) values: Vec<String>,
    pub(crate) hint: String,
}

/// The lists that are left of each client.
type Clients<A> = Vec<(Client, Vec<List<A>>)>;

/// What the table can do with a filter.
pub(crate) fn kind<A: Paginate>(
    table: &ListTable<A>,
    filter: &Expr,
) -> TableProviderFilterPushDown {
    // A subquery has its value only when the query runs.
    let fixed = !filter.is_volatile() && !filter.contains_outer() && !has_subquery(filter);
    let names = names(filter);
    if !fixed || names.is_empty() {
        TableProviderFilterPushDown::Unsupported
    } else if names
        .iter()
        .all(|name| table.columns.constants.contains(name))
    {
        TableProviderFilterPushDown::Exact
    } else {
        TableProviderFilterPushDown::Inexact
    }
}

fn has_subquery(filter: &Expr) -> bool {
    use datafusion::common::tree_node::TreeNode;
    let found = filter.exists(|it| {
        Ok(matches!(
            it,
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_)
        ))
    });
    found.unwrap_or(true)
}

fn names(filter: &Expr) -> BTreeSet<String> {
    let columns = filter.column_refs().into_iter();
    columns.map(|column| column.name.clone()).collect()
}

/// Leaves the lists that may have rows of the result, and as much of them. Returns also what the service is asked to
/// filter.
///
/// # Errors
///
/// What DataFusion says of a filter, and a filter that names a value that a constant column can't have.
pub(crate) fn narrow<A: Paginate + Clone>(
    table: &ListTable<A>,
    state: &dyn Session,
    filters: &[Expr],
    projection: &[usize],
) -> DataFusionResult<(Clients<A>, Vec<String>)> {
    let (exact, inexact): (Vec<_>, Vec<_>) = filters
        .iter()
        .cloned()
        .partition(|filter| kind(table, filter) == TableProviderFilterPushDown::Exact);
    for known in &table.known {
        check(known, state, &exact)?;
    }
    let mut clients = table.clients.clone();
    if let Some(filter) = conjunction(exact) {
        keep_passing(table, state, filter, &mut clients)?;
    }
    let mut asked = Vec::new();
    if let Some(filter) = conjunction(inexact) {
        let schema = DFSchema::try_from(Arc::clone(table.columns.schema()))?;
        let filter = state.create_physical_expr(filter, &schema)?;
        prune(table, &filter, &mut clients, &mut asked)?;
        let guarantees = LiteralGuarantee::analyze(&filter);
        // It has also the columns that the filters need.
        let read = table.columns.schema().project(projection)?;
        set_filters(table, &guarantees, &read, &mut clients, &mut asked);
    }
    clients.retain(|(_, lists)| !lists.is_empty());
    Ok((clients, asked))
}

/// Refuses filters on a column that no known value passes, or that name a value that is not known.
fn check(known: &Known, state: &dyn Session, filters: &[Expr]) -> DataFusionResult<()> {
    let schema = Schema::new(vec![Field::new(&known.column, DataType::Utf8, false)]);
    let schema = Arc::new(schema);
    let df_schema = DFSchema::try_from(Arc::clone(&schema))?;
    for filter in filters {
        if names(filter) != BTreeSet::from([known.column.clone()]) {
            continue;
        }
        let physical = state.create_physical_expr(filter.clone(), &df_schema)?;
        let named = LiteralGuarantee::analyze(&physical);
        let named = named.iter().filter(|it| it.guarantee == Guarantee::In);
        let unknown = named
            .flat_map(|it| &it.literals)
            .filter_map(text)
            .find(|value| !known.values.contains(value));
        let values = StringArray::from_iter_values(&known.values);
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(values)])?;
        if unknown.is_some() || passing(&physical, &batch)?.true_count() == 0 {
            let what = unknown.map_or_else(
                || filter.human_display().to_string(),
                |it| format!("{it:?}"),
            );
            let Known {
                column,
                values,
                hint,
            } = known;
            return plan_err!(
                "there is no {column} for {what}; there is {}: {hint}",
                listed(values)
            );
        }
    }
    Ok(())
}

/// Some of the values, or the first and the last, which are in order.
pub(crate) fn listed(values: &[String]) -> String {
    match values {
        [first, _, _, .., last] if values.len() > 12 => {
            format!("{first} … {last} ({})", values.len())
        }
        few => few.join(", "),
    }
}

/// Keeps the lists whose constants pass the filter.
fn keep_passing<A: Paginate>(
    table: &ListTable<A>,
    state: &dyn Session,
    filter: Expr,
    clients: &mut Clients<A>,
) -> DataFusionResult<()> {
    let lists: Vec<_> = clients.iter().flat_map(|(_, lists)| lists).collect();
    let columns = table.columns.constants.iter().enumerate();
    let fields = columns
        .clone()
        .map(|(_, name)| Field::new(name, DataType::Utf8, false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.map(|(number, _)| constants(number, lists.iter().copied()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect())?;
    let filter = state.create_physical_expr(filter, &DFSchema::try_from(schema)?)?;
    let passing = passing(&filter, &batch)?;
    let mut passing = passing.iter();
    for (_, lists) in clients {
        lists.retain(|_| passing.next().flatten() == Some(true));
    }
    Ok(())
}

fn constants<'a, A: 'a>(number: usize, lists: impl Iterator<Item = &'a List<A>>) -> ArrayRef {
    let values = lists.map(|list| list.constants.get(number).map_or("", String::as_str));
    Arc::new(StringArray::from_iter_values(values))
}

fn passing(filter: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> DataFusionResult<BooleanArray> {
    let values = filter.evaluate(batch)?.into_array(batch.num_rows())?;
    let values = values
        .as_boolean_opt()
        .ok_or_else(|| DataFusionError::Plan(format!("{filter} must be true or false")))?;
    Ok(values.clone())
}

/// Drops the lists that surely have no row, and cuts the others to the days that may have some.
fn prune<A: Paginate>(
    table: &ListTable<A>,
    filter: &Arc<dyn PhysicalExpr>,
    clients: &mut Clients<A>,
    asked: &mut Vec<String>,
) -> DataFusionResult<()> {
    let schema = Arc::clone(table.columns.schema());
    let predicate = PruningPredicateBuilder::new()
        .with_file_schema(schema)
        .build(Arc::clone(filter));
    let Some(predicate) = predicate else {
        return Ok(());
    };
    let all: Vec<_> = clients.iter().flat_map(|(_, lists)| lists).collect();
    let by_list: Vec<_> = all
        .iter()
        .map(|list| parts(table.days.as_ref(), list))
        .collect();
    let parts = by_list.iter().flatten().copied().collect();
    let lists = all.iter().zip(&by_list);
    let lists = lists
        .flat_map(|(list, parts)| parts.iter().map(|_| *list))
        .collect();
    let statistics = Statistics {
        table,
        lists,
        parts,
    };
    let mut kept = predicate.prune(&statistics)?.into_iter();
    let (mut asked_days, mut is_cut) = (Vec::new(), false);
    let mut by_list = by_list.into_iter();
    for (_, lists) in clients {
        lists.retain_mut(|list| {
            let parts = by_list.next().unwrap_or_default();
            let count = parts.len();
            let left = parts.into_iter().filter(|_| kept.next() == Some(true));
            let left: Vec<_> = left.collect();
            if let (Some(days), Some(Some(first)), Some(Some(last))) =
                (&table.days, left.first(), left.last())
            {
                asked_days.extend([first.day, last.day]);
                if left.len() < count {
                    (days.set)(&mut list.action, first.day, last.day);
                    is_cut = true;
                }
            }
            !left.is_empty()
        });
    }
    if let (Some(days), Some(first), Some(last), true) = (
        &table.days,
        asked_days.iter().min(),
        asked_days.iter().max(),
        is_cut,
    ) {
        asked.push(format!("{} from {first} to {last}", days.column));
    }
    Ok(())
}

/// A day of a list, and between which times its records lie.
#[derive(Clone, Copy, Debug)]
struct Day {
    day: Date,
    least: i64,
    most: i64,
}

/// The days of a list. A list that has none is one part.
fn parts<A>(days: Option<&Days<A>>, list: &List<A>) -> Vec<Option<Day>> {
    let of = |days: &Days<A>| {
        let (first, last) = (days.of)(&list.action)?;
        let margin = Span::new().days(days.margin);
        let all = first
            .series(Span::new().days(1))
            .take_while(|day| *day <= last);
        all.map(|day| {
            let midnight = |day: Date| BeijingTime::try_from(day.at(0, 0, 0, 0)).ok();
            let least = midnight(day.checked_sub(margin).ok()?)?;
            let most = midnight(day.checked_add(margin).ok()?.tomorrow().ok()?)?;
            Some(Some(Day {
                day,
                least: microseconds(least),
                most: microseconds(most).checked_sub(1)?,
            }))
        })
        .collect()
    };
    days.and_then(of).unwrap_or_else(|| vec![None])
}

/// What is known of lists, day by day, in the form in which DataFusion prunes files.
struct Statistics<'a, A: Paginate> {
    table: &'a ListTable<A>,
    lists: Vec<&'a List<A>>,
    parts: Vec<Option<Day>>,
}

impl<A: Paginate> Statistics<'_, A> {
    fn values(&self, column: &Column, time: fn(&Day) -> i64) -> Option<ArrayRef> {
        if self
            .table
            .days
            .as_ref()
            .is_some_and(|it| it.column == column.name)
        {
            let times = self.parts.iter().map(|part| part.as_ref().map(time));
            let times: TimestampMicrosecondArray = times.collect();
            return Some(Arc::new(times.with_timezone(TIME_ZONE)));
        }
        let all = &self.table.columns.constants;
        let number = all.iter().position(|name| *name == column.name)?;
        Some(constants(number, self.lists.iter().copied()))
    }
}

impl<A: Paginate> PruningStatistics for Statistics<'_, A> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |day| day.least)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |day| day.most)
    }

    fn num_containers(&self) -> usize {
        self.parts.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// Has the service leave out rows without the values that the filters need.
fn set_filters<A: Paginate>(
    table: &ListTable<A>,
    guarantees: &[LiteralGuarantee],
    read: &Schema,
    clients: &mut Clients<A>,
    asked: &mut Vec<String>,
) {
    let reads = |column: &&str| read.column_with_name(column).is_some();
    for filter in &table.filters {
        if filter.unless.iter().any(reads) {
            continue;
        }
        let guarantee = guarantees
            .iter()
            .find(|it| it.column.name == filter.column && it.guarantee == Guarantee::In);
        let Some(guarantee) = guarantee else {
            continue;
        };
        let values: Option<BTreeSet<_>> = guarantee.literals.iter().map(text).collect();
        let values: Vec<_> = values.into_iter().flatten().collect();
        if values.is_empty() {
            continue;
        }
        let mut set = false;
        for list in clients.iter_mut().flat_map(|(_, lists)| lists) {
            set |= (filter.set)(&mut list.action, &values);
        }
        if set {
            asked.push(format!("{} in ({})", filter.column, listed(&values)));
        }
    }
}

/// The text of a literal.
fn text(literal: &ScalarValue) -> Option<String> {
    match literal {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.clone()
        }
        ScalarValue::Int64(number) => number.map(|number| number.to_string()),
        _ => None,
    }
}
