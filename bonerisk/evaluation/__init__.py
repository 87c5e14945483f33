"""Statistics on the predictions table; nothing here knows a model."""
