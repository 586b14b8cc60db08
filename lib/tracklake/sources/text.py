"""Text as it should have been: mojibake repaired, personal data struck out."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

_LATIN1 = "".join(chr(byte) for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D))
_CP1252 = _LATIN1.encode("latin-1").decode("cp1252")
_UTF8_READ_AS_LATIN1 = f"[\u00c2-\u00f4][\u0080-\u00bf{_CP1252}]"
"""A first byte of several and one that continues it, each read as a character: without them nothing is broken."""

_LATIN1_ONLY = "^[\u0000-\u00ff]*$"

PERSONAL_FIELDS = (
    "firstname",
    "lastname",
    "first_name",
    "last_name",
    "fullname",
    "full_name",
    "username",
    "user_name",
    "email",
    "e_mail",
    "mail",
    "phone",
    "ip",
    "ip_addr",
    "ip_address",
    "ip_addr_decrypted",
    "ipaddress",
    "client_ip",
    "remote_addr",
)
"""Fields, in lower case, that name a person or an address: dropped at ingest, whatever the source."""


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
    """A raw JSON record, whole or cut off, with the values of PERSONAL_FIELDS replaced by "[dropped]"."""
    fields = "|".join(PERSONAL_FIELDS)
    pattern = rf'(?i)("(?:{fields})"\s*:\s*)("[^"\\]*+(?:\\.[^"\\]*+)*+"?|[^",}}\]]*)'
    return F.regexp_replace(record, pattern, r'$1"[dropped]"')
