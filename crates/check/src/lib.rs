//! Exhaustive model checking: every order in which everything can happen to two production machines, within bounds.
//!
//! The states are worlds of [`domp_model`], the transitions are what [`domp_escrow::step::step`] makes of them, the
//! properties are losses, conduct and the machine's own invariants. [`stateright`] walks the graph. It documents that its
//! own liveness check is unsound on graphs that join or turn back; here every transition is checked to move [forward](rank)
//! by a measure that cannot grow for ever, so every path ends, and that every path ends well is a property of its last
//! state.

pub mod order;
pub mod rank;
pub mod scene;
pub mod scope;
pub mod verdict;
