"""List the licence of every installed package that bonerisk needs, those that ask for more than a notice first."""

from __future__ import annotations

import argparse
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

COPYLEFT = re.compile(r"\bA?L?GPL|General Public|\bMPL|Mozilla", re.IGNORECASE)
LONGEST = 60  # characters; some packages give the whole text instead of a name


def needed(name: str, extras: frozenset[str] = frozenset()) -> dict[str, Distribution]:
    """Distributions that `name` needs here, itself included, by their names; those not installed are left out."""
    found: dict[str, Distribution] = {}
    todo, seen = [(name, extras)], set()
    while todo:
        name, extras = todo.pop()
        if (name.lower(), extras) in seen:
            continue
        seen.add((name.lower(), extras))
        try:
            found[name.lower()] = package = distribution(name)
        except PackageNotFoundError:
            continue
        for text in package.requires or ():
            asked = Requirement(text)
            if asked.marker is None or any(asked.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                todo.append((asked.name, frozenset(asked.extras)))
    return found


def licence(package: Distribution) -> str:
    """Its licence in a few words: the SPDX expression, else the classifiers, else the first line of the text."""
    about = package.metadata
    classifiers = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier", []) if text.startswith("License")]
    text = about.get("License-Expression") or ", ".join(classifiers) or (about.get("License") or "").strip()
    return text.splitlines()[0][:LONGEST] if text else "not said"


def main() -> None:
    """Print name, version and licence, one package a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extras", nargs="*", default=[], help="of bonerisk, as dev")
    packages = needed("bonerisk", frozenset(parser.parse_args().extras))
    rows = [(name, package.version, licence(package)) for name, package in packages.items()]
    for name, version, text in sorted(rows, key=lambda row: (not COPYLEFT.search(row[2]), row[0])):
        print(f"{name:<28} {version:<14} {text}")


if __name__ == "__main__":
    main()
