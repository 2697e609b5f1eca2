use crate::UnixTime;

/// By how many seconds the service's clock is ahead of this machine's, as far as its answers told.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ServiceClock {
    offset: i64,
    /// The last offset with which a signed request was accepted.
    proven: i64,
}

impl ServiceClock {
    pub(crate) const fn offset(self) -> i64 {
        self.offset
    }

    /// Takes over the time of one of the service's answers.
    pub(crate) const fn set(&mut self, service: UnixTime, own: UnixTime) {
        self.offset = service.seconds_since(own);
    }

    /// Takes over what another session knows.
    pub(crate) const fn set_offset(&mut self, offset: i64) {
        self.offset = offset;
        self.proven = offset;
    }

    /// A request signed with this offset was accepted.
    pub(crate) const fn prove(&mut self, offset: i64) {
        self.proven = offset;
    }

    /// Goes back to the proven offset, unless another call has set the clock since this one was refused.
    pub(crate) const fn undo(&mut self, refused: i64) {
        if self.offset == refused {
            self.offset = self.proven;
        }
    }
}
