//! The tables of codes, as TSV files with a line of headings.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

/// A service as FOCUS knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) category: &'static str,
    pub(super) subcategory: &'static str,
    pub(super) resource_type: &'static str,
}

/// The lines of a table, without its headings.
fn lines<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let lines = table.lines().skip(1);
    lines.filter_map(|line| line.split('\t').collect::<Vec<_>>().try_into().ok())
}

pub(super) const SERVICES: &str = include_str!("tables/services.tsv");

#[derive(Default)]
struct Services {
    /// Codes that the vendor's texts have.
    known: HashMap<&'static str, Service>,
    /// Normalized names, Chinese and English.
    names: HashMap<String, Service>,
    /// Codes that are made of a product's name.
    guessed: HashMap<&'static str, Service>,
}

static BY_CODE: LazyLock<Services> = LazyLock::new(|| {
    let mut all = Services::default();
    for [
        code,
        evidence,
        name,
        chinese,
        category,
        subcategory,
        resource_type,
    ] in lines(SERVICES)
    {
        let service = Service {
            name,
            category,
            subcategory,
            resource_type,
        };
        let codes = match evidence {
            "G" => &mut all.guessed,
            _ => &mut all.known,
        };
        codes.insert(code, service);
        for name in chinese.split(" / ").chain([name]) {
            all.names.entry(normal(name)).or_insert(service);
        }
    }
    all.names.remove("");
    all
});

/// A service's name without spaces, the vendor's name, and what stands in brackets at its end.
fn normal(name: &str) -> String {
    let name = name.trim();
    let name = match name.rfind(['(', '（']) {
        Some(at) if name.ends_with([')', '）']) => name.get(..at).unwrap_or(name),
        _ => name,
    };
    let name: String = name.chars().filter(|it| !it.is_whitespace()).collect();
    name.replace("腾讯云", "").to_lowercase()
}

/// The service: by a code that is documented, by its name, by a code that is guessed.
pub(super) fn service(code: Option<&str>, name: Option<&str>) -> Option<Service> {
    let all = &*BY_CODE;
    let by_code = |codes: &HashMap<&str, Service>| codes.get(code?).copied();
    by_code(&all.known)
        .or_else(|| all.names.get(&normal(name?)).copied())
        .or_else(|| by_code(&all.guessed))
}

/// The code and the ASCII name of a region, by its number.
pub(super) fn region(id: &str) -> Option<(&'static str, &'static str)> {
    static REGIONS: LazyLock<HashMap<&str, (&str, &str)>> = LazyLock::new(|| {
        lines(include_str!("tables/regions.tsv"))
            .map(|[id, code, name]| (id, (code, name)))
            .collect()
    });
    REGIONS.get(id).copied()
}

/// Whether the number stands for no region: none, others, and the price areas of CDN-like products.
pub(super) fn is_no_region(id: &str) -> bool {
    matches!(id, "0" | "47" | "2009" | "2010")
        || matches!(id.parse(), Ok(area) if (1001..=1010).contains(&area))
}

/// The code of a zone such as `广州二区`: `ap-guangzhou-2`.
pub(super) fn zone(name: &str) -> Option<String> {
    static CITIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        lines(include_str!("tables/zones.tsv"))
            .map(|[city, region]| (city, region))
            .collect()
    });
    let name = name.strip_suffix('区')?;
    let at = name.find(|it: char| it.is_ascii_digit() || NUMERALS.contains(it))?;
    let (city, number) = name.split_at_checked(at)?;
    let region = CITIES.get(city)?;
    Some(format!("{region}-{}", ordinal(number)?))
}

pub(super) const NUMERALS: &str = "一二三四五六七八九十";

fn ordinal(text: &str) -> Option<u8> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let digit = |text: &str| match text.chars().collect::<Vec<_>>()[..] {
        [it] => (1..=9).zip(NUMERALS.chars()).find(|(_, has)| *has == it),
        _ => None,
    };
    let digit = |text: &str| digit(text).map(|(number, _)| number);
    match text.split_once('十') {
        None => digit(text),
        Some(("", "")) => Some(10),
        Some(("", ones)) => Some(10 + digit(ones)?),
        Some((tens, "")) => Some(10 * digit(tens)?),
        Some((tens, ones)) => Some(10 * digit(tens)? + digit(ones)?),
    }
}

/// The ASCII name of a component.
pub(super) fn meter(chinese: &str) -> Option<&'static str> {
    static METERS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        lines(include_str!("tables/meters.tsv"))
            .map(|[chinese, meter]| (chinese, meter))
            .collect()
    });
    METERS.get(chinese).copied()
}

/// A unit that quantities and prices are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Quantity(&'static str),
    Time(&'static str),
}

