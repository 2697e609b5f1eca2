//! A scan of a table: the lists of each client, one after the other.

use std::{error::Error, fmt, sync::Arc, vec};

use datafusion::{
    arrow::{array::RecordBatch, datatypes::SchemaRef},
    common::tree_node::TreeNodeRecursion,
    error::{DataFusionError, Result as DataFusionResult},
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::EquivalenceProperties,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
        ReplaceChildrenOptions,
        execution_plan::{Boundedness, EmissionType},
        metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet},
        stream::RecordBatchStreamAdapter,
    },
};
use futures_util::stream;
use tc3_async::{Client, Pages, Paginate, Remedy};
use tc3_example_support::with_causes;
use tracing::{Instrument, Span};

use crate::{
    columns::Columns,
    narrow::listed,
    requests,
    table::{List, ListTable, Rows},
};

/// The name of the metric that counts requests.
pub(crate) const REQUESTS: &str = "requests";
/// The name of the metric that counts lists.
pub(crate) const LISTS: &str = "lists";

/// Reads lists: those of a client are a partition, since an account's quota is its own.
pub(crate) struct ListScan<A: Paginate> {
    table: String,
    columns: Columns,
    rows: Arc<Rows<A>>,
    clients: Vec<(Client, Vec<List<A>>)>,
    /// What the service is asked to filter, for people.
    asked: Vec<String>,
    projection: Vec<usize>,
    limit: Option<usize>,
    width: usize,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl<A: Paginate> ListScan<A> {
    pub(crate) fn new(
        table: &ListTable<A>,
        clients: Vec<(Client, Vec<List<A>>)>,
        asked: Vec<String>,
        projection: Vec<usize>,
        limit: Option<usize>,
        width: usize,
        target_partitions: usize,
    ) -> DataFusionResult<Self> {
        // Those above the number of clients are empty. With fewer than its target, DataFusion would spread the rows over
        // more partitions, and collect thousands of them first, where a `LIMIT` needs a page.
        let partitions = clients.len().max(target_partitions);
        let schema = Arc::new(table.columns.schema().project(&projection)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            table: table.name.clone(),
            columns: table.columns.clone(),
            rows: Arc::clone(&table.rows),
            clients,
            asked,
            projection,
            limit,
            width,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }

    fn schema(&self) -> &SchemaRef {
        self.properties.eq_properties.schema()
    }
}

// Neither actions nor clients: this is what EXPLAIN shows.
impl<A: Paginate> fmt::Debug for ListScan<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListScan: table={}, action={}", self.table, A::NAME)?;
        let lists = || self.clients.iter().flat_map(|(_, lists)| lists);
        write!(f, ", clients={}", self.clients.len())?;
        write!(f, ", lists={}", lists().count())?;
        for (number, name) in self.columns.constants.iter().enumerate() {
            let values = lists().filter_map(|list| list.constants.get(number));
            let values: std::collections::BTreeSet<_> = values.cloned().collect();
            write!(f, ", {name}=[{}]", listed(&Vec::from_iter(values)))?;
        }
        if !self.asked.is_empty() {
            write!(f, ", asked=[{}]", self.asked.join("; "))?;
        }
        if let Some(limit) = self.limit {
            write!(f, ", limit={limit}")?;
        }
        Ok(())
    }
}

