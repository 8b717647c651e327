"""Tables of results that print themselves whole, in the library of the table that came in."""

from mixedeffects.display.results.record import Heading, Printing, printed, printed_frame

__all__ = ["Heading", "Printing", "printed", "printed_frame"]