/// A unit, by the vendor's text.
pub(super) fn unit(text: &str) -> Option<Unit> {
    static UNITS: LazyLock<HashMap<&str, Unit>> = LazyLock::new(|| {
        lines(include_str!("tables/units.tsv"))
            .map(|[text, unit, kind]| match kind {
                "time" => (text, Unit::Time(unit)),
                _ => (text, Unit::Quantity(unit)),
            })
            .collect()
    });
    UNITS.get(text).copied()
}

/// What kind of charge an action makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Usage,
    Spot,
    Reversal,
    Subscription,
    SavingsPlan,
    ReservedInstance,
    ReservedInstanceUpfront,
    Adjustment,
    Guarantee,
    Rounding,
}

/// An action type as FOCUS has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Action {
    pub(super) category: &'static str,
    pub(super) frequency: &'static str,
    pub(super) kind: Kind,
}

/// The action type, by its code or else by its Chinese name.
pub(super) fn action(code: Option<&str>, name: Option<&str>) -> Option<Action> {
    static ACTIONS: LazyLock<HashMap<&str, Action>> = LazyLock::new(|| {
        let mut actions = HashMap::new();
        for [code, name, category, frequency, kind] in lines(include_str!("tables/actions.tsv")) {
            let kind = match kind {
                "usage" => Kind::Usage,
                "spot" => Kind::Spot,
                "reversal" => Kind::Reversal,
                "subscription" => Kind::Subscription,
                "savings plan" => Kind::SavingsPlan,
                "reserved instance" => Kind::ReservedInstance,
                "reserved instance upfront" => Kind::ReservedInstanceUpfront,
                "guarantee" => Kind::Guarantee,
                "rounding" => Kind::Rounding,
                _ => Kind::Adjustment,
            };
            let action = Action {
                category,
                frequency,
                kind,
            };
            actions.insert(code, action);
            actions.entry(name).or_insert(action);
        }
        actions.remove("-");
        actions
    });
    let by = |text: Option<&str>| ACTIONS.get(text?).copied();
    by(code).or_else(|| by(name))
}

/// Whether FOCUS has the subcategory in this category.
pub(super) fn is_subcategory(category: &str, subcategory: &str) -> bool {
    static PAIRS: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
        lines(include_str!("tables/subcategories.tsv"))
            .map(|[category, subcategory]| (category, subcategory))
            .collect()
    });
    PAIRS.contains(&(category, subcategory))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_line_of_a_table_is_read() {
        let count = |table: &str| table.lines().count() - 1;
        assert_eq!(lines::<7>(SERVICES).count(), count(SERVICES));
        for (table, columns) in [
            (include_str!("tables/regions.tsv"), 3),
            (include_str!("tables/zones.tsv"), 2),
            (include_str!("tables/meters.tsv"), 2),
            (include_str!("tables/units.tsv"), 3),
            (include_str!("tables/actions.tsv"), 5),
            (include_str!("tables/subcategories.tsv"), 2),
        ] {
            assert!(table.lines().all(|it| it.split('\t').count() == columns));
        }
        assert_eq!(
            lines::<2>(include_str!("tables/subcategories.tsv")).count(),
            82
        );
    }

    #[test]
    fn a_service_name_has_one_category_that_focus_has() {
        let mut categories = HashMap::new();
        for [_, _, name, _, category, subcategory, _] in lines(SERVICES) {
            assert!(is_subcategory(category, subcategory), "{name}");
            let known = categories.entry(name).or_insert((category, subcategory));
            assert_eq!(*known, (category, subcategory), "{name}");
        }
    }

    #[test]
    fn services_are_found_by_documented_codes_then_by_names_then_by_guessed_codes() {
        let name = |code, name| service(code, name).map(|it| it.name);
        assert_eq!(
            name(Some("p_cdn"), Some("云硬盘CBS")),
            Some("Content Delivery Network")
        );
        assert_eq!(
            name(Some("p_new"), Some("腾讯云 内容分发网络CDN（新）")),
            Some("Content Delivery Network")
        );
        assert_eq!(
            name(Some("p_scf"), Some("云硬盘CBS")),
            Some("Cloud Block Storage")
        );
        assert_eq!(name(Some("p_scf"), None), Some("Serverless Cloud Function"));
        assert_eq!(name(Some("p_new"), Some("")), None);
        assert_eq!(name(None, None), None);
    }

    #[test]
    fn zones_are_a_city_and_a_number() {
        assert_eq!(zone("广州三区").as_deref(), Some("ap-guangzhou-3"));
        assert_eq!(zone("上海十二区").as_deref(), Some("ap-shanghai-12"));
        assert_eq!(zone("上海十区").as_deref(), Some("ap-shanghai-10"));
        assert_eq!(zone("上海二十一区").as_deref(), Some("ap-shanghai-21"));
        for unknown in [
            "中国大陆通用",
            "其他",
            "火星一区",
            "广州区",
            "区",
            "广州一二区",
        ] {
            assert_eq!(zone(unknown), None, "{unknown}");
        }
    }
}
