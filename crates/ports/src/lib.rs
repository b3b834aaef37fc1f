//! What the engine asks of the world: traits, their types and their contract suites.
