"""A program that turns charts into pictures, which `mixedeffects.report.pictures` starts.

Its arguments are the folder of vl-convert, "svg" or "png", and options as JSON. It reads a
specification a line and answers with the number of bytes, eight of them, and the picture; nothing
where there is none. It imports nothing else, so that it starts at once.
"""

import json
import sys


def main():
    """Draw until there is no further line."""
    folder, kind, options = sys.argv[1:]
    sys.path.insert(0, folder)
    import vl_convert

    draw, named = getattr(vl_convert, f"vegalite_to_{kind}"), json.loads(options)
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        try:
            picture = draw(line.decode(), **named)
        except Exception:  # drawn again where the error is seen
            picture = b""
        data = picture.encode() if isinstance(picture, str) else picture
        answers.write(len(data).to_bytes(8, "big") + data)
        answers.flush()


if __name__ == "__main__":
    main()
