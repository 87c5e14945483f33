"""The encoder of a training run: which run, or how to train one first."""

from __future__ import annotations

from dataclasses import dataclass, field

from bonerisk.errors import ConfigError
from bonerisk.named import TrainingName


@dataclass(frozen=True)
class OfRun:
    """Stands for the encoder of a run of `bonerisk train`; the command that needs the encoder finds or trains it.

    Parameters
    ----------
    run : str, optional
        A training run: a path, a unique prefix of its time, or `latest`. None: train one first.
    parent : list of str
        Arguments of `bonerisk train`, for the training if no run is named.

    Raises
    ------
    ConfigError
        Neither is given.

    Examples
    --------
    >>> OfRun(run="latest")
    OfRun(run='latest', parent=[])
    """

    run: TrainingName | None = None
    parent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.run is None and not self.parent:
            mend = "encoder.run=RUN names a run of bonerisk train; 'encoder.parent=[model=…,dataset=…]' trains one"
            raise ConfigError("no encoder: neither a run nor the arguments that train one", "encoder.run", mend)
