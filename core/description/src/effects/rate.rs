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
        .map(|(at, _)| before(&text, at));
    let each_minute = text.match_indices("次/分").map(|(at, _)| {
        before(&text, at)
            .filter(|rate| rate % 60 == 0)
            .map(|rate| rate / 60)
    });
    let qps = text
        .match_indices("qps")
        .filter_map(|(at, qps)| after(&text, at + qps.len()).or_else(|| before(&text, at)))
        .map(Some);
    let mut rates = each_second.chain(each_minute).chain(qps);
    let first = rates.next()??;
    (first > 0 && rates.all(|rate| rate == Some(first))).then_some(first)
}

/// The number that ends there, if it is one of its own: the 15 of "1次/15秒" counts no requests.
fn before(text: &str, at: usize) -> Option<u32> {
    let head = text.get(..at)?;
    let rest = head.trim_end_matches(|c: char| c.is_ascii_digit());
    head.get(rest.len()..)?.parse().ok()
}

/// The number that a limit of requests a second is set to, as in "QPS限制为20".
fn after(text: &str, at: usize) -> Option<u32> {
    let tail = text.get(at..)?;
    let number = tail.trim_start_matches(['限', '制', '默', '认', '仅', '为', '是', ':', '：']);
    let end = number
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(number.len());
    number.get(..end)?.parse().ok()
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
    fn two_limits_are_none() {
        assert_eq!(of("未发布的限制为1次/秒，已发布的限制50次/秒"), None);
    }
}
