"""The one error a user can meet, with its stable code and what to do next, and the warnings."""

from enum import StrEnum


class ErrorCode(StrEnum):
    """Stable codes that scripts may rely on."""

    NO_PERSON = "no_person"
    PERSON_TOO_SMALL = "person_too_small"
    TORSO_NOT_VISIBLE = "torso_not_visible"
    GARMENT_NOT_FOUND = "garment_not_found"
    GARMENT_HIDDEN = "garment_hidden"
    UNSUPPORTED_CATEGORY = "unsupported_category"
    BAD_IMAGE = "bad_image"
    TOO_LARGE = "too_large"
    MISSING_FILE = "missing_file"
    NOT_WRITABLE = "not_writable"
    BAD_OPTION = "bad_option"
    BAD_WEIGHTS = "bad_weights"
    INTERNAL = "internal"


class WarningCode(StrEnum):
    """Stable codes of what may lower the quality of a result without preventing it."""

    SEVERAL_PERSONS = "several_persons"
    BACK_VIEW = "back_view"
    LOW_CONFIDENCE = "low_confidence"


class FittingRoomError(Exception):
    """A request that cannot be served; `code` is stable, `advice` says what to do next."""

    def __init__(self, code: ErrorCode, advice: str) -> None:
        super().__init__(f"{code}: {advice}")
        self.code = code
        self.advice = advice

    def __reduce__(self) -> tuple[type["FittingRoomError"], tuple[ErrorCode, str]]:
        """Pickle by code and advice, so that the error crosses process borders."""
        return type(self), (self.code, self.advice)
