//! DOMP's events, invoices, proofs and numbers: pure rules, no I/O.
