//! Commits, performs, recovers, sweeps: the machine's hands, with no rules of its own.
