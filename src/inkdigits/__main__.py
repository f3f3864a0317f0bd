"""`python -m inkdigits` is `inkdigits`."""

from inkdigits.cli import main

main()
