"""Log files of which Spark's reader of text would read a part, or what they do not say, and not tell: compressed ones
that lack their end, archives, tables."""

from __future__ import annotations

import io
import re
from concurrent.futures import ThreadPoolExecutor
from typing import BinaryIO

from tracklake.errors import InputMissing
from tracklake.failures import cut_off
from tracklake.places import as_path
from tracklake.storage import READERS, file_system_of

TAIL = 2**18
"""Bytes before the end of a file: Spark reads half as many at once, and misses the end of a frame only where it has
read the beginning of that frame together with the end of the file."""

UNPACKED = ("gz", "bz2", "zst", "zstd", "deflate")
"""The ends of compressed files' names that Spark's reader of text unpacks."""

NOT_UNPACKED = ("snappy", "lz4", "xz", "lzma", "br")
"""Those that it does not, or of which it reads one form of several, that of Hadoop, and some others as nothing."""

_ARCHIVE = r"\.(?:zip|7z|rar|tar|tar\.\w+|t[gbx]z2?)$"
_UNREADABLE = {
    rf"\.(?:{'|'.join(NOT_UNPACKED)})$": "is compressed in a way that cannot be read: bring it as .gz, .bz2 or .zst",
    _ARCHIVE: "is an archive: unpack it",
    r"\.(?:parquet|avro|orc)$": "is no text, as it is read here: bring it as such, or take it out of the logs",
}
"""What is wrong with a file, and what to do, by the pattern of its name, where that is told by the name."""

_ZSTD = (".zst", ".zstd")
_MAGIC = b"\x28\xb5\x2f\xfd"
_BEGUN = tuple(_MAGIC[:length] for length in (1, 2, 3))
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_DICTIONARY_ID, _CONTENT_SIZE = (0, 1, 2, 4), (0, 2, 4, 8)
_RLE = 1


def is_archive(path: str) -> bool:
    """Whether a file, by its name, holds other files."""
    return re.search(_ARCHIVE, path, re.IGNORECASE) is not None


def refuse_unreadable(files: list[str]) -> None:
    """Raises InputMissing if a text file cannot be read to its end, and Spark would not see it.

    That is one of NOT_UNPACKED, or an archive or a table, of whose bytes Spark makes lines. And it is a .zst file that
    ends within a frame: Spark takes what came before for the whole file. Nothing is unpacked. Of a .zst file that ends
    as it should the last 256 KiB are read.
    """
    for path in files:
        for ending, why in _UNREADABLE.items():
            if re.search(ending, path, re.IGNORECASE):
                raise InputMissing(
                    f"{as_path(path)} {why}, and run again. Nothing of this run was published."
                )
    packed = [path for path in files if path.lower().endswith(_ZSTD)]
    with ThreadPoolExecutor(READERS) as readers:
        for path, is_whole in zip(packed, readers.map(_ends_with_a_frame, packed), strict=True):
            if not is_whole:
                raise InputMissing(cut_off(as_path(path)))


def _ends_with_a_frame(path: str) -> bool:
    """Whether the last frame ends where the file does, as far as Spark does not see that itself."""
    storage, place = file_system_of(path)
    try:
        file = storage.open_input_file(place)
    except FileNotFoundError:  # Spark says that it went away
        return True
    with file:
        size: int = file.size()
        file.seek(max(size - TAIL, 0))
        tail: bytes = file.read()
        last = tail.rfind(_MAGIC)
        if last < 0 and not tail.endswith(_BEGUN):
            return True
        if last >= 0 and _end_of_frames(io.BytesIO(tail), last, len(tail)) == len(tail):
            return True
        # What looks like the beginning of a frame may stand within one.
        return _end_of_frames(file, 0, size) == size


def _end_of_frames(file: BinaryIO, at: int, size: int) -> int:
    """Where the frames end that begin at a place, one after the other: before what is none, or beyond the end of
    the file where that lacks a part of the last (RFC 8878)."""
    while at < size:
        file.seek(at)
        head = file.read(8)
        if head.startswith(_MAGIC):
            at = _end_of_frame(file, at, size, int.from_bytes(head[4:5], "little"))
        elif int.from_bytes(head[:4], "little") in _SKIPPABLE:
            at += 8 + int.from_bytes(head[4:], "little")
        else:
            break
    return at


def _end_of_frame(file: BinaryIO, at: int, size: int, flags: int) -> int:
    """Where a frame ends: after its header, its blocks, each of which says how long it is, and its checksum."""
    single_segment, checksum = flags >> 5 & 1, flags >> 2 & 1
    at += 6 - single_segment + _DICTIONARY_ID[flags & 3] + (_CONTENT_SIZE[flags >> 6] or single_segment)
    is_last = False
    while not is_last and at < size:
        file.seek(at)
        block = int.from_bytes(file.read(3), "little")
        is_last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == _RLE else length)
    return at + 4 * checksum if is_last else size + 1
