use alloc::string::String;

use crate::{Action, Member, Type};

/// The verbs of actions that read. `Check` and `Verify` are none: many of them start a probe, use up a code or are
/// charged by the call.
const VERBS: [&str; 7] = [
    "Describe", "Get", "List", "Query", "Search", "Inquire", "Inquiry",
];

/// Words of which the texts of an action that reads have at least one.
const READING: [&str; 24] = [
    "查", "获取", "获得", "列表", "列举", "列出", "拉取", "详情", "枚举", "检索", "搜索", "统计",
    "信息", "概览", "展示", "读取", "浏览", "询价", "返回", "预览", "是否", "状态", "趋势", "描述",
];

/// What the title of an action begins with that makes something.
const MAKING: [&str; 16] = [
    "创建", "生成", "导出", "下载", "发送", "申请", "请求", "提交", "添加", "修改", "更新", "删除",
    "重置", "上传", "异步", "核验",
];

/// Phrases of texts that tell of what can be had only once, is made anew by each call, begins a call, or costs.
const ONCE: [&str; 11] = [
    "仅可调用一次",
    "只能调用一次",
    "仅可使用一次",
    "只能使用一次",
    "自动失效",
    "动态生成",
    "会自动生成",
    "首次调",
    "签发",
    "API计费",
    "方发起",
];

/// Inputs of models, which are charged by the call.
const PROMPTS: [&str; 11] = [
    "Image",
    "ImageBase64",
    "ImageUrl",
    "ImageUrls",
    "File",
    "Prompt",
    "Message",
    "Messages",
    "Input",
    "InputList",
    "Audio",
];

/// Names of actions that ask a model or a registry of frauds, which are charged by the call.
const CHARGED: [&str; 3] = ["Embedding", "Fraud", "Semantic"];

/// Names that end so give out something that opens a door.
const ISSUED: [&str; 6] = ["Token", "Ticket", "Sign", "Signature", "STS", "Export"];

/// Inputs that limit a page.
const LIMITS: [&str; 7] = [
    "Limit",
    "PageSize",
    "MaxResults",
    "Count",
    "Offset",
    "Page",
    "NextToken",
];

pub(super) fn surely_only(
    name: &str,
    action: &Action,
    input: &[Member],
    output: &[Member],
) -> bool {
    let Some((verb, rest)) = VERBS.iter().find_map(|verb| {
        let rest = name.strip_prefix(verb)?;
        (!rest.starts_with(|c: char| c.is_ascii_lowercase())).then_some((*verb, rest))
    }) else {
        return false;
    };
    let title = action.title.trim();
    let mut text = String::from(title);
    text.push('\n');
    text.push_str(&action.document);
    let has = |members: &[Member], names: &[&str]| {
        members.iter().any(|member| names.contains(&&*member.name))
    };
    let doubts = [
        !says_that_it_reads(&text),
        makes_something(title),
        ONCE.iter().any(|phrase| text.contains(phrase)),
        near(&text, "产生", &["费"]),
        uploads(rest, &text),
        CHARGED.iter().any(|word| rest.contains(word)),
        has(input, &PROMPTS),
        // A search without pages may ask the web or a model.
        verb == "Search" && !has(input, &LIMITS),
        input.iter().any(passes_a_command),
        issues(rest, title, input, output),
        starts_a_job(input, output),
    ];
    !doubts.contains(&true)
}

/// Texts in Chinese name what is read; of others nothing is asked.
fn says_that_it_reads(text: &str) -> bool {
    let chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    !chinese || READING.iter().any(|word| text.contains(word))
}

fn makes_something(title: &str) -> bool {
    // "创建实例询价" asks for a price, and "创建任务查询" for a job.
    let asks = title.contains("查询") || title.contains("询价");
    let begins = !asks && MAKING.iter().any(|word| title.starts_with(word));
    let code = title.starts_with("获取") && title.ends_with("验证码");
    begins || code || title.ends_with("导出") || title.contains("发起") || title.contains("核查")
}

/// Whether it gives out where to put a file, which may begin an upload.
fn uploads(rest: &str, text: &str) -> bool {
    let place = [
        "凭证", "凭据", "地址", "链接", "权限", "密钥", "秘钥", "签名", "接口", "请求", "尝试",
        "URL", "Url", "url",
    ];
    let named =
        rest.contains("Upload") && ["Info", "URL", "Url"].iter().any(|end| rest.ends_with(end));
    named || near(text, "上传", &place)
}

