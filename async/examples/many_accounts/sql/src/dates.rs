//! Dates beside times.

use datafusion::{
    arrow::datatypes::DataType,
    common::{DFSchema, Result, config::ConfigOptions, tree_node::Transformed},
    logical_expr::{
        Between, BinaryExpr, Expr, ExprSchemable, cast, expr::InList,
        expr_rewriter::FunctionRewrite,
    },
};

/// Has a date that is compared with a time begin at midnight of the time's zone. DataFusion itself takes midnight UTC, which
/// is 08:00 in Beijing. For `register_function_rewrite` of a session.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalDates;

impl FunctionRewrite for LocalDates {
    fn name(&self) -> &'static str {
        "local_dates"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let local = |time: &Expr, date: Expr| local(time, date, schema);
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                let new_left = local(&right, (*left).clone());
                let right = local(&left, *right);
                Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(
                    Box::new(new_left),
                    op,
                    Box::new(right),
                )))
            }
            Expr::Between(Between {
                expr,
                negated,
                low,
                high,
            }) => {
                let (low, high) = (local(&expr, *low), local(&expr, *high));
                let between = Between::new(expr, negated, Box::new(low), Box::new(high));
                Transformed::yes(Expr::Between(between))
            }
            Expr::InList(InList {
                expr,
                list,
                negated,
            }) => {
                let list = list.into_iter().map(|date| local(&expr, date)).collect();
                Transformed::yes(Expr::InList(InList::new(expr, list, negated)))
            }
            other => Transformed::no(other),
        })
    }
}

/// The date as a time, if it is one beside a time with a zone.
fn local(time: &Expr, date: Expr, schema: &DFSchema) -> Expr {
    let types = (time.get_type(schema), date.get_type(schema));
    let (Ok(zoned @ DataType::Timestamp(unit, Some(_))), Ok(DataType::Date32)) = types else {
        return date;
    };
    // A time without a zone is taken as one of the zone that it gets.
    cast(cast(date, DataType::Timestamp(unit, None)), zoned)
}
