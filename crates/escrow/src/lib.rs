//! The trade machine: one total step function, effects as data.
