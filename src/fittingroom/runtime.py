"""The only importer of ONNX Runtime: opens a network and calls it by name."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from fittingroom.errors import ErrorCode, FittingRoomError

SPEC_KEY: Final = "spec"
"""Key in the ONNX file's metadata under which export keeps the numbers of the training."""

_QUIET: Final = 3
"""ONNX Runtime's severity from which it may speak: errors only."""


def usable_cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class OnnxNetwork:
    """One ONNX file, ready to run on the CPU; safe to call from several threads.

    Equal inputs give equal outputs at an equal number of threads.
    """

    def __init__(self, source: Path | bytes, threads: int | None = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or usable_cores()
        options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        options.use_deterministic_compute = True
        model = source if isinstance(source, bytes) else str(source)
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's own errors share no base class
            advice = "a network cannot be opened; install fittingroom again"
            raise FittingRoomError(ErrorCode.BAD_WEIGHTS, advice) from error
        self._outputs = [output.name for output in self._session.get_outputs()]
        text = self._session.get_modelmeta().custom_metadata_map.get(SPEC_KEY, "{}")
        self._spec: Mapping[str, Any] = MappingProxyType(json.loads(text))

    @property
    def spec(self) -> Mapping[str, Any]:
        """The numbers that were true in training, as export wrote them into the file."""
        return self._spec

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Run on named float32 arrays and return every output by name."""
        values = self._session.run(self._outputs, dict(inputs))
        return dict(zip(self._outputs, values, strict=True))
