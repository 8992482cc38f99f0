"""What a run says, made safe for a terminal: no text of a target moves the cursor, rings, or turns lines around."""

from rich.text import Text

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_TURNING = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)
_ESCAPES = {
    **{code: f"\\x{code:02x}" for code in _CONTROLS},
    **{code: f"\\u{code:04x}" for code in (*_TURNING, *_SURROGATES)},
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


def visible(text: str) -> str:
    """The text with its control characters, bidirectional overrides and lone surrogates shown as escapes."""
    return text if text.isascii() and text.isprintable() else text.translate(_ESCAPES)


def line(*parts: str | tuple[str, str], style: str = "") -> Text:
    """One line of texts, each of which may bring its own style, with everything in it visible."""
    shown = (visible(part) if isinstance(part, str) else (visible(part[0]), part[1]) for part in parts)
    return Text.assemble(*shown, style=style)
