"""What users type for categories, backgrounds, label sets and so on, read once for all."""

from typing import Final

from fittingroom.errors import ErrorCode, FittingRoomError
from fittingroom.labels import LabelSet
from fittingroom.pipeline import Background, PhotoKind
from fittingroom.types import Category

AUTO: Final = "auto"

_CATEGORIES: Final[dict[str, Category | None]] = {
    AUTO: None,
    **dict.fromkeys(("upper", "tops", "upper_body", "upperbody"), Category.UPPER),
    **dict.fromkeys(("lower", "bottoms", "lower_body"), Category.LOWER),
    **dict.fromkeys(("dress", "dresses", "one-pieces", "overall"), Category.DRESS),
}


def _key(text: str) -> str:
    """Forgive capitals and blanks; what is no text at all becomes an unknown word."""
    return str(text).strip().lower()


def category_named(text: str) -> Category | None:
    """Read a category under any name that the field uses; None means to tell it.

    Raises bad_option, and unsupported_category for what cannot be put on yet.
    """
    key = _key(text)
    if key not in _CATEGORIES:
        advice = f"category {text!r} is unknown; use auto, upper, lower or dress"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    category = _CATEGORIES[key]
    if category not in (None, Category.UPPER):
        advice = f"{category} garments cannot be tried on yet; give an upper garment"
        raise FittingRoomError(ErrorCode.UNSUPPORTED_CATEGORY, advice)
    return category


def background_named(text: str) -> Background:
    """Read "keep" or "plain"; raises bad_option."""
    if _key(text) not in list(Background):
        advice = f"background {text!r} is unknown; use keep or plain"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    return Background(_key(text))


def photo_kind_named(text: str) -> PhotoKind | None:
    """Read "product" or "worn"; None means to look. Raises bad_option."""
    if _key(text) == AUTO:
        return None
    if _key(text) not in list(PhotoKind):
        advice = f"garment kind {text!r} is unknown; use auto, product or worn"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    return PhotoKind(_key(text))


def label_set_named(text: str) -> LabelSet:
    """Read "lip", "atr" or "acgpn"; raises bad_option."""
    if _key(text) not in list(LabelSet):
        advice = f"label set {text!r} is unknown; use lip, atr or acgpn"
        raise FittingRoomError(ErrorCode.BAD_OPTION, advice)
    return LabelSet(_key(text))
