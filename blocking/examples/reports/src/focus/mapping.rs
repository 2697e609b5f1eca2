use std::ops::RangeInclusive;

use rust_decimal::Decimal;
use tc3_core::{Month, types::jiff::civil::Date};
use tc3_services::billing::BillDetailComponent;

use super::{
    Account, Commitments, Error, Line, Notes, Row, Topic,
    charge::{Charge, Period, Plan},
    commitments::Used,
    line::text,
    names, tables,
};

/// Who provides, publishes and bills services.
const PROVIDER: &str = "Tencent Cloud";

/// Makes rows of lines, which come in the order that rows are to have.
#[derive(Clone, Debug)]
pub struct Mapping {
    pub(super) accounts: Vec<Account>,
    /// The first days of the first and the last month that are exported.
    months: (Date, Date),
    pub(super) currency: String,
    pub(super) commitments: Commitments,
    pub(super) used: Used,
    pub(super) notes: Notes,
}

impl Mapping {
    /// For these months of these accounts' bills, in yuan.
    pub fn new(
        accounts: Vec<Account>,
        months: RangeInclusive<Month>,
        commitments: Commitments,
    ) -> Self {
        Self {
            accounts,
            months: (months.start().first_day(), months.end().first_day()),
            currency: "CNY".into(),
            commitments,
            used: Used::default(),
            notes: Notes::default(),
        }
    }

    /// With the currency of lines that don't say it.
    #[must_use = "a mapping is changed by value"]
    pub fn with_currency(self, currency: impl Into<String>) -> Self {
        Self {
            currency: currency.into(),
            ..self
        }
    }

    /// The rows of a line, in order.
    ///
    /// A line of a month that isn't exported has only the amortised rows of its subscriptions.
    ///
    /// # Errors
    ///
    /// [`Error`] names the field that no rows can be made of.
    pub fn rows(&mut self, line: &Line) -> Result<Vec<Row>, Error> {
        let is_exported = self.exports(line.month);
        if line.detail.component_set.is_empty() {
            self.notes.met(Topic::NoComponent, line.named());
        }
        let mut rows = Vec::new();
        for (place, component) in line.components() {
            let charge = Charge::of(line, place, component)?;
            let fee_of = charge.fee_of(line, component);
            // The fee of a commitment is in its pool, but for refunds.
            let is_spread = charge.is_spread() && (fee_of.is_none() || charge.is_negative());
            if !is_exported && !is_spread {
                continue;
            }
            let mut row = self.base(line, place, component, &charge)?;
            if let Some(plan) = fee_of {
                let id = row.resource_id.clone();
                self.commit(&mut row, line.account, plan, line.month, id);
                row.commitment_discount_name = row.resource_name.clone();
            }
            if is_exported {
                self.charged(line, &row, &charge, fee_of, &mut rows);
            }
            if is_spread {
                self.spread(line, &row, &charge, fee_of, &mut rows)?;
            }
        }
        for row in &rows {
            self.notes.row(row.charge_category);
        }
        Ok(rows)
    }

