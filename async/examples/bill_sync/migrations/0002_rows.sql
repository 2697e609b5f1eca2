-- Rows of walks, finished or not. A view beside each table has the rows that count.

-- Amounts in fen.
create table bill_list_rows (
    account text not null,
    month date not null,
    -- The walk that the row came with, the number of its page and its place there, from 0.
    walk bigint not null,
    page int not null,
    line int not null,
    action_type text,
    amount numeric,
    balance numeric,
    bill_id text,
    operation_info text,
    operation_time timestamptz,
    operation_time_text text,
    cash numeric,
    incentive numeric,
    freezing numeric,
    pay_channel text,
    deduct_mode text,
    primary key (walk, page, line)
);
create view bill_list as
    select r.* from bill_list_rows r join windows w on w.shown_walk = r.walk;

-- Amounts in yuan.
create table allocation_summary_by_business_rows (
    account text not null,
    month date not null,
    -- The walk that the row came with, the number of its page and its place there, from 0.
    walk bigint not null,
    page int not null,
    line int not null,
    tree_node_uniq_key text,
    tree_node_uniq_key_name text,
    bill_date text,
    gather_cash_pay_amount numeric,
    gather_voucher_pay_amount numeric,
    gather_incentive_pay_amount numeric,
    gather_transfer_pay_amount numeric,
    allocate_cash_pay_amount numeric,
    allocate_voucher_pay_amount numeric,
    allocate_incentive_pay_amount numeric,
    allocate_transfer_pay_amount numeric,
    total_cash_pay_amount numeric,
    total_voucher_pay_amount numeric,
    total_incentive_pay_amount numeric,
    total_transfer_pay_amount numeric,
    gather_real_cost numeric,
    allocate_real_cost numeric,
    real_total_cost numeric,
    ratio text,
    trend text,
    trend_type text,
    business_code text,
    business_code_name text,
    total_cost numeric,
    ri_cost numeric,
    sp_cost numeric,
    cash_pay_amount numeric,
    voucher_pay_amount numeric,
    incentive_pay_amount numeric,
    transfer_pay_amount numeric,
    allocation_real_total_cost numeric,
    primary key (walk, page, line)
);
create view allocation_summary_by_business as
    select r.* from allocation_summary_by_business_rows r join windows w on w.shown_walk = r.walk;

create table usage_detail_rows (
    account text not null,
    month date not null,
    -- The walk that the row came with, the number of its page and its place there, from 0.
    walk bigint not null,
    page int not null,
    line int not null,
    flow_id text,
    operator_name text,
    create_organization_name text,
    flow_name text,
    flow_status text,
    quota_type text,
    use_count bigint,
    cost_time timestamptz,
    cost_time_text text,
    quota_name text,
    cost_type bigint,
    remark text,
    primary key (walk, page, line)
);
create view usage_detail as
    select r.* from usage_detail_rows r join windows w on w.shown_walk = r.walk;

-- The lines of bills, and their components, which have the amounts, in yuan.
create table bill_detail_rows (
    account text not null,
    month date not null,
    -- The walk that the row came with, the number of its page and its place there, from 0.
    walk bigint not null,
    page int not null,
    line int not null,
    business_code_name text,
    product_code_name text,
    pay_mode_name text,
    project_name text,
    region_name text,
    zone_name text,
    resource_id text,
    resource_name text,
    action_type_name text,
    order_id text,
    bill_id text,
    pay_time timestamptz,
    pay_time_text text,
    fee_begin_time timestamptz,
    fee_begin_time_text text,
    fee_end_time timestamptz,
    fee_end_time_text text,
    payer_uin text,
    owner_uin text,
    operate_uin text,
    tags jsonb,
    business_code text,
    product_code text,
    action_type text,
    region_id text,
    project_id bigint,
    price_info jsonb,
    associated_order jsonb,
    formula text,
    formula_url text,
    bill_day text,
    bill_month text,
    id text,
    region_type text,
    region_type_name text,
    reserve_detail text,
    discount_object text,
    discount_type text,
    discount_content text,
    extend_field text,
    primary key (walk, page, line)
);
create view bill_detail as
    select r.* from bill_detail_rows r join windows w on w.shown_walk = r.walk;

create table bill_detail_component_rows (
    account text not null,
    month date not null,
    -- The walk that the row came with, the number of its page and its place there, from 0.
    walk bigint not null,
    page int not null,
    line int not null,
    part int not null,
    component_code_name text,
    item_code_name text,
    single_price numeric,
    price_unit text,
    used_amount numeric,
    used_amount_unit text,
    real_total_measure numeric,
    deducted_measure numeric,
    time_span numeric,
    time_unit_name text,
    cost numeric,
    discount numeric,
    reduce_type text,
    real_cost numeric,
    voucher_pay_amount numeric,
    cash_pay_amount numeric,
    incentive_pay_amount numeric,
    transfer_pay_amount numeric,
    item_code text,
    component_code text,
    contract_price numeric,
    instance_type text,
    ri_time_span numeric,
    original_cost_with_ri numeric,
    sp_deduction_rate numeric,
    original_cost_with_sp numeric,
    blended_discount numeric,
    component_config jsonb,
    primary key (walk, page, line, part)
);
create view bill_detail_component as
    select r.* from bill_detail_component_rows r join windows w on w.shown_walk = r.walk;
