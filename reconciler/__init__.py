"""Subscriptions as code: their desired state in Git, compared with the stored state, applied idempotently."""

__version__ = "0.1.0"
