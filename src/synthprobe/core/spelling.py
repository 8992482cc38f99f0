"""The known word nearest to one that is not known, for messages that help."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None when nothing is alike."""
    if len(word) > 100:
        return None
    lowered = {name.lower(): name for name in known if name != word}
    found = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint for a word that is not known: its nearest, else everything that is; empty when nothing is known."""
    names = list(known)
    if found := nearest(word, names):
        return f"did you mean `{found}`?"
    return f"known: {listed(names)}" if names else ""


def listed(names: Iterable[str]) -> str:
    """Names in back-quotes, in the order given, at most twenty of them."""
    quoted = [f"`{name}`" for name in names]
    return ", ".join(quoted[:20]) + (f" and {len(quoted) - 20} more" if len(quoted) > 20 else "")
