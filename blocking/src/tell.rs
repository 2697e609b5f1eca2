//! What is written down of calls and walks.

tc3_core::tellers!();
