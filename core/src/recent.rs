use alloc::vec::Vec;

use crate::Invalid;

/// The last few of something that costs to make.
#[derive(Clone, Debug)]
pub(crate) struct Recent<T> {
    made: Vec<T>,
    oldest: usize,
}

impl<T> Recent<T> {
    /// How many are held before the oldest is forgotten.
    pub(crate) const MOST: usize = 16;

    pub(crate) const fn new() -> Self {
        Self {
            made: Vec::new(),
            oldest: 0,
        }
    }

    /// The first that fits, or one that is made.
    pub(crate) fn find_or(
        &mut self,
        fits: impl FnMut(&T) -> bool,
        make: impl FnOnce() -> Result<T, Invalid>,
    ) -> Result<&T, Invalid> {
        let at = match self.made.iter().position(fits) {
            Some(at) => at,
            None => self.keep(make()?),
        };
        #[expect(clippy::indexing_slicing, reason = "it was found or put there")]
        Ok(&self.made[at])
    }

    fn keep(&mut self, made: T) -> usize {
        if self.made.len() < Self::MOST {
            self.made.push(made);
            return self.made.len().saturating_sub(1);
        }
        let at = self.oldest;
        self.oldest = at.wrapping_add(1) % Self::MOST;
        if let Some(oldest) = self.made.get_mut(at) {
            *oldest = made;
        }
        at
    }

    #[cfg(test)]
    pub(crate) const fn len(&self) -> usize {
        self.made.len()
    }
}