/// Whether a token is issued, a temporary one say.
fn issues(rest: &str, title: &str, input: &[Member], output: &[Member]) -> bool {
    // `ExportV2` is an `Export`.
    let plain = rest.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'V');
    let temporary = near(
        title,
        "临时",
        &[
            "密钥", "秘钥", "凭证", "凭据", "证书", "令牌", "Token", "token",
        ],
    );
    let token = |member: &&Member| member.name.ends_with("Token") && member.is_secret();
    ISSUED.iter().any(|end| plain.ends_with(end))
        || temporary
        || output
            .iter()
            .filter(token)
            .any(|it| !input.iter().any(|other| other.name == it.name))
}

/// Whether the answer is but the id of a job, and perhaps where its file will be.
fn starts_a_job(input: &[Member], output: &[Member]) -> bool {
    let id = |member: &&Member| {
        ["TaskId", "JobId", "ExportId", "FlowId"]
            .iter()
            .any(|end| member.name.ends_with(end))
            && !input.iter().any(|other| other.name == member.name)
    };
    let url = |member: &Member| member.name.ends_with("Url") || member.name.ends_with("URL");
    let mut rest = output.iter().filter(|member| member.name != "RequestId");
    output.iter().any(|member| id(&member)) && rest.all(|member| id(&member) || url(member))
}

/// Whether an input takes what is done elsewhere: a call, a request to another interface, a statement of SQL.
fn passes_a_command(member: &Member) -> bool {
    let Type::Text(_) = member.ty else {
        return false;
    };
    let text = &*member.document;
    match &*member.name {
        "ApiType" => [
            "Add", "Create", "Update", "Modify", "Delete", "Drop", "Revoke",
        ]
        .iter()
        .any(|verb| text.contains(verb)),
        "Method" => text.contains("rest api"),
        "Sql" | "SQL" => text.contains("执行"),
        _ => false,
    }
}

