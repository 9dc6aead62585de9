"""Text that people and models wrote, safe to print."""


def printable(text: str, keep: str = "") -> str:
    """Return text with blanks for control characters, which could move the cursor.

    Args:
      text: anybody's.
      keep: control characters that stay, such as line ends.
    """
    return "".join(c if c.isprintable() or c in keep else " " for c in text)
