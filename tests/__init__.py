"""The tests; a package, since a library beside them calls its own `tests` too."""
