//! Tests of the API: two whole daemons with sockets, on simulated nodes and relays in memory.

#![allow(non_snake_case)]

mod gate;
mod pair;
mod refusals;
mod trades;
