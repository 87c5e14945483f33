"""The encoder of a training run: which run it is, or how it is trained first."""

from __future__ import annotations

from dataclasses import dataclass, field

from bonerisk.errors import ConfigError


@dataclass(frozen=True)
class OfRun:
    """Stand for the encoder that a run of `bonerisk train` has learnt; the command that needs it finds or trains it.

    Parameters
    ----------
    run : str, optional
        A training run: a path, a unique prefix of its time, or `latest`. None: it is trained first.
    parent : list of str
        Arguments of the `bonerisk train` that trains it where no run is named.

    Raises
    ------
    ConfigError
        Neither is given.
    """

    run: str | None = None
    parent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.run is None and not self.parent:
            mend = "encoder.run=RUN names a run of bonerisk train; encoder.parent=[model=…,dataset=…] trains one"
            raise ConfigError("no encoder: neither a run nor the arguments that train one", "encoder.run", mend)
