//! The declaration of an option: its name, the values it takes, where it is allowed, and its documentation.

/// The kind of item that an attribute is on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Struct,
    Field,
}

/// The kinds of item that an option is allowed on.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum On {
    /// A field's own option takes precedence. A field without one has the struct's.
    Both,
    Struct,
    Field,
}

impl On {
    pub(crate) fn allows(self, place: Place) -> bool {
        match self {
            On::Both => true,
            On::Struct => place == Place::Struct,
            On::Field => place == Place::Field,
        }
    }
}

/// One option of the attribute. The table in `table.rs` declares them.
#[cfg_attr(not(test), expect(dead_code, reason = "a test writes the tables in the documentation"))]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    /// A correct value, for messages. `None` if the option takes no value.
    pub(crate) example: Option<&'static str>,
    /// The word that a field writes to undo the struct's option, or to ask for the default.
    pub(crate) undo: Option<&'static str>,
    pub(crate) on: On,
    /// Why the option is not allowed elsewhere: the end of a message, so it begins with a comma.
    pub(crate) only: &'static str,
    /// Names that other libraries have for it.
    pub(crate) synonyms: &'static [&'static str],
    /// The runtime's types that the option chooses from.
    pub(crate) choices: Option<&'static Choices>,
    /// Whether the option keeps a map from growing without limit.
    pub(crate) is_bound: bool,
    pub(crate) needs: Option<Needs>,
    /// What the option means. This field and the next two are for the tables in the documentation.
    pub(crate) meaning: &'static str,
    /// The accepted values. Empty if `choices` are all, or if there are none.
    pub(crate) values: &'static str,
    /// What holds without the option. Empty if that is the first of `choices`, or if there is nothing to say.
    pub(crate) default: &'static str,
}

/// An option without which this one has no effect.
pub(crate) struct Needs {
    pub(crate) option: &'static str,
    /// A value for it, for messages.
    pub(crate) example: &'static str,
    /// What this option does: the beginning of a message.
    pub(crate) purpose: &'static str,
}

/// The runtime's types for an option, in one module of it.
pub(crate) struct Choices {
    /// The kind of such a type, for messages.
    pub(crate) kind: &'static str,
    pub(crate) module: &'static str,
    /// The first one is the default.
    pub(crate) names: &'static [&'static str],
}

impl Declaration {
    /// The values that most options have. The table states the others.
    pub(crate) const PLAIN: Declaration = Declaration {
        name: "",
        example: None,
        undo: None,
        on: On::Both,
        only: "",
        synonyms: &[],
        choices: None,
        is_bound: false,
        needs: None,
        meaning: "",
        values: "",
        default: "",
    };

    /// How the option is written, by an example.
    pub(crate) fn form(&self) -> String {
        self.example.map_or_else(|| self.name.to_owned(), |example| format!("{} = {example}", self.name))
    }

    /// How a field writes that it has none.
    pub(crate) fn undone(&self) -> String {
        format!("{} = {}", self.name, self.undo.unwrap_or("none"))
    }
}
