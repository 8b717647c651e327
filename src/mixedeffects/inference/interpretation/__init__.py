"""What sentences about a fit are made of: facts, unrounded and without words.

`facts` collects them; what coefficients are coefficients of is in `effects`, what is said of the
groups in `groups`, which limits say something in `limits`, and the records are in `record`.
"""
