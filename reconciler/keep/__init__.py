"""The keep: a disposable folder, outside of the repository, that spares the next run what this one worked out.

Whatever is in it is doubted, and nothing of it is ever needed: no keep, or a damaged one, costs time and no more.
Imports little, for the sake of the start-up of a run in which nothing changed. Must not know what a spec says.
"""
