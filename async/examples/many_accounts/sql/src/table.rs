//! A table over the lists of an action.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bills::column::{Column, Row};
use datafusion::{
    arrow::datatypes::SchemaRef,
    catalog::{Session, TableProvider},
    error::Result as DataFusionResult,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};
use tc3_async::{Client, Paginate, core::types::jiff::civil::Date};

use crate::{
    Result,
    columns::Columns,
    narrow::{self, Known},
    scan::ListScan,
};

/// How many pages of a list are fetched at once, unless [`with_width`](ListTable::with_width) says otherwise.
pub const WIDTH: usize = 4;

/// The rows of a page's records.
pub(crate) type Rows<A> = dyn Fn(&[<A as Paginate>::Item]) -> Result<Vec<Row>> + Send + Sync;

/// A table over lists of an action: its rows are the records of all of them.
///
/// Nothing is kept: each query asks the service anew, and only for the lists that its filters leave.
pub struct ListTable<A: Paginate> {
    pub(crate) name: String,
    pub(crate) columns: Columns,
    pub(crate) rows: Arc<Rows<A>>,
    pub(crate) clients: Vec<(Client, Vec<List<A>>)>,
    pub(crate) filters: Vec<Filter<A>>,
    pub(crate) days: Option<Days<A>>,
    pub(crate) known: Vec<Known>,
    width: usize,
}

/// A list, and the values that all its rows have in the table's constant columns.
#[derive(Clone, Debug)]
pub struct List<A> {
    /// The list.
    pub action: A,
    /// A value for each constant column.
    pub constants: Vec<String>,
}

/// What the service itself can leave out of a list, by the values of a column.
#[derive(Clone, Copy, Debug)]
pub struct Filter<A> {
    /// The column.
    pub column: &'static str,
    /// Makes the action ask for the rows with one of these values. It may ask for more rows, since the query filters
    /// again, but must not ask for less. Returns false if it changes nothing, as for values that the service
    /// doesn't know.
    pub set: fn(&mut A, &[String]) -> bool,
    /// Columns whose values depend on which rows the list has, such as a share of the whole. A query that reads one of
    /// them asks for the whole list.
    pub unless: &'static [&'static str],
}

/// The days of a list, Beijing time, by the values of a column with times.
#[derive(Clone, Copy, Debug)]
pub struct Days<A> {
    /// The column.
    pub column: &'static str,
    /// The first and the last day of a list. All times in the list lie in these days.
    pub of: fn(&A) -> Option<(Date, Date)>,
    /// Makes the action ask for the times from a first to a last day. It may ask for more, but not for less.
    pub set: fn(&mut A, Date, Date),
    /// By how many days times may lie outside, e.g. if it is not known in which time zone the service's days are.
    pub margin: i8,
}

impl<A> ListTable<A>
where
    A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
{
    /// A table without lists. Its columns are the constants, which are texts, and one for each field of a record; a
    /// time has a second column `…_text`.
    pub fn new(
        name: &str,
        constants: &[&str],
        fields: &[Column],
        rows: impl Fn(&[A::Item]) -> Result<Vec<Row>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            columns: Columns::new(constants, false, fields),
            rows: Arc::new(rows),
            clients: Vec::new(),
            filters: Vec::new(),
            days: None,
            known: Vec::new(),
            width: WIDTH,
        }
    }

    /// Adds the column `part`: a row's place among those of its record, from 0.
    pub fn with_parts(mut self) -> Self {
        let constants: Vec<_> = self.columns.constants.iter().map(String::as_str).collect();
        self.columns = Columns::new(&constants, true, &self.columns.fields);
        self
    }

    /// Adds lists that this client asks for, one after the other. Those of several clients are asked for at once.
    pub fn with_lists(mut self, client: Client, lists: impl IntoIterator<Item = List<A>>) -> Self {
        self.clients.push((client, lists.into_iter().collect()));
        self
    }

    /// Adds what the service itself can leave out.
    pub fn with_filter(mut self, filter: Filter<A>) -> Self {
        self.filters.push(filter);
        self
    }

    /// Sets by which times a list can be cut.
    pub fn with_days(mut self, days: Days<A>) -> Self {
        self.days = Some(days);
        self
    }

    /// All values that a constant column may be compared with. A query that names another one is an error, with this
    /// hint what to do, since it would look as if there were no rows.
    pub fn with_known(
        mut self,
        column: &str,
        values: impl IntoIterator<Item = String>,
        hint: &str,
    ) -> Self {
        self.known.push(Known {
            column: column.into(),
            values: values.into_iter().collect(),
            hint: hint.into(),
        });
        self
    }

    /// How many pages of a list are fetched at once.
    pub fn with_width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }
}

#[async_trait]
impl<A> TableProvider for ListTable<A>
where
    A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
{
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns.schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let kinds = filters.iter().map(|filter| narrow::kind(self, filter));
        Ok(kinds.collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let all = || (0..self.columns.schema().fields().len()).collect();
        let projection = projection.cloned().unwrap_or_else(all);
        let (clients, asked) = narrow::narrow(self, state, filters, &projection)?;
        Ok(Arc::new(ListScan::new(
            self,
            clients,
            asked,
            projection,
            limit,
            self.width,
            state.config_options().execution.target_partitions,
        )?))
    }
}

// The actions aren't shown: the lists of thousands of accounts are long.
impl<A: Paginate> fmt::Debug for ListTable<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListTable")
            .field("name", &self.name)
            .field("columns", &self.columns)
            .field("known", &self.known)
            .finish_non_exhaustive()
    }
}
