"""Sources of cohorts, one file each."""
