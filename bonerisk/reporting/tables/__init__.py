"""Tables for a paper: the same text as HTML, CSV and LaTeX."""
