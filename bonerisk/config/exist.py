"""What a command names must exist: files, folders, runs and columns, looked for before anything heavy is imported.

The type of an argument says what its text names (`bonerisk.named`). What a file holds is checked when it is read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from bonerisk.cohort.columns import absent
from bonerisk.cohort.textfile import header
from bonerisk.config.build import Node, plain
from bonerisk.config.recorded import put_runs
from bonerisk.config.signature import component, named
from bonerisk.documents import regular
from bonerisk.errors import BoneriskError, ConfigError, DataError, override, raise_together
from bonerisk.named import matching
from bonerisk.runs.find import REPORTED, find
from bonerisk.runs.resumable import resumable
from bonerisk.runs.sweeps import expand, trainings


def demand(command: str, config: DictConfig) -> None:
    """Raise an error for everything that a command names and that is not there.

    Raises
    ------
    ConfigError, DataError
        All at once, each with the nearest name there is.
    """
    outputs = Path(config.paths.outputs)
    logging.disable()  # the job says which runs it takes
    try:
        config = config.copy()
        put_runs(config, {})
        content = plain(config)
        errors = list(_runs(command, content, outputs))
        for key, node in _components(content):
            errors += _of_component(key, node, outputs)
    finally:
        logging.disable(logging.NOTSET)
    raise_together(errors)


def _runs(command: str, config: Mapping[str, Any], outputs: Path) -> Iterator[BoneriskError]:
    try:
        if command == "predict":
            find(str(config["run"]), outputs, ["train"])
        if command in ("evaluate", "pseudolabel"):
            trainings(_listed(config["run"]), outputs)
        if command == "report":
            expand(_listed(config["runs"]), outputs, REPORTED)
        if config.get("keypoints") is not None:
            find(str(config["keypoints"]), outputs, ["train"])
        if config.get("resume") is not None and config["training"]:
            resumable(str(config["resume"]), outputs)
    except BoneriskError as error:
        yield error


def _listed(value: object) -> list[str]:
    """One text or several as a list; the beginning of a run's time looks like a number."""
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _components(node: Mapping[str, Any], key: str = "") -> Iterator[tuple[str, Node]]:
    for name, child in node.items():
        if isinstance(child, Mapping):
            within = f"{key}.{name}".lstrip(".")
            if "_target_" in child:
                yield within, child
            yield from _components(child, within)


def _of_component(key: str, node: Node, outputs: Path) -> Iterator[BoneriskError]:
    try:
        kinds = named(component(node["_target_"]))
    except ConfigError as error:  # of a run's configuration: those of files were checked before
        yield ConfigError(error.what, key, "use a run that bonerisk made")
        return
    for name, kind in kinds.items():
        if kind != "ColumnNames":
            for place, text in _texts(f"{key}.{name}", node.get(name)):
                yield from _absent(kind, place, text, outputs)
    tables = [name for name, kind in kinds.items() if kind == "FilePath"]
    columns = [name for name, kind in kinds.items() if kind == "ColumnNames"]
    for table, mapping in zip(tables, columns, strict=False):
        yield from _absent_columns(node.get(table), node.get(mapping), f"{key}.{mapping}")


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    """The keys and texts of an argument: one, or one for each table."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(f"{key}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(key, inner)
    elif value is not None:
        yield key, str(value)


def _absent(kind: str, key: str, text: str, outputs: Path) -> Iterator[BoneriskError]:
    path = Path(text).expanduser()
    if kind == "TrainingName":
        try:
            find(text, outputs, ["train"])
        except BoneriskError as error:
            yield error
    elif kind == "FilmPath" and not matching(text):
        yield DataError("there is no such film, folder of films, or film of this pattern", str(path), _near(key, path))
    elif kind == "FilePath":
        try:
            if not regular(path).exists():
                yield DataError("there is no such file", str(path), _near(key, path) or f"{key}=FILE")
        except DataError as error:
            yield DataError(error.what, str(path), f"{key}=FILE")
    elif kind == "FolderPath" and not path.is_dir():
        yield DataError("there is no such folder", str(path), _near(key, path) or f"{key}=FOLDER")
    elif kind == "WeightsPath" and text not in ("pretrained", "random") and not path.exists():
        mend = _near(key, path) or f"{key}= takes pretrained, a file, the folder of a training run, or random"
        yield ConfigError("there is no such weights file", f"{key}={text}", mend)


def _near(key: str, path: Path) -> str:
    """«did you mean …?», if a file of a like name lies there."""
    beside = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, beside, n=1, cutoff=0.75)
    return f"did you mean {override(key, path.parent / near[0])}?" if near else ""


def _absent_columns(table: object, columns: object, key: str) -> Iterator[BoneriskError]:
    if isinstance(table, Mapping) and isinstance(columns, Mapping):
        for name, path in table.items():
            yield from _absent_columns(path, columns.get(name), f"{key}.{name}")
    elif table is not None and isinstance(columns, Mapping):
        path = Path(str(table)).expanduser()
        names = header(path) if path.is_file() else ()
        for ours, theirs in columns.items():
            if names and theirs is not None and str(theirs) not in names:
                yield absent(str(ours), str(theirs), names, key)
