"""Subscriptions as code: the desired state of each subscription in Git, compared with the stored state, applied idempotently."""

__version__ = "0.1.0"
