"""`python -m reconciler` is the command `reconcile`."""

from reconciler.cli.entry import main

main()
