"""The run folder: create, record, find, verify."""
