"""A fitted model as a page that stands alone."""
