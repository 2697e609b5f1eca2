use bytes::Bytes;
use http::Request;

use super::{Refused, first_version::Parameters, verification::text};

/// The language of a refusal's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

impl Language {
    /// The language that a request asks for; English by default.
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let chinese = Some("zh-CN");
        let by_header = text(request.headers(), "x-tc-language") == chinese;
        let by_parameter =
            || Parameters::of(request).is_some_and(|it| it.get("Language") == chinese);
        if by_header || by_parameter() {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// The message in this language. The Chinese one explains the code only.
    pub(super) fn message(self, refused: &Refused) -> &str {
        match self {
            Self::English => &refused.message,
            Self::Chinese if refused.own => &refused.message,
            Self::Chinese => chinese(&refused.code),
        }
    }
}

/// The Chinese explanation of a code.
fn chinese(code: &str) -> &'static str {
    const TEXTS: [(&str, &str); 23] = [
        (
            "AuthFailure.InvalidAuthorization",
            "请求头 Authorization 不合法",
        ),
        ("AuthFailure.SecretIdNotFound", "密钥不存在"),
        ("AuthFailure.SignatureExpire", "签名已过期"),
        ("AuthFailure.SignatureFailure", "签名不正确"),
        ("AuthFailure.TokenFailure", "临时凭证 Token 不正确或已过期"),
        ("FailedOperation.CheckMFAError", "MFA 验证码不正确"),
        ("InvalidAction", "接口不存在"),
        ("InvalidParameter.Limit", "分页参数不合法"),
        ("InvalidParameter.OverTimeError", "有效期超出允许的范围"),
        (
            "InvalidParameter.StrategyFormatError",
            "策略不是合法的 JSON",
        ),
        ("InvalidParameter.WebIdentityTokenError", "身份令牌不正确"),
        ("InvalidParameterValue.InvalidQuotaType", "套餐类型不存在"),
        ("InvalidParameterValue.InvalidTime", "时间参数不合法"),
        ("MissingParameter", "缺少必需的参数"),
        ("NoSuchProduct", "产品不存在"),
        ("NoSuchVersion", "接口版本不存在"),
        ("RequestLimitExceeded", "请求过于频繁"),
        ("RequestSizeLimitExceeded", "请求过大"),
        ("ResourceNotFound.NotExistApplication", "应用不存在"),
        ("ResourceNotFound.RoleNotFound", "角色不存在"),
        ("UnknownParameter", "存在未知的参数"),
        ("UnsupportedOperation", "不支持该接口"),
        ("UnsupportedProtocol", "只支持 GET 和 POST 请求"),
    ];
    let known = TEXTS.iter().find(|(known, _)| *known == code);
    match (known, code.split('.').next()) {
        (Some((_, text)), _) => text,
        (None, Some("InvalidParameterValue")) => "参数取值不正确",
        (None, Some("InvalidParameter")) => "参数不正确",
        (None, Some("InternalError")) => "服务内部错误",
        (None, _) => "请求被拒绝",
    }
}
