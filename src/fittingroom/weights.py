"""The table of the networks that the package carries, and their verification.

`assets/weights/weights.json` is a list of rows; `fittingroom train export` writes them.
"""

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from fittingroom.errors import ErrorCode, FittingRoomError

FOLDER: Final = Path(__file__).parent / "assets" / "weights"
TABLE: Final = "weights.json"
NETWORKS: Final = ("pose", "parsing", "garment")
"""The networks that a try-on needs."""


@dataclass(frozen=True, slots=True)
class WeightsCard:
    """One row of the table.

    name: what the stages call it. file: its name in the folder. sha256: of the whole file, hex.
    bytes: its size. licence: SPDX. origin: what training started from. data: what it learned from.
    """

    name: str
    file: str
    sha256: str
    bytes: int
    licence: str
    origin: str
    data: str


def _bad_weights(reason: str) -> FittingRoomError:
    advice = f"{reason}; install fittingroom again"
    return FittingRoomError(ErrorCode.BAD_WEIGHTS, advice)


def _card(row: dict[str, Any]) -> WeightsCard:
    return WeightsCard(**{field.name: row[field.name] for field in fields(WeightsCard)})


def load_cards(folder: Path = FOLDER) -> tuple[WeightsCard, ...]:
    """Read every row of the table in `folder`; raises bad_weights."""
    try:
        rows = json.loads((folder / TABLE).read_text(encoding="utf-8"))
        return tuple(_card(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _bad_weights(f"the table {TABLE} is missing or damaged") from error


def load_card(name: str, folder: Path = FOLDER) -> WeightsCard:
    """Return the row of one network; raises bad_weights where there is none."""
    for card in load_cards(folder):
        if card.name == name:
            return card
    raise _bad_weights(f"the table {TABLE} has no network {name!r}")


def fault(card: WeightsCard, folder: Path = FOLDER) -> str | None:
    """Say what is wrong with a card's file, in a few words, or None where nothing is."""
    path = folder / card.file
    if not path.is_file():
        return "missing"
    if path.stat().st_size != card.bytes:
        return "wrong size"
    good = hashlib.sha256(path.read_bytes()).hexdigest() == card.sha256
    return None if good else "wrong SHA-256"


def missing(folder: Path = FOLDER, names: tuple[str, ...] = NETWORKS) -> dict[str, str]:
    """Name all networks that are absent or damaged together, each with what is wrong with it."""
    cards = {card.name: card for card in load_cards(folder)}
    faults = {name: fault(cards[name], folder) if name in cards else "no row" for name in names}
    return {name: reason for name, reason in faults.items() if reason}


def read_networks(folder: Path = FOLDER, names: tuple[str, ...] = NETWORKS) -> dict[str, bytes]:
    """Return every named network's bytes, verified; one bad_weights names all that are at fault."""
    faults = missing(folder, names)
    if faults:
        raise _bad_weights(", ".join(f"{name}: {reason}" for name, reason in faults.items()))
    return {name: (folder / load_card(name, folder).file).read_bytes() for name in names}
