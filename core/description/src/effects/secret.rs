use alloc::string::String;

use crate::{Member, Type};

/// What the name of a secret contains, in small letters.
const SECRETS: [&str; 13] = [
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "privatekey",
    "secretkey",
    "accesskey",
    "apikey",
    "secretstring",
    "secretbinary",
    "secretvalue",
    "plaintext",
    "keymaterial",
];

/// What the name of a secret ends in, in small letters.
const ENDS: [&str; 8] = [
    "secret",
    "token",
    "psk",
    "authkey",
    "signkey",
    "aeskey",
    "usersig",
    "kubeconfig",
];

/// The last words of names that tell something of a secret, but not the secret.
const ABOUT: [&str; 24] = [
    "Id",
    "ID",
    "Ids",
    "IDs",
    "Name",
    "Names",
    "Time",
    "Type",
    "Status",
    "State",
    "Policy",
    "Complexity",
    "Dictionary",
    "Endpoint",
    "Url",
    "URL",
    "Method",
    "Region",
    "Version",
    "Source",
    "Remark",
    "Message",
    "Enum",
    "Md5",
];

/// What comes before `Token` where it is no secret: pages, repeated requests, and words of a model that are counted.
const TOKENS: [&str; 11] = [
    "Next",
    "Page",
    "Pagination",
    "Continue",
    "Continuation",
    "Scroll",
    "Client",
    "Creation",
    "Total",
    "Input",
    "Output",
];

impl Member {
    /// Whether it is a text that nobody should see: a password, a key, a token that opens something. Judged by its
    /// name, `SecretKey` say; and by its text where a token may be a page's.
    pub fn is_secret(&self) -> bool {
        let name = &*self.name;
        let is_text = matches!(self.ty.each(), Type::Text(_));
        if !is_text || ABOUT.iter().any(|word| name.ends_with(word)) {
            return false;
        }
        let small: String = name.chars().map(|c| c.to_ascii_lowercase()).collect();
        if SECRETS.iter().any(|word| small.contains(word)) {
            return true;
        }
        // A list of them has their name in the plural.
        let one = match self.ty {
            Type::List(_) => small.strip_suffix('s').unwrap_or(&small),
            _ => &small,
        };
        ENDS.iter().any(|end| one.ends_with(end)) && !self.is_other_token()
    }

    fn is_other_token(&self) -> bool {
        let Some(before) = self.name.trim_end_matches('s').strip_suffix("Token") else {
            return false;
        };
        TOKENS.iter().any(|word| before.ends_with(word))
            || ["分页", "翻页", "下一页", "幂等"]
                .iter()
                .any(|word| self.document.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{boxed::Box, string::String};

    use crate::{Format, Member, Type};

    fn member(name: &str, ty: Type, document: &str) -> Member {
        Member {
            name: name.into(),
            ty,
            document: String::from(document),
            example: None,
            required: false,
            returned: None,
            nullable: false,
        }
    }

    fn is_secret(name: &str) -> bool {
        member(name, Type::Text(Format::Plain), "").is_secret()
    }

    #[test]
    fn passwords_keys_and_tokens_are_secret() {
        for name in [
            "Password",
            "PassWord",
            "AdminPassword",
            "NewPwd",
            "Passwd",
            "SecretKey",
            "TmpSecretKey",
            "SecretAccessKey",
            "AccessKeySecret",
            "AccessKey",
            "PrivateKey",
            "CertificatePrivateKey",
            "AppSecret",
            "Token",
            "SessionToken",
            "ApiKey",
            "SecretString",
            "Plaintext",
            "DevicePsk",
            "UserSig",
            "Kubeconfig",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn what_is_only_about_a_secret_is_none() {
        for name in [
            "SecretId",
            "AccessKeyId",
            "SecretName",
            "PasswordUpdateTime",
            "PasswordStatus",
            "TokenUrl",
            "TipsKey",
            "PublicKey",
            "Key",
            "KeyId",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn tokens_of_pages_and_of_models_are_none() {
        for name in [
            "NextToken",
            "PageToken",
            "ScrollToken",
            "ClientToken",
            "TotalTokens",
            "MaxInputToken",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(!member("Token", Type::Text(Format::Plain), "翻页标识").is_secret());
    }

    #[test]
    fn only_texts_and_lists_of_texts_are_secret() {
        let texts = Type::List(Box::new(Type::Text(Format::Plain)));
        assert!(member("Passwords", texts.clone(), "").is_secret());
        assert!(member("ApiTokens", texts, "").is_secret());
        assert!(!member("Password", Type::Bool, "").is_secret());
        assert!(!member("Token", Type::Integer { signed: true }, "").is_secret());
    }
}
