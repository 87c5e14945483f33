"""An order that was not typed: work of one command that another command needs first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf, open_dict

from bonerisk.config.check import check, opened, quoted
from bonerisk.config.sweep import Order
from bonerisk.config.tree import config_dir


def order_of(command: str, overrides: list[str]) -> Order:
    """Check and compose the overrides of a command, as if they were typed.

    Raises
    ------
    ConfigError
        As `check`.
    """
    overrides = quoted(overrides)
    with _aside():
        checked = check(command, overrides, multirun=False)
        with initialize_config_dir(str(config_dir()), version_base="1.3"):
            config = compose(command, opened(command, overrides, checked), return_hydra_config=True)
    choices = {key: value for key, value in config.hydra.runtime.choices.items() if not key.startswith("hydra/")}
    with open_dict(config):
        del config["hydra"]
    OmegaConf.resolve(config)
    return Order(command, config, choices, overrides, ["bonerisk", command, *overrides])


@contextmanager
def _aside() -> Iterator[None]:
    """Put the Hydra that runs this job aside for a while: only one may exist at a time."""
    running = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    try:
        yield
    finally:
        GlobalHydra.instance().clear()
        if running is not None:
            GlobalHydra.instance().initialize(running)
