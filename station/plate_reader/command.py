"""The command ``read-plates``: one line of JSON for each picture."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from station.domain.plates import PlateReading
from station.plate_reader.models import Image
from station.plate_reader.pictures import in_order, opened
from station.plate_reader.reader import PlateReader

_LONG_SIDE = 1280


def read_plates(paths: list[Path], crop: bool, sink: TextIO) -> None:
    """Read pictures and write one JSON object a line: ``path``, ``plates``, ``ms``.

    A picture that is missing or damaged gets an ``error`` instead, and the run goes on.

    Args:
        paths: pictures; a folder stands for its pictures by name.
        crop: each picture is one plate and nothing else, so none is looked for.
        sink: where the lines go; flushed after each.

    Raises:
        SettingsError: a package that holds the networks is not installed.
    """
    reader = PlateReader(_LONG_SIDE)
    for path in _pictures(paths):
        sink.write(json.dumps(_line(reader, path, crop), ensure_ascii=False) + "\n")
        sink.flush()


def _pictures(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from in_order(path)
        else:
            yield path


def _line(reader: PlateReader, path: Path, crop: bool) -> dict[str, object]:
    # A stopwatch, not the time of day: how long reading took is part of the answer.
    began = time.perf_counter_ns()
    image = opened(path)
    line: dict[str, object] = {"path": str(path)}
    if image is None:
        line["error"] = {
            "code": "plates.unreadable_picture",
            "message": f"无法读取图片：{path}",
        }
    line["plates"] = [] if image is None else [_shown(r) for r in _readings(reader, image, crop)]
    line["ms"] = (time.perf_counter_ns() - began) // 1_000_000
    return line


def _readings(reader: PlateReader, image: Image, crop: bool) -> tuple[PlateReading, ...]:
    return (reader.read_crop(image),) if crop else reader.read(image)


def _shown(reading: PlateReading) -> dict[str, object]:
    return {
        "text": reading.text,
        "best_guess": reading.best_guess,
        "confidence_permille": reading.confidence_permille,
        "colour": reading.colour.value,
        "rows": reading.rows,
        "box": [list(point) for point in reading.box],
    }
