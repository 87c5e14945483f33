"""Transforms: pure functions from a film to the image that an encoder sees."""
