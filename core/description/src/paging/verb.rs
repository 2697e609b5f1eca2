/// What an action does, by the verb in its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Reads,
    Changes,
    Drains,
    Unknown,
}

const READS: &[&str] = &[
    "Describe",
    // So spelled in some names.
    "Describle",
    "List",
    "Get",
    "Query",
    "Search",
    "Fetch",
    "Look",
    "Lookup",
    "Show",
    "View",
    "Find",
    "Select",
    "Retrieve",
    "Inquire",
    "Inquiry",
];

const DRAINS: &[&str] = &["Receive", "Consume", "Poll", "Pop", "Pull"];

const CHANGES: &[&str] = &[
    "Abort",
    "Accept",
    "Activate",
    "Add",
    "Allocate",
    "Apply",
    "Assign",
    "Associate",
    "Attach",
    "Authorize",
    "Bind",
    "Cancel",
    "Change",
    "Clear",
    "Clone",
    "Close",
    "Commit",
    "Confirm",
    "Copy",
    "Create",
    "Deactivate",
    "Delete",
    "Deploy",
    "Deregister",
    "Destroy",
    "Detach",
    "Disable",
    "Disassociate",
    "Drop",
    "Enable",
    "Execute",
    "Generate",
    "Grant",
    "Import",
    "Init",
    "Install",
    "Invoke",
    "Isolate",
    "Issue",
    "Kill",
    "Launch",
    "Merge",
    "Migrate",
    "Modify",
    "Move",
    "Open",
    "Pause",
    "Prolong",
    "Publish",
    "Put",
    "Reboot",
    "Recover",
    "Refund",
    "Refuse",
    "Register",
    "Reject",
    "Release",
    "Remove",
    "Rename",
    "Renew",
    "Replace",
    "Reset",
    "Resize",
    "Restart",
    "Restore",
    "Resume",
    "Retry",
    "Revoke",
    "Rollback",
    "Run",
    "Save",
    "Send",
    "Set",
    "Start",
    "Stop",
    "Submit",
    "Switch",
    "Sync",
    "Tag",
    "Terminate",
    "Trigger",
    "Unassign",
    "Unbind",
    "Uninstall",
    "Untag",
    "Update",
    "Upgrade",
    "Upload",
    "Write",
];

impl Verb {
    /// What the name's verb says, and the words behind the verb.
    ///
    /// A reading verb is one of the first three words, and the last one only if it is the whole name. A changing or a
    /// draining verb begins the name, or stands behind `Channel` or `Batch`: in other places it may be a noun.
    pub(super) fn of(action: &str) -> (Self, &str) {
        let mut rest = action;
        let mut begins = true;
        for _ in 0..3 {
            let (word, behind) = first_word(rest);
            let verb = match word {
                word if READS.contains(&word)
                    && (word.len() == action.len() || !behind.is_empty()) =>
                {
                    Self::Reads
                }
                word if begins && CHANGES.contains(&word) => Self::Changes,
                word if begins && DRAINS.contains(&word) => Self::Drains,
                _ => Self::Unknown,
            };
            rest = behind;
            if verb != Self::Unknown {
                return (verb, rest);
            }
            begins &= ["Channel", "Batch"].contains(&word);
        }
        (Self::Unknown, action)
    }
}

/// Splits before the second capital letter that a small one precedes.
fn first_word(name: &str) -> (&str, &str) {
    let mut small = false;
    for (at, c) in name.char_indices() {
        if c.is_ascii_uppercase() && small {
            return name.split_at(at);
        }
        small = c.is_ascii_lowercase();
    }
    (name, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_verb_says_what_an_action_does() {
        assert_eq!(Verb::of("DescribeInstances"), (Verb::Reads, "Instances"));
        assert_eq!(Verb::of("ChannelDescribeRoles"), (Verb::Reads, "Roles"));
        assert_eq!(Verb::of("ChannelCreateRole"), (Verb::Changes, "Role"));
        assert_eq!(Verb::of("ReceiveMessage"), (Verb::Drains, "Message"));
        assert_eq!(Verb::of("CheckUpgrade"), (Verb::Unknown, "CheckUpgrade"));
        assert_eq!(Verb::of("ExportHostList").0, Verb::Unknown);
        assert_eq!(
            Verb::of("DownloadReport"),
            (Verb::Unknown, "DownloadReport")
        );
    }
}
