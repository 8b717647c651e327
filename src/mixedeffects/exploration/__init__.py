"""What a table looks like before any model: roles, shape, groups, gaps."""