    /// What was met that isn't known, and how many rows there are of each category.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    pub(super) fn exports(&self, month: Month) -> bool {
        (self.months.0..=self.months.1).contains(&month.first_day())
    }

    /// Names the commitment that a row is about: by its id, or else the account's of this type.
    pub(super) fn commit(
        &self,
        row: &mut Row,
        account: usize,
        plan: Plan,
        month: Month,
        id: Option<String>,
    ) {
        let pool = self.commitments.pool(&(account, plan, month.first_day()));
        let (id, source) = match (id, pool.and_then(|it| it.only())) {
            (Some(id), _) => (id, "ResourceId"),
            (None, Some(only)) => (only.to_owned(), "OnlyCommitment"),
            (None, None) => (plan.pool_id(&row.billing_account_id), "Pool"),
        };
        let is_only = pool.is_some_and(|it| it.only() == Some(id.as_str()));
        row.commitment_discount_name = match pool {
            Some(pool) if is_only => pool.source.name.clone(),
            _ => None,
        };
        row.x_commitment_discount_id_source = Some(source);
        row.commitment_discount_id = Some(id);
        row.commitment_discount_category = Some(plan.category());
        row.commitment_discount_type = Some(plan.name());
    }

    /// A row with what all rows of a component have, and no costs.
    fn base(
        &mut self,
        line: &Line,
        place: usize,
        it: &BillDetailComponent,
        charge: &Charge,
    ) -> Result<Row, Error> {
        let detail = &line.detail;
        self.note(line, charge);
        let own = self.accounts.get(line.account).cloned().unwrap_or_default();
        let payer = text(&detail.payer_uin).or(text(&own.uin));
        let Some(payer) = payer else {
            let rule = "must be there if the account's UIN isn't known";
            return Err(line.error("PayerUin", rule, ""));
        };
        let name = text(&own.name);
        let owner = text(&detail.owner_uin).unwrap_or(payer);
        let currency = charge.currency.as_deref().unwrap_or(&self.currency);
        let mut row = empty(line.month, payer, name, currency);
        row.sub_account_id = names::account_id(owner);
        row.sub_account_name = format!("uin {owner}");
        row.charge_category = charge.action.category;
        row.charge_frequency = charge.action.frequency;
        row.charge_class = charge.is_correction(line).then_some("Correction");
        row.charge_period_start = charge.period.start;
        row.charge_period_end = charge.period.end;
        self.put_service(
            &mut row,
            detail.business_code.as_ref(),
            &detail.business_code_name,
        );
        self.put_place(&mut row, line);
        self.put_resource(&mut row, line);
        row.tags = names::tags(detail);
        let meter = names::meter(it);
        row.charge_description = describe(&row.service_name, meter.as_deref(), charge, line);
        if matches!(charge.action.category, "Usage" | "Purchase") {
            let sku = names::sku(detail, it);
            let time = charge.pricing.time;
            row.sku_price_id = Some(names::price_id(&sku, time, row.region_id, detail));
            row.sku_price_details = names::price_details(detail);
            row.sku_meter = Some(meter.unwrap_or_else(|| sku.clone()));
            row.sku_id = Some(sku);
        }
        row.x_component = Some(Decimal::from(place));
        row.x_account = name.unwrap_or(payer).into();
        put_source(&mut row, line, it, charge)?;
        Ok(row)
    }

    /// Notes what isn't known of a component.
    fn note(&mut self, line: &Line, charge: &Charge) {
        let detail = &line.detail;
        if !charge.known {
            let code = text(&detail.action_type).or(text(&detail.action_type_name));
            self.notes.met(Topic::Action, code.unwrap_or("none"));
        }
        if let Some(unit) = &charge.pricing.unknown {
            self.notes.met(Topic::Unit, unit);
        }
        if !charge.drift.is_zero() {
            self.notes.met(Topic::Drift, line.named());
        }
        let month = text(&detail.bill_month).and_then(|it| it.get(..7));
        if let Some(month) = month.filter(|it| *it != bill_month(line.month)) {
            self.notes.met(Topic::BillMonth, month);
        }
        // Both are times by now, whose order is that of their texts.
        if let Some(end) = text(&detail.fee_end_time)
            && text(&detail.fee_begin_time).is_some_and(|begin| end < begin)
        {
            self.notes.met(Topic::Period, line.named());
        }
    }

    pub(super) fn put_service(
        &mut self,
        row: &mut Row,
        code: Option<&String>,
        name: &Option<String>,
    ) {
        let code = code.map(|it| it.trim()).filter(|it| !it.is_empty());
        if let Some(service) = tables::service(code, text(name)) {
            row.service_name = service.name.into();
            row.service_category = service.category;
            row.service_subcategory = service.subcategory;
            row.resource_type = Some(service.resource_type.into());
        } else {
            let name = text(name).filter(|it| it.is_ascii()).or(code);
            row.service_name = name.filter(|it| it.is_ascii()).unwrap_or("Other").into();
            row.resource_type = Some(row.service_name.clone());
            self.notes.met(Topic::Service, code.unwrap_or("none"));
        }
        if code == Some("p_market") {
            row.publisher_name = "Third party (Cloud Marketplace)";
            self.notes.met(Topic::Publisher, "p_market");
        }
    }

    fn put_place(&mut self, row: &mut Row, line: &Line) {
        let detail = &line.detail;
        let region = text(&detail.region_id).filter(|id| !tables::is_no_region(id));
        if let Some(id) = region {
            if let Some((code, name)) = tables::region(id) {
                row.region_id = Some(code);
                row.region_name = Some(name);
            } else {
                self.notes.met(Topic::Region, id);
            }
        }
        if let Some(name) = names::zone_name(detail) {
            row.availability_zone = tables::zone(name);
            if row.availability_zone.is_none() {
                self.notes.met(Topic::Zone, name);
            }
        }
    }

    fn put_resource(&mut self, row: &mut Row, line: &Line) {
        let mut ascii = |text: Option<&str>| {
            let text = text?;
            if !text.is_ascii() {
                self.notes.met(Topic::Name, text);
            }
            text.is_ascii().then(|| text.to_owned())
        };
        row.resource_id = ascii(names::resource_id(&line.detail));
        row.resource_name = ascii(names::resource_name(&line.detail));
        if row.resource_id.is_none() {
            row.resource_type = None;
            row.resource_name = None;
        }
    }
}

