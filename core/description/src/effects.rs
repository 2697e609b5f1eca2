mod rate;
mod reads;
mod secret;

use alloc::collections::BTreeSet;

use crate::{Description, Member, Object, Type};

/// What a request of an action may do, and how it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Effects {
    /// Whether it surely only reads, so that a request may be repeated.
    ///
    /// Its name says that it reads, and nothing in the description speaks against it: no file or job that is made, no
    /// token that is issued, no call that costs, nothing that can be had only once. When in doubt, it is false.
    pub repeatable: bool,
    /// The most requests a second, if the description says so: in one way, and as a whole number.
    pub rate: Option<u32>,
    /// Whether a key, a password or a token is sent or returned, at any depth. See [`Member::is_secret`].
    pub confidential: bool,
    /// Why the action can't be called with one JSON request and answer: `server-sent events` or `multipart`.
    pub unsupported: Option<&'static str>,
}

pub(crate) fn of(description: &Description, name: &str) -> Effects {
    let Some(action) = description.actions.get(name) else {
        return Effects {
            repeatable: false,
            rate: None,
            confidential: false,
            unsupported: None,
        };
    };
    let members = |object: &str| {
        let object = description.objects.get(object);
        object.map(|it| &*it.members).unwrap_or_default()
    };
    let (input, output) = (members(&action.input), members(&action.output));
    Effects {
        repeatable: reads::surely_only(name, action, input, output),
        rate: rate::of(&action.document),
        confidential: any(description, &action.input, Member::is_secret)
            || any(description, &action.output, Member::is_secret),
        unsupported: if any(description, &action.input, is_binary) {
            Some("multipart")
        } else if answers_in_events(output) {
            Some("server-sent events")
        } else {
            None
        },
    }
}

/// Whether an answer is a stream of events. The id of the request is then in a header, and the text of the member that
/// would have it names that header.
fn answers_in_events(output: &[Member]) -> bool {
    let id = output.iter().find(|member| member.name == "RequestId");
    id.is_some_and(|member| member.document.contains("X-TC-RequestId"))
}

fn is_binary(member: &Member) -> bool {
    *member.ty.each() == Type::Binary
}

/// Whether an object has such a member, at any depth.
fn any(description: &Description, object: &str, such: fn(&Member) -> bool) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = alloc::vec![object];
    while let Some(name) = left.pop() {
        let Some(Object { members, .. }) = description.objects.get(name) else {
            continue;
        };
        if !seen.insert(name) {
            continue;
        }
        if members.iter().any(such) {
            return true;
        }
        left.extend(members.iter().filter_map(|member| member.ty.object()));
    }
    false
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// A description of one action.
    fn effects(input: &str, output: &str, more: &str) -> Effects {
        let json = format!(
            r#"{{"metadata": {{"serviceShortName": "x", "apiVersion": "2020-01-01"}},
            "actions": {{"Describe": {{"input": "I", "output": "O", "name": "查询", "document": "限频：5次/秒"}}}},
            "objects": {{"I": {{"members": [{input}]}}, "O": {{"members": [{output}]}} {more}}}}}"#
        );
        let description = Description::parse(json.as_bytes()).unwrap();
        description.effects("Describe").unwrap()
    }

    #[test]
    fn an_action_that_only_reads_has_no_other_effect() {
        let id = r#"{"name": "RequestId", "type": "string", "member": "string", "document": "id"}"#;
        let expected = Effects {
            repeatable: true,
            rate: Some(5),
            confidential: false,
            unsupported: None,
        };
        assert_eq!(effects("", id, ""), expected);
    }

    #[test]
    fn an_id_in_a_header_is_an_answer_in_events() {
        let id = r#"{"name": "RequestId", "type": "string", "member": "string",
            "document": "RequestId 会被放在 HTTP 响应的 Header \"X-TC-RequestId\" 中"}"#;
        assert_eq!(effects("", id, "").unsupported, Some("server-sent events"));
        // Anywhere else it means something else, such as a kind of connection that is counted.
        let sse = r#"{"name": "Sse", "type": "int", "member": "int64", "document": "SSE 连接数"}"#;
        assert_eq!(effects(sse, sse, "").unsupported, None);
    }

    #[test]
    fn bytes_at_any_depth_of_an_input_are_multipart() {
        let file = r#"{"name": "Files", "type": "list", "member": "File"}"#;
        let more =
            r#", "File": {"members": [{"name": "Data", "type": "binary", "member": "binary"}]}"#;
        assert_eq!(effects(file, "", more).unsupported, Some("multipart"));
    }

    #[test]
    fn a_key_at_any_depth_is_confidential_and_a_circle_of_objects_ends() {
        let node = r#"{"name": "Node", "type": "object", "member": "Node"}"#;
        let circle = r#"{"name": "Nodes", "type": "list", "member": "Node"}"#;
        let more = |name| {
            let key = format!(r#"{{"name": "{name}", "type": "string", "member": "string"}}"#);
            format!(r#", "Node": {{"members": [{circle}, {key}]}}"#)
        };
        assert!(effects(node, "", &more("SecretKey")).confidential);
        assert!(effects("", node, &more("Password")).confidential);
        assert!(!effects(node, node, &more("SecretId")).confidential);
    }
}
