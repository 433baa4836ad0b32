import re
from pathlib import Path

import pytest

from central.store.sqlfile import load, parse

FOLDER = Path(__file__).parents[2] / "central"
STEMS = sorted(path.stem for path in (FOLDER / "store/sql").glob("*.sql") if path.stem != "schema")


def test_duplicate_names_are_refused():
    with pytest.raises(ValueError, match="duplicate"):
        parse("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")


def test_a_statement_without_a_name_is_refused():
    with pytest.raises(ValueError, match="without a name"):
        parse("-- only a comment\nSELECT 1;\n-- name: a\nSELECT 2;\n")


@pytest.mark.parametrize("stem", STEMS)
def test_every_statement_is_used_and_every_used_one_exists(stem):
    texts = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))

    assert load(stem)
    unused = [name for name in load(stem) if not re.search(rf'"{name}"', texts)]
    assert unused == []
