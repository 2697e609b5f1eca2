//! Queries of emulated accounts.

mod program;
mod pushdown;
mod requests;
mod rows;
mod service;
