"""What a training writes beside its checkpoints: TensorBoard curves and sample sheets."""

from pathlib import Path

import cv2
from torch.utils.tensorboard import SummaryWriter

from fittingroom.types import Image


class Journal:
    """Curves in `folder`/curves (TensorBoard reads them), sheets in `folder`/sheets."""

    def __init__(self, folder: Path) -> None:
        self._writer = SummaryWriter(str(folder / "curves"))
        self._sheets = folder / "sheets"

    def note(self, step: int, values: dict[str, float]) -> None:
        """Add one point to each named curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def show(self, step: int, sheet: Image) -> None:
        """Keep a sample sheet (h, w, 3) RGB as NNNNNN.png."""
        self._sheets.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(self._sheets / f"{step:06d}.png"), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Write out what is still held back."""
        self._writer.close()
