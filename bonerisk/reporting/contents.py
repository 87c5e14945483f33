"""The contents of a page: sections found by their files, so that adding one adds a file and touches no list.

A module of `reporting/sections/` or of a paper's folder in `reporting/papers/` makes sections if it has

- ``ORDER`` (int), its place on the page; modules from 40 to 49 stand together for each evaluation;
- ``sections(page)``, from a `Context` to the sections, of which those without parts are left out.

A paper's module may have ``draw(folder, result, vocabulary)``, too. It is called for each evaluation, of any model, and
draws nothing if the result lacks what it shows.
"""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType

from bonerisk.reporting.figures.style import Drawing
from bonerisk.reporting.page import Section, Text
from bonerisk.reporting.runs.evaluation import EvaluationRun
from bonerisk.reporting.runs.reported import ReportedRuns
from bonerisk.runs.find import StoredRun

PLACES = ("bonerisk.reporting.sections", "bonerisk.reporting.papers")


@dataclass(frozen=True)
class Context:
    """What sections are made from.

    Parameters
    ----------
    runs : ReportedRuns
    figures : Path
        Folder of the page's figures.
    """

    runs: ReportedRuns
    figures: Path

    def drawings(self, evaluation: EvaluationRun) -> dict[str, Drawing]:
        """Figures that an evaluation drew, by name, copied into the page's folder."""
        return self._drawings[evaluation.run.folder]

    @cached_property
    def _drawings(self) -> dict[Path, dict[str, Drawing]]:
        return {
            evaluation.run.folder: {
                Path(name).stem: self._copied(evaluation.run, name, evaluation.suffix)
                for name in evaluation.run.names("figures/*.svg")
            }
            for evaluation in self.runs.evaluations
        }

    def _copied(self, run: StoredRun, name: str, suffix: str) -> Drawing:
        self.figures.mkdir(parents=True, exist_ok=True)
        stem = Path(name).stem
        for file in (name, name.replace(".svg", ".png")):
            shutil.copyfile(run.path(file), self.figures / f"{stem}{suffix}{Path(file).suffix}")
        return Drawing.read(self.figures / f"{stem}{suffix}.svg")


def contents(page: Context) -> list[Section]:
    """All sections that have parts, from top to bottom, and last what the runs could not fill."""
    made = [(module.ORDER, section) for module in modules("ORDER") for section in module.sections(page)]
    made.sort(key=lambda item: (item[0] // 10, item[1].evaluation, item[0]))
    missing = [Text(reason) for _, section in made for reason in section.missing]
    return [section for section in (*(section for _, section in made), Section("Not shown", missing)) if section.parts]


@cache
def modules(holding: str) -> tuple[ModuleType, ...]:
    """Modules of sections and papers that have something of this name, by their own names."""
    return tuple(module for place in PLACES for module in _beneath(place) if hasattr(module, holding))


def _beneath(place: str) -> Iterator[ModuleType]:
    package = importlib.import_module(place)
    for found in pkgutil.walk_packages(package.__path__, f"{place}."):
        yield importlib.import_module(found.name)
