"""Chargebee as a provider. Loading it imports no HTTP client: opening an account does."""

from reconciler_chargebee.provider import ChargebeeProvider

__all__ = ["ChargebeeProvider"]
