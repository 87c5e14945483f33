"""The tables that an evaluation writes."""
