"""Composition roots: what a process is made of, each a page."""
