//! Bytes as choices.

/// What is chosen by bytes, one after the other. When they are over it is always the first of all choices,
/// which should be the one that nothing goes wrong with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance<'a>(&'a [u8]);

impl<'a> Chance<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// A place among so many.
    pub(crate) fn below(&mut self, many: usize) -> usize {
        usize::from(self.byte()) % many.max(1)
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// So many bytes as they are, or as many as there are.
    pub(crate) fn bytes(&mut self, many: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(many.min(self.0.len()));
        self.0 = rest;
        bytes
    }
}
