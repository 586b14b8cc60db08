"""Texts of others as messages, tables and pages show them."""

import unicodedata

_ACTS = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode of what is no sign itself, but does something to others."""

_SPARED = "\n\u200c\u200d"
"""The joiners make one sign of several, as in emoji and in Persian."""


def printable(text: str) -> str:
    """A text in which what acts on a terminal is told by its number (``\\x1b``): names in logs may hold sequences that
    clear the screen, hide what follows or turn its direction."""
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign) in _ACTS and sign not in _SPARED
        else sign
        for sign in text
    )


def beginning(text: str, most: int) -> str:
    """A text of at most so many characters; of a longer one its beginning and "…"."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
