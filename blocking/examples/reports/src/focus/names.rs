//! Texts as FOCUS wants them: ASCII names, ids that are no numbers, flat JSON.

use serde_json::{Map, Value};
use tc3_services::billing::{BillDetail, BillDetailComponent};

use super::{Json, line::text, tables};

/// An account's id. Digits alone would be read as a number.
pub(super) fn account_id(uin: &str) -> String {
    match uin.bytes().all(|it| it.is_ascii_digit()) {
        true => format!("uin:{uin}"),
        false => uin.into(),
    }
}

/// The resource that is billed, if there is one.
pub(super) fn resource_id(detail: &BillDetail) -> Option<&str> {
    text(&detail.resource_id).filter(|id| !id.ends_with("(UIN)") && *id != "billVirtualId")
}

/// The resource's name, if it has one that isn't its id.
pub(super) fn resource_name(detail: &BillDetail) -> Option<&str> {
    let name = text(&detail.resource_name)?;
    let is_name = name != "未命名" && Some(name) != text(&detail.resource_id);
    is_name.then_some(name)
}

/// The zone's name, if there is one.
pub(super) fn zone_name(detail: &BillDetail) -> Option<&str> {
    text(&detail.zone_name).filter(|it| !is_other(it))
}

fn is_other(name: &str) -> bool {
    name == "其他" || name == "无" || name.eq_ignore_ascii_case("other")
}

/// The SKU: the item's code.
///
/// The vendor describes items and components the other way round, but this is what the fields hold.
pub(super) fn sku(detail: &BillDetail, it: &BillDetailComponent) -> String {
    let codes = [
        &it.item_code,
        &it.component_code,
        &detail.product_code,
        &detail.business_code,
    ];
    let mut codes = codes.into_iter().filter_map(text);
    codes
        .find(|code| code.is_ascii())
        .unwrap_or("unknown")
        .into()
}

/// What the SKU meters, in ASCII: the component's name, or else its code in words.
pub(super) fn meter(it: &BillDetailComponent) -> Option<String> {
    let name = text(&it.component_code_name);
    if let Some(meter) = name.and_then(tables::meter) {
        return Some(meter.into());
    }
    if let Some(name) = name.filter(|it| it.is_ascii()) {
        return Some(name.into());
    }
    let code = text(&it.component_code).or(text(&it.item_code));
    let code = code.filter(|it| it.is_ascii())?;
    let words = code.strip_prefix("virtual_").unwrap_or(code);
    let words = words.strip_prefix("sv_").or(words.strip_prefix("v_"));
    Some(words.unwrap_or(code).replace('_', " "))
}

/// The price of an SKU: its time, region and tier.
pub(super) fn price_id(
    sku: &str,
    time: Option<&str>,
    region: Option<&str>,
    detail: &BillDetail,
) -> String {
    let time = time.map(|time| match time {
        "Second" => "/s",
        "Minute" => "/min",
        "Hour" => "/h",
        "Day" => "/day",
        "Month" => "/month",
        _ => "/year",
    });
    let region = region.map(|region| format!("@{region}"));
    let tier = detail.price_info.iter().find_map(|it| tier(it));
    let tier = tier.map(|tier| format!("#{tier}"));
    let (time, region) = (time.unwrap_or_default(), region.unwrap_or_default());
    format!("{sku}{time}{region}{}", tier.unwrap_or_default())
}

/// The number of a tier such as `第三阶梯`.
fn tier(info: &str) -> Option<usize> {
    let info = info.rsplit([':', '：']).next()?.trim();
    let number = info.strip_prefix('第')?.strip_suffix("阶梯")?;
    let place = tables::NUMERALS
        .chars()
        .position(|it| number == it.to_string())?;
    Some(place + 1)
}

/// What of the price's details has a key in FOCUS.
pub(super) fn price_details(detail: &BillDetail) -> Option<Json> {
    let system = detail.price_info.iter().find_map(|info| {
        let (key, value) = info.split_once([':', '：'])?;
        (key.trim() == "操作系统").then_some(value.trim())
    })?;
    let system = match system {
        "linux" => "Linux",
        "windows" => "Windows",
        other => other,
    };
    let details = [("OperatingSystem", Some(system))];
    system.is_ascii().then(|| object(details)).flatten()
}

/// The tags, unless there are none.
pub(super) fn tags(detail: &BillDetail) -> Option<Json> {
    object(detail.tags.iter().filter_map(|tag| {
        let key = tag.tag_key.as_deref()?;
        Some((key, Some(tag.tag_value.as_deref().unwrap_or_default())))
    }))
}

/// The orders that an order belongs to, unless there are none.
pub(super) fn orders(detail: &BillDetail) -> Option<Json> {
    let orders = detail.associated_order.as_ref()?;
    object([
        ("PrepayPurchase", text(&orders.prepay_purchase)),
        ("PrepayRenew", text(&orders.prepay_renew)),
        ("PrepayModifyUp", text(&orders.prepay_modify_up)),
        ("ReverseOrder", text(&orders.reverse_order)),
        ("NewOrder", text(&orders.new_order)),
        ("Original", text(&orders.original)),
    ])
}

/// A flat object of the values that there are, unless there are none.
fn object<'a>(values: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Option<Json> {
    let values = values.into_iter();
    let object: Map<String, Value> = values
        .filter_map(|(key, value)| Some((key.into(), value?.into())))
        .collect();
    (!object.is_empty()).then(|| Json(Value::Object(object).to_string()))
}

/// The code of the pay mode.
pub(super) fn pay_mode(detail: &BillDetail) -> Option<&'static str> {
    match text(&detail.pay_mode_name)? {
        "包年包月" | "prePay" => Some("prePay"),
        "按量计费" | "postPay" => Some("postPay"),
        "预留实例" | "riPay" => Some("riPay"),
        _ => None,
    }
}
