"""From runs to a page, tables and figures; knows nothing but runs."""