/// Whether one of these words follows another within the ten characters after it.
fn near(text: &str, word: &str, others: &[&str]) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let tail = text.get(at + word.len()..).unwrap_or_default();
        let end = tail
            .char_indices()
            .nth(10)
            .map_or(tail.len(), |(end, _)| end);
        let window = tail.get(..end).unwrap_or_default();
        others.iter().any(|other| window.contains(other))
    })
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use crate::Description;

    fn repeatable_with(
        name: &str,
        title: &str,
        document: &str,
        input: &[&str],
        output: &[&str],
    ) -> bool {
        let members = |names: &[&str]| -> String {
            let text = |name: &&str| {
                let (name, document) = name.split_once(": ").unwrap_or((name, ""));
                format!(
                    r#"{{"name": "{name}", "type": "string", "member": "string", "document": "{document}"}},"#
                )
            };
            let id = r#"{"name": "RequestId", "type": "string", "member": "string"}"#;
            names.iter().map(text).chain([String::from(id)]).collect()
        };
        let json = format!(
            r#"{{"metadata": {{"serviceShortName": "x", "apiVersion": "2020-01-01"}},
            "actions": {{"{name}": {{"input": "I", "output": "O", "name": "{title}", "document": "{document}"}}}},
            "objects": {{"I": {{"members": [{}]}}, "O": {{"members": [{}]}}}}}}"#,
            members(input),
            members(output)
        );
        let description = Description::parse(json.as_bytes()).unwrap();
        description.effects(name).unwrap().repeatable
    }

    fn repeatable(name: &str, title: &str) -> bool {
        repeatable_with(name, title, "", &["Limit"], &["Data"])
    }

    #[test]
    fn verbs_that_read_are_repeatable() {
        for name in [
            "DescribeInstances",
            "GetUser",
            "ListKeys",
            "QueryOrder",
            "SearchLog",
            "InquiryPriceRunInstances",
        ] {
            assert!(repeatable(name, "查询"), "{name}");
            assert!(repeatable(name, "instances"), "{name}");
        }
    }

    #[test]
    fn other_verbs_are_not() {
        for name in [
            "CreateInstance",
            "CheckDomain",
            "VerifyFace",
            "BatchGet",
            "Listen",
            "Getaway",
            "DeleteUser",
        ] {
            assert!(!repeatable(name, "查询"), "{name}");
        }
    }

    #[test]
    fn a_title_that_reads_nothing_is_a_doubt() {
        assert!(!repeatable("QueryMemberTransaction", "会员间交易"));
        assert!(repeatable("QueryMemberTransaction", "会员间交易查询"));
    }

    #[test]
    fn exports_and_what_is_made_are_not() {
        assert!(!repeatable("DescribeEventsExport", "事件列表"));
        assert!(!repeatable("DescribeEventsExportV2", "事件列表"));
        assert!(!repeatable("DescribeEvents", "事件列表导出"));
        assert!(!repeatable("DescribeMachines", "导出主机列表"));
        assert!(!repeatable("DescribeLogUrl", "生成日志下载链接"));
        assert!(repeatable("DescribeExportJobs", "查询导出任务列表"));
    }

    #[test]
    fn a_price_is_asked_under_the_name_of_what_is_made() {
        assert!(repeatable("InquiryPriceRunInstances", "创建实例询价"));
    }

    #[test]
    fn an_answer_that_is_but_a_job_is_a_job_that_begins() {
        let of = |input: &[&str], output: &[&str]| {
            repeatable_with("DescribeFiles", "获取文件属性", "", input, output)
        };
        assert!(!of(&["FileId"], &["TaskId"]));
        assert!(!of(&["FileId"], &["JobId", "DownloadUrl"]));
        assert!(of(&["TaskId"], &["TaskId"]));
        assert!(of(&["FileId"], &["TaskId", "Status"]));
    }

    #[test]
    fn tokens_and_temporary_keys_are_issued() {
        assert!(!repeatable("GetFederationToken", "获取访问凭证"));
        assert!(!repeatable(
            "DescribeStorageCredential",
            "获取文件上传临时密钥"
        ));
        let of = |input: &[&str], output: &[&str]| {
            repeatable_with("GetParameters", "获取参数", "", input, output)
        };
        assert!(!of(&[], &["ImportToken"]));
        assert!(of(&["ImportToken"], &["ImportToken"]));
        assert!(of(&[], &["NextToken"]));
    }

    #[test]
    fn places_for_uploads_are_not() {
        assert!(!repeatable("GetCOSURL", "获取固件上传地址"));
        assert!(!repeatable("DescribeUploadInfo", "获取程序包信息"));
        assert!(repeatable("DescribeUploadSpeed", "查询上传速度"));
    }

    #[test]
    fn what_models_answer_costs() {
        assert!(!repeatable_with(
            "SearchFaces",
            "人脸搜索",
            "",
            &["Image", "Limit"],
            &[]
        ));
        assert!(!repeatable("GetTextEmbedding", "获取特征向量"));
        let costs = "获取信息。调用本接口会产生识别费用。";
        assert!(!repeatable_with(
            "DescribeFaceInfo",
            "获取信息",
            costs,
            &[],
            &[]
        ));
    }

    #[test]
    fn a_search_without_pages_is_a_doubt() {
        assert!(!repeatable_with("SearchPro", "搜索", "", &["Query"], &[]));
        assert!(repeatable_with(
            "SearchLog",
            "搜索",
            "",
            &["Query", "Limit"],
            &[]
        ));
    }

    #[test]
    fn what_can_be_had_once_is_not() {
        let once = "获取设备私钥，重置后仅可调用一次";
        assert!(!repeatable_with(
            "DescribeDeviceClientKey",
            "获取设备私钥",
            once,
            &[],
            &[]
        ));
        let first = "获取集群凭证，首次调用时创建证书";
        assert!(!repeatable_with(
            "DescribeClusterKubeconfig",
            "获取集群凭证",
            first,
            &[],
            &[]
        ));
        assert!(!repeatable("DescribeTicketResult", "核查票据结果"));
        assert!(!repeatable("GetLiveCode", "获取数字验证码"));
    }

    #[test]
    fn an_input_that_passes_commands_on_is_a_doubt() {
        for input in [
            "ApiType: GetUsers, AddUser",
            "Method: rest api 方法",
            "Sql: 执行SQL",
        ] {
            assert!(
                !repeatable_with("DescribeSqlApis", "查询", "", &[input], &[]),
                "{input}"
            );
        }
        assert!(repeatable_with(
            "DescribeSlowLogs",
            "查询",
            "",
            &["Sql: sql语句"],
            &[]
        ));
    }
}
