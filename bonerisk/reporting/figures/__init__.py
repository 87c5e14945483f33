"""Figures for a paper: one column wide, readable in grey, each saved as SVG and PNG with its alt text inside."""
