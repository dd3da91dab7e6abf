//! Steps that run at the same time.

/// What a step has as one of a group whose steps run at the same time. The steps of a group stand behind each other
/// in their builder, and have the same of this but for `is_first`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// The group's name, for people.
    pub name: String,
    /// How many of its steps run at a time; all if none.
    pub max: Option<u32>,
    /// Whether a step that ends the build ends the others of its group at once, but for those that always run.
    pub stop_others: bool,
    /// Whether the group begins with this step.
    pub is_first: bool,
}
