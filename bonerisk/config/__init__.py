"""The only rooms that know Hydra: check the command's overrides, compose, sweep, build."""
