//! A deterministic simulated Lightning network behind the Lightning port.
