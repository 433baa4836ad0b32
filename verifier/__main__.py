"""``python -m verifier bundle.zip --register keys.json``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from verifier.archive import LARGEST
from verifier.check import Result, check
from verifier.refusal import sentences, shown


def main() -> int:
    """Check one bundle; 0 when it passes, 1 when it does not, 2 when called wrongly."""
    asked = parser().parse_args()
    try:
        if asked.bundle.stat().st_size > LARGEST:
            result = _refused("archive.too_large", asked.bundle)
        else:
            keys = asked.register.read_bytes()
            result = check(asked.bundle.read_bytes(), keys, offline=asked.offline)
    except OSError as error:
        result = _refused("file.unreadable", error.filename)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    sys.stdout.write(as_json(result) if asked.json else as_text(result))
    return 0 if result.ok else 1


def parser() -> argparse.ArgumentParser:
    """Return what the command line may say."""
    words = argparse.ArgumentParser(prog="python -m verifier", description=__doc__)
    words.add_argument("bundle", type=Path)
    words.add_argument("--register", type=Path, required=True, metavar="keys.json")
    words.add_argument("--offline", action="store_true")
    words.add_argument("--json", action="store_true")
    return words


def as_json(result: Result) -> str:
    """Return the result as one line of JSON."""
    tree = {
        "ok": result.ok,
        "code": result.code,
        "where": result.where,
        "reason": result.reason,
        "checked": result.checked,
    }
    return json.dumps(tree, ensure_ascii=False) + "\n"


def as_text(result: Result) -> str:
    """Return the result for a person."""
    say = sentences()
    if not result.ok:
        lines = [say["word.refused"], result.reason, shown(f"{result.where} [{result.code}]")]
        return "\n".join(lines) + "\n"
    checked = result.checked
    counts = {name: checked[name] for name in ("receipts", "openings", "media", "missing")}
    lines = [
        result.reason,
        say["word.summary"].format(
            case_no=checked["case_no"], entries=len(checked["entries"]), **counts
        ),
    ]
    lines += [f"{e['node']}-{e['seq']}-{e['digest'][:10]} {e['kind']}" for e in checked["entries"]]
    top = checked["checkpoint"]
    if top is not None:
        witnesses = ", ".join(top["witnesses"]) or say["word.none"]
        lines.append(say["word.checkpoint"].format(**{**top, "witnesses": witnesses}))
    lines += [f"{say[n['code']]} {n['where']} [{n['code']}]" for n in checked["notes"]]
    return "\n".join(shown(line) for line in lines) + "\n"


def _refused(code: str, where: object) -> Result:
    return Result(ok=False, code=code, where=str(where), checked={})


if __name__ == "__main__":
    sys.exit(main())
