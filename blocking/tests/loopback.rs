//! The client over real sockets, all of them on loopback.

#[path = "loopback/cancel.rs"]
mod cancel;
#[path = "../../core/tests/clients/mod.rs"]
mod clients;
#[path = "loopback/connections.rs"]
mod connections;
#[path = "loopback/driver.rs"]
mod driver;
#[path = "loopback/parallel.rs"]
mod parallel;
