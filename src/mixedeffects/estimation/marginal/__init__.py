"""Linear models whose rows covary within subjects, by their visits, without random effects."""
