"""Training objectives; `bonerisk.parts.Objective` is their contract."""
