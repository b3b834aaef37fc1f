//! Relays: publish, subscribe, gift wraps, proof-of-work, and an embedded relay for trials.
