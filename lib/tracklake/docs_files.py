"""The files of the Data Docs on whatever storage the lake is on.

Great Expectations has one backend for each kind of storage, each with a client of its own. It makes this one by its
name in ``data_docs``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from great_expectations.data_context.store.tuple_store_backend import TupleStoreBackend
from great_expectations.exceptions.exceptions import InvalidKeyError

from tracklake.data_docs import time_of
from tracklake.storage import Folder


class LakeFiles(TupleStoreBackend):
    """Files below a folder at a path or URI; their keys are the parts of their paths.

    What Great Expectations' own pages would need (``static``, 4 MB) is left out: those of ``docs_views`` do not.
    """

    def __init__(self, folder: str, newest: int, **options: Any) -> None:
        super().__init__(**{"suppress_store_backend_id": True} | options)
        self._folder = Folder(folder)
        self._newest = newest
        self._config = {
            "module_name": __name__,
            "class_name": type(self).__name__,
            "folder": folder,
            "newest": newest,
        } | options

    @property
    def config(self) -> dict[str, Any]:
        """What Great Expectations makes such a store from."""
        return self._config

    def list_keys(self, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        """The keys of all files, or of those whose keys begin like that; of results the ``newest`` alone.

        The oldest run of these is left out where not all of its results are among them. What is done with the keys
        would take longer with every run there was.
        """
        below = "".join(f"{part}/" for part in (self.filepath_prefix, *prefix) if part)
        files = Folder(f"{self._folder.uri}/{below}".rstrip("/")).files()
        suffix = self.filepath_suffix or ""
        paths = [f"{below}{file.path}" for file in files if file.path.endswith(suffix)]
        older = sorted(filter(None, map(time_of, paths)), reverse=True)[self._newest :]
        listed = [path for path in paths if not older or not time_of(path) or time_of(path) > older[0]]
        return [self._convert_filepath_to_key(path) for path in listed]  # type: ignore[no-untyped-call]

    def remove_key(self, key: Any) -> Any:
        """Removes the file of a key; whether there was one."""
        key = key if isinstance(key, tuple) else key.to_tuple()
        if not self._has_key(key):
            return False
        self._folder.remove_file(self._path(key))
        return True

    def get_url_for_key(self, key: tuple[str, ...], protocol: str | None = None) -> str:
        """Where the file of a key is; a protocol is only put before a path."""
        path = f"{self._folder.uri}/{quote(self._path(key))}"
        return path if "://" in path else f"{protocol or 'file:'}//{path}"

    def _path(self, key: tuple[str, ...]) -> str:
        return str(self._convert_key_to_filepath(key))  # type: ignore[no-untyped-call]

    def _has_key(self, key: tuple[str, ...]) -> bool:
        return not self._folder.lacks([self._path(key)])

    def _get(self, key: tuple[str, ...]) -> Any:
        found = self._folder.read(self._path(key))
        if found is None:
            raise InvalidKeyError(f"There is no {self._path(key)} in {self._folder.uri}.")
        return found.decode("utf-8")

    def _get_all(self) -> list[str]:
        return [self._get(key) for key in self.list_keys()]

    def _set(self, key: tuple[str, ...], value: str | bytes, **_: Any) -> Any:
        if key[:1] != ("static",):
            self._folder.write(self._path(key), value.encode("utf-8") if isinstance(value, str) else value)
        return self._path(key)

    def _move(self, source_key: tuple[str, ...], dest_key: tuple[str, ...], **_: Any) -> None:
        self._set(dest_key, self._get(source_key))
        self.remove_key(source_key)
