"""URLs as span names and messages show them."""

from synthprobe.core.templates import Reference, Template


def url_template(url: Template) -> str:
    """A URL with each reference as its last name in braces: low in cardinality, and never a secret."""
    return "".join(f"{{{_last(part)}}}" if isinstance(part, Reference) else part for part in url.parts)


def _last(reference: Reference) -> str:
    """The last name of a reference; `item` alone has no other."""
    return (reference.namespace, *reference.path)[-1]
