"""Where the frames of a .zst file end, without unpacking it."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from tracklake.errors import InputMissing
from tracklake.sources.compressed import TAIL, refuse_unreadable

MAGIC = b"\x28\xb5\x2f\xfd"


def zst(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


LINES = b"".join(b'{"song": "%s"}\n' % os.urandom(20).hex().encode() for _ in range(6_000))
SKIPPED = bytes.fromhex("502a4d1803000000616263")
FRAMES = {
    "lines of several blocks": zst(LINES),
    "one byte over and over": zst(b"a" * 500_000),
    "nothing that gets smaller": zst(os.urandom(200_000)),
    "nothing": zst(b""),
    "what a reader skips": SKIPPED,
    "what looks like a frame in a frame": zst(os.urandom(1000) + MAGIC + os.urandom(1000)),
    # no content size, a window, a checksum; one block of three bytes as they are
    "a checksum": MAGIC + bytes.fromhex("04 00 19 00 00 61 62 63 00 00 00 00"),
}


@pytest.mark.parametrize("frame", FRAMES)
def test_a_file_that_ends_within_a_frame_is_refused(tmp_path: Path, frame: str) -> None:
    file, before, last = tmp_path / "a.json.zst", zst(b"{}"), FRAMES[frame]
    assert len(last) < TAIL
    file.write_bytes(before + last)
    refuse_unreadable([str(file)])
    for held in (1, 3, 5, 8, len(last) // 2, len(last) - 1):
        file.write_bytes(before + last[:held])
        with pytest.raises(InputMissing, match=r"/a\.json\.zst cannot be read to its end: it is damaged"):
            refuse_unreadable([f"file:{file}"])


def test_a_frame_that_began_long_before_is_left_to_spark_which_sees_its_end(tmp_path: Path) -> None:
    file, long = tmp_path / "a.json.zst", zst(os.urandom(2 * TAIL))
    for held in (long, long[:-1000], long + zst(b"{}")):
        file.write_bytes(held)
        refuse_unreadable([str(file)])
    file.write_bytes(long + MAGIC[:2])
    with pytest.raises(InputMissing):
        refuse_unreadable([str(file)])


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.json.xz", "is compressed in a way that cannot be read"),
        ("all.zip", "is an archive: unpack it, and run again"),
        ("a.TAR.GZ", "is an archive"),
        ("a.tgz", "is an archive"),
        ("part-0.snappy.parquet", "is no text"),
        ("a.avro", "is no text"),
    ],
)
def test_what_its_name_says_is_no_text_is_refused(name: str, why: str) -> None:
    refuse_unreadable(["file:/logs/tar/zip.parquet/1.json.gz"])
    with pytest.raises(InputMissing, match=f"/logs/{name} {why}"):
        refuse_unreadable(["file:/logs/1.json", f"file:/logs/{name}"])


def test_what_is_no_zst_is_left_to_spark(tmp_path: Path) -> None:
    for name in ("a.zst", "a.json"):
        (tmp_path / name).write_bytes(b"garbage")
    refuse_unreadable([*map(str, tmp_path.iterdir()), str(tmp_path / "gone.zst")])