/// A month as bills write it.
pub(super) fn bill_month(month: Month) -> String {
    format!("{:04}-{:02}", month.year(), month.month())
}

/// What is charged, in ASCII.
fn describe(service: &str, meter: Option<&str>, charge: &Charge, line: &Line) -> String {
    let action = text(&line.detail.action_type).filter(|it| it.is_ascii());
    let action = action.unwrap_or(charge.action.category);
    match meter {
        Some(meter) => format!("{service} - {meter} - {action}"),
        None => format!("{service} - {action}"),
    }
}

/// A row of an account's month without costs.
pub(super) fn empty(month: Month, payer: &str, name: Option<&str>, currency: &str) -> Row {
    let bill = Period::month(month);
    let ascii_name = name.filter(|it| it.is_ascii()).map(str::to_owned);
    let account_name = ascii_name.unwrap_or_else(|| format!("uin {payer}"));
    let id = names::account_id(payer);
    Row {
        sub_account_id: id.clone(),
        sub_account_name: format!("uin {payer}"),
        billing_account_id: id,
        billing_account_name: account_name,
        billing_account_type: "Account",
        sub_account_type: "Account",
        provider_name: PROVIDER,
        publisher_name: PROVIDER,
        invoice_issuer_name: PROVIDER,
        service_name: "Other".into(),
        service_category: "Other",
        service_subcategory: "Other (Other)",
        billing_currency: currency.into(),
        pricing_currency: currency.into(),
        billing_period_start: bill.start,
        billing_period_end: bill.end,
        charge_period_start: bill.start,
        charge_period_end: bill.end,
        x_account: name.unwrap_or(payer).into(),
        x_bill_month: bill_month(month),
        ..Row::empty()
    }
}

/// Puts what the line says in its own words.
fn put_source(
    row: &mut Row,
    line: &Line,
    it: &BillDetailComponent,
    charge: &Charge,
) -> Result<(), Error> {
    let detail = &line.detail;
    let own = |value: &Option<String>| text(value).map(str::to_owned);
    row.x_bill_detail_id = own(&detail.id);
    row.x_bill_id = own(&detail.bill_id);
    row.x_order_id = own(&detail.order_id);
    row.x_business_code = own(&detail.business_code);
    row.x_business_code_name = own(&detail.business_code_name);
    row.x_product_code = own(&detail.product_code);
    row.x_product_code_name = own(&detail.product_code_name);
    row.x_component_code = own(&it.component_code);
    row.x_component_code_name = own(&it.component_code_name);
    row.x_item_code = own(&it.item_code);
    row.x_item_code_name = own(&it.item_code_name);
    row.x_action_type = own(&detail.action_type);
    row.x_action_type_name = own(&detail.action_type_name);
    row.x_pay_mode = names::pay_mode(detail);
    row.x_pay_mode_name = own(&detail.pay_mode_name);
    row.x_project_id = detail.project_id.map(|id| id.to_string());
    row.x_project_name = own(&detail.project_name);
    row.x_region_id = own(&detail.region_id);
    row.x_region_name = own(&detail.region_name);
    row.x_zone_name = own(&detail.zone_name);
    row.x_resource_id = own(&detail.resource_id);
    row.x_resource_name = own(&detail.resource_name);
    row.x_operator_id = own(&detail.operate_uin);
    row.x_pay_time = line.time("PayTime", &detail.pay_time)?;
    row.x_instance_type = own(&it.instance_type);
    row.x_price_unit = own(&it.price_unit);
    row.x_single_price = it.single_price.map(|price| price.get());
    row.x_discount = charge.discount.map(|it| it.round_dp(16));
    row.x_reduce_type = own(&it.reduce_type);
    row.x_associated_orders = names::orders(detail);
    let info = &detail.price_info;
    row.x_price_info = (!info.is_empty()).then(|| serde_json::json!(info).to_string());
    row.x_reserve_detail = own(&detail.reserve_detail);
    Ok(())
}

impl Plan {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Savings => "Savings Plan",
            Self::Reserved => "Reserved Instance",
        }
    }

    const fn category(self) -> &'static str {
        match self {
            Self::Savings => "Spend",
            Self::Reserved => "Usage",
        }
    }

    /// The id of all commitments of this type of an account.
    pub(super) fn pool_id(self, account: &str) -> String {
        match self {
            Self::Savings => format!("savings-plans/{account}"),
            Self::Reserved => format!("reserved-instances/{account}"),
        }
    }

    /// The unit of commitments.
    pub(super) fn unit(self, currency: &str) -> String {
        match self {
            Self::Savings => currency.into(),
            Self::Reserved => "Instance-Hours".into(),
        }
    }
}
