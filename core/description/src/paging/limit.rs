use super::text::{Number, Text};

/// The most records that a page may be asked for, if the text of the limit says so for sure.
pub(super) fn max(text: &Text) -> Option<u32> {
    let sums = [
        "offset+limit不",
        "offset+limit最",
        "offset+limit小",
        "之和",
        "总计",
        "假设",
        "举例",
    ];
    if text.has_any(&sums) {
        return None;
    }
    let words = [
        "最大",
        "最多",
        "最高",
        "上限",
        "不超过",
        "不能超过",
        "不得超过",
        "不可超过",
        "不要超过",
        "不大于",
        "不得大于",
        "不能大于",
        "小于等于",
        "小于或等于",
        "至多",
        "max",
        "maximum",
        "<=",
        "upto",
    ];
    let worded = words.into_iter().flat_map(|word| {
        let numbers = text.numbers_after(word, 10, ",.;[]默最-~");
        numbers.filter(|number| {
            let before = number.before;
            !before.ends_with("默认") && !before.ends_with("建议")
        })
    });
    let values = worded.map(|number| (!number.is_scaled()).then_some(number.value));
    only(values.chain(ranges(text)))
}

/// The records of a page that names no limit, if the text of the limit says so for sure.
pub(super) fn default(text: &Text) -> Option<u32> {
    let words = ["默认", "缺省", "default"];
    let numbers = words
        .into_iter()
        .flat_map(|word| text.numbers_after(word, 8, ",.;([]最范全所推-~"));
    only(numbers.map(|number| (!number.is_scaled()).then_some(number.value)))
}

/// The one value that all agree on.
fn only(values: impl Iterator<Item = Option<u32>>) -> Option<u32> {
    let mut found = None;
    for value in values {
        match (found, value?) {
            (_, 0) => return None,
            (Some(other), value) if other != value => return None,
            (_, value) => found = Some(value),
        }
    }
    found
}

/// The upper ends of ranges such as `[1,100]`, `(0,100]`, `1-100` and `1~100`; `None` for one that is left out of its
/// range.
fn ranges(text: &Text) -> impl Iterator<Item = Option<u32>> {
    text.numbers().filter_map(|low| {
        let bracket = low.before.ends_with(['[', '(']);
        let separator = ["-", "~", "至", "到", ","]
            .into_iter()
            .find(|separator| low.behind.starts_with(separator))?;
        let high = low.behind.get(separator.len()..)?;
        let end = high
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(high.len());
        let value: u32 = high.get(..end)?.parse().ok()?;
        let behind = high.get(end..)?;
        let high = Number {
            value,
            before: "",
            behind,
        };
        let closed = behind.starts_with(']');
        let open = behind.starts_with(')') && low.before.ends_with('[');
        let plain = separator != ","
            && !low.before.ends_with(['-', '.', '/', ':'])
            && !behind.starts_with(['-', '/'])
            || separator != "," && (low.before.ends_with("范围:") || low.before.ends_with("取值:"));
        if low.value > 100 || low.value >= value || separator == "," && !bracket {
            return None;
        }
        if open && separator == "," {
            return Some(None);
        }
        (bracket && closed || plain).then(|| (!high.is_scaled()).then_some(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_in_several_forms() {
        for (text, most, without) in [
            ("最大值100", Some(100), None),
            ("返回数量，默认为20，最大值为100。", Some(100), Some(20)),
            ("不能大于200", Some(200), None),
            ("默认20，最大不能超过50", Some(50), Some(20)),
            ("取值范围：[1, 100] 默认值：10", Some(100), Some(10)),
            ("1-100", Some(100), None),
            ("取值1～50，默认20", Some(50), Some(20)),
            ("上限 100", Some(100), None),
            ("default 20, max 100", Some(100), Some(20)),
            ("每页数量（最大值:100）", Some(100), None),
            ("<=100", Some(100), None),
        ] {
            let text = Text::new(text);
            assert_eq!((max(&text), default(&text)), (most, without), "{text:?}");
        }
    }

    #[test]
    fn limits_that_are_not_sure_are_none() {
        for text in [
            "",
            "每页数量",
            "建议最大取值100",
            "Offset+Limit 不超过5000",
            "最多1万条",
            "最大值100，专业版最大值1000",
            "[1,100)",
            "默认返回所有",
            "如 2024-01-02",
            "假设传10，则 5 <= N <= 10",
            "数量超过了 5000 则分页",
        ] {
            let text = Text::new(text);
            assert_eq!((max(&text), default(&text)), (None, None), "{text:?}");
        }
    }
}
