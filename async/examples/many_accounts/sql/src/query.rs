//! A query, from its text to its rows.

use std::sync::Arc;

use datafusion::{
    common::tree_node::{TreeNode, TreeNodeRecursion},
    error::DataFusionError,
    execution::{FunctionRegistry, context::SQLOptions},
    physical_plan::{ExecutionPlan, execute_stream},
    prelude::{ParquetReadOptions, SessionConfig, SessionContext},
};
use tc3_sql::{LocalDates, Result};

use crate::{arguments::Arguments, output};

/// A query that is done.
pub(crate) struct Done {
    rows: usize,
    plan: Arc<dyn ExecutionPlan>,
}

/// Runs the query, and writes its rows.
pub(crate) async fn run(arguments: Arguments) -> Result<Done> {
    // `1.06` is a decimal: times a float, an amount would be one too.
    let decimals = "datafusion.sql_parser.parse_float_as_decimal";
    let config = SessionConfig::new()
        .with_information_schema(true)
        .set_bool(decimals, true);
    let mut context = SessionContext::new_with_config(config).enable_url_table();
    context.register_function_rewrite(Arc::new(LocalDates))?;
    for file in &arguments.files {
        let options = ParquetReadOptions::default();
        let registered = context
            .register_parquet(&file.table, &file.path, options)
            .await;
        registered.map_err(|error| format!("--parquet {}={}: {error}", file.table, file.path))?;
    }
    // The emulators run as long as the query.
    let (accounts, _emulated) = arguments.accounts().await?.unzip();
    if let Some(accounts) = &accounts {
        accounts.register(&context)?;
    }
    let plan = plan(&context, &arguments.statement).await?;
    let stream = execute_stream(Arc::clone(&plan), context.task_ctx()).map_err(plain)?;
    let rows = match &arguments.output {
        Some(path) => output::to_file(path, stream).await,
        None => output::to_stdout(arguments.format, stream).await,
    };
    let rows = rows?;
    Ok(Done { rows, plan })
}

async fn plan(context: &SessionContext, statement: &str) -> Result<Arc<dyn ExecutionPlan>> {
    let plan = context.state().create_logical_plan(statement).await;
    let plan = plan.map_err(|error| with_tables(context, error))?;
    let only_queries = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    only_queries.verify_plan(&plan).map_err(|error| {
        let error = plain(error);
        format!("{error}: write a SELECT; --output FILE.parquet keeps its rows")
    })?;
    let plan = context.state().create_physical_plan(&plan).await;
    plan.map_err(plain)
}

/// An error of planning, with the tables that there are if it lacks one.
fn with_tables(
    context: &SessionContext,
    error: DataFusionError,
) -> Box<dyn std::error::Error + Send + Sync> {
    let text = plain(error).to_string();
    if !text.contains("not found") || !text.contains("table ") {
        return text.into();
    }
    let schema = context
        .catalog("datafusion")
        .and_then(|it| it.schema("public"));
    let mut tables = schema
        .map(|schema| schema.table_names())
        .unwrap_or_default();
    if tables.is_empty() {
        return format!("{text}; --accounts or --emulate gives tables, and --parquet TABLE=FILE")
            .into();
    }
    tables.sort_unstable();
    format!("{text}; there are: {}", tables.join(", ")).into()
}

/// The error that is the cause, without what DataFusion has around it.
pub(crate) fn plain(error: DataFusionError) -> Box<dyn std::error::Error + Send + Sync> {
    match error.find_root() {
        DataFusionError::External(inner) => inner.to_string().into(),
        root => root.strip_backtrace().into(),
    }
}

impl Done {
    /// What the query has cost.
    pub(crate) fn summary(&self) -> String {
        let (mut requests, mut lists) = (0, 0);
        let counted = self.plan.apply(|plan| {
            let metrics = plan.metrics();
            let sum = |name| {
                let value = metrics.as_ref().and_then(|it| it.sum_by_name(name));
                value.map_or(0, |value| value.as_usize())
            };
            if plan.name() == "ListScan" {
                requests += sum("requests");
                lists += sum("lists");
            }
            Ok(TreeNodeRecursion::Continue)
        });
        match counted {
            Ok(_) => format!("{} rows, {requests} requests for {lists} lists", self.rows),
            Err(error) => error.to_string(),
        }
    }
}
