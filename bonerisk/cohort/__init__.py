"""The cohort table: its columns and checks, flow, splits and targets."""
