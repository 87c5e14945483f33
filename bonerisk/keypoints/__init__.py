"""Points of the vertebrae on lateral spine films, and what is measured from them."""
