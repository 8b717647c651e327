"""One module per program: ``version()`` and ``fit(task, frame) -> log-likelihood``."""
