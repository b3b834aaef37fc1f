//! Events, kinds, tags, private messages and chains, from outside: the vectors in `spec/vectors` and properties over
//! everything that is written and read.
#![allow(non_snake_case, missing_docs)]
// Functions beside the tests fail loudly too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod chain_arbitrated;
mod chain_order;
mod chain_rivals;
mod chain_vectors;
mod content_fields;
mod drafts;
mod event_limits;
mod event_vectors;
mod kind_defaults;
mod kind_invalid_vectors;
mod kind_properties;
mod kind_valid_vectors;
mod people;
mod private_properties;
mod private_vectors;
mod raw_event;
mod read_as;
mod run;
mod samples;
mod sealed_payloads;
mod secrets;
mod tag_limits;
mod vector;
