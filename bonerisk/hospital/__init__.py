"""A hospital's films and tables, joined by patient into a cohort by a site's own rules."""
