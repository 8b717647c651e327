"""The command line as ``python -m mixedeffects``, where its script is not on the path."""

from mixedeffects.app.cli import main

main()
