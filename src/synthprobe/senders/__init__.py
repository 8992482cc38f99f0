"""One file per receiver kind: a pure `render`, and one way out."""
