"""The PP-OCRv4 recogniser inside the rapidocr wheel (Apache-2.0), held to the plate grammar."""

from __future__ import annotations

from station.domain.plates import GRAMMAR, Grammar
from station.plate_reader.ctc import Alphabet, Text, likeliest
from station.plate_reader.models import Image, Network, model_path
from station.plate_reader.strip import text_strip

_HEIGHT = 48
_LEAST_WIDTH = 320


class PpocrEngine:
    """Reads one plate line. Not safe for two threads at once."""

    def __init__(self, grammar: Grammar = GRAMMAR) -> None:
        self._network = Network(
            model_path("rapidocr_onnxruntime", "models", "ch_PP-OCRv4_rec_infer.onnx")
        )
        characters = self._network.metadata("character").splitlines()
        self._alphabet = Alphabet([*characters, " "])
        self._grammar = grammar

    def read(self, crop: Image) -> Text:
        """Read a crop that holds one line of text."""
        frames = self._network.run(text_strip(crop, _HEIGHT, _LEAST_WIDTH))[0][0]
        return likeliest(frames, self._alphabet, self._grammar)
