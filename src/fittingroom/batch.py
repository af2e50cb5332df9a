"""A CSV of pairs in, one dressed photo a pair out; a failed pair does not stop the others."""

import csv
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.images import format_of, write_image
from fittingroom.options import AUTO
from fittingroom.room import FittingRoom
from fittingroom.types import Notice

COLUMNS: Final = ("person", "garment", "category", "output")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of the list.

    line: its number in the file, from 1. person, garment: as written. output: a file name, or ""
    to derive one. Files are looked for beside the list first, then in the current folder.
    """

    line: int
    person: str
    garment: str
    category: str = AUTO
    output: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pair: `path` where it was written, else `error` says why not."""

    pair: Pair
    path: Path | None = None
    error: FittingRoomError | None = None
    notices: tuple[Notice, ...] = ()


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """Read person, garment and optionally category and output of each row.

    A first row that says "person" names the columns, in any order. Empty rows do not count.
    Raises missing_file and bad_option.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise FittingRoomError(
            ErrorCode.BAD_OPTION, f"{path} is no CSV text; give rows of person,garment"
        ) from error
    except OSError as error:
        advice = f"{path} does not exist or cannot be read; check the name"
        raise FittingRoomError(ErrorCode.MISSING_FILE, advice) from error
    rows = [(line, row) for line, row in rows if any(row)]
    columns, rows = _columns(rows, path)
    return tuple(_pair(line, dict(zip(columns, row, strict=False))) for line, row in rows)


def _columns(
    rows: list[tuple[int, list[str]]], path: Path
) -> tuple[tuple[str, ...], list[tuple[int, list[str]]]]:
    """Split the header, if there is one, from the rows."""
    first = [cell.lower() for cell in rows[0][1]] if rows else []
    if "person" not in first:
        return COLUMNS, rows
    if "garment" not in first:
        advice = f"{path}: the first row names no column garment; add it"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    return tuple(first), rows[1:]


def _pair(line: int, row: dict[str, str]) -> Pair:
    person, garment = row.get("person", ""), row.get("garment", "")
    return Pair(line, person, garment, row.get("category") or AUTO, row.get("output", ""))


def run_batch(
    pairs: tuple[Pair, ...], room: FittingRoom, folder: Path, base: Path
) -> Iterator[Outcome]:
    """Dress pair after pair into `folder` and yield what became of each.

    base: the folder of the list. No file that exists is overwritten: a second result of one name
    gets -2, -3 and so on.
    """
    for pair in pairs:
        try:
            yield _run_pair(pair, room, folder, base)
        except FittingRoomError as error:
            yield Outcome(pair, error=error)
        except Exception as error:  # a fault of ours in one pair must not cost the others
            _log.debug("line %d failed", pair.line, exc_info=True)
            advice = f"unexpected {type(error).__name__}; please report it"
            yield Outcome(pair, error=FittingRoomError(ErrorCode.INTERNAL, advice))


def _run_pair(pair: Pair, room: FittingRoom, folder: Path, base: Path) -> Outcome:
    if not pair.person or not pair.garment:
        raise FittingRoomError(ErrorCode.BAD_OPTION, "the row needs person and garment; add them")
    name = _output_name(pair)
    person, garment = _located(pair.person, base), _located(pair.garment, base)
    result = room.try_on(person, garment, pair.category)
    path = free_path(folder / name)
    write_image(path, result.image)
    return Outcome(pair, path, notices=result.steps.notices)


def _output_name(pair: Pair) -> str:
    """Return the plain file name of a pair's result; raises bad_option."""
    if not pair.output:
        return f"{Path(pair.person).stem}__{Path(pair.garment).stem}.jpg"
    if Path(pair.output).name != pair.output or "\\" in pair.output:
        advice = f"output {pair.output!r} must be a file name without folders"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    name = pair.output if Path(pair.output).suffix else f"{pair.output}.jpg"
    format_of(Path(name))
    return name


def _located(name: str, base: Path) -> Path:
    beside = base / name
    return beside if os.path.exists(beside) else Path(name)


def free_path(path: Path) -> Path:
    """Return the path, or with -2, -3 … before its suffix where that name is taken."""
    count, free = 2, path
    while os.path.lexists(free):
        free = path.with_name(f"{path.stem}-{count}{path.suffix}")
        count += 1
    return free
