"""The long run: ``python -m tests.verifier --count 1000 --openssl``."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.verifier.corpus import made
from tests.verifier.mutating import mutated
from tests.verifier.openssl import refused, signed_parts
from verifier.check import check


def main() -> int:
    """Check good and changed bundles of many seeds; print the seed and what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.verifier", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--openssl", action="store_true", help="a second opinion on all signatures")
    asked = parser.parse_args()
    say(f"seed {asked.seed}")
    good, bad, signatures = Counter[str](), Counter[str](), 0
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.seed, asked.seed + asked.count):
            one = made(seed)
            data, keys = one.zip, one.keys
            result = check(data, keys)
            good[result.code] += 1
            if result.ok is not True:
                wrong.append(f"good {seed}: {result.code} {result.where}")
            if asked.openssl:
                signatures += len(list(signed_parts(data, keys)))
                wrong += [f"openssl {seed}: {n}" for n in refused(data, keys, Path(folder))]
            name, data, keys = mutated(one, seed)
            result = check(data, keys)
            bad[result.code] += 1
            if result.ok is not False:
                wrong.append(f"changed {seed}: {name}")
    say(f"good: {dict(good)}")
    say(f"changed: {sum(bad.values())}, refused as {dict(bad.most_common())}")
    say(f"signatures checked by openssl: {signatures}")
    say("\n".join(wrong) or "nothing wrong")
    return 1 if wrong else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
