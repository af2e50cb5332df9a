"""What a command is about to write, checked before the work and written whole after it."""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.images import check_target, encode_image, format_of, write_whole


def check_folder(folder: Path) -> None:
    """Raise not_writable unless files may be put into `folder`, or it may be made."""
    if not os.path.exists(folder):
        check_target(folder)
    elif not os.path.isdir(folder):
        raise FittingRoomError(ErrorCode.NOT_WRITABLE, f"{folder} is no folder; name one")
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise FittingRoomError(ErrorCode.NOT_WRITABLE, f"{folder} is read-only; name another")


def make_folder(folder: Path) -> None:
    """Make a folder that `check_folder` passed; raises not_writable."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        advice = f"{folder} cannot be made; check the folder above it"
        raise FittingRoomError(ErrorCode.NOT_WRITABLE, advice) from error


@dataclass(slots=True, eq=False)
class Outputs:
    """The files of one command. Promise every path first, then put contents, then write."""

    inputs: tuple[Path, ...]
    _promised: set[str] = field(default_factory=set)
    _folders: list[Path] = field(default_factory=list)
    _contents: dict[Path, bytes] = field(default_factory=dict)

    def promise(self, path: Path | None, suffixes: tuple[str, ...] | None = ()) -> None:
        """Check that `path` can be written; None promises nothing.

        suffixes: those allowed, () for every picture format, None for any. Raises not_writable,
        and bad_option for a wrong suffix or a path that is also an input or another output.
        """
        if path is None:
            return
        if suffixes and path.suffix.lower() not in suffixes:
            advice = f"{path}: name this output {' or '.join(suffixes)}"
            raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
        if suffixes == ():
            format_of(path)
        check_target(path)
        self._claim(path)

    def _claim(self, path: Path) -> None:
        """Refuse a path that is taken, under whatever name."""
        place = os.path.realpath(path)
        if place in self._promised or place in map(os.path.realpath, self.inputs):
            advice = f"{path} is also an input or another output; name one of its own"
            raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
        self._promised.add(place)

    def promise_folder(self, folder: Path | None, names: Iterable[str]) -> None:
        """Check that the files `names` can be put into `folder`; it is made when they are written.

        Raises not_writable, and bad_option where one is also an input or another output.
        """
        if folder is None:
            return
        check_folder(folder)
        self._claim(folder)
        self._folders.append(folder)
        for name in names:
            if folder.is_dir():
                check_target(folder / name)
            self._claim(folder / name)

    def put_picture(self, path: Path | None, picture: NDArray[np.uint8]) -> None:
        """Encode a picture by its suffix, to be written later."""
        if path is not None:
            self._contents[path] = encode_image(picture, format_of(path))

    def put_json(self, path: Path | None, value: dict[str, Any]) -> None:
        """Keep a JSON document, to be written later."""
        if path is not None:
            self._contents[path] = (json.dumps(value, indent=2) + "\n").encode()

    def write(self) -> None:
        """Write everything or nothing; a folder made in vain is removed again."""
        made = [folder for folder in self._folders if not folder.exists()]
        try:
            for folder in made:
                make_folder(folder)
            write_whole(self._contents)
        except FittingRoomError:
            for folder in made:
                with suppress(OSError):
                    folder.rmdir()
            raise
