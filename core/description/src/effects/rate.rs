use alloc::string::String;

/// Reads how many requests a second an action's text allows; `None` if it says nothing or several things.
pub(super) fn of(document: &str) -> Option<u32> {
    let text: String = document
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '*')
        .flat_map(char::to_lowercase)
        .collect();
    let each_second = text
        .match_indices("次/秒")
        .chain(text.match_indices("次每秒"))
        .map(|(at, _)| before(&text, at).parse().ok());
    let each_minute = text.match_indices("次/分").map(|(at, _)| {
        (before(&text, at).parse::<u32>().ok())
            .filter(|rate| rate % 60 == 0)
            .map(|rate| rate / 60)
    });
    // Without a number it is only the name of something that is counted.
    let qps = text.match_indices("qps").filter_map(|(at, qps)| {
        let mut numbers = [after(&text, at + qps.len()), before(&text, at)].into_iter();
        numbers.find(|it| !it.is_empty()).map(|it| it.parse().ok())
    });
    let mut rates = each_second.chain(each_minute).chain(qps);
    let first = rates.next()??;
    (first > 0 && rates.all(|rate| rate == Some(first))).then_some(first)
}

/// The number that ends there, with its fraction or its groups of digits; empty if there is none. It must be one of its
/// own: the 15 of "1次/15秒" counts no requests.
fn before(text: &str, at: usize) -> &str {
    let head = text.get(..at).unwrap_or_default();
    let rest = head.trim_end_matches(|c| is_digit(c) || is_separator(c));
    let number = head.get(rest.len()..).unwrap_or_default();
    number.trim_start_matches(is_separator)
}

/// The number that a limit of requests a second is set to, as in "QPS限制为20"; empty if there is none.
fn after(text: &str, at: usize) -> &str {
    let tail = text.get(at..).unwrap_or_default();
    let tail = tail.trim_start_matches(['限', '制', '默', '认', '仅', '为', '是', ':', '：']);
    let rest = tail.trim_start_matches(|c| is_digit(c) || is_separator(c));
    let number = tail.strip_suffix(rest).unwrap_or_default();
    number.trim_end_matches(is_separator)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '．' | '，')
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn requests_a_second_are_read_in_each_spelling() {
        for text in [
            "默认接口请求频率限制：20次/秒。",
            "默认接口请求频率限制：**20次/秒**。",
            "接口默认限频： 20 次/秒",
            "请求频率20次/秒。",
            "接口默认QPS为20，如需更多请联系",
            "单个模型qps限制20",
            "默认频控阈值为20 QPS（每秒请求次数）",
            "频率限制为：20次/秒，1200次/分钟",
            "每个用户，20次/秒",
            "QPS限制为20.",
        ] {
            assert_eq!(of(text), Some(20), "{text}");
        }
    }

    #[test]
    fn requests_a_minute_count_if_they_are_whole_ones_a_second() {
        assert_eq!(of("频率限制：120次/分钟"), Some(2));
        assert_eq!(of("频率限制：2次/分钟"), None);
    }

    #[test]
    fn what_is_no_limit_a_second_is_none() {
        for text in [
            "",
            "每日限频50次",
            "限制为：200次/10分钟",
            "限制：1次/15秒",
            "总请求峰值(QPS)和攻击请求(QPS)",
            "频率限制：5 页并发",
            "限制：次/秒",
            "限制：0次/秒",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_with_a_fraction_or_with_groups_of_digits_is_none() {
        for text in [
            "频率限制：0.5次/秒",
            "频率限制：1.5次/秒",
            "频率限制：1．5次每秒",
            "频率限制：1,200次/秒",
            "频率限制：1，200次/秒",
            "频率限制：1,120次/分钟",
            "QPS为2.5",
            "QPS为1,200",
            "2.5 QPS",
            "QPS为2.5，即每分钟150次，5次/秒",
            "频率限制：0.5次/秒，30次/分钟",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn two_limits_are_none() {
        assert_eq!(of("未发布的限制为1次/秒，已发布的限制50次/秒"), None);
    }
}
