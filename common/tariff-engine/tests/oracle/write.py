"""`write.py FOLDER` writes random worlds, a folder for each with `tariff.json`, `load.csv`, `prices.csv`, `case.json`, and what the oracle
makes of them in `expected.json`. ORACLE_SEED and ORACLE_CASES choose others and more.
"""

import json
import os
import pathlib
import sys
from fractions import Fraction

import oracle
import prepaid
import records
import registers
import worlds

SEED = int(os.environ.get("ORACLE_SEED", "1"))
CASES = int(os.environ.get("ORACLE_CASES", "100"))
# Of ten worlds so many are of a kind.
KINDS = [worlds.World] * 6 + [registers.World] * 2 + [prepaid.World, records.World]


def shown(value):
    """As a bill shows an amount: whole where it ends, otherwise of 8 decimal places, rounded half up; no needless zeros."""
    value = Fraction(value)
    places = next((places for places in range(49) if value * 10**places % 1 == 0), 8)
    units = int(oracle.rounded(value, "half_up", places) * 10**places)
    digits = f"{abs(units):0{places + 1}}"
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".") if places else digits
    return f"-{text}" if units < 0 else text


def main(folder):
    print(f"ORACLE_SEED={SEED} ORACLE_CASES={CASES}")
    for number in range(CASES):
        world = KINDS[number % len(KINDS)](f"{SEED}-{number}")
        place = pathlib.Path(folder) / str(number)
        place.mkdir(parents=True)
        texts = {"tariff.json": getattr(world, "written", world.tariff), "case.json": world.case, "expected.json": list(world.expected(shown))}
        for name, content in texts.items():
            (place / name).write_text(json.dumps(content, indent=1))
        if world.load:
            (place / "load.csv").write_text(world.load)
        if getattr(world, "prices", None):
            (place / "prices.csv").write_text(world.prices)


if __name__ == "__main__":
    main(sys.argv[1])
