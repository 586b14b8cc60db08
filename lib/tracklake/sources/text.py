"""Text as it should have been: mojibake repaired, personal data struck out."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from tracklake.transforms.keys import key

_LATIN1 = "".join(chr(byte) for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
_CP1252 = _LATIN1.encode("latin-1").decode("cp1252")
_UTF8_READ_AS_LATIN1 = f"[\u00c2-\u00f4][\u0080-\u00bf{_CP1252}]"
"""A first byte of several and one that continues it, each read as a character: without them nothing is broken."""

_LATIN1_ONLY = "^[\u0000-\u00ff]*$"

_PERSONAL_WORDS = (
    *("first name", "last name", "full name", "user name"),
    *("e mail", "mail", "e mail address", "mail address", "user e mail", "phone", "phone number"),
    *(
        "ip",
        "ip addr",
        "ip address",
        "ip addr decrypted",
        "client ip",
        "remote ip",
        "remote addr",
        "remote address",
    ),
)
"""The words of fields that name a person or an address: dropped at ingest, whatever the source."""

_BETWEEN_WORDS = "[ _.-]"
_NAMES = "|".join(words.replace(" ", f"{_BETWEEN_WORDS}?") for words in _PERSONAL_WORDS)
_PERSONAL_NAME = rf'(?i)"(?:{_NAMES})\\*+"'

# Where JSON is a text within JSON, each of its quotes has backslashes before it: those of the field's name are group 2.
# The quotes around the value have as many, one within it twice as many and one more, a backslash within it twice that.
_BACKSLASH = r"\2\\\2\\"
_OTHERS = r'[^"\\]++|\\++(?!["\\])'
_TEXT = rf'\2"(?:{_OTHERS}|(?:{_BACKSLASH})*+\2\\\2")*+(?:(?:{_BACKSLASH})*+\2")?'
_CUT_OFF = rf"[\[{{](?:{_OTHERS}|{_TEXT})*+"
_SPACE = r"(?:\s|\\++[nrt])*+"


def _list_or_object(depth: int) -> str:
    """Pattern of a list or an object, with so many in each other in it at most."""
    inner = f"|{_list_or_object(depth - 1)}" if depth else ""
    return rf'[\[{{](?:[^"\\\[\]{{}}]++|\\++(?!["\\])|{_TEXT}{inner})*+[\]}}]'


_PERSONAL = (
    rf'(?i)((?<!\\)(\\*+)"(?:{_NAMES})\2"{_SPACE}:{_SPACE})'
    rf'(?:{_TEXT}|{_list_or_object(4)}|{_CUT_OFF}|[^",}}\]\\]*+)'
)
"""A personal field and its value. Of a list or object that has no end, or is too deep, all that follows is part."""

_IN_SINGLE_QUOTES = (
    rf"""(?i)('(?:{_NAMES})'\s*+:\s*+)(?:'[^'"\\]*+'?|\[[^"\]]*+\]?|\{{[^"}}]*+\}}?|[^"',}}\]\\]*+)"""
)
"""The same in quotes that Spark's parser takes, too; as far as the next double quote, which may be around it."""

_NAMES_IN_UTF_16 = "|".join(
    rf"(?:{_BETWEEN_WORDS}\x00)?".join(
        "".join(rf"{letter}\x00" for letter in word) for word in words.split()
    ).removesuffix(r"\x00")
    for words in _PERSONAL_WORDS
)
_IN_UTF_16 = rf'(?i)("\x00(?:{_NAMES_IN_UTF_16})\x00"[\s\x00]*+:[\s\x00]*+)"(?:[^"]++|(?<!\x00)"|"(?!\x00))*+'
"""The same of texts in UTF-16, where a quote has NUL bytes on both sides: half of another letter may look like it."""

_LETTERS = r"\p{L}\p{N}._%+-"
_ADDRESS = (
    rf"(?:(?<=\\(?:[bfnrt]|u[0-9a-fA-F]{{4}}))|(?<![\\{_LETTERS}]))"
    rf"[{_LETTERS}]++(?:@|\\u0040)[\p{{L}}\p{{N}}-]++(?:\.[\p{{L}}\p{{N}}-]++)++"
)
"""An e-mail address within a text, which may be JSON: what a backslash escapes is no part of it."""


def trimmed(text: Column) -> Column:
    """The text without blanks around it; null where there is nothing else."""
    return F.nullif(F.trim(text), F.lit(""))


def repaired(text: Column) -> Column:
    """UTF-8 that was once or twice read as Windows-1252 or Latin-1, read as UTF-8 again; other text as it is.

    Text is repaired only where all of it fits into one byte a character and those bytes are valid UTF-8.
    """
    # The lambdas keep the rare repair out of the generated code: the JVM does not compile methods that are large.
    twice = F.transform(F.transform(F.array(text), _reread), _reread)
    suspect = (F.octet_length(text) > F.char_length(text)) & text.rlike(_UTF8_READ_AS_LATIN1)
    return F.when(suspect, F.get(twice, F.lit(0))).otherwise(text)


def _reread(text: Column) -> Column:
    one_byte = F.translate(text, _CP1252, _LATIN1)
    reread = F.encode(one_byte, "ISO-8859-1").cast("string")
    broken = text.rlike(_UTF8_READ_AS_LATIN1) & one_byte.rlike(_LATIN1_ONLY)
    return F.when(broken, F.when(F.is_valid_utf8(reread), reread).otherwise(text)).otherwise(text)


def without_persons(record: Column) -> Column:
    """A raw JSON record, whole or cut off, or JSON within its texts, with the values of PERSONAL_FIELDS, and all e-mail
    addresses, replaced by "[dropped]". NUL bytes, which stand between the letters of UTF-16, are left out."""
    in_utf_8 = F.replace(F.regexp_replace(record, _IN_UTF_16, '$1"[dropped]'), F.lit("\0"), F.lit(""))
    text = F.when(record.contains("\0"), in_utf_8).otherwise(record)
    told = F.regexp_replace(text, _PERSONAL, '$1$2"[dropped]$2"')
    told = F.regexp_replace(told, _IN_SINGLE_QUOTES, "$1'[dropped]'")
    return F.regexp_replace(told, _ADDRESS, "[dropped]")


def without_nested_persons(record: Column) -> Column:
    """The same of a JSON object whose own fields name no person: only texts that hold JSON, or an e-mail address,
    are looked through."""
    names_persons = record.contains('\\"') & record.rlike(_PERSONAL_NAME)
    suspect = names_persons | record.contains("@") | record.contains("\\u0040")
    return F.when(suspect, without_persons(record)).otherwise(record)


def is_personal(field: Column) -> Column:
    """Whether a field, by its name, names a person or an address: firstName, client_ip, E-Mail."""
    return F.lower(field).rlike(f"^(?:{_NAMES})$")


def nameless(id_: Column) -> Column:
    """A listener's id; where it may say who that is, as an e-mail address in it, an object or a list does, the key of
    it."""
    is_address = id_.contains("@") & id_.rlike(_ADDRESS)
    return F.when(is_address | id_.startswith("{") | id_.startswith("["), key(id_)).otherwise(id_)