impl<A: Paginate> DisplayAs for ListScan<A> {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl<A> ExecutionPlan for ListScan<A>
where
    A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        "ListScan"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DataFusionResult<TreeNodeRecursion>,
    ) -> DataFusionResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(
        &self,
        partition: usize,
        _: Arc<TaskContext>,
    ) -> DataFusionResult<SendableRecordBatchStream> {
        let counter = |name| MetricBuilder::new(&self.metrics).counter(name, partition);
        let span = requests::span(counter(REQUESTS));
        let lists = self.clients.get(partition).map(|(client, lists)| Reader {
            client: client.clone(),
            lists: lists.clone().into_iter(),
            open: None,
            left: self.limit.unwrap_or(usize::MAX),
            width: self.width,
            table: self.table.clone(),
            columns: self.columns.clone(),
            rows: Arc::clone(&self.rows),
            projection: self.projection.clone(),
            begun: counter(LISTS),
            baseline: BaselineMetrics::new(&self.metrics, partition),
            span: span.clone(),
        });
        let batches = stream::try_unfold(lists, move |reader| {
            let span = span.clone();
            async move {
                let Some(mut reader) = reader else {
                    return Ok(None);
                };
                let batch = reader.next().await?;
                Ok(batch.map(|batch| (batch, Some(reader))))
            }
            .instrument(span)
        });
        let schema = Arc::clone(Self::schema(self));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// Reads the lists of a client.
struct Reader<A: Paginate> {
    client: Client,
    lists: vec::IntoIter<List<A>>,
    /// The list that is being read, and its constants.
    open: Option<(Pages<A>, Vec<String>)>,
    /// How many rows are still asked for.
    left: usize,
    width: usize,
    table: String,
    columns: Columns,
    rows: Arc<Rows<A>>,
    projection: Vec<usize>,
    begun: Count,
    baseline: BaselineMetrics,
    span: Span,
}

impl<A> Reader<A>
where
    A: Paginate<Item: Send, Output: Send> + Clone + Send + Sync + 'static,
{
    /// The rows of the next page that has some.
    async fn next(&mut self) -> DataFusionResult<Option<RecordBatch>> {
        while self.left > 0 {
            let Some((pages, constants)) = &mut self.open else {
                let Some(list) = self.lists.next() else {
                    break;
                };
                self.begun.add(1);
                let pages = self.span.in_scope(|| self.client.pages(list.action));
                self.open = Some((pages.width(self.width), list.constants));
                continue;
            };
            let records = match pages.next().await {
                Some(Ok(page)) => A::into_items(page.output),
                Some(Err(error)) => {
                    let constants = constants.clone();
                    return Err(self.failed(&constants, Failure::Service(error)));
                }
                None => {
                    self.open = None;
                    continue;
                }
            };
            let constants = constants.clone();
            let timer = self.baseline.elapsed_compute().timer();
            let rows = (self.rows)(&records);
            let batch =
                rows.and_then(|rows| self.columns.batch(&self.projection, &constants, &rows));
            timer.done();
            let batch = batch.map_err(|error| self.failed(&constants, Failure::Row(error)))?;
            if batch.num_rows() == 0 {
                continue;
            }
            let batch = batch.slice(0, self.left.min(batch.num_rows()));
            self.left -= batch.num_rows();
            self.baseline.record_output(batch.num_rows());
            return Ok(Some(batch));
        }
        // Stops fetching ahead.
        self.open = None;
        Ok(None)
    }

    fn failed(&self, constants: &[String], failure: Failure) -> DataFusionError {
        let constants = self.columns.constants.iter().zip(constants);
        let constants: Vec<_> = constants
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        DataFusionError::External(Box::new(ListError {
            list: match constants.as_slice() {
                [] => self.table.clone(),
                of => format!("{} of {}", self.table, of.join(", ")),
            },
            failure,
        }))
    }
}

/// A list can't be read to its end, so the query has no result.
#[derive(Debug)]
pub struct ListError {
    list: String,
    failure: Failure,
}

#[derive(Debug)]
enum Failure {
    Service(tc3_async::Error),
    Row(Box<dyn Error + Send + Sync>),
}

impl ListError {
    /// What the service or the client says; `None` if a record doesn't fit the columns.
    pub const fn error(&self) -> Option<&tc3_async::Error> {
        match &self.failure {
            Failure::Service(error) => Some(error),
            Failure::Row(_) => None,
        }
    }
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.list)?;
        let error = match &self.failure {
            Failure::Row(error) => return error.fmt(f),
            Failure::Service(error) => error,
        };
        f.write_str(&with_causes(error))?;
        let remedy = error.remedy();
        let what = match remedy {
            Remedy::Later => "run the query again in ten minutes",
            Remedy::StartOver => "the list has changed meanwhile: run the query again",
            Remedy::Mend => "mend what it names, then run the query again",
            _ => "run the query again",
        };
        write!(f, "; what to do ({}): {what}", remedy.as_str())?;
        write!(f, "; ticket: {}", error.ticket())
    }
}

// Its text has all causes.
impl Error for ListError {}
