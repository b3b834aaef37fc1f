//! The recovery phrase, the keys and secrets derived from it, and their encryption at rest.
