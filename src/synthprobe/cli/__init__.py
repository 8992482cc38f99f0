"""Parse arguments, call, print."""
