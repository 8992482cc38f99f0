"""Keys and values of probe files that are designed but not built: refused by name, never ignored. There are none left.

Whoever designs one writes it here first, and removes it when it is built and in the shape.
"""

from synthprobe.files.shapes import Unbuilt

UNBUILT: Unbuilt = {}
"""In the order of the file; by struct of the shape."""

UNBUILT_REFERENCES: frozenset[str] = frozenset()
"""Namespaces, and names in one, that are designed but not built."""
