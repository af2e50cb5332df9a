"""Virtual try-on on a CPU: `FittingRoom().try_on(person, garment).save("out.jpg")`."""

from typing import TYPE_CHECKING, Any

from fittingroom.errors import ErrorCode, FittingRoomError, WarningCode
from fittingroom.version import __version__

if TYPE_CHECKING:
    from fittingroom.room import FittingRoom, TryOnResult

__all__ = [
    "ErrorCode",
    "FittingRoom",
    "FittingRoomError",
    "TryOnResult",
    "WarningCode",
    "__version__",
]


def __getattr__(name: str) -> Any:
    """Import the room on first use, so that `fittingroom --help` answers at once."""
    if name in ("FittingRoom", "TryOnResult"):
        from fittingroom import room  # noqa: PLC0415

        return getattr(room, name)
    raise AttributeError(f"module 'fittingroom' has no attribute {name!r}")
