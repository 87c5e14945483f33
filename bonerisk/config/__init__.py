"""The only room that knows Hydra: check the command's overrides, compose, sweep, build."""
