"""`python -m crossroute`."""

from crossroute.cli import main

main()
