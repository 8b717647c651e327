"""Tables of results that print themselves whole, in the library of the table that came in."""

from mixedeffects.display.results.record import Heading, printed, printed_frame, printing

__all__ = ["Heading", "printed", "printed_frame", "printing"]
