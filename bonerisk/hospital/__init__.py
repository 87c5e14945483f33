"""A hospital's films and tables, joined by patient into a cohort by rules that a site can write down."""
