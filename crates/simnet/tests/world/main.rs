//! The simulated world, driven directly: what it models, checked case by case and by random operations.
#![allow(non_snake_case, clippy::unwrap_used, clippy::panic, reason = "tests")]

mod conservation;
mod expiry;
mod faults;
mod invoices;
mod parts;
mod restarts;
mod routers;
mod scene;
mod streams;
