"""Keys and values of probe files that are designed but not built: refused by name, never ignored.

Whoever builds one removes it here and adds it to the shape.
"""

from synthprobe.files.shapes import Unbuilt

UNBUILT: Unbuilt = {
    "DefaultRequest": {
        "connection",
    },
    "Request": {
        "connection",
    },
}
"""In the order of the file; by struct of the shape."""

UNBUILT_REFERENCES = frozenset[str]()
"""Namespaces, and names in one, that are designed but not built."""
