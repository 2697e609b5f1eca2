use std::{fmt, hint::black_box};

/// Who does the work of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This project.
    Ours,
    /// What nobody can do without.
    Floor,
    /// Plain code, or a part of the work, to compare with.
    Reference,
    /// A crate from crates.io.
    Peer,
}

/// One that does the work of a stage.
pub struct Contender {
    /// The name, as it stands in the results.
    pub name: &'static str,
    /// What it is compared as.
    pub role: Role,
    /// Does the work once, and drops what comes of it.
    pub work: Box<dyn FnMut()>,
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// One piece of work, and all who do it.
#[derive(Debug)]
pub struct Stage {
    /// The name, as it stands in the results, e.g. `sign_cached_203`.
    pub name: String,
    /// How many bytes go through it.
    pub bytes: u64,
    /// How many records go through it; 0 where there are none.
    pub records: u64,
    /// Who does it; the first is this project.
    pub contenders: Vec<Contender>,
}

impl Stage {
    /// A stage that this project does.
    pub fn new<R>(
        name: impl Into<String>,
        bytes: usize,
        ours: impl FnMut() -> R + 'static,
    ) -> Self {
        let stage = Self {
            name: name.into(),
            bytes: bytes as u64,
            records: 0,
            contenders: Vec::new(),
        };
        stage.with("tc3", Role::Ours, ours)
    }

    /// Of so many records.
    #[must_use = "the stage is returned, not changed"]
    pub fn with_records(self, records: u64) -> Self {
        Self { records, ..self }
    }

    /// With one more that does it.
    #[must_use = "the stage is returned, not changed"]
    pub fn with<R>(
        mut self,
        name: &'static str,
        role: Role,
        mut work: impl FnMut() -> R + 'static,
    ) -> Self {
        let work = Box::new(move || drop(black_box(work())));
        self.contenders.push(Contender { name, role, work });
        self
    }
}
