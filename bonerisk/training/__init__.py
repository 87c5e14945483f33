"""Fitting an encoder and a head together."""
